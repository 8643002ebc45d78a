"""The manifest of a job: an in-toto Statement in RFC 8785 bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reelfleet.contract.any_spec import AnySpec
from reelfleet.contract.canonical import canonical_bytes
from reelfleet.contract.manifest import Artifact, JobPredicate, Manifest, Subject
from reelfleet.contract.spec import GenerationSpec
from reelfleet.ledger.types import JobRow, Lease


def build_manifest(
    *,
    job: JobRow,
    lease: Lease,
    spec: AnySpec,
    artifacts: Sequence[Artifact],
    report: Mapping[str, Any],
    timings: Mapping[str, float],
    created: datetime | None = None,
) -> bytes:
    """Return the bytes to commit.

    Args:
        job: the ledger's row.
        lease: of the attempt that wrote the artifacts.
        spec: what was run.
        artifacts: as they lie in the store.
        report: what the pipeline said about itself (``pipelines.report.GenerationReport`` as JSON data).
        timings: seconds by phase of the way out.
        created: now, if left out.
    """
    predicate = JobPredicate(
        job_id=job.job_id,
        attempt=lease.attempt,
        fence=lease.fence,
        idempotency_key=job.idempotency_key,
        request=job.request.model_dump(mode="json"),
        request_sha256=job.request_sha256,
        spec=spec,
        spec_sha256=spec.sha256(),
        weights_sha256=report.get("weights_sha256", {}),
        seed=str(spec.seed) if isinstance(spec, GenerationSpec) else None,
        versions=report.get("versions", {}),
        device=report.get("device", {}),
        pipeline={**report.get("pipeline", {}), **({"dtype": report["dtype"]} if "dtype" in report else {})},
        timings={**job.timings, **report.get("timings", {}), **timings},
        artifacts=tuple(artifacts),
        created=created or datetime.now(UTC),
        degraded=tuple(report.get("degraded", ())),
        notes=(*job.notes, *(note for note in report.get("notes", ()) if note not in job.notes)),
    )
    subject = tuple(Subject(name=artifact.name, digest={"sha256": artifact.sha256}) for artifact in artifacts)
    # The statement's own field names (_type, predicateType) are aliases.
    return canonical_bytes(Manifest(subject=subject, predicate=predicate).model_dump(mode="json", by_alias=True))
