"""Who this worker is. Set in the environment by ``python -m tasks.worker`` and read by the pool's children."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

from reelfleet.contract.worker import WorkerRole

_ROLE, _NAME, _HOST = "REEL_WORKER_ROLE", "REEL_WORKER_NAME", "REEL_WORKER_HOST"


@dataclass(frozen=True)
class WorkerIdentity:
    """A worker's role, Celery node name and host."""

    role: WorkerRole
    name: str
    host: str

    def export(self) -> None:
        """Put the identity where the pool's children, which are fresh interpreters, find it."""
        os.environ.update({_ROLE: self.role.value, _NAME: self.name, _HOST: self.host})

    @classmethod
    def from_environment(cls) -> Self | None:
        """Return the identity, or none when this process was not started as a worker."""
        if _NAME not in os.environ:
            return None
        return cls(role=WorkerRole(os.environ[_ROLE]), name=os.environ[_NAME], host=os.environ[_HOST])
