"""Metadata as a JSON file beside an artifact."""

from __future__ import annotations

import json
from pathlib import Path

from persistence.finish import finish_file
from persistence.local_artifact import LocalArtifact
from persistence.naming import sidecar_of
from reelfleet.contract.manifest import Role


def write_sidecar(artifact: Path, text: str) -> LocalArtifact:
    """Write ``text`` (JSON) beside ``artifact``.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    path = sidecar_of(artifact)
    finished, _ = finish_file(path, write=lambda part: _write(part, text), probe=lambda part: json.loads(part.read_bytes()))
    return LocalArtifact(path=path, role=Role.SIDECAR, bytes=finished.bytes, sha256=finished.sha256, media_type="application/json")


def _write(part: Path, text: str) -> None:
    part.write_bytes(text.encode())
