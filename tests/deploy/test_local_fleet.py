"""``python -m deploy.local`` as a user runs it, with real servers and workers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.down import take_down
from deploy.local.folder import FleetFolder
from deploy.local.process import processes_marked

ROOT = Path(__file__).resolve().parents[2]
REEL = Path(sys.executable).with_name("reel")
LIMIT_S = 150
SURROUNDINGS = {name: value for name, value in os.environ.items() if not name.startswith(("REEL_", "AWS_"))}


def local(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**SURROUNDINGS, **environment}, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


@pytest.fixture
def folder(tmp_path):
    """A fleet's folder; whatever runs in it at the end is stopped."""
    folder = FleetFolder(tmp_path / "a fleet")
    yield folder
    take_down(folder, grace_s=1)


def alive(pids) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def left_in(folder: FleetFolder, pids=()) -> list:
    """Processes that run on, and files that say that a fleet is up."""
    files = [path.name for path in folder.path.iterdir() if path.suffix == ".json" or path.name == "lock"]
    return [*alive(pids), *processes_marked(folder.path), *files]


def test_a_detached_fleet_generates_a_clip_and_goes_down_without_a_trace(folder, tmp_path):
    # Given a fleet that runs on its own
    up = local("up", "--dir", str(folder.path), "--detach", "--json")
    assert up.returncode == 0, up.stderr
    fleet = json.loads(up.stdout)
    pids = [process["pid"] for process in fleet["processes"]]
    assert fleet == json.loads((folder.path / "fleet.json").read_text())
    assert [process["role"] for process in fleet["processes"]] == ["supervisor", "redis", "s3", "flower", "gpu", "cpu"]
    assert sorted(alive(pids)) == sorted(pids)

    # When its variables are taken over by a shell and a clip is asked for
    script = f'eval "$("{sys.executable}" -m deploy.local env --dir "{folder.path}")" && "{REEL}" generate --model tiny-wan --prompt kite -o "{tmp_path}/out"'
    generated = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=SURROUNDINGS, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert generated.returncode == 0, generated.stderr

    # Then the clip is there, a second fleet is refused, and after `down` nothing is left
    names = {path.suffix for path in (tmp_path / "out").iterdir()}
    second = local("up", "--dir", str(folder.path))
    down = local("down", "--dir", str(folder.path))
    assert names == {".mp4", ".json"}
    assert (second.returncode, down.returncode) == (1, 0)
    assert "already up" in second.stderr
    assert left_in(folder, pids) == []


def test_down_cleans_up_after_a_supervisor_that_was_killed(folder):
    # Given two workers that compute on the CPU, each with a device of its own
    up = local(
        "up", "--dir", str(folder.path), "--detach", "--json", "--store", "file", "--gpu-workers", "2", "--no-flower", REEL_DEVICE="cpu"
    )
    assert up.returncode == 0, up.stderr
    fleet = json.loads(up.stdout)
    pids = {process["name"]: process["pid"] for process in fleet["processes"]}
    assert set(pids) == {"supervisor", "redis", "gpu0", "gpu1", "cpu0"}
    assert fleet["flower_url"] is None

    # When
    os.kill(pids["supervisor"], signal.SIGKILL)
    down = local("down", "--dir", str(folder.path), "--grace-s", "5")

    # Then
    assert down.returncode == 0, down.stderr
    assert left_in(folder, pids.values()) == []


def test_ctrl_c_stops_everything(folder):
    # Given a fleet in the foreground
    command = [
        sys.executable,
        "-m",
        "deploy.local",
        "up",
        "--dir",
        str(folder.path),
        "--json",
        "--store",
        "file",
        "--no-flower",
        "--gpu-workers",
        "0",
    ]
    with subprocess.Popen(command, cwd=ROOT, env=SURROUNDINGS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        line = up.stdout.readline()
        assert line, up.stderr.read()
        pids = [process["pid"] for process in json.loads(line)["processes"]]

        # When
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=LIMIT_S)

    # Then
    assert up.returncode == 0, said
    assert left_in(folder, pids) == []


def test_a_worker_that_cannot_start_stops_the_start_and_says_why(folder):
    up = local("up", "--dir", str(folder.path), "--detach", "--store", "file", "--no-flower", REEL_MODELS="no-such-model")

    assert up.returncode == 1
    assert "gpu0 ended with status 78" in up.stderr
    assert "no-such-model: no model of the catalogue has this name" in up.stderr
    assert left_in(folder) == []


def test_down_where_nothing_runs_is_no_error(folder):
    down = local("down", "--dir", str(folder.path))

    assert (down.returncode, "no fleet runs" in down.stderr) == (0, True)


def test_env_where_nothing_runs_says_how_to_start_a_fleet(folder):
    folder.prepare()

    env = local("env", "--dir", str(folder.path))

    assert (env.returncode, env.stdout) == (1, "")
    assert "deploy.local up" in env.stderr


def test_the_demonstration_shows_what_it_made_and_leaves_only_its_output(folder):
    demo = local("demo", "--dir", str(folder.path))

    # Then each file of both manifests is there under its role, and nothing else is left
    assert demo.returncode == 0, demo.stderr
    output = folder.path / "output"
    for place, roles in ((output, ["video"]), (output / "matted", ["mask_foreground", "mask_alpha", "mask_archive"])):
        artifacts = json.loads((place / "manifest.json").read_text())["predicate"]["artifacts"]
        assert [artifact["role"] for artifact in artifacts] == roles
        for artifact in artifacts:
            assert f"{artifact['role']:<16} {place / artifact['name']}" in demo.stdout.splitlines()
        assert {path.name for path in place.iterdir() if path.is_file()} == {artifact["name"] for artifact in artifacts} | {"manifest.json"}
    assert left_in(folder) == []
    assert {path.name for path in folder.path.iterdir()} <= {"output", "cache"}
