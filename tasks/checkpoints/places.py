"""Where the checkpoints of a job lie: a folder of this host, and the store."""

from __future__ import annotations

from pathlib import Path

MEDIA_TYPE = "application/vnd.safetensors"
SUFFIX = ".safetensors"
ATTACHMENT_TYPE = "application/zip"
SEGMENTS = "segments"


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


def segments_folder(spool_root: Path, job_id: str) -> Path:
    """Return the folder of a job's closed segments of alphas on this host; it need not exist."""
    return local_folder(spool_root, job_id) / SEGMENTS


def attachment_key(checkpoint: str, name: str) -> str:
    """Return the key of a file that belongs to the checkpoint with this key."""
    return f"{checkpoint.rpartition('/')[0]}/{SEGMENTS}/{name}"
