"""Finds the checkpoint from which a claimed generation goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelfleet.contract.errors import InputMissing
from tasks.checkpoints.places import SUFFIX, local_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    if local is not None and (named is None or local[0] >= named.step):
        return local[1]
    if named is None:
        return None
    path = folder / f"checkpoint{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        process.store.get_file(named.key, path)
    except InputMissing:
        note(f"the checkpoint of step {named.step}/{named.of} is gone from the store; the job starts over")
        return None
    return path


def _furthest(folder: Path) -> tuple[int, Path] | None:
    from pipelines.checkpoint import step_of  # noqa: PLC0415 - torch is imported in the pool's child alone

    found = [(at[0], path) for path in folder.glob(f"*{SUFFIX}") if (at := step_of(path)) is not None]
    return max(found, default=None)
