import os
import subprocess
import sys

import psutil
import pytest

from deploy.local.child import start, wait_until
from deploy.local.folder import FleetDescription, FleetFolder, ProcessEntry
from deploy.local.lock import only_fleet
from deploy.local.process import FOLDER_VARIABLE, ProcessMark, processes_marked, stop_processes
from reelfleet.contract.errors import Internal, InvalidConfig

DEAF = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {DEAF!r}]); import signal; signal.pause()"


@pytest.fixture
def run():
    started = []

    def go(code: str, **environment: str) -> subprocess.Popen:
        process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path):
    folder = FleetFolder(tmp_path / "fleet")
    folder.prepare()
    return folder


def test_a_mark_finds_its_process_while_it_runs(run):
    process = run("import signal; signal.pause()")
    mark = ProcessMark.of(process.pid)

    assert mark.process().pid == process.pid


def test_a_mark_finds_nothing_when_another_process_has_the_number(run):
    process = run("import signal; signal.pause()")
    earlier = ProcessMark(pid=process.pid, started=ProcessMark.of(process.pid).started - 60)

    assert earlier.process() is None


def test_a_mark_does_not_find_a_zombie(run):
    process = run("")
    mark = ProcessMark.of(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert mark.process() is None


def test_a_process_of_the_fleet_is_known_by_its_environment(run, tmp_path):
    ours = run(DEAF, **{FOLDER_VARIABLE: str(tmp_path)})
    other = run(DEAF, **{FOLDER_VARIABLE: str(tmp_path / "other")})
    assert (ours.stdout.readline(), other.stdout.readline()) == ("deaf\n", "deaf\n")

    assert [process.pid for process in processes_marked(tmp_path)] == [ours.pid]


def test_a_process_that_does_not_listen_is_killed_with_its_descendants(run):
    # Given
    parent = run(PARENT)
    assert parent.stdout.readline() == "deaf\n"
    (child,) = psutil.Process(parent.pid).children()

    # When
    stop_processes([psutil.Process(parent.pid)], grace_s=0.2)

    # Then
    assert not psutil.pid_exists(parent.pid)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_stopping_what_has_gone_is_no_error(run):
    process = psutil.Process(run("import signal; signal.pause()").pid)
    process.kill()
    process.wait()

    stop_processes([process], grace_s=1)


def test_a_child_that_ends_too_early_is_told_with_the_end_of_its_log(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('the port is taken')"]
    child = start("flower", "flower", command, environment={}, log=tmp_path / "flower.log")

    with pytest.raises(Internal, match=r"(?s)flower ended with status 1 before it answered.*the port is taken"):
        wait_until(lambda: False, [child], what="it answered", limit_s=60)


def test_a_wait_has_an_end(tmp_path):
    child = start("gpu0", "gpu", [sys.executable, "-c", "import signal; signal.pause()"], environment={}, log=tmp_path / "log")

    with pytest.raises(Internal, match=r"waited 0\.1 s in vain for its heartbeat"):
        wait_until(lambda: False, [child], what="its heartbeat", limit_s=0.1)
    child.process.kill()
    child.process.wait()


def test_a_description_and_an_environment_are_read_back_until_they_are_forgotten(folder):
    # Given
    description = FleetDescription(
        broker_url="redis://127.0.0.1:1/0", store_url="s3://b", flower_url=None, processes=(ProcessEntry(name="gpu0", role="gpu", pid=1),)
    )

    # When
    folder.describe(description)
    folder.keep_environment({"AWS_SECRET_ACCESS_KEY": "hidden"})
    folder.keep_marks({"gpu0": ProcessMark(pid=1, started=2)})

    # Then
    assert folder.description() == description
    assert folder.environment() == {"AWS_SECRET_ACCESS_KEY": "hidden"}
    assert folder.marks() == {"gpu0": ProcessMark(pid=1, started=2)}
    folder.forget()
    assert (folder.description(), folder.marks()) == (None, {})


def test_files_with_credentials_are_their_owners_alone(folder):
    folder.keep_environment({"AWS_SECRET_ACCESS_KEY": "hidden"})

    assert [path.name for path in folder.path.glob("*.json") if path.stat().st_mode & 0o077] == []


def test_a_file_of_somebody_else_is_refused_by_name(folder):
    (folder.path / "env.json").write_text("[1, 2")

    with pytest.raises(InvalidConfig, match=r"env\.json cannot be read"):
        folder.environment()


def test_the_environment_of_no_fleet_says_how_to_start_one(folder):
    with pytest.raises(InvalidConfig, match="no fleet is up"):
        folder.environment()


def test_one_folder_holds_one_fleet(folder):
    with only_fleet(folder), pytest.raises(InvalidConfig, match="already up"), only_fleet(folder):
        pass


def test_the_lock_is_gone_with_its_holder(folder):
    with only_fleet(folder):
        pass

    assert not folder.lock.exists()
    with only_fleet(folder):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidConfig, match="cannot hold a fleet"):
        FleetFolder(tmp_path / "file").prepare()
