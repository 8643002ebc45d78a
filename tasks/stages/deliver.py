"""deliver (cpu, on the host of the spool): encode, probe, embed metadata, hash, upload, commit the manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persistence.alphas.reader import AlphaReader
from persistence.deliver import commit_manifest, upload_artifacts, write_artifacts
from persistence.history import append_history
from persistence.local_artifact import LocalArtifact
from persistence.manifest import build_manifest
from persistence.matte.deliver import write_matte_artifacts
from persistence.spool import SpoolReader, remove_spool
from pipelines.report import GenerationReport
from reelfleet.contract.any_spec import AnySpec
from reelfleet.contract.errors import Internal, StoreUnavailable
from reelfleet.contract.job import Phase
from reelfleet.contract.manifest import Artifact, Manifest
from reelfleet.contract.matte_request import SOURCE_FIELD
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.submission import enqueue_follow_up
from tasks.app import app
from tasks.checkpoints.places import segments_folder
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.stages.context import StageContext, spool_root
from tasks.stages.device import fetch_inputs

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Written:
    artifacts: tuple[Artifact, ...]
    timings: dict[str, float]


def deliver_result(context: StageContext) -> None:
    """Run the stage.

    Raises:
        EncodeFailed, DiskFull, StoreUnavailable: when files cannot be written or uploaded.
        CommitConflict: when another attempt committed the job; its manifest stands.
        LeaseLost: when another attempt owns the job.
    """
    spec, spool_name, report_json = context.job.spec, context.job.spool, context.job.report
    if spec is None or spool_name is None or report_json is None:
        raise Internal(f"job {context.job.job_id} reached deliver without spec, spool or report")
    report = GenerationReport.model_validate_json(report_json)
    written = _write_and_upload(context, spec, spool_root(context.process) / spool_name, report)
    _commit(context, spec, report, written)
    remove_spool(spool_root(context.process) / context.job.job_id)


def _write_and_upload(context: StageContext, spec: AnySpec, spool: Path, report: GenerationReport) -> _Written:
    process, lease, observer = context.process, context.lease, context.observer
    began = time.monotonic()
    files = _write(context, spec, spool, _metadata(context, spec, report))
    wrote = time.monotonic()
    observer.phase(Phase.UPLOAD, len(files))
    artifacts = upload_artifacts(process.store, files, job_id=lease.job_id, fence=lease.fence, on_progress=observer.advance)
    return _Written(artifacts, {"write_s": round(wrote - began, 4), "upload_s": round(time.monotonic() - wrote, 4)})


def _write(context: StageContext, spec: AnySpec, spool: Path, metadata: dict[str, object]) -> tuple[LocalArtifact, ...]:
    folder, observer, job_id = context.artifacts_folder(spool), context.observer, context.lease.job_id
    if isinstance(spec, GenerationSpec):
        frames = SpoolReader(spool)
        observer.phase(Phase.WRITE, frames.count)
        return write_artifacts(frames, spec, job_id=job_id, folder=folder, metadata=metadata, on_progress=observer.advance)
    with AlphaReader(spool, segments_folder(spool_root(context.process), job_id)) as alphas:
        source = fetch_inputs(context, {SOURCE_FIELD: spec.inputs[SOURCE_FIELD]}, spool)[SOURCE_FIELD]
        observer.phase(Phase.WRITE, alphas.count)
        return write_matte_artifacts(alphas, source, spec, job_id=job_id, folder=folder, metadata=metadata, on_progress=observer.advance)


def _metadata(context: StageContext, spec: AnySpec, report: GenerationReport) -> dict[str, object]:
    """Return what travels inside the media file: enough to make it again, and no path or credential of this machine."""
    return {
        "generator": "reelfleet",
        "job_id": context.lease.job_id,
        "spec": spec.model_dump(mode="json", exclude={"inputs": {"__all__": {"uri"}}}),
        "spec_sha256": spec.sha256(),
        "versions": report.versions,
    }


def _commit(context: StageContext, spec: AnySpec, report: GenerationReport, written: _Written) -> None:
    process, lease, jobs = context.process, context.lease, context.process.ledger.jobs
    context.observer.phase(Phase.COMMIT)
    manifest = build_manifest(
        job=context.job, lease=lease, spec=spec, artifacts=written.artifacts, report=report.model_dump(mode="json"), timings=written.timings
    )
    outcome = commit_manifest(
        process.store,
        manifest,
        job_id=lease.job_id,
        decide=lambda data: patiently(lambda: jobs.decide(lease, data), for_s=OUTAGE_PATIENCE_S),
        conditional=process.conditional_commit(),
    )
    committed = Manifest.model_validate_json(outcome.manifest_bytes)
    artifacts = committed.predicate.artifacts

    # Before the job ends: told twice after a crash is mended by its reader, never told is not.
    append_history(process.store, outcome.manifest_bytes)
    _follow_up(context, artifacts)
    patiently(lambda: jobs.succeed(lease, manifest_uri=outcome.uri, artifacts=artifacts), for_s=OUTAGE_PATIENCE_S)
    if lease.attempt > 1 or committed.predicate.fence != lease.fence:
        _remove_other_attempts(context, committed.predicate.fence)


def _follow_up(context: StageContext, artifacts: Sequence[Artifact]) -> None:
    """Submit the matting of what was generated, if the request asks for it; a second time it is the same job."""
    request = context.job.request
    if not isinstance(request, GenerateRequest) or request.matte is None:
        return
    process = context.process
    uri = process.store.uri(artifacts[0].key)
    patiently(lambda: enqueue_follow_up(process.ledger, app, context.job, uri), for_s=OUTAGE_PATIENCE_S)


def _remove_other_attempts(context: StageContext, committed: int) -> None:
    """Remove what attempts that were killed had uploaded; no manifest names it."""
    store, attempts = context.process.store, f"jobs/{context.lease.job_id}/attempts/"
    try:
        fences = {key.removeprefix(attempts).partition("/")[0] for key in store.list(attempts)}
        for fence in fences - {str(committed)}:
            store.delete_prefix(f"{attempts}{fence}/")
    except StoreUnavailable as error:
        logger.warning("objects of earlier attempts of job %s remain: %s", context.lease.job_id, error.message)
