from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.settings import load_settings
from reelfleet.contract.errors import StoreUnavailable
from reelfleet.contract.worker import WorkerRole
from reelfleet.ledger.types import CheckpointRef
from tasks.checkpoints.finding import find_checkpoint
from tasks.checkpoints.keeper import CheckpointKeeper
from tasks.identity import WorkerIdentity
from tasks.process import WorkerProcess
from tests.unit.ledger.builders import HOST, held_job, hold_of, let_lease_run_out


class State:
    """Stands for the state of a run: what it says is what its file holds."""

    def __init__(self, step: int, attachments: tuple[Path, ...] = ()) -> None:
        self.step, self.of, self.attachments = step, 10, attachments

    def save(self, path) -> int:
        path.write_text(f"step {self.step}")
        return path.stat().st_size


@pytest.fixture
def process(redis_url, tmp_path):
    settings = load_settings(
        broker_url=redis_url,
        store_url=(tmp_path / "store").as_uri(),
        spool_dir=tmp_path / "spool",
        checkpoint_every_s=0,
        checkpoint_share=1,
    )
    return WorkerProcess(settings, WorkerIdentity(WorkerRole.GPU, "gpu0@host-a", HOST))


def stored(process, job_id: str) -> dict[str, bytes]:
    return {key.rpartition("/")[2]: process.store.get_bytes(key) for key in process.store.list(f"jobs/{job_id}/checkpoints")}


def test_checkpoint_is_in_the_store_and_named_when_it_is_kept(process, ledger):
    lease = held_job(ledger)

    assert CheckpointKeeper(process, lease, None).keep(lambda: State(3))

    assert stored(process, lease.job_id) == {f"{lease.fence}.safetensors": b"step 3"}
    assert ledger.jobs.row(lease.job_id).checkpoint == CheckpointRef(f"jobs/{lease.job_id}/checkpoints/{lease.fence}.safetensors", 3, 10)


def test_files_that_belong_to_a_checkpoint_are_stored_before_it_and_once(process, ledger, tmp_path, monkeypatch):
    # Given segments that were closed, one more at the second checkpoint
    lease, segments = held_job(ledger), [tmp_path / "1-1.zip", tmp_path / "1-2.zip"]
    for segment in segments:
        segment.write_bytes(b"alphas")
    put, put_file = [], process.store.put_file
    monkeypatch.setattr(process.store, "put_file", lambda key, *args, **kwargs: (put.append(key), put_file(key, *args, **kwargs)))
    keeper = CheckpointKeeper(process, lease, None)

    # When two checkpoints are kept
    keeper.keep(lambda: State(3, (segments[0],)))
    keeper.keep(lambda: State(6, tuple(segments)))

    # Then each file went to the store once, before the checkpoint that names it
    folder = f"jobs/{lease.job_id}/checkpoints"
    state = f"{folder}/{lease.fence}.safetensors"
    assert put == [f"{folder}/segments/1-1.zip", state, f"{folder}/segments/1-2.zip", state]


def test_a_segment_that_an_earlier_attempt_stored_is_not_stored_again(process, ledger, tmp_path, monkeypatch):
    # Given a segment that lies in the store already
    lease, segment = held_job(ledger), tmp_path / "1-1.zip"
    segment.write_bytes(b"alphas")
    process.store.put_bytes(f"jobs/{lease.job_id}/checkpoints/segments/1-1.zip", b"alphas", media_type="application/zip")
    put, put_file = [], process.store.put_file
    monkeypatch.setattr(process.store, "put_file", lambda key, *args, **kwargs: (put.append(key), put_file(key, *args, **kwargs)))

    CheckpointKeeper(process, lease, None).keep(lambda: State(3, (segment,)))

    assert put == [f"jobs/{lease.job_id}/checkpoints/{lease.fence}.safetensors"]


def test_slow_store_does_not_hold_up_the_steps(process, ledger, monkeypatch):
    # Given a store that takes its time
    lease, may_go_on = held_job(ledger), threading.Event()
    keeper, put_file = CheckpointKeeper(process, lease, None), process.store.put_file
    monkeypatch.setattr(process.store, "put_file", lambda *args, **kwargs: may_go_on.wait(30) and put_file(*args, **kwargs))
    taken = []

    def take(step: int):
        taken.append(step)
        return State(step)

    # When several steps offer their state meanwhile
    for step in (1, 2, 3):
        keeper.offer(lambda step=step: take(step), last=False)
    may_go_on.set()
    keeper.finish()

    # Then one was taken and the others went on
    assert taken == [1]
    assert ledger.jobs.row(lease.job_id).checkpoint.step == 1


