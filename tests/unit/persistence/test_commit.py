from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from persistence.commit import commit_manifest
from reelfleet.contract.errors import CommitConflict, StoreUnavailable
from reelfleet.store import Store, StoreRetry, open_store
from tests.fixtures.faulty_s3 import FaultControl
from tests.unit.persistence.builders import JOB_ID

KEY = f"jobs/{JOB_ID}/manifest.json"
QUICK = StoreRetry(attempts=2, base_s=0.01, max_s=0.01, connect_timeout_s=1, read_timeout_s=5)


class Decisions:
    """Keeps the first bytes that it is given, as the ledger does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.decided: bytes | None = None

    def __call__(self, offered: bytes) -> bytes:
        with self._lock:
            self.decided = self.decided or offered
            return self.decided


def just_agree(offered: bytes) -> bytes:
    """A ledger that lost its memory."""
    return offered


@pytest.fixture(params=["file", "rclone", "moto"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "file":
        return request.getfixturevalue("file_store")
    return open_store(request.getfixturevalue("s3_store_url" if request.param == "rclone" else "moto_store_url"), retry=QUICK)


def test_a_job_is_committed_with_the_bytes_it_brought(store: Store) -> None:
    outcome = commit_manifest(store, b"mine", job_id=JOB_ID, decide=Decisions(), conditional=store.probe_conditional())

    assert (outcome.uri, outcome.manifest_bytes, outcome.won) == (store.uri(KEY), b"mine", True)
    assert store.get_bytes(KEY) == b"mine"


def test_the_ledgers_winner_is_written_by_whoever_comes_later(store: Store) -> None:
    decisions = Decisions()
    decisions(b"of a worker that died before it could write")

    outcome = commit_manifest(store, b"mine", job_id=JOB_ID, decide=decisions, conditional=store.probe_conditional())

    assert not outcome.won
    assert outcome.manifest_bytes == store.get_bytes(KEY) == b"of a worker that died before it could write"


def test_committing_again_after_a_crash_changes_nothing(store: Store) -> None:
    decisions, conditional = Decisions(), store.probe_conditional()
    commit_manifest(store, b"mine", job_id=JOB_ID, decide=decisions, conditional=conditional)
    before = store.stat(KEY)

    outcome = commit_manifest(store, b"mine", job_id=JOB_ID, decide=decisions, conditional=conditional)

    assert outcome.won
    assert store.stat(KEY) == before


def test_racing_attempts_leave_one_manifest_and_all_know_which(store: Store) -> None:
    decisions, conditional, racers = Decisions(), store.probe_conditional(), 8
    barrier = threading.Barrier(racers)

    def race(number: int):
        barrier.wait()
        return commit_manifest(store, b"attempt %d" % number, job_id=JOB_ID, decide=decisions, conditional=conditional)

    with ThreadPoolExecutor(racers) as pool:
        outcomes = list(pool.map(race, range(racers)))

    assert [outcome.won for outcome in outcomes].count(True) == 1
    assert {outcome.manifest_bytes for outcome in outcomes} == {store.get_bytes(KEY)}


def test_a_manifest_that_lies_there_stands_even_if_the_ledger_has_forgotten(store: Store) -> None:
    conditional = store.probe_conditional()
    commit_manifest(store, b"first", job_id=JOB_ID, decide=just_agree, conditional=conditional)

    with pytest.raises(CommitConflict, match="stands") as refused:
        commit_manifest(store, b"second", job_id=JOB_ID, decide=just_agree, conditional=conditional)

    assert store.get_bytes(KEY) == b"first"
    assert refused.value.details == {"manifest_uri": store.uri(KEY), "manifest_sha256": hashlib.sha256(b"first").hexdigest()}


def test_of_racing_attempts_without_a_ledger_the_store_lets_one_win(moto_store_url: str) -> None:
    store, racers = open_store(moto_store_url, retry=QUICK), 8
    barrier = threading.Barrier(racers)

    def race(number: int) -> bool:
        barrier.wait()
        try:
            return commit_manifest(store, b"attempt %d" % number, job_id=JOB_ID, decide=just_agree, conditional=True).won
        except CommitConflict:
            return False

    with ThreadPoolExecutor(racers) as pool:
        won = list(pool.map(race, range(racers)))

    assert won.count(True) == 1
    assert store.get_bytes(KEY) == b"attempt %d" % won.index(True)


def test_a_lost_answer_is_no_conflict(faulty_moto: FaultControl, moto_store_url: str) -> None:
    store = open_store(moto_store_url, retry=QUICK)
    faulty_moto.add("lose_answer", method="PUT", path_part="manifest.json")

    outcome = commit_manifest(store, b"mine", job_id=JOB_ID, decide=Decisions(), conditional=True)

    assert outcome.won
    assert faulty_moto.count("PUT", "manifest.json") == 2


def test_a_store_that_fails_leaves_the_decision_for_the_next_try(faulty_moto: FaultControl, moto_store_url: str) -> None:
    store, decisions = open_store(moto_store_url, retry=QUICK), Decisions()
    faulty_moto.add("status", times=2, method="PUT")

    with pytest.raises(StoreUnavailable):
        commit_manifest(store, b"first try", job_id=JOB_ID, decide=decisions, conditional=True)
    outcome = commit_manifest(store, b"second try", job_id=JOB_ID, decide=decisions, conditional=True)

    assert outcome.manifest_bytes == store.get_bytes(KEY) == b"first try"
    assert not outcome.won


def test_a_manifest_is_one_request(faulty_moto: FaultControl, moto_store_url: str) -> None:
    store = open_store(moto_store_url, retry=QUICK)

    commit_manifest(store, b"x" * 9_000_000, job_id=JOB_ID, decide=Decisions(), conditional=True)

    assert [method for method, path in faulty_moto.requests if "manifest.json" in path] == ["PUT"]
