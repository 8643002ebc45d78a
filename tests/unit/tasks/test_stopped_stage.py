from __future__ import annotations

import pytest

from config.settings import load_settings
from persistence.manifest import build_manifest
from reelfleet.contract.errors import Aborted, LeaseLost
from reelfleet.contract.model_card import Modality
from reelfleet.contract.output import OutputOptions
from reelfleet.contract.spec import GenerationSpec
from reelfleet.contract.worker import WorkerRole
from tasks.identity import WorkerIdentity
from tasks.process import WorkerProcess
from tasks.stages.context import StageContext
from tasks.stages.observer import LedgerObserver
from tasks.stages.run import _run_claimed
from tests.unit.ledger.builders import HOST, delivering_job


@pytest.fixture
def delivering(ledger, redis_url, tmp_path):
    """A claimed delivery with frames in the spool and an object in the store."""
    lease = delivering_job(ledger)
    settings = load_settings(broker_url=redis_url, store_url=(tmp_path / "store").as_uri(), spool_dir=tmp_path / "spool")
    process = WorkerProcess(settings, WorkerIdentity(WorkerRole.CPU, lease.worker, HOST))
    context = StageContext(process, lease, ledger.jobs.row(lease.job_id), LedgerObserver(ledger, lease, settings, lambda _: None))
    (settings.spool_dir / context.job.spool).mkdir(parents=True)
    process.store.put_bytes(f"jobs/{lease.job_id}/attempts/{lease.fence}/clip.mp4", b"frames", media_type="video/mp4")
    return context


def stop(context, error: Exception) -> None:
    def work(_):
        raise error

    _run_claimed(context, work)


def objects_of(context) -> list[str]:
    return list(context.process.store.list(f"jobs/{context.lease.job_id}/attempts"))


def frames_of(context):
    return context.process.settings.spool_dir / context.job.spool


def test_delivery_that_lost_its_lease_leaves_the_frames_to_its_successor(delivering):
    stop(delivering, LeaseLost("another attempt owns the job"))

    assert frames_of(delivering).exists()
    assert objects_of(delivering) == []


def test_aborted_delivery_leaves_neither_frames_nor_objects(delivering):
    stop(delivering, Aborted("no longer needed"))

    assert not frames_of(delivering).exists()
    assert objects_of(delivering) == []


def test_objects_that_the_decided_manifest_names_stay(delivering, manifest_of):
    # Given a delivery whose manifest was decided before its lease ran out
    delivering.process.ledger.jobs.decide(delivering.lease, manifest_of(delivering))

    # When it is stopped
    stop(delivering, LeaseLost("another attempt owns the job"))

    # Then the next attempt can commit that manifest
    assert len(objects_of(delivering)) == 1


@pytest.fixture
def manifest_of():
    """Make a manifest of an attempt."""

    def make(context) -> bytes:
        spec = GenerationSpec(
            model="tiny-wan",
            family="wan",
            modality=Modality.VIDEO,
            prompt="x",
            negative_prompt="",
            width=64,
            height=64,
            frames=5,
            fps=8,
            steps=2,
            guidance=1,
            seed=7,
            metadata_mode="metadata",
            output=OutputOptions(),
        )
        return build_manifest(job=context.job, lease=context.lease, spec=spec, artifacts=(), report={}, timings={})

    return make
