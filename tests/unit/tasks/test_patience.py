from __future__ import annotations

import pytest

from reelfleet.contract.errors import BrokerUnavailable, LeaseLost
from tasks.patience import patiently


def outage(misses: int, then):
    """A call that Redis does not answer ``misses`` times."""
    left = [misses]

    def call():
        if left[0]:
            left[0] -= 1
            raise BrokerUnavailable("away")
        return then()

    return call


def test_call_is_repeated_until_redis_answers():
    assert patiently(outage(2, lambda: "done"), for_s=30) == "done"


def test_patience_ends():
    with pytest.raises(BrokerUnavailable):
        patiently(outage(1_000, lambda: "done"), for_s=0.3)


def test_refusal_is_not_repeated():
    # Given a ledger that refuses a stale lease
    calls = []

    def refuse():
        calls.append(1)
        raise LeaseLost("another attempt owns the job")

    # When it is called
    with pytest.raises(LeaseLost):
        patiently(refuse, for_s=30)

    # Then it was asked once
    assert len(calls) == 1
