"""Running ahead by a bounded number of items."""

from __future__ import annotations

import threading

import pytest

from pipelines.matting.prefetch import prefetched
from tests.fixtures.waiting import wait_until


def test_the_same_items_come_in_the_same_order():
    with prefetched(iter(range(50)), 3) as items:
        assert list(items) == list(range(50))


def test_no_more_is_made_ahead_than_the_bound():
    # Given a source that notes what was asked of it
    made = []

    def source():
        for number in range(100):
            made.append(number)
            yield number

    # When one item is taken and the thread has had its way
    with prefetched(source(), 3) as items:
        next(items)
        wait_until(lambda: len(made) >= 5, what="the queue to be full")

        # Then beside the one taken there are three in the queue and one in the hand
        assert len(made) == 5


def test_an_error_is_raised_where_the_item_would_have_come():
    def source():
        yield 1
        raise ValueError("broken")

    with prefetched(source(), 3) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_leaving_early_ends_the_thread_and_closes_the_source():
    # Given an endless source that notes its end
    closed = threading.Event()

    def source():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    with prefetched(source(), 2) as items:
        next(items)

    assert closed.is_set()
    assert threading.active_count() == before
