"""SHA-256 of a model's weight files, without reading again what was read before."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipelines.sources import component_folders

BLOB_NAME = re.compile(r"[0-9a-f]{64}")
"""The hub's cache names a large file's blob by its SHA-256, and links to it."""
CACHE_FILE = "weights-sha256.json"
SETTINGS_SUFFIXES = frozenset({".json", ".txt", ".model", ".jinja"})


def weights_sha256(folder: Path, cache_dir: Path, *, variant: str | None = None) -> dict[str, str]:
    """Return the hash of every safetensors file that a pipeline folder's components hold, by path within the folder.

    See :func:`files_sha256`.
    """
    return files_sha256({path.relative_to(folder).as_posix(): path for path in weight_files(folder, variant)}, cache_dir)


def files_sha256(files: Mapping[str, Path], cache_dir: Path) -> dict[str, str]:
    """Return the hash of every file, by the names given.

    A file of the hub's cache tells its hash by its blob's name. Others are read once, and remembered in ``cache_dir``
    until path, size or time of change differ.
    """
    memory = _Memory(cache_dir / CACHE_FILE)
    hashes = {name: _blob_name(path) or memory.hash_of(path) for name, path in files.items()}
    memory.save()
    return hashes


def settings_sha256(folder: Path) -> str:
    """Return one hash over a pipeline folder's small files: configurations, tokenizers, the index of components."""
    digest = hashlib.sha256()
    for place in (folder, *component_folders(folder)):
        for path in sorted(path for path in place.iterdir() if path.suffix in SETTINGS_SUFFIXES):
            digest.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """Return the safetensors files of a pipeline folder's components; of one with files of the variant, only those."""
    files = [path for component in component_folders(folder) for path in sorted(component.glob("*.safetensors"))]
    if variant is None:
        return files
    having = {path.parent for path in files if f".{variant}." in path.name}
    return [path for path in files if path.parent not in having or f".{variant}." in path.name]


def _blob_name(path: Path) -> str | None:
    if not path.is_symlink():
        return None
    target = path.resolve()
    return target.name if target.parent.name == "blobs" and BLOB_NAME.fullmatch(target.name) else None


class _Memory:
    """Hashes by path, size and time of change, in one JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = self._read()
        self._changed = False

    def hash_of(self, path: Path) -> str:
        stat = path.stat()
        key = f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
        if key not in self._known:
            with path.open("rb") as handle:
                self._known[key] = hashlib.file_digest(handle, "sha256").hexdigest()
            self._changed = True
        return self._known[key]

    def save(self) -> None:
        """Write what was learnt; another worker's whole file may win, and then some is learnt again."""
        if not self._changed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(self._read() | self._known, stream, indent=1, sort_keys=True)
        Path(scratch).replace(self._file)

    def _read(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._file.read_text("utf-8")))
        except (OSError, ValueError):
            # No file yet, or one that is not ours: everything is hashed again.
            return {}
