import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "diffusers", "transformers", "av", "PIL", "numpy")

IMPORT_ALL = """
import importlib, json, pkgutil, sys
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, {package!r} + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running the code."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_go_one_way():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_the_producers_package_needs_no_library_of_the_workers():
    modules = modules_after(IMPORT_ALL.format(package="reelfleet"))

    assert modules.isdisjoint({*HEAVY, "config", "persistence", "pipelines", "tasks", "deploy"})


def test_the_configuration_needs_nothing_that_computes():
    assert modules_after(IMPORT_ALL.format(package="config")).isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["tasks.app", "tasks.worker.__main__", "pipelines.device", "deploy.local.__main__"])
def test_what_runs_before_the_device_is_pinned_imports_no_torch(module):
    modules = modules_after(f"import importlib, json, sys; importlib.import_module({module!r}); print(json.dumps(list(sys.modules)))")

    assert modules.isdisjoint({"torch", "diffusers", "transformers"})


def test_importing_tasks_reads_no_setting_and_opens_no_connection():
    # A broker URL that cannot be parsed would fail as soon as anything looked at it.
    code = "import os, json, sys; os.environ['REEL_BROKER_URL'] = 'nonsense://'; import tasks.app; print(json.dumps(list(sys.modules)))"

    assert "tasks" in modules_after(code)
