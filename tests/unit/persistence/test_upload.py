from __future__ import annotations

from pathlib import Path

import pytest

from persistence.deliver import upload_artifacts, write_artifacts
from reelfleet.contract.errors import StoreUnavailable
from reelfleet.store import Store, StoreRetry, open_store
from tests.fixtures.faulty_s3 import FaultControl
from tests.unit.persistence.builders import JOB_ID, spec, spool

QUICK = StoreRetry(attempts=2, base_s=0.01, max_s=0.01, connect_timeout_s=1, read_timeout_s=5)


def written(tmp_path: Path):
    return write_artifacts(
        spool(tmp_path / "s"), spec(metadata_mode="json"), job_id=JOB_ID, folder=tmp_path / "out", metadata={}, on_progress=lambda *_: None
    )


def test_files_lie_under_the_attempts_own_prefix(tmp_path: Path, file_store: Store) -> None:
    local, seen = written(tmp_path), []

    video, sidecar = upload_artifacts(file_store, local, job_id=JOB_ID, fence=7, on_progress=lambda *step: seen.append(step))

    assert video.key == f"jobs/{JOB_ID}/attempts/7/tiny-wan-01234567.mp4"
    assert video.sidecar == sidecar.key == f"{video.key}.json"
    assert file_store.get_bytes(video.key) == local[0].path.read_bytes()
    assert seen == [(1, 2), (2, 2)]


def test_the_media_type_goes_along(tmp_path: Path, s3_store_url: str) -> None:
    store = open_store(s3_store_url)

    video, _ = upload_artifacts(store, written(tmp_path), job_id=JOB_ID, fence=7, on_progress=lambda *_: None)

    assert store.stat(video.key).media_type == "video/mp4"


def test_a_store_that_fails_leaves_the_files_for_another_try(faulty_s3: FaultControl, tmp_path: Path, s3_store_url: str) -> None:
    local, store = written(tmp_path), open_store(s3_store_url, retry=QUICK)
    faulty_s3.add("status", times=2, method="PUT")

    with pytest.raises(StoreUnavailable):
        upload_artifacts(store, local, job_id=JOB_ID, fence=7, on_progress=lambda *_: None)

    assert all(artifact.path.exists() for artifact in local)
    assert len(upload_artifacts(store, local, job_id=JOB_ID, fence=8, on_progress=lambda *_: None)) == 2
