"""The names of everything that the ledger keeps in Redis; the scripts form the same names from the same prefix."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PREFIX = "reel:"


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys under one prefix. Two fleets on one Redis need two databases all the same, because Celery's queues have no prefix."""

    prefix: str = DEFAULT_PREFIX

    def job(self, job_id: str) -> str:
        """Hash: the row of a job."""
        return f"{self.prefix}job:{job_id}"

    def events(self, job_id: str) -> str:
        """Stream: what happened to a job."""
        return f"{self.prefix}events:{job_id}"

    def preview(self, job_id: str) -> str:
        """Hash: the latest preview image and its media type."""
        return f"{self.prefix}preview:{job_id}"

    def decided(self, job_id: str) -> str:
        """String: the manifest that was decided."""
        return f"{self.prefix}decided:{job_id}"

    def idempotency(self, tenant: str, idempotency_key: str) -> str:
        """String: the job that a tenant's idempotency key led to."""
        return f"{self.prefix}idempotency:{tenant}:{idempotency_key}"

    def in_state(self, state: str) -> str:
        """Sorted set: jobs in a state by creation."""
        return f"{self.prefix}state:{state}"

    def of_tenant(self, tenant: str) -> str:
        """Sorted set: a tenant's jobs by creation."""
        return f"{self.prefix}tenant:{tenant}"

    def open_of_tenant(self, tenant: str) -> str:
        """Set: a tenant's jobs that have not ended."""
        return f"{self.prefix}open:{tenant}"

    @property
    def jobs(self) -> str:
        """Sorted set: every job by creation."""
        return f"{self.prefix}jobs"

    @property
    def ids(self) -> str:
        """Sorted set of equal scores: every job by its id, for look-up by prefix."""
        return f"{self.prefix}ids"

    @property
    def fleet(self) -> str:
        """Stream: what happened in the fleet, without progress."""
        return f"{self.prefix}fleet"

    @property
    def pauses(self) -> str:
        """Hash: who paused which scope, when and why."""
        return f"{self.prefix}pauses"

    @property
    def workers(self) -> str:
        """Sorted set: workers by when they count as gone."""
        return f"{self.prefix}workers"

    @property
    def worker_infos(self) -> str:
        """Hash: what each worker said last."""
        return f"{self.prefix}worker_infos"

    def drain(self, worker: str) -> str:
        """String: a worker was asked to drain, and why."""
        return f"{self.prefix}drain:{worker}"

    @property
    def useless_checkpoints(self) -> str:
        """Set: jobs whose checkpoints can be removed from the store."""
        return f"{self.prefix}useless_checkpoints"

    def faults(self, worker: str) -> str:
        """List: what went wrong on a worker lately, the newest first."""
        return f"{self.prefix}faults:{worker}"

    def warm(self, worker: str) -> str:
        """String: the models that a worker holds in memory."""
        return f"{self.prefix}warm:{worker}"

    @property
    def models(self) -> str:
        """Hash: published model cards by name."""
        return f"{self.prefix}models"

    def lock(self, name: str) -> str:
        """String: who holds a lock."""
        return f"{self.prefix}lock:{name}"
