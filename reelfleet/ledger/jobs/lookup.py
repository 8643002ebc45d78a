"""Reading jobs; nothing here changes any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reelfleet.contract.errors import JobNotFound
from reelfleet.contract.job import TERMINAL_STATES, JobState, JobStatus
from reelfleet.ledger.jobs.part import JobsPart
from reelfleet.ledger.row import STATUS_FIELDS, parse_row, parse_status, text_fields
from reelfleet.ledger.types import JobRow

MIN_PREFIX = 4
"""The fewest characters by which a job is found."""
_PAGE = 200
_SHOWN_MATCHES = 5


class Lookup(JobsPart):
    """Reading jobs."""

    def row(self, job_id: str) -> JobRow:
        """Return everything about a job.

        Raises:
            JobNotFound: when there is none of this id.
        """
        fields: dict[bytes, bytes] = self._connection.command("HGETALL", self._connection.keys.job(job_id))
        if not fields:
            raise JobNotFound(f"no job {job_id}; `reel jobs` lists those that exist")
        return parse_row(text_fields(fields.items()))

    def status(self, job_id: str) -> JobStatus:
        """Return a job as producers see it.

        Raises:
            JobNotFound: when there is none of this id.
        """
        for status in self._statuses([job_id]):
            return status
        raise JobNotFound(f"no job {job_id}; `reel jobs` lists those that exist")

    def find(self, prefix: str) -> str:
        """Return the id of the one job whose id is, or begins with, ``prefix``.

        Raises:
            JobNotFound: when there is none, when there are several, or when fewer than 4 characters are given.
        """
        keys = self._connection.keys
        if self._connection.command("EXISTS", keys.job(prefix)):
            return prefix
        if len(prefix) < MIN_PREFIX:
            raise JobNotFound(f"no job {prefix!r}; the beginning of an id needs at least {MIN_PREFIX} characters")
        start = prefix.encode("utf-8", "replace")
        found = self._connection.command("ZRANGEBYLEX", keys.ids, b"[" + start, b"[" + start + b"\xff", "LIMIT", 0, _SHOWN_MATCHES)
        matches: list[str] = [job_id.decode() for job_id in found]
        if not matches:
            raise JobNotFound(f"no job begins with {prefix!r}; `reel jobs` lists those that exist")
        if len(matches) > 1:
            raise JobNotFound(
                f"several jobs begin with {prefix!r}: {', '.join(matches)}; give more characters", details={"matches": matches}
            )
        return matches[0]

    def submitted_as(self, *, job_id: str | None = None, tenant: str, idempotency_key: str | None) -> str | None:
        """Return the job that this id or idempotency key has led to already, if there is one."""
        keys = self._connection.keys
        if idempotency_key is not None:
            found: bytes | None = self._connection.command("GET", keys.idempotency(tenant, idempotency_key))
            if found is not None:
                return found.decode()
        return job_id if job_id is not None and self._connection.command("EXISTS", keys.job(job_id)) else None

    def list(
        self, *, state: JobState | None = None, tenant: str | None = None, limit: int = 50, newest_first: bool = True
    ) -> list[JobStatus]:
        """Return jobs by their creation, all or those of one state and one tenant."""
        found: list[JobStatus] = []
        if limit < 1:
            return found
        for page in self._pages(state, tenant, newest_first=newest_first):
            for status in self._statuses(page):
                if state in {None, status.state} and tenant in {None, status.tenant}:
                    found.append(status)
                    if len(found) == limit:
                        return found
        return found

    def count_by_state(self) -> dict[JobState, int]:
        """Return how many jobs are in each state; every state is a key."""
        keys = self._connection.keys
        counts = self._connection.pipeline([("ZCARD", keys.in_state(state.value)) for state in JobState])
        return dict(zip(JobState, map(int, counts), strict=True))

    def open_count(self, tenant: str) -> int:
        """Return how many jobs of a tenant have not ended."""
        return int(self._connection.command("SCARD", self._connection.keys.open_of_tenant(tenant)))

    def open_ids(self, *, queue: str | None = None) -> Sequence[str]:
        """Return the ids of all jobs that have not ended, or of those that are at one queue."""
        keys = self._connection.keys
        states = [state for state in JobState if state not in TERMINAL_STATES]
        answers = self._connection.pipeline([("ZRANGE", keys.in_state(state.value), 0, -1) for state in states])
        ids = [job_id.decode() for answer in answers for job_id in answer]
        if queue is None:
            return ids
        queues = self._connection.pipeline([("HGET", keys.job(job_id), "queue") for job_id in ids])
        return [job_id for job_id, found in zip(ids, queues, strict=True) if found == queue.encode()]

    def preview(self, job_id: str) -> tuple[bytes, str] | None:
        """Return the latest preview image and its media type, if one was published within the hour."""
        image, media_type = self._connection.command("HMGET", self._connection.keys.preview(job_id), "image", "media_type")
        return None if image is None else (image, media_type.decode())

    def decided(self, job_id: str) -> bytes | None:
        """Return the manifest that was decided, if one was."""
        manifest: bytes | None = self._connection.command("GET", self._connection.keys.decided(job_id))
        return manifest

    def _pages(self, state: JobState | None, tenant: str | None, *, newest_first: bool) -> Iterator[Sequence[str]]:
        keys = self._connection.keys
        index = keys.of_tenant(tenant) if tenant else keys.in_state(state.value) if state else keys.jobs
        start, seen = 0, set[str]()  # jobs that come in meanwhile push others from one page to the next
        while True:
            page = self._connection.command("ZREVRANGE" if newest_first else "ZRANGE", index, start, start + _PAGE - 1)
            fresh = [job_id.decode() for job_id in page if job_id.decode() not in seen]
            seen.update(fresh)
            yield fresh
            if len(page) < _PAGE:
                return
            start += _PAGE

    def _statuses(self, job_ids: Sequence[str]) -> Iterator[JobStatus]:
        keys = self._connection.keys
        rows = self._connection.pipeline([("HMGET", keys.job(job_id), *STATUS_FIELDS) for job_id in job_ids])
        names = [name.encode() for name in STATUS_FIELDS]
        for values in rows:
            fields = text_fields(zip(names, values, strict=True))
            if fields:
                yield parse_status(fields)
