import hashlib

import pytest

from reelfleet import Fleet
from reelfleet.contract.errors import (
    Aborted,
    FleetError,
    InputMissing,
    InputUnreadable,
    InvalidConfig,
    JobNotFound,
    Numerical,
    StoreUnavailable,
    WaitTimeout,
)

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, alive):
    return fleet.generate(**KITE)


@pytest.fixture
def delivered(job, worker):
    worker.run(job.id, files={"clip.mp4": b"moving pixels", "sound.wav": b"air"})
    return job


def test_a_result_names_its_artifacts(delivered, store_url):
    first, second = delivered.result().artifacts

    assert (first.name, second.name) == ("clip.mp4", "sound.wav")
    assert first.sha256 == hashlib.sha256(b"moving pixels").hexdigest()
    assert first.uri == f"{store_url}/{first.info.key}"
    with first.open() as file:
        assert file.read() == b"moving pixels"


def test_a_download_goes_to_a_path_or_into_a_folder(delivered, tmp_path):
    (artifact, _) = delivered.result().artifacts

    assert artifact.download(tmp_path / "mine.mp4").read_bytes() == b"moving pixels"
    assert artifact.download(tmp_path) == tmp_path / "clip.mp4"


def test_a_whole_result_comes_with_its_manifest(delivered, tmp_path):
    paths = delivered.result().download(tmp_path / "new" / "folder")

    assert [path.name for path in paths] == ["clip.mp4", "sound.wav"]
    assert (tmp_path / "new" / "folder" / "manifest.json").read_bytes() == delivered.result().manifest_bytes
    assert delivered.manifest().predicate.job_id == delivered.id


def test_a_changed_artifact_is_refused_and_leaves_nothing_behind(job, worker, tmp_path):
    worker.run(job.id, files={"clip.mp4": b"other pixels"}, listed={"clip.mp4": b"moving pixels"})
    target = tmp_path / "out"

    with pytest.raises(InputUnreadable, match="was changed after it was delivered"):
        job.result().download(target)

    assert list(target.iterdir()) == []


def test_a_changed_artifact_does_not_replace_the_file_that_was_there(job, worker, tmp_path):
    worker.run(job.id, files={"clip.mp4": b"other pixels"}, listed={"clip.mp4": b"moving pixels"})
    (tmp_path / "clip.mp4").write_bytes(b"mine")

    with pytest.raises(InputUnreadable):
        job.result().download(tmp_path)

    assert (tmp_path / "clip.mp4").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../../escaped.mp4", "/etc/escaped.mp4", "a/b/escaped.mp4", "..\\escaped.mp4"])
def test_a_name_never_leads_out_of_the_folder(job, worker, tmp_path, name):
    worker.run(job.id, files={name: b"pixels"})

    (path,) = job.result().download(tmp_path / "out")

    assert path == tmp_path / "out" / "escaped.mp4"
    assert not (tmp_path / "escaped.mp4").exists()


@pytest.mark.parametrize(
    ("name", "plain"), [("manifest.json", "manifest-2.json"), (".bashrc", "bashrc"), ("..", "artifact"), ("a\nb\x1b.mp4", "a_b_.mp4")]
)
def test_a_name_is_made_plain(job, worker, tmp_path, name, plain):
    worker.run(job.id, files={name: b"pixels"})

    (path,) = job.result().download(tmp_path / "out")

    assert path.name == plain


def test_artifacts_of_one_name_do_not_replace_each_other(job, worker, tmp_path):
    worker.run(job.id, files={"a/clip.mp4": b"1", "b/clip.mp4": b"2", "c/CLIP.mp4": b"3"})

    paths = job.result().download(tmp_path / "out")

    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    assert len({path.name.casefold() for path in paths}) == 3, "two of them are one file where case does not count"


def test_a_missing_object_is_named(delivered, store_url, tmp_path):
    artifact = delivered.result().artifacts[0]
    (tmp_path / "store" / artifact.info.key).unlink()

    with pytest.raises(InputMissing):
        artifact.download(tmp_path / "x.mp4")


def test_a_folder_that_cannot_be_written_is_named(delivered, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidConfig, match="choose another folder"):
        delivered.result().download(tmp_path / "file" / "below")


def test_another_store_than_the_workers_is_told(delivered, redis_url, tmp_path):
    with Fleet(redis_url, (tmp_path / "elsewhere").as_uri()) as other, pytest.raises(InvalidConfig, match="REEL_STORE_URL"):
        other.job(delivered.id).result().download(tmp_path / "out")


def test_a_failed_jobs_own_error_is_raised(job, worker):
    worker.fail(job.id)

    with pytest.raises(Numerical, match="NaN at step 3"):
        job.result(timeout=10)


def test_an_error_of_the_workers_store_is_the_jobs_and_not_the_clients(job, worker):
    worker.fail(job.id, code="store_unavailable", message="500 through every retry")

    with pytest.raises(StoreUnavailable, match="500"):
        job.result(timeout=10)


def test_an_aborted_job_raises_why(job):
    job.abort(reason="wrong prompt")

    with pytest.raises(Aborted, match="wrong prompt"):
        job.result(timeout=10)


def test_a_wait_that_times_out_says_so(job):
    with pytest.raises(WaitTimeout):
        job.result(timeout=0)


def test_a_job_that_has_not_ended_has_no_manifest(job, worker):
    with pytest.raises(WaitTimeout, match="no manifest yet"):
        job.manifest()

    worker.fail(job.id)
    with pytest.raises(Numerical):
        job.manifest()


def test_waiting_for_the_end_raises_nothing(job, worker):
    worker.fail(job.id)

    assert job.wait().state == "failed"


def test_every_error_is_a_fleet_error(job):
    with pytest.raises(FleetError):
        job.result(timeout=0)


def test_a_preview_is_there_once_it_was_published(job, worker, ledger):
    assert job.preview() is None
    lease = worker.claim(job.id)

    ledger.jobs.put_preview(lease, b"tiny picture", "image/webp")

    assert job.preview() == (b"tiny picture", "image/webp")


def test_a_job_is_found_by_the_beginning_of_its_id(fleet, job):
    assert fleet.job(job.id[:8]).id == job.id
    with pytest.raises(JobNotFound):
        fleet.job("ffff0000ffff")
