"""What happened, in order: one stream per job and one for the fleet."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from reelfleet.contract.errors import InvalidRequest, WireError
from reelfleet.contract.event import Event, EventKind
from reelfleet.contract.job import JobState, Progress
from reelfleet.contract.names import Stage
from reelfleet.ledger.connection import Connection

_OFFSET = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?|\$")


class Events:
    """Streams that can be read again from any offset. ``after="0"`` is the beginning, ``"$"`` what comes from now on (with ``block_ms``)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, job_id: str, *, after: str = "0", limit: int = 500, block_ms: int | None = None) -> list[Event]:
        """Return a job's events after an offset.

        Args:
            job_id: whose.
            after: the offset of the last event that is known.
            limit: how many at most.
            block_ms: wait so long for the first one, at most ten seconds; ``None`` does not wait.

        Returns:
            An empty list when there are none (yet), or none any more: a stream is kept for 7 days after its job.

        Raises:
            InvalidRequest: when ``after`` is no offset.
        """
        return self._read(self._connection.keys.events(job_id), after, limit, block_ms)

    def fleet(self, *, after: str = "0", limit: int = 500, block_ms: int | None = None) -> list[Event]:
        """Return the fleet's events after an offset: everything but progress, previews and notes."""
        return self._read(self._connection.keys.fleet, after, limit, block_ms)

    def _read(self, key: str, after: str, limit: int, block_ms: int | None) -> list[Event]:
        if not _OFFSET.fullmatch(after):
            raise InvalidRequest.of([{"field": "after", "problem": f"{after[:40]!r} is no offset; take it from an event, or 0 for all"}])
        entries = self._connection.read_stream(key, after, limit, block_ms)
        return [_event(offset.decode(), {name.decode(): value.decode() for name, value in fields.items()}) for offset, fields in entries]


def _event(offset: str, fields: dict[str, str]) -> Event:
    state, stage, attempt = fields.get("state"), fields.get("stage"), fields.get("attempt")
    progress, error = fields.get("progress"), fields.get("error")
    return Event(
        offset=offset,
        job_id=fields.get("job_id"),
        # The first half of an offset is Redis' clock when the entry was added.
        at=datetime.fromtimestamp(int(offset.partition("-")[0]) / 1000, UTC),
        kind=EventKind(fields["kind"]),
        state=JobState(state) if state else None,
        stage=Stage(stage) if stage else None,
        attempt=int(attempt) if attempt else None,
        worker=fields.get("worker"),
        progress=Progress.model_validate_json(progress) if progress else None,
        message=fields.get("message"),
        error=WireError.model_validate_json(error) if error else None,
    )
