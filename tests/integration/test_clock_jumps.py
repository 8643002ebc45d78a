"""A machine whose clock jumps: leases, deadlines and times are Redis' alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger.answers import Order
from reelfleet.ledger.types import Claim, NewJob
from reelfleet.submission import new_job_id

DAY_S = 86_400.0


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S], ids=["a day ahead", "a day behind"])
def test_clock_of_a_worker_that_jumps_costs_no_lease_and_dates_nothing(ledger, monkeypatch, jump_s):
    # Given a job with a deadline that a worker holds
    request = GenerateRequest(model="tiny-wan", prompt="a red kite", timeout_s=600).settle()
    job_id = new_job_id()
    ledger.jobs.submit(NewJob(job_id, request, request.sha256(), Stage.GENERATE, gpu_queue("tiny-wan"), max_attempts=3))
    claim = ledger.jobs.claim(job_id, Stage.GENERATE, worker="gpu0@host", host="host", lease_ms=60_000)
    assert isinstance(claim, Claim)

    # When the clock of the machine jumps
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump_s)

    # Then the steward takes nothing away, the holder goes on, and times are as before
    assert ledger.steward.expire() == []
    assert ledger.steward.time_out_overdue() == []
    assert ledger.jobs.renew(claim.lease, lease_ms=60_000, progress=None, phase_limit_s=None) is Order.GO
    assert abs(ledger.jobs.status(job_id).started - datetime.fromtimestamp(now(), UTC)) < timedelta(seconds=60)
