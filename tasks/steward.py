"""The steward: keeps what nobody holds moving. A duty of every cpu worker; a lock in Redis lets one at a time act."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.names import CPU_QUEUE, Stage, gpu_queue, main_stage
from reelfleet.contract.worker import WorkerRole
from reelfleet.tickets import issue_ticket
from tasks.preemption import choose

if TYPE_CHECKING:
    from celery import Celery

    from config.settings import Settings
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import TicketDue

logger = logging.getLogger(__name__)

BATCH = 200


class Steward:
    """One sweep per turn; every step is safe to repeat, and safe to miss."""

    def __init__(self, ledger: Ledger, tickets: Celery, settings: Settings, name: str) -> None:
        """Act for the worker ``name``."""
        self._ledger, self._tickets, self._settings, self._name = ledger, tickets, settings, name
        self._last_contact: float | None = None
        self._hold_off_until = 0.0
        self._reissued_at = 0.0

    def turn(self) -> None:
        """Sweep once, if it is this worker's turn.

        Raises:
            BrokerUnavailable: when Redis does not answer; the next turn tries again.
        """
        lock_ms = int(max(1.0, self._settings.steward_interval_s * 2) * 1000)
        mine = self._ledger.steward.take_turn(self._name, lock_ms)
        self._note_contact()
        if not mine:
            return
        self._requeue_expired()
        self._ledger.steward.time_out_overdue(BATCH)
        for due in self._ledger.steward.due_delayed(BATCH):
            self._issue(due, "its pause before the next attempt is over")
        self._preempt()
        now = time.monotonic()
        if now - self._reissued_at >= max(1.0, self._settings.reissue_after_s / 6):
            self._reissued_at = now
            self._reissue_lost()

    def _note_contact(self) -> None:
        """Hold off expiry after an outage: holders that could not renew get one lease to do so."""
        now = time.monotonic()
        gap = None if self._last_contact is None else now - self._last_contact
        self._last_contact = now
        lease_s = self._settings.lease_s
        if (gap is not None and gap > lease_s / 3) or (gap is None and self._ledger.steward.server_uptime_s() < lease_s):
            self._hold_off_until = now + lease_s
            logger.info("Redis was away or has just started; leases are left alone for %.0f s", lease_s)

    def _requeue_expired(self) -> None:
        if time.monotonic() < self._hold_off_until:
            return
        for expired in self._ledger.steward.expire(BATCH):
            logger.warning("job %s lost its worker %s in %s: %s", expired.job_id, expired.worker, expired.stage.value, expired.state.value)
            if expired.ticket is not None:
                self._issue(expired.ticket, "its lease ran out")

    def _reissue_lost(self) -> None:
        older_than_ms = int(self._settings.reissue_after_s * 1000)
        hosts = self._living_hosts()
        for queue in self._ledger.steward.queues():
            present: set[str] | None = None
            for due in self._ledger.steward.overdue(queue, older_than_ms, BATCH):
                if due.stage is Stage.DELIVER and queue.removeprefix(f"{CPU_QUEUE}.") not in hosts:
                    self._send_back(due)
                    continue
                if present is None:
                    present = self._ledger.steward.tickets_in(queue)
                if f"{due.job_id}:{due.stage.value}" in present:
                    self._ledger.jobs.ticketed(due.job_id)
                else:
                    self._issue(due, "its ticket was lost")

    def _preempt(self) -> None:
        """Make a job give way to one of higher priority that has waited long enough for an idle worker."""
        waiting = [urgent for urgent in self._ledger.steward.most_urgent() if urgent.waited_s >= self._settings.preempt_after_s]
        if not waiting or not self._settings.max_preemptions:
            return
        workers = self._ledger.workers.all()
        jobs = {
            worker.job_id: self._ledger.jobs.row(worker.job_id) for worker in workers if worker.job_id and worker.role is WorkerRole.GPU
        }
        resumable = frozenset(card.name for card in self._ledger.models.all() if card.step_resume)
        for urgent in sorted(waiting, key=lambda one: one.priority):
            chosen = choose(urgent, workers, jobs, resumable)
            if chosen and self._ledger.jobs.order_yield(chosen, max_preemptions=self._settings.max_preemptions, by=urgent.job_id):
                logger.info("job %s gives way to job %s of priority %d", chosen, urgent.job_id, urgent.priority)
                jobs[chosen] = self._ledger.jobs.row(chosen)

    def _living_hosts(self) -> set[str]:
        return {info.host for info in self._ledger.workers.all() if info.role is WorkerRole.CPU}

    def _send_back(self, due: TicketDue) -> None:
        status = self._ledger.jobs.status(due.job_id)
        back = self._ledger.steward.reroute(due.job_id, main_stage(status.kind), gpu_queue(status.model))
        if back is not None:
            logger.warning("job %s: no cpu worker is left on the host of its frames; they are made again", due.job_id)
            self._issue(back, "the host of its frames is gone")

    def _issue(self, due: TicketDue, reason: str) -> None:
        try:
            issue_ticket(self._tickets, due.job_id, due.stage, queue=due.queue, priority=due.priority)
        except BrokerUnavailable as error:
            logger.warning("%s", error.message)
            return
        self._ledger.jobs.ticketed(due.job_id)
        logger.info("ticket of job %s (%s) issued: %s", due.job_id, due.stage.value, reason)
