"""Makefile, Procfile, constraints and the CI script agree with each other and with pyproject.toml."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TARGETS = ("install", "run", "up", "down", "test", "check", "docs", "bench", "clean")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {normalized(name): version for name, version in (line.split("==") for line in lines)}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> list[Requirement]:
    groups = PROJECT["dependency-groups"]
    return [Requirement(line) for line in (*PROJECT["project"]["dependencies"], *groups["worker"], *groups["dev"])]


def make(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["make", *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_every_line_of_the_constraints_is_one_exact_public_version():
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]

    # No local version such as +cpu, no URL, no path: the file holds on every machine.
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_within_its_range(requirement):
    version = pins().get(normalized(requirement.name))

    assert version is not None, "run `make constraints`"
    assert requirement.specifier.contains(Version(version))


def test_torch_is_the_version_that_was_measured():
    assert pins()["torch"] == "2.13.0"


def test_the_build_backend_is_the_one_that_the_environment_has():
    (backend,) = (Requirement(line) for line in PROJECT["build-system"]["requires"])

    assert backend.specifier.contains(Version(pins()[backend.name]))


def test_the_wheel_holds_the_producers_package_alone():
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["reelfleet"]


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_the_target_and_help_lists_it(target):
    assert make("-n", target).returncode == 0
    assert f"make {target} " in make("help").stdout


def test_help_is_what_make_alone_shows():
    assert make().stdout == make("help").stdout


def test_tests_run_with_one_torch_thread():
    assert "OMP_NUM_THREADS=1" in make("-n", "test").stdout


def test_an_old_python_is_refused_with_the_way_out(tmp_path):
    # Given a "Python" that is one version too old
    old = tmp_path / "python"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10); exec(sys.argv[1])" "$2"\n')
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)

    # When
    done = subprocess.run(["make", "install", f"PYTHON={old}"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)

    # Then
    assert done.returncode != 0
    assert "reelfleet needs Python 3.11 or newer" in done.stderr


def test_ci_runs_check_and_test_and_stops_at_the_first_failure():
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.index("set -euo pipefail") < script.index("make check") < script.index("make test")


def test_the_procfile_names_the_processes_that_honcho_accepts():
    honcho = Path(sys.executable).with_name("honcho")

    done = subprocess.run([honcho, "check"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "(gpu, cpu, flower)" in done.stderr


def test_honcho_numbers_its_processes_as_workers_expect(tmp_path):
    # Given a process that tells which slot its number gives it
    code = "from tasks.worker.slot import slot_from_environment; import time; print('slot', slot_from_environment(), flush=True); time.sleep(60)"
    (tmp_path / "Procfile").write_text(f'gpu: {sys.executable} -c "{code}"\n')
    honcho = Path(sys.executable).with_name("honcho")

    # When four are started, and stopped as soon as all have told
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([honcho, "start", "-c", "gpu=4"], cwd=tmp_path, env=unbuffered, stdout=subprocess.PIPE, text=True) as started:
        slots = set()
        for line in started.stdout:
            slots |= set(re.findall(r"slot (\d)", line))
            if len(slots) == 4:
                break
        started.terminate()
        started.communicate()

    # Then
    assert slots == {"0", "1", "2", "3"}
