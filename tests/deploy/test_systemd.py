import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from tasks.worker.__main__ import EXIT_REFUSED

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


class Unit:
    """A unit file."""

    def __init__(self, path: Path) -> None:
        self.values: dict[tuple[str, str], list[str]] = {}
        section = ""
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line and not line.startswith("#"):
                key, _, value = line.partition("=")
                self.values.setdefault((section, key), []).append(value)

    def service(self, key: str) -> str:
        """The values of a key of [Service], one a line."""
        return "\n".join(self.values.get(("Service", key), []))


@pytest.fixture(params=UNITS, ids=lambda path: path.name)
def unit(request):
    return Unit(request.param)


def test_the_three_kinds_of_process_have_units():
    assert [path.name for path in UNITS] == ["reel-cpu@.service", "reel-flower.service", "reel-gpu@.service"]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this machine has no systemd; the tests below look at the units all the same"
)
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_has_nothing_to_say_about_it(path, tmp_path):
    # Given the unit with programs that exist on this machine, as an instance where it is a template
    text = (
        path.read_text("utf-8").replace("/opt/reelfleet/.venv/bin", str(Path(sys.executable).parent)).replace("/opt/reelfleet", str(ROOT))
    )
    copy = tmp_path / path.name.replace("@.", "@0.")
    copy.write_text(text)

    # When
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)

    # Then: it ends with 0 whatever it finds, so any line is a finding
    assert (done.stdout + done.stderr).strip() == ""


def test_a_stop_reaches_the_worker_first_and_everything_in_the_end(unit):
    assert unit.service("KillMode") == "mixed"
    assert unit.service("TimeoutStopSec")


def test_a_failure_restarts_it(unit):
    assert unit.service("Restart") == "on-failure"


def test_a_refused_worker_is_not_started_again():
    for name in ("reel-gpu@.service", "reel-cpu@.service"):
        assert Unit(FOLDER / name).service("RestartPreventExitStatus") == str(EXIT_REFUSED)


def test_it_runs_with_few_rights(unit):
    assert unit.service("User") == "reelfleet"
    assert unit.service("NoNewPrivileges") == "yes"
    assert unit.service("CapabilityBoundingSet") == ""
    assert unit.service("ProtectSystem") == "strict"


def test_an_instance_of_the_gpu_unit_is_one_gpu():
    gpu = Unit(FOLDER / "reel-gpu@.service")

    assert "REEL_DEVICE=%i" in gpu.service("Environment")
    assert gpu.service("ExecStart").endswith("-m tasks.worker gpu --slot %i")
    assert "char-nvidia rw" in gpu.service("DeviceAllow")


def test_the_units_run_what_the_procfile_runs():
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())

    for kind, name in (("gpu", "reel-gpu@.service"), ("cpu", "reel-cpu@.service"), ("flower", "reel-flower.service")):
        command = Unit(FOLDER / name).service("ExecStart").replace("/opt/reelfleet/.venv/bin/", "").replace("${PORT}", "$PORT")
        assert command.removesuffix(" --slot %i") == procfile[kind]


def test_the_example_names_settings_that_exist():
    names = [
        line.split("=")[0]
        for line in (FOLDER / "fleet.env.example").read_text("utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    ]
    settings = [name for name in names if name.startswith("REEL_")]
    assert {"REEL_BROKER_URL", "REEL_STORE_URL"} <= set(settings)
    assert {name.removeprefix("REEL_").lower() for name in settings} <= set(Settings.model_fields)
    assert all(name.startswith(("REEL_", "AWS_")) for name in names)
