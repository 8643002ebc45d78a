"""The final assertions about the jobs: none lost, none twice, none different."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reelfleet.contract.errors import FleetError
from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest
from tests.chaos.baseline import Content, content_of
from tests.chaos.histories import History, read, without_cause
from tests.chaos.options import MAX_PREEMPTIONS

if TYPE_CHECKING:
    from tests.chaos.field import Field
    from tests.chaos.journal import Journal

SHARE_WITHOUT_CAUSE = 0.005
"""Attempts per job that a starved machine may cost, and one in any run: a lease of two seconds runs out when nobody gets the processor."""


def histories(field: Field) -> dict[str, History]:
    """Read every job of the run."""
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(field.book.names, pool.map(lambda job_id: read(field, job_id), field.book.names), strict=True))


def problems_of_jobs(field: Field, found: dict[str, History], expected: dict[str, Content], journal: Journal) -> list[str]:
    """Return everything that is wrong with the jobs."""
    problems = [f"job {job_id}: {problem}" for job_id, history in found.items() for problem in _of_job(field, job_id, history, expected)]
    lost = [(job_id, one) for job_id, history in found.items() for one in without_cause(history, journal)]
    if len(lost) > max(1, SHARE_WITHOUT_CAUSE * len(found)):
        problems += [f"job {job_id} lost an attempt on {one.worker} that no fault explains: {one.why}" for job_id, one in lost]
    return problems


def _of_job(field: Field, job_id: str, history: History, expected: dict[str, Content]) -> Iterator[str]:
    row = history.row
    if not row.state.terminal:
        yield f"is lost: it is still {row.state.value} at {row.stage.value} ({row.progress})"
        return
    if history.finished != 1:
        yield f"ended {history.finished} times"
    if row.attempt > 1 + len(history.lost):
        yield f"counts {row.attempt} attempts, of which {len(history.lost)} were lost"
    if row.preemptions > MAX_PREEMPTIONS:
        yield f"had to give way {row.preemptions} times"
    if row.state is JobState.SUCCEEDED:
        try:
            yield from _of_result(field, job_id, history, expected[field.book.names[job_id]])
        except FleetError as error:
            yield f"its result cannot be read: {error.message}"
    elif row.state is not JobState.ABORTED or job_id not in field.book.aborted:
        yield f"ended as {row.state.value}: {row.error}"
    elif field.store.stat(f"jobs/{job_id}/manifest.json") is not None:
        yield "was aborted, and is committed"


def _of_result(field: Field, job_id: str, history: History, expected: Content) -> Iterator[str]:
    stored = field.store.get_bytes(f"jobs/{job_id}/manifest.json")
    if field.ledger.jobs.decided(job_id) != stored:
        yield "the manifest in the store is not the one that was decided"
    manifest = Manifest.model_validate_json(stored)
    if manifest.predicate.artifacts != history.row.artifacts:
        yield "the ledger names other artifacts than the manifest"
    for artifact in manifest.predicate.artifacts:
        data = field.store.get_bytes(artifact.key)
        if hashlib.sha256(data).hexdigest() != artifact.sha256:
            yield f"{artifact.key} has {len(data)} bytes that are not those of the manifest ({artifact.bytes})"
    if content_of(manifest) != expected:
        yield f"is different from the undisturbed one: {content_of(manifest)} instead of {expected}"
