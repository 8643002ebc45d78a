"""Finds the checkpoint from which a claimed job goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.alphas.reader import is_whole
from reelfleet.contract.errors import InputMissing
from reelfleet.contract.names import Stage, unit_of
from tasks.checkpoints.places import SUFFIX, attachment_key, local_folder, segments_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from persistence.alphas.segment import Segment
    from reelfleet.ledger.types import JobRow
    from tasks.process import WorkerProcess


def find_checkpoint(process: WorkerProcess, job: JobRow, folder: Path, note: Callable[[str], None]) -> Path | None:
    """Return the newest checkpoint of a job, or none for a job that has none.

    One that this host wrote is taken where it is at least as far as the one that the ledger names: it may be further,
    when its writer was killed before the store had it. Otherwise the named one is fetched.

    Args:
        process: whose host and store are searched.
        job: as it was claimed.
        folder: gets the file if it has to be fetched.
        note: told when a checkpoint that the ledger names is gone.

    Raises:
        StoreUnavailable, DiskFull: when it cannot be fetched.
    """
    named = job.checkpoint
    local = _furthest(local_folder(process.settings.spool_dir, job.job_id))
    if local is not None and (named is None or local[0] >= named.step) and _has_segments(process, job, local[1]):
        return local[1]
    if named is None:
        return None
    path = folder / f"checkpoint{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        process.store.get_file(named.key, path)
        _fetch_segments(process, job, path, named.key)
    except InputMissing:
        note(f"the checkpoint of {unit_of(job.request.kind)} {named.step}/{named.of} is gone from the store; the job starts over")
        return None
    return path


def _has_segments(process: WorkerProcess, job: JobRow, path: Path) -> bool:
    """Whether this host has every segment of alphas that a checkpoint refers to, as it was closed."""
    return all(is_whole(place, segment) for segment, place in _segments(process, job, path))


def _fetch_segments(process: WorkerProcess, job: JobRow, path: Path, key: str) -> None:
    """Bring the segments that a checkpoint refers to and this host does not have; one that arrives damaged is as good as gone.

    Raises:
        InputMissing: when the store does not have one, or not as it was closed.
    """
    for segment, place in _segments(process, job, path):
        if is_whole(place, segment):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        process.store.get_file(attachment_key(key, segment.name), place)
        if not is_whole(place, segment):
            raise InputMissing(f"{segment.name} is not as it was stored")


def _segments(process: WorkerProcess, job: JobRow, path: Path) -> list[tuple[Segment, Path]]:
    from pipelines.checkpoint import CheckpointRefused  # noqa: PLC0415 - torch is imported in the pool's child alone
    from pipelines.matting.checkpoint import segments_of  # noqa: PLC0415 - as above

    if job.stage is not Stage.MATTE:
        return []
    folder = segments_folder(process.settings.spool_dir, job.job_id)
    try:
        return [(segment, folder / segment.name) for segment in segments_of(path)]
    except CheckpointRefused:
        # Whoever goes on from it finds out, and says so.
        return []


def _furthest(folder: Path) -> tuple[int, Path] | None:
    from pipelines.checkpoint import step_of  # noqa: PLC0415 - torch is imported in the pool's child alone

    found = [(at[0], path) for path in folder.glob(f"*{SUFFIX}") if (at := step_of(path)) is not None]
    return max(found, default=None)
