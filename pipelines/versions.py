"""Versions of what shapes a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "diffusers", "transformers", "safetensors", "accelerate", "tokenizers", "numpy", "reelfleet")


def versions() -> dict[str, str]:
    """Return the versions of python and of the installed libraries that shape a result."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            # reelfleet run from a checkout has no metadata, and accelerate is optional.
            continue
    return found
