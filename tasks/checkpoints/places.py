"""Where the checkpoints of a job lie: a folder of this host, and the store."""

from __future__ import annotations

from pathlib import Path

MEDIA_TYPE = "application/vnd.safetensors"
SUFFIX = ".safetensors"


def checkpoint_prefix(job_id: str) -> str:
    """Return the store's prefix of a job's checkpoints."""
    return f"jobs/{job_id}/checkpoints/"


def checkpoint_key(job_id: str, fence: int) -> str:
    """Return the key of an attempt's checkpoint; a later one of the same attempt replaces it."""
    return f"{checkpoint_prefix(job_id)}{fence}{SUFFIX}"


def local_folder(spool_root: Path, job_id: str) -> Path:
    """Return the folder of a job's checkpoints on this host; it need not exist."""
    return spool_root / job_id / "checkpoints"


def local_path(spool_root: Path, job_id: str, fence: int) -> Path:
    """Return the file of an attempt's checkpoint on this host."""
    return local_folder(spool_root, job_id) / f"{fence}{SUFFIX}"
