"""Rows and leases as the ledger gives them, for tests of manifests and entries."""

from __future__ import annotations

from datetime import UTC, datetime

from reelfleet.contract.job import JobState, Want
from reelfleet.contract.manifest import Artifact, Role
from reelfleet.contract.names import Stage
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger.types import JobRow, Lease
from tests.unit.persistence.builders import JOB_ID

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
REPORT = {
    "timings": {"load_s": 1.5, "denoise_s": 2.25},
    "weights_sha256": {"transformer/model.safetensors": "ab" * 32},
    "versions": {"torch": "2.13.0"},
    "device": {"kind": "cpu", "name": "a cpu"},
    "dtype": "float32",
    "pipeline": {"class": "WanPipeline"},
    "notes": ["placed on the CPU"],
}


def request(**changes) -> GenerateRequest:
    return GenerateRequest(**{"model": "tiny-wan", "prompt": "a red kite", "seed": 2**63 + 1, "tags": ["a"], **changes})


def lease(fence: int = 3, attempt: int = 1) -> Lease:
    return Lease(job_id=JOB_ID, stage=Stage.DELIVER, fence=fence, attempt=attempt, worker="cpu0@host")


def row(**changes) -> JobRow:
    fields = {
        "job_id": JOB_ID,
        "request": request(),
        "request_sha256": request().sha256(),
        "spec": None,
        "state": JobState.RUNNING,
        "want": Want.RUN,
        "stage": Stage.DELIVER,
        "queue": "reel.cpu.host",
        "priority": 5,
        "tenant": "default",
        "attempt": 1,
        "max_attempts": 3,
        "fence": 3,
        "holder": "cpu0@host",
        "worker": "cpu0@host",
        "host": "host",
        "spool": "x/3",
        "lease_until": None,
        "phase_until": None,
        "created": NOW,
        "started": NOW,
        "finished": None,
        "deadline": None,
        "progress": None,
        "error": None,
        "last_error": None,
        "notes": ("told by the ledger",),
        "idempotency_key": "order-42",
        "timings": {"queue_s": 0.5},
        "report": None,
        "manifest_uri": None,
        "artifacts": (),
        "checkpoint": None,
        "preemptible": True,
        "preemptions": 0,
        "needs_memory": None,
        "follow_up": None,
        "pause_reason": None,
        "diagnosis": None,
    }
    return JobRow(**{**fields, **changes})


def artifact(name: str = "clip.mp4", fence: int = 3, sha256: str = "cd" * 32) -> Artifact:
    return Artifact(
        role=Role.VIDEO, name=name, key=f"jobs/{JOB_ID}/attempts/{fence}/{name}", bytes=10, sha256=sha256, media_type="video/mp4", frames=9
    )
