import subprocess
import sys

import pytest
from celery import Celery, current_app

import reelfleet

HEAVY = ("torch", "numpy", "PIL", "av", "diffusers", "transformers")


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter and return what it imported."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("name", reelfleet.__all__)
def test_every_public_name_is_there(name):
    assert getattr(reelfleet, name) is not None
    assert name in dir(reelfleet)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Fleeet"):
        _ = reelfleet.Fleeet


def test_importing_the_package_loads_nothing_else():
    assert not {"celery", "redis", "boto3", "pydantic"} & modules_after("import reelfleet")


def test_a_client_needs_no_worker_package_and_no_boto3():
    loaded = modules_after("from reelfleet import Fleet; Fleet('redis://127.0.0.1:1/0', 'file:///tmp/none')")

    assert not {*HEAVY, "boto3"} & loaded


def test_a_client_connects_to_nothing_before_it_is_used(tmp_path):
    reelfleet.Fleet("redis://127.0.0.1:1/0", (tmp_path / "store").as_uri()).close()

    assert not (tmp_path / "store").exists()


def test_the_host_applications_celery_app_stays_the_current_one(fleet, alive):
    host = Celery("host", broker="memory://")
    host.set_current()

    fleet.generate(model="clip-model", prompt="a red kite")

    assert current_app.main == "host"
    assert host.conf.task_ignore_result is not True


def test_a_client_may_be_used_again_after_it_was_closed(fleet, alive):
    fleet.generate(model="clip-model", prompt="a red kite")
    fleet.close()

    assert len(fleet.jobs()) == 1
