"""Which running job gives way to a more urgent one that no idle worker can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelfleet.contract.job import Phase, Want
from reelfleet.contract.names import PRIORITY_STEPS, gpu_queue
from reelfleet.contract.worker import WorkerRole, WorkerState
from tasks.resumable import RESUMABLE_STAGES, STEPPED_PHASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reelfleet.contract.worker import WorkerInfo
    from reelfleet.ledger.types import JobRow, Waiting

STOPPABLE = frozenset({Phase.LOAD, Phase.ENCODE, *STEPPED_PHASES})
"""In others a job is nearly done, and what it does then would be done twice."""
NEARLY_DONE_S = 1.0


@dataclass(frozen=True)
class Candidate:
    """A running job that could give way, with what that costs."""

    job_id: str
    step: int
    """Its priority as Redis' lists know it: 0, 3, 6 or 9."""
    other_model: bool
    """Whether the urgent job needs another model than the one in the worker's memory."""
    remaining_s: float
    """What the urgent job would have to wait for it; infinite when that is not known."""

    @property
    def cost(self) -> tuple[int, bool, float]:
        """Compares: the lowest priority first, then without loading a model, then what would run longest."""
        return -self.step, self.other_model, -self.remaining_s


def choose(urgent: Waiting, workers: Iterable[WorkerInfo], jobs: Mapping[str, JobRow], resumable: frozenset[str]) -> str | None:
    """Return the job that is to give way to ``urgent``, or none: a worker is idle, or about to be, or nothing runs that may be stopped.

    Args:
        urgent: waits for a worker.
        workers: the living ones.
        jobs: the rows of what they run, by job id.
        resumable: models whose runs go on from where they were stopped; others would lose their steps.
    """
    serving = [worker for worker in workers if _serves(worker, urgent.queue)]
    if any(worker.job_id is None for worker in serving):
        return None
    running = [jobs[worker.job_id] for worker in serving if worker.job_id is not None and worker.job_id in jobs]
    if any(row.want is Want.YIELD or row.holder is None for row in running):
        return None
    candidates = [_candidate(row, urgent) for row in running if _may_yield(row, urgent, resumable)]
    return min(candidates, key=lambda candidate: candidate.cost).job_id if candidates else None


def priority_step(priority: int) -> int:
    """Return the step of Redis' lists that a priority falls into."""
    return max(step for step in PRIORITY_STEPS if step <= priority)


def _serves(worker: WorkerInfo, queue: str) -> bool:
    return worker.role is WorkerRole.GPU and worker.state in {WorkerState.IDLE, WorkerState.BUSY} and queue in worker.queues


def _may_yield(row: JobRow, urgent: Waiting, resumable: frozenset[str]) -> bool:
    progress = row.progress
    return (
        row.stage in RESUMABLE_STAGES
        and row.want is Want.RUN
        and row.request.preemptible
        and row.request.model in resumable
        and priority_step(row.priority) > priority_step(urgent.priority)
        and (progress is None or (progress.phase in STOPPABLE and not _nearly_done(row)))
    )


def _nearly_done(row: JobRow) -> bool:
    progress = row.progress
    return progress is not None and progress.phase in STEPPED_PHASES and progress.eta_s is not None and progress.eta_s < NEARLY_DONE_S


def _candidate(row: JobRow, urgent: Waiting) -> Candidate:
    eta_s = row.progress.eta_s if row.progress is not None and row.progress.phase in STEPPED_PHASES else None
    return Candidate(
        job_id=row.job_id,
        step=priority_step(row.priority),
        other_model=gpu_queue(row.request.model) != urgent.queue,
        remaining_s=float("inf") if eta_s is None else eta_s,
    )
