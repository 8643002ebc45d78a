"""What a stage is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persistence.spool import remove_spool
from reelfleet.contract.matting_card import MattingCard
from reelfleet.contract.model_card import ModelCard
from reelfleet.ledger.types import JobRow, Lease
from tasks.checkpoints.keeper import CheckpointKeeper
from tasks.process import WorkerProcess
from tasks.stages.observer import LedgerObserver


@dataclass(frozen=True)
class StageContext:
    """One claimed stage of one job."""

    process: WorkerProcess
    lease: Lease
    job: JobRow
    observer: LedgerObserver
    checkpoints: CheckpointKeeper | None = None
    """None for a stage that cannot go on in the middle."""

    def card(self) -> ModelCard:
        """Return the card of the job's generating model from this worker's own catalogue.

        Raises:
            UnknownModel: when this worker's catalogue does not name it.
        """
        return self.process.catalogue.entry(self.job.request.model).card

    def matting_card(self) -> MattingCard:
        """Return the card of the job's matting model from this worker's own catalogue.

        Raises:
            UnknownModel: when this worker's catalogue does not name it.
        """
        return self.process.catalogue.matting(self.job.request.model).card

    def spool_folder(self) -> Path:
        """Return this attempt's own spool folder; it need not exist."""
        return spool_root(self.process) / self.job.job_id / str(self.lease.fence)

    def artifacts_folder(self, frames: Path) -> Path:
        """Return the folder of the files that this attempt writes from the frames in ``frames``."""
        return frames / f"artifacts-{self.lease.fence}"


def spool_root(process: WorkerProcess) -> Path:
    """Return the folder that holds the spools of this host."""
    return process.settings.spool_dir


def discard_spool(process: WorkerProcess, folder: Path) -> None:
    """Remove an attempt's spool, and the job's folder with the last one."""
    remove_spool(folder)
    if folder.parent != spool_root(process) and folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()
