"""Versions of what shapes a result."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "diffusers", "transformers", "safetensors", "accelerate", "tokenizers", "numpy", "av", "pillow", "reelfleet")


def versions() -> dict[str, str]:
    """Return the versions of python and of the installed libraries that shape a result."""
    return dict(_versions())


# Reading metadata takes milliseconds, and every job tells its versions while the next one waits for the device.
@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            # reelfleet run from a checkout has no metadata, and accelerate is optional.
            continue
    return tuple(found.items())
