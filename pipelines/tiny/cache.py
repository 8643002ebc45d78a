"""Makes a tiny model once per machine, however many workers ask for it at the same time."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from pipelines.tiny.builders import TINY_MODELS, build
from reelfleet.contract.errors import InvalidConfig

RECIPE = 1
"""Raised when a change to the builders changes the weights, so that old folders are not taken for new ones."""


def ensure(name: str, cache_dir: Path) -> Path:
    """Return the folder of a tiny model in its library's layout, building it first if it is not there.

    The folder appears whole or not at all, and is the same byte for byte on every machine with the same diffusers and transformers.

    Raises:
        InvalidConfig: when there is no tiny model of this name.
        OSError: when ``cache_dir`` cannot be written.
    """
    if name not in TINY_MODELS:
        raise InvalidConfig(f"{name}: source kind 'tiny' knows {', '.join(TINY_MODELS)}; name another source for your own model")
    root = cache_dir / "tiny"
    folder = root / f"{name}-{RECIPE}-diffusers-{version('diffusers')}"
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / f"{name}.lock"):
        if not folder.is_dir():
            _build_whole(name, folder)
    return folder


def _build_whole(name: str, folder: Path) -> None:
    prefix = f".{name}."
    for left_behind in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_behind)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        build(name, scratch)
        scratch.chmod(0o755)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
