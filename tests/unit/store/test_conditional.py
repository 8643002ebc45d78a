from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reelfleet.contract.errors import StoreUnavailable, Unsupported
from reelfleet.store import Store, StoreRetry, open_store
from tests.fixtures.faulty_s3 import FaultControl

JSON = "application/json"
RACERS = 16


@pytest.fixture(params=["file", "moto"])
def conditional_store(request: pytest.FixtureRequest, quick_retry: StoreRetry) -> Store:
    """The stores that can refuse a second write."""
    if request.param == "file":
        return request.getfixturevalue("file_store")
    return open_store(request.getfixturevalue("moto_store_url"), retry=quick_retry)


def test_of_racing_writers_exactly_one_wins_and_its_bytes_stay(conditional_store: Store) -> None:
    barrier = threading.Barrier(RACERS)

    def race(number: int) -> bool:
        barrier.wait()
        return conditional_store.put_if_absent("jobs/j/manifest.json", b"%d" % number, media_type=JSON)

    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(race, range(RACERS)))

    assert won.count(True) == 1
    assert conditional_store.get_bytes("jobs/j/manifest.json") == b"%d" % won.index(True)


def test_the_probe_finds_conditional_writes_where_they_are(conditional_store: Store) -> None:
    assert conditional_store.probe_conditional()


def test_the_probe_is_not_fooled_by_a_server_that_overwrites(s3_store_url: str) -> None:
    assert not open_store(s3_store_url).probe_conditional()


def test_the_probe_leaves_nothing_behind(store: Store) -> None:
    store.probe_conditional()

    assert list(store.list("")) == []


def test_a_server_that_does_not_know_the_condition_has_none(
    faulty_moto: FaultControl, moto_store_url: str, quick_retry: StoreRetry
) -> None:
    faulty_moto.add("status", times=99, status=501, code="NotImplemented", method="PUT")
    store = open_store(moto_store_url, retry=quick_retry)

    assert not store.probe_conditional()
    assert faulty_moto.count("PUT") == 1


def test_a_filesystem_without_hard_links_has_no_conditional_write(file_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(Unsupported, match="hard links"):
        file_store.put_if_absent("a/b", b"x", media_type=JSON)
    assert not file_store.probe_conditional()


def test_a_write_whose_answer_was_lost_is_refused_when_repeated_and_its_bytes_are_there(
    faulty_moto: FaultControl, moto_store_url: str, quick_retry: StoreRetry
) -> None:
    store = open_store(moto_store_url, retry=quick_retry)
    faulty_moto.add("lose_answer", method="PUT")

    stored = store.put_if_absent("a/b", b"mine", media_type=JSON)

    assert not stored
    assert store.get_bytes("a/b") == b"mine"


def test_a_conflict_between_two_writers_is_tried_again(faulty_moto: FaultControl, moto_store_url: str, quick_retry: StoreRetry) -> None:
    store = open_store(moto_store_url, retry=quick_retry)
    faulty_moto.add("status", status=409, code="ConditionalRequestConflict", method="PUT")

    assert store.put_if_absent("a/b", b"mine", media_type=JSON)
    assert faulty_moto.count("PUT") == 2


def test_a_conflict_that_lasts_is_no_silent_success(faulty_moto: FaultControl, moto_store_url: str, quick_retry: StoreRetry) -> None:
    store = open_store(moto_store_url, retry=quick_retry)
    faulty_moto.add("status", times=99, status=409, code="ConditionalRequestConflict", method="PUT")

    with pytest.raises(StoreUnavailable, match="409"):
        store.put_if_absent("a/b", b"mine", media_type=JSON)
