"""Flower shows what jobs do, and its terminate button ends in the ledger."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from reelfleet.contract.job import JobState
from tests.fixtures.fleet import ROOT
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("shared_fleet")

LONG = {"model": "tiny-wan", "prompt": "a red kite", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}


class FlowerServer:
    """Flower as the Procfile starts it, with its API open to this test."""

    def __init__(self, fleet) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tasks.app",
            "flower",
            "--conf=deploy/flowerconfig.py",
            "--address=127.0.0.1",
            f"--port={port}",
        ]
        env = {**fleet.env, "FLOWER_UNAUTHENTICATED_API": "1"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def get(self, path: str):
        """Return the JSON of an API path, or none while Flower does not know it."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            return None

    def post(self, path: str):
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", method="POST"), timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def flower(shared_fleet):
    server = FlowerServer(shared_fleet)
    wait_until(lambda: any(name.startswith("gpu0@") for name in server.get("/api/workers") or {}), what="Flower to know the workers")
    yield server
    server.stop()


def test_flower_shows_the_phase_and_step_of_a_running_job(shared_fleet, flower):
    # When a job runs
    job = shared_fleet.client.generate(**LONG)

    # Then its task shows progress as text
    def shown():
        task = flower.get(f"/api/task/info/{job.id}:generate")
        return task if task and task["state"] == "PROGRESS" and "denoise" in (task["result"] or "") else None

    task = wait_until(shown, what="Flower to show the progress", every=0.1)
    assert task["result"].endswith("/1000")
    shared_fleet.wait_for_state(job.id, JobState.SUCCEEDED)


def test_terminate_in_flower_ends_the_job_as_aborted(shared_fleet, flower):
    # Given a running job
    job = shared_fleet.client.generate(**LONG)
    shared_fleet.wait_for_phase(job.id, "denoise", step=5)

    # When an operator terminates its task in Flower
    flower.post(f"/api/task/revoke/{job.id}:generate?terminate=true")

    # Then the ledger says aborted and by which way, and the worker does the next job
    status = shared_fleet.wait_for_state(job.id, JobState.ABORTED)
    assert "terminated through Celery" in status.error.message
    following = shared_fleet.client.generate(**{**LONG, "steps": 2})
    shared_fleet.wait_for_state(following.id, JobState.SUCCEEDED)
