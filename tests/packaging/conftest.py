"""A producer's environment: the built wheel, its declared dependencies, and nothing else of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        text=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def producer_python(wheel, tmp_path_factory) -> Path:
    """The interpreter of a fresh virtual environment that holds the wheel and its declared dependencies alone."""
    folder = tmp_path_factory.mktemp("producer")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)],
        check=True,
        capture_output=True,
        text=True,
    )
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    _link_dependencies(site_packages)
    return python


@pytest.fixture
def hostile(tmp_path) -> Path:
    """A host application's folder, with modules of its own that have the names of the checkout's rooms."""
    folder = tmp_path / "application"
    (folder / "tasks").mkdir(parents=True)
    trap = "raise AssertionError('reelfleet imported the module of a host application: ' + __name__)\n"
    (folder / "tasks" / "__init__.py").write_text(trap)
    for name in ("config", "persistence", "pipelines", "deploy"):
        (folder / f"{name}.py").write_text(trap)
    return folder


@pytest.fixture
def environment(hostile, tmp_path, redis_url, store_url) -> dict[str, str]:
    """Variables of the host application."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REEL_", "PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONPATH": str(hostile), "XDG_CONFIG_HOME": str(tmp_path), "REEL_BROKER_URL": redis_url, "REEL_STORE_URL": store_url}


def _link_dependencies(site_packages: Path) -> None:
    """Link what the installed wheel declares, and what that declares in turn, from the environment that runs the tests."""
    (wheel,) = metadata.distributions(name="reelfleet", path=[str(site_packages)])
    pending, seen = _needs(wheel), set()
    while pending:
        distribution = metadata.distribution(pending.pop())
        key = distribution.metadata["Name"].lower()
        if key not in seen:
            seen.add(key)
            _link(distribution, site_packages)
            pending += _needs(distribution)


def _needs(distribution: metadata.Distribution) -> list[str]:
    requirements = [Requirement(text) for text in distribution.requires or []]
    return [need.name for need in requirements if need.marker is None or need.marker.evaluate({"extra": ""})]


def _link(distribution: metadata.Distribution, site_packages: Path) -> None:
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in {"..", "__pycache__"}}
    for top in tops:
        link = site_packages / top
        if not link.exists():
            link.symlink_to(Path(str(distribution.locate_file(top))))
