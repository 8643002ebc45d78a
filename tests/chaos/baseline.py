"""What each distinct job gives when nothing is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.workload import names

if TYPE_CHECKING:
    from reelfleet.contract.manifest import Manifest
    from tests.chaos.field import Field
    from tests.chaos.jobs import JobBook

Content = tuple[tuple[str, str | None, tuple[str | None, ...]], ...]
"""Role, pixels and sound of every artifact."""


def content_of(manifest: Manifest) -> Content:
    """Return what has to be equal, whatever the containers' bytes are."""
    return tuple(
        (artifact.role.value, artifact.content_sha256, tuple(track.content_sha256 for track in artifact.audio_tracks))
        for artifact in manifest.predicate.artifacts
    )


def undisturbed(field: Field, book: JobBook, *, seeds: int, timeout_s: float = 400) -> dict[str, Content]:
    """Generate every distinct job once and return its content."""
    ids = {name: book.plan(name, 5) for name in names(seeds)}
    book.send()
    results = {name: field.client.job(job_id).result(timeout_s).manifest for name, job_id in ids.items()}
    return {name: content_of(manifest) for name, manifest in results.items()}
