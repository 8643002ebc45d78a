"""The ledger against a model in plain Python, under every order of events that hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reelfleet.contract.errors import Aborted, IdempotencyConflict, LeaseLost
from reelfleet.contract.job import JobState, Want
from reelfleet.contract.names import Stage
from reelfleet.ledger import Ledger
from reelfleet.ledger.types import Claim, Lease, Order
from tests.unit.ledger.builders import HOST, HOST_QUEUE, LONG_MS, QUEUE, denoise, error, let_lease_run_out, new_job

WORKERS = ("gpu0@host-a", "gpu1@host-a")
KEYS = (None, "key-1", "key-2")
MOST_JOBS = 2
PROMPTS = ("a kite", "a boat")
SELDOM = st.sampled_from([False, False, False, False, True])
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.ABORTED, JobState.QUARANTINED}


@dataclass
class Model:
    """What must be true of one job."""

    job_id: str
    max_attempts: int
    stage: Stage = Stage.GENERATE
    state: JobState = JobState.QUEUED
    want: Want = Want.RUN
    counts: bool = True
    attempt: int = 0
    holder: Lease | None = None
    expired: bool = False
    """The lease ran out and nobody took the job yet."""
    decided: bytes | None = None
    final_row: object = None
    fences: list[int] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def settle(self) -> None:
        """Nobody holds the job any more."""
        self.holder, self.expired = None, False
        if self.want is Want.ABORT and self.decided is None:
            self.state = JobState.ABORTED
        elif self.want is Want.PAUSE:
            self.state = JobState.PAUSED
        else:
            self.state = JobState.QUEUED if self.counts else JobState.RUNNING

    def vanish(self) -> None:
        """The holder is gone without a word."""
        self.counts = True
        if self.attempt >= self.max_attempts and not (self.want is Want.ABORT and self.decided is None):
            self.holder, self.expired, self.state = None, False, JobState.QUARANTINED
        else:
            self.settle()


class LedgerMachine(RuleBasedStateMachine):
    """Producers, workers, stewards and operators, each doing what they may do at any time."""

    url: ClassVar[str]
    jobs = Bundle("jobs")
    leases = Bundle("leases")
    """Every lease that was ever given out, current or stale."""

    @initialize(target=jobs)
    def start(self):
        self.ledger = Ledger.connect(self.url)
        self.ledger._connection.command("FLUSHALL")
        self.models: dict[str, Model] = {}
        self.by_key: dict[str, tuple[str, str]] = {}
        first = new_job()
        self.ledger.jobs.submit(first)
        self.models[first.job_id] = Model(first.job_id, first.max_attempts)
        return first.job_id

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()

    def current(self, lease: Lease) -> bool:
        model = self.models[lease.job_id]
        return not model.ended and model.holder == lease

    # Few jobs, so that much happens to each.
    @precondition(lambda self: len(self.models) < MOST_JOBS)
    @rule(target=jobs, key=st.sampled_from(KEYS), prompt=st.sampled_from(PROMPTS), bound=st.integers(1, 3))
    def submit(self, key, prompt, bound):
        new = new_job(idempotency_key=key, prompt=prompt, max_attempts=bound)
        known = self.by_key.get(key) if key else None
        if known and known[1] != prompt:
            with pytest.raises(IdempotencyConflict):
                self.ledger.jobs.submit(new)
            return multiple()
        submitted = self.ledger.jobs.submit(new)
        assert submitted.created == (known is None)
        if known:
            assert submitted.job_id == known[0]
            return multiple()
        self.models[new.job_id] = Model(new.job_id, bound)
        if key:
            self.by_key[key] = (new.job_id, prompt)
        return new.job_id

    @rule(target=leases, job_id=jobs, worker=st.sampled_from(WORKERS), old_ticket=SELDOM)
    def claim(self, job_id, worker, old_ticket):
        model = self.models[job_id]
        stage = Stage.GENERATE if old_ticket else model.stage
        answer = self.ledger.jobs.claim(job_id, stage, worker=worker, host=HOST, lease_ms=LONG_MS)
        free = not model.ended and model.stage is stage and (model.holder is None or model.expired)
        if free and model.holder is not None:
            model.vanish()
        may_start = model.attempt < model.max_attempts or not model.counts
        if free and not model.ended and model.want is Want.RUN and not may_start:
            model.state = JobState.QUARANTINED
        if not (free and not model.ended and model.want is not Want.PAUSE):
            assert not isinstance(answer, Claim)
            return multiple()
        assert isinstance(answer, Claim), answer
        lease = answer.lease
        model.attempt += model.counts
        model.counts, model.holder, model.state = False, lease, JobState.RUNNING
        assert lease.attempt == model.attempt <= model.max_attempts
        assert all(fence < lease.fence for fence in model.fences)
        model.fences.append(lease.fence)
        return lease

    @rule(lease=leases, step=st.integers(0, 10))
    def renew(self, lease, step):
        model = self.models[lease.job_id]
        if not self.current(lease):
            with pytest.raises(LeaseLost):
                self.ledger.jobs.renew(lease, lease_ms=LONG_MS, progress=denoise(step))
            return
        order = self.ledger.jobs.renew(lease, lease_ms=LONG_MS, progress=denoise(step))
        model.expired = False
        expected = {Want.RUN: Order.GO, Want.PAUSE: Order.HOLD, Want.ABORT: Order.ABORT}[model.want]
        assert order is (Order.GO if model.decided else expected)

    @rule(lease=leases, held=st.booleans())
    def hold(self, lease, held):
        act = self.ledger.jobs.hold if held else self.ledger.jobs.unhold
        if not self.current(lease):
            with pytest.raises(LeaseLost):
                act(lease)
            return
        act(lease)
        self.models[lease.job_id].state = JobState.PAUSED if held else JobState.RUNNING

    @rule(lease=leases)
    def hand_on(self, lease):
        model = self.models[lease.job_id]
        ask = {"stage": Stage.DELIVER, "queue": HOST_QUEUE, "host": HOST, "spool": "frames"}
        if self.current(lease):
            model.stage = Stage.DELIVER
            model.settle()
            assert self.ledger.jobs.hand_on(lease, **ask) is model.state
        else:
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.hand_on(lease, **ask))

    @rule(lease=leases, text=st.binary(max_size=8))
    def decide(self, lease, text):
        model = self.models[lease.job_id]
        if not self.current(lease):
            with pytest.raises(LeaseLost):
                self.ledger.jobs.decide(lease, text)
        elif model.want is Want.ABORT and model.decided is None:
            with pytest.raises(Aborted):
                self.ledger.jobs.decide(lease, text)
        else:
            model.decided = text if model.decided is None else model.decided
            assert self.ledger.jobs.decide(lease, text) == model.decided
        assert self.ledger.jobs.decided(lease.job_id) == model.decided

    @rule(lease=leases)
    def succeed(self, lease):
        uri = f"file:///{lease.fence}"
        if self.current(lease):
            self.ledger.jobs.succeed(lease, manifest_uri=uri, artifacts=[])
            self.models[lease.job_id].state = JobState.SUCCEEDED
            assert self.ledger.jobs.status(lease.job_id).manifest_uri == uri
        else:
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.succeed(lease, manifest_uri=uri, artifacts=[]))

    @rule(lease=leases, retryable=st.booleans())
    def fail(self, lease, retryable):
        model = self.models[lease.job_id]
        wire = error(retryable=retryable)
        if not self.current(lease):
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.fail(lease, wire))
            return
        if (model.want is Want.ABORT and model.decided is None) or (retryable and model.attempt < model.max_attempts):
            model.counts = True
            model.settle()
        else:
            model.state = JobState.FAILED
        assert self.ledger.jobs.fail(lease, wire) is model.state

    @rule(lease=leases)
    def end_aborted(self, lease):
        if self.current(lease):
            self.ledger.jobs.end_aborted(lease)
            self.models[lease.job_id].state = JobState.ABORTED
        else:
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.end_aborted(lease))

    @rule(job_id=jobs)
    def lease_runs_out(self, job_id):
        model = self.models[job_id]
        if not model.ended and model.holder is not None:
            let_lease_run_out(self.ledger, model.holder)
            model.expired = True

    @rule()
    def steward_sweeps(self):
        expected = {}
        for model in self.models.values():
            if model.expired and not model.ended:
                model.vanish()
                expected[model.job_id] = model.state
        found = self.ledger.steward.expire(limit=1000)
        assert {expired.job_id: expired.state for expired in found} == expected
        assert all((expired.ticket is not None) == (expired.state is JobState.QUEUED) for expired in found)

    @rule(job_id=jobs, worker=st.sampled_from(WORKERS))
    def child_dies(self, job_id, worker):
        model = self.models[job_id]
        held = not model.ended and model.holder is not None and model.holder.worker == worker
        if held:
            model.vanish()
        due = self.ledger.jobs.abandon(job_id, worker=worker)
        assert (due is not None) == (held and model.state is JobState.QUEUED)

    @rule(job_id=jobs, sure=SELDOM)
    def abort(self, job_id, sure):
        if not sure:
            return
        model = self.models[job_id]
        if not model.ended and model.decided is None:
            model.want = Want.ABORT
            if model.holder is None or model.expired:
                model.settle()
        assert self.ledger.jobs.abort(job_id) is model.state

    @rule(job_id=jobs)
    def pause(self, job_id):
        model = self.models[job_id]
        if not model.ended and model.want is Want.RUN:
            model.want = Want.PAUSE
            if model.holder is None:
                model.settle()
        assert self.ledger.jobs.pause(job_id) is model.state

    @rule(job_id=jobs)
    def resume(self, job_id):
        model = self.models[job_id]
        freed = False
        if not model.ended and model.want is Want.PAUSE:
            model.want = Want.RUN
            if model.holder is None:
                model.settle()
                freed = True
        assert (self.ledger.jobs.resume(job_id) is not None) == freed

    @rule(job_id=jobs)
    def host_is_gone(self, job_id):
        model = self.models[job_id]
        free = not model.ended and model.holder is None
        if free:
            model.stage, model.counts = Stage.GENERATE, True
            model.settle()
        due = self.ledger.steward.reroute(job_id, Stage.GENERATE, QUEUE)
        assert (due is not None) == (free and model.want is Want.RUN)

    def refused_or_repeated(self, lease: Lease, act) -> None:
        """A holder that is none any more changes nothing: it is refused, or answered as before if its own ending is what it repeats."""
        before = self.ledger.jobs.row(lease.job_id)
        try:
            act()
        except LeaseLost:
            pass
        else:
            assert self.ledger._connection.command("HGET", f"reel:job:{lease.job_id}", "released").startswith(str(lease.fence).encode())
        assert self.ledger.jobs.row(lease.job_id) == before

    @invariant()
    def the_ledger_says_what_the_model_says(self):
        if not hasattr(self, "models"):
            return
        for model in self.models.values():
            row = self.ledger.jobs.row(model.job_id)
            assert (row.state, row.stage, row.attempt) == (model.state, model.stage, model.attempt)
            assert row.attempt <= row.max_attempts
            assert row.lease == (None if model.ended else model.holder)
            if model.ended:
                # Once ended a job never changes again, not in one field.
                model.final_row = model.final_row or row
                assert row == model.final_row

    @invariant()
    def a_job_waits_exactly_when_a_worker_may_claim_it(self):
        if not hasattr(self, "models"):
            return
        waiting = {due.job_id for queue in (QUEUE, HOST_QUEUE) for due in self.ledger.steward.overdue(queue, older_than_ms=-1000)}
        assert waiting == {
            model.job_id for model in self.models.values() if not model.ended and model.holder is None and model.want is not Want.PAUSE
        }

    @invariant()
    def every_index_agrees(self):
        if not hasattr(self, "models"):
            return
        counts = self.ledger.jobs.count_by_state()
        for state in JobState:
            assert counts[state] == sum(model.state is state for model in self.models.values())
        assert self.ledger.jobs.open_count("default") == sum(not model.ended for model in self.models.values())
        leased = self.ledger._connection.command("ZRANGE", "reel:leases", 0, -1)
        assert {job_id.decode() for job_id in leased} == {
            model.job_id for model in self.models.values() if not model.ended and model.holder is not None
        }


def test_the_ledger_follows_its_state_machine(redis_url):
    LedgerMachine.url = redis_url
    run = settings(
        max_examples=50,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(LedgerMachine, settings=run)