def test_newer_checkpoint_replaces_that_of_an_earlier_attempt(process, ledger):
    # Given a job that goes on from the checkpoint of an attempt that was lost
    first = held_job(ledger)
    CheckpointKeeper(process, first, None).keep(lambda: State(3))
    let_lease_run_out(ledger, first)
    second = hold_of(ledger, first.job_id)

    # When the second attempt keeps one
    CheckpointKeeper(process, second, ledger.jobs.row(first.job_id).checkpoint).keep(lambda: State(5))

    # Then only that is left
    assert stored(process, first.job_id) == {f"{second.fence}.safetensors": b"step 5"}


def test_trouble_with_the_store_costs_that_checkpoint_and_leaves_the_one_before(process, ledger, monkeypatch):
    lease = held_job(ledger)
    keeper = CheckpointKeeper(process, lease, None)
    keeper.keep(lambda: State(3))

    def refuse(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr(process.store, "put_file", refuse)

    assert not keeper.keep(lambda: State(5))
    assert ledger.jobs.row(lease.job_id).checkpoint.step == 3


def test_late_checkpoint_of_a_lost_attempt_that_nobody_knows_of_is_removed(process, ledger):
    # Given a worker that lost its lease before its first checkpoint
    lost = held_job(ledger)
    keeper = CheckpointKeeper(process, lost, None)
    keeper._begun = True  # it had said that one is coming
    let_lease_run_out(ledger, lost)
    hold_of(ledger, lost.job_id, worker="gpu1@host-b")

    # When the checkpoint arrives in the store all the same
    assert not keeper.keep(lambda: State(3))

    # Then it does not stay
    assert stored(process, lost.job_id) == {}


def test_late_checkpoint_does_not_take_away_the_one_that_a_successor_goes_on_from(process, ledger):
    # Given a worker that lost its lease after a checkpoint, from which a successor goes on
    lost = held_job(ledger)
    keeper = CheckpointKeeper(process, lost, None)
    keeper.keep(lambda: State(3))
    let_lease_run_out(ledger, lost)
    hold_of(ledger, lost.job_id, worker="gpu1@host-b")

    # When a later one of the lost attempt arrives
    assert not keeper.keep(lambda: State(5))

    # Then there is one to go on from, whole
    assert stored(process, lost.job_id) == {f"{lost.fence}.safetensors": b"step 5"}


def test_late_checkpoint_of_a_job_that_was_aborted_is_removed(process, ledger):
    lease = held_job(ledger)
    keeper = CheckpointKeeper(process, lease, None)
    keeper.keep(lambda: State(3))
    ledger.jobs.give_back(lease)
    ledger.jobs.abort(lease.job_id)

    keeper.keep(lambda: State(5))

    assert stored(process, lease.job_id) == {}


@pytest.fixture
def known_steps(monkeypatch):
    """Read the step out of the files that stand for states."""
    monkeypatch.setattr("pipelines.checkpoint.step_of", lambda path: (int(path.read_text().removeprefix("step ")), 10))


@pytest.mark.parametrize(("here", "expected"), [(5, "step 5"), (3, "step 3"), (2, "step 3")], ids=["further", "the same", "behind"])
@pytest.mark.usefixtures("known_steps")
def test_job_goes_on_from_the_furthest_checkpoint(process, ledger, tmp_path, here, expected):
    # Given a checkpoint of step 3 in the store, and one on this host
    lease = held_job(ledger)
    CheckpointKeeper(process, lease, None).keep(lambda: State(3))
    (tmp_path / "spool" / lease.job_id / "checkpoints" / f"{lease.fence}.safetensors").write_text(f"step {here}")

    found = find_checkpoint(process, ledger.jobs.row(lease.job_id), tmp_path / "fetched", pytest.fail)

    assert found.read_text() == expected


def test_job_without_a_checkpoint_starts_at_the_beginning(process, tmp_path):
    job = SimpleNamespace(job_id="job", checkpoint=None)

    assert find_checkpoint(process, job, tmp_path, pytest.fail) is None


def test_checkpoint_that_is_gone_from_the_store_is_done_without_and_the_job_says_so(process, tmp_path):
    request = SimpleNamespace(kind="generate")
    job = SimpleNamespace(job_id="job", request=request, checkpoint=CheckpointRef("jobs/job/checkpoints/1.safetensors", 3, 10))

    notes: list[str] = []

    assert find_checkpoint(process, job, tmp_path, notes.append) is None

    assert notes == ["the checkpoint of step 3/10 is gone from the store; the job starts over"]
