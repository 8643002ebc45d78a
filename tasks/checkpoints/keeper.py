"""Writes the checkpoints of one claimed job: to this host, to the store, and then into the ledger."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from reelfleet.contract.errors import BrokerUnavailable, FleetError, JobNotFound, LeaseLost
from reelfleet.contract.job import JobState
from reelfleet.ledger.types import CheckpointRef
from tasks.checkpoints.clock import CheckpointClock
from tasks.checkpoints.places import (
    ATTACHMENT_TYPE,
    MEDIA_TYPE,
    SUFFIX,
    attachment_key,
    checkpoint_key,
    checkpoint_prefix,
    local_folder,
    local_path,
)
from tasks.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipelines.checkpoint import Snapshot
    from reelfleet.ledger.types import Lease
    from tasks.process import WorkerProcess

logger = logging.getLogger(__name__)

PATIENCE_S = 60.0
"""How long a checkpoint that is in the store waits for a Redis that is away."""


class CheckpointKeeper:
    """Keeps at most one checkpoint on its way at a time, so that a slow store never makes the device wait.

    A checkpoint counts once the ledger names it, which happens when the store has all of it. Trouble with one costs
    that checkpoint and nothing else: the one before it stands.
    """

    def __init__(self, process: WorkerProcess, lease: Lease, previous: CheckpointRef | None) -> None:
        """Keep for one lease; ``previous`` is what the ledger named when it was claimed."""
        settings = process.settings
        self._process, self._lease, self._previous = process, lease, previous
        self._clock = CheckpointClock(
            settings.checkpoint_every_s, settings.checkpoint_share, began_at=time.monotonic(), expected_s=process.checkpoint_cost_s
        )
        self._on_its_way: threading.Thread | None = None
        self._begun = self._named = False
        self._attached: set[str] = set()
        # Made here, in the thread that computes: they are made on first use.
        self._ledger, self._store = process.ledger, process.store

    def offer(self, take: Callable[[], Snapshot], *, last: bool) -> None:
        """Checkpoint in the background if the time has come and the one before it has arrived; ``last`` is the last step."""
        now = time.monotonic()
        due = self._clock.affordable(now) if last else self._clock.due(now)
        if not due or (self._on_its_way is not None and self._on_its_way.is_alive()):
            return
        snapshot = take()
        took_s = time.monotonic() - now
        self._on_its_way = threading.Thread(target=self._write, args=(snapshot, took_s), name="checkpoint", daemon=True)
        self._on_its_way.start()

    def keep(self, take: Callable[[], Snapshot]) -> bool:
        """Checkpoint now and wait; whether it counts."""
        self.finish()
        return self._write(take(), 0.0)

    def finish(self) -> None:
        """Wait for the checkpoint that is on its way."""
        if self._on_its_way is not None:
            self._on_its_way.join()
            self._on_its_way = None

    def _write(self, snapshot: Snapshot, took_s: float) -> bool:
        lease = self._lease
        began = time.monotonic()
        key = checkpoint_key(lease.job_id, lease.fence)
        path = local_path(self._process.settings.spool_dir, lease.job_id, lease.fence)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            size = snapshot.save(path)
            now = time.monotonic()
            self._clock.took(took_s + now - began, now)
            self._process.checkpoint_cost_s = self._clock.expected_s
            jobs = self._ledger.jobs
            if not self._begun:
                patiently(lambda: jobs.begin_checkpoint(lease), for_s=PATIENCE_S)
                self._begun = True
            self._put_attachments(key, snapshot.attachments)
            self._store.put_file(key, path, media_type=MEDIA_TYPE)
            ref = CheckpointRef(key=key, step=snapshot.step, of=snapshot.of)
            patiently(lambda: jobs.keep_checkpoint(lease, ref), for_s=PATIENCE_S)
        except LeaseLost:
            if not self._named or self._is_of_no_use():
                self._remove(key)
            return False
        except (FleetError, OSError) as error:
            logger.warning("job %s: no checkpoint of step %d: %s", lease.job_id, snapshot.step, error)
            return False
        self._named = True
        logger.debug("job %s: checkpoint of step %d/%d, %d bytes", lease.job_id, snapshot.step, snapshot.of, size)
        self._drop_previous(key)
        return True

    def _put_attachments(self, key: str, attachments: Sequence[Path]) -> None:
        """Store what the checkpoint refers to, except for what an earlier one did; such files never change."""
        for path in attachments:
            if path.name in self._attached:
                continue
            attached = attachment_key(key, path.name)
            kept = self._store.stat(attached)
            if kept is None or kept.bytes != path.stat().st_size:
                self._store.put_file(attached, path, media_type=ATTACHMENT_TYPE)
            self._attached.add(path.name)

    def _drop_previous(self, key: str) -> None:
        """Remove what the new one replaces: only the newest counts."""
        lease, previous, self._previous = self._lease, self._previous, None
        if previous is not None and previous.key != key and previous.key.startswith(checkpoint_prefix(lease.job_id)):
            self._remove(previous.key)
        for path in local_folder(self._process.settings.spool_dir, lease.job_id).glob(f"*{SUFFIX}"):
            if path.name != key.rpartition("/")[2]:
                path.unlink(missing_ok=True)

    def _is_of_no_use(self) -> bool:
        """Whether the job is over for good: else whoever has it now may be reading what the ledger named, which is this very object."""
        try:
            state = self._ledger.jobs.status(self._lease.job_id).state
        except JobNotFound:
            return True
        except BrokerUnavailable:
            return False
        return state in {JobState.SUCCEEDED, JobState.ABORTED}

    def _remove(self, key: str) -> None:
        try:
            self._store.delete_prefix(key)
        except FleetError as error:
            logger.warning("the checkpoint %s remains: %s", key, error.message)
