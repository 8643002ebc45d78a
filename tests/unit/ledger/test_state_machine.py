"""The ledger against a model in plain Python, under every order of events that hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
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
from reelfleet.ledger.answers import Kept, Order
from reelfleet.ledger.retention import Retention
from reelfleet.ledger.types import CheckpointRef, Claim, Diagnosis, Lease
from tests.unit.ledger.builders import HOST, HOST_QUEUE, LONG_MS, QUEUE, denoise, error, let_lease_run_out, new_job

WORKERS = ("gpu0@host-a", "gpu1@host-a")
KEYS = (None, "key-1", "key-2")
MOST_JOBS = 2
PROMPTS = ("a kite", "a boat")
SELDOM = st.sampled_from([False, False, False, False, True])
SCOPES = ("fleet", f"queue:{QUEUE}", f"queue:{HOST_QUEUE}", f"worker:{WORKERS[0]}")
MAX_PREEMPTIONS = 2
TOO_LITTLE, ENOUGH = 100, 200
"""Bytes of device memory."""
MOST_FAULTS = 10
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.ABORTED, JobState.QUARANTINED}


@dataclass
class Model:
    """What must be true of one job."""

    job_id: str
    max_attempts: int
    preemptible: bool = True
    stage: Stage = Stage.GENERATE
    state: JobState = JobState.QUEUED
    want: Want = Want.RUN
    counts: bool = True
    given_back: bool = False
    attempt: int = 0
    preemptions: int = 0
    checkpoint: CheckpointRef | None = None
    stored: bool = False
    """The store holds a checkpoint of its own, not only of the job that it is a retry of."""
    handed_on: int = 0
    """The fence that released it last, if that was because its stage was done."""
    needs_memory: bool = False
    holder: Lease | None = None
    expired: bool = False
    """The lease ran out and nobody took the job yet."""
    decided: bytes | None = None
    final_row: object = None
    fences: list[int] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def queue(self) -> str:
        return QUEUE if self.stage is Stage.GENERATE else HOST_QUEUE

    @property
    def held(self) -> bool:
        return self.holder is not None and not self.expired

    @property
    def waits(self) -> bool:
        return not self.ended and self.holder is None and self.want is not Want.PAUSE

    def release(self) -> None:
        """Nobody holds the job any more."""
        if self.holder is not None:
            self.handed_on = 0
        self.holder, self.expired = None, False
        if self.want is Want.YIELD:
            self.want = Want.RUN

    def settle(self) -> None:
        """The job goes where it belongs."""
        self.release()
        if self.want is Want.ABORT:
            self.state = JobState.ABORTED
        elif self.want is Want.PAUSE:
            self.state = JobState.PAUSED
        else:
            self.state = JobState.QUEUED if self.counts or self.given_back else JobState.RUNNING

    def vanish(self) -> None:
        """The holder is gone without a word."""
        self.counts, self.given_back = self.decided is None, True
        if self.counts and self.attempt >= self.max_attempts and self.want is not Want.ABORT:
            self.release()
            self.state = JobState.QUARANTINED
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
        self.ledger = Ledger.connect(self.url, retention=Retention(too_small_wait=timedelta(0)))
        self.ledger._connection.command("FLUSHALL")
        self.models: dict[str, Model] = {}
        self.by_key: dict[str, tuple[str, str]] = {}
        self.paused: set[str] = set()
        self.draining: set[str] = set()
        self.faults: dict[str, list[str]] = {worker: [] for worker in WORKERS}
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

    def shut(self, model: Model, worker: str = "nobody") -> bool:
        return bool(self.paused & {"fleet", f"queue:{model.queue}", f"worker:{worker}"})

    def ticketed(self, model: Model) -> bool:
        """Whether an order that makes the job wait makes a ticket due."""
        return model.waits and not self.shut(model)

    def blame(self, worker: str, code: str) -> None:
        self.faults[worker] = [*self.faults[worker], code][-MOST_FAULTS:]

    # Few jobs, so that much happens to each.
    @precondition(lambda self: len(self.models) < MOST_JOBS)
    @rule(target=jobs, key=st.sampled_from(KEYS), prompt=st.sampled_from(PROMPTS), bound=st.integers(1, 3), retry=st.booleans())
    def submit(self, key, prompt, bound, retry):
        checkpoint = CheckpointRef("jobs/another/checkpoints/1.safetensors", 3, 10) if retry else None
        # A job that must not give way is one that goes on from another's checkpoint, too: two traits in one choice.
        new = new_job(idempotency_key=key, prompt=prompt, max_attempts=bound, checkpoint=checkpoint, preemptible=prompt == PROMPTS[0])
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
        self.models[new.job_id] = Model(new.job_id, bound, preemptible=new.request.preemptible, checkpoint=checkpoint)
        if key:
            self.by_key[key] = (new.job_id, prompt)
        return new.job_id

    @rule(
        target=leases, job_id=jobs, worker=st.sampled_from(WORKERS), old_ticket=SELDOM, memory=st.sampled_from([None, TOO_LITTLE, ENOUGH])
    )
    def claim(self, job_id, worker, old_ticket, memory):
        model = self.models[job_id]
        stage = Stage.GENERATE if old_ticket else model.stage
        answer = self.ledger.jobs.claim(job_id, stage, worker=worker, host=HOST, lease_ms=LONG_MS, memory_bytes=memory)
        free = not model.ended and model.stage is stage and not model.held
        if free and model.holder is not None:
            model.vanish()
        too_small = model.needs_memory and memory == TOO_LITTLE and stage is Stage.GENERATE
        taken = free and model.waits and not self.shut(model, worker) and worker not in self.draining and not too_small
        if taken and model.counts and model.attempt >= model.max_attempts:
            taken, model.state = False, JobState.QUARANTINED
        if not taken:
            assert not isinstance(answer, Claim)
            return multiple()
        assert isinstance(answer, Claim), answer
        lease = answer.lease
        model.attempt += model.counts
        model.counts, model.given_back, model.holder, model.state = False, False, lease, JobState.RUNNING
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
        assert order is self.expected_order(model)

    def expected_order(self, model: Model) -> Order:
        if model.want is Want.ABORT:
            return Order.ABORT
        if model.decided is not None:
            return Order.GO
        if model.want is Want.PAUSE:
            return Order.PAUSE
        gives_way = model.want is Want.YIELD or model.holder.worker in self.draining
        gives_way = gives_way and model.stage is not Stage.DELIVER
        return Order.YIELD if gives_way or self.shut(model, model.holder.worker) else Order.GO

    @rule(lease=leases)
    def parent_looks(self, lease):
        model = self.models[lease.job_id]
        watch = self.ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=None)
        if model.ended or model.holder is None or model.holder.worker != lease.worker:
            assert watch.kept is Kept.NO
        else:
            assert watch.kept is (Kept.ABORTING if model.want is Want.ABORT else Kept.YES)

    @rule(lease=leases)
    def give_back(self, lease):
        model = self.models[lease.job_id]
        if not self.current(lease):
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.give_back(lease))
            return
        model.preemptions += model.want is Want.YIELD
        model.given_back = True
        model.settle()
        given = self.ledger.jobs.give_back(lease)
        assert (given.state, given.ticket is not None) == (model.state, self.ticketed(model))

    @rule(lease=leases, step=st.integers(0, 10))
    def checkpoint(self, lease, step):
        model = self.models[lease.job_id]
        ref = CheckpointRef(f"jobs/{lease.job_id}/checkpoints/{lease.fence}.safetensors", step, 10)
        # One that was on its way when the job was handed on counts as well.
        if not self.current(lease) and (model.ended or model.handed_on != lease.fence):
            with pytest.raises(LeaseLost):
                self.ledger.jobs.keep_checkpoint(lease, ref)
            return
        self.ledger.jobs.keep_checkpoint(lease, ref)
        model.checkpoint, model.stored = ref, True

    @rule(lease=leases, sure=SELDOM)
    def a_checkpoint_is_on_its_way(self, lease, sure):
        if sure and self.current(lease):
            self.ledger.jobs.begin_checkpoint(lease)
            self.models[lease.job_id].stored = True

    @rule(lease=leases, sure=SELDOM)
    def refuse_checkpoint(self, lease, sure):
        if not sure or not self.current(lease):
            return
        self.ledger.jobs.drop_checkpoint(lease)
        self.models[lease.job_id].checkpoint = None

    @rule(lease=leases)
    def hand_on(self, lease):
        model = self.models[lease.job_id]
        ask = {"stage": Stage.DELIVER, "queue": HOST_QUEUE, "host": HOST, "spool": "frames"}
        if self.current(lease):
            model.stage = Stage.DELIVER
            model.settle()
            model.handed_on = lease.fence
            self.faults[lease.worker] = []
            assert self.ledger.jobs.hand_on(lease, **ask) is model.state
        else:
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.hand_on(lease, **ask))

    @rule(lease=leases, text=st.binary(max_size=8))
    def decide(self, lease, text):
        model = self.models[lease.job_id]
        if not self.current(lease):
            with pytest.raises(LeaseLost):
                self.ledger.jobs.decide(lease, text)
        elif model.want is Want.ABORT:
            with pytest.raises(Aborted):
                self.ledger.jobs.decide(lease, text)
        else:
            model.decided = text if model.decided is None else model.decided
            model.want = Want.RUN
            assert self.ledger.jobs.decide(lease, text) == model.decided
        assert self.ledger.jobs.decided(lease.job_id) == model.decided

    @rule(lease=leases)
    def succeed(self, lease):
        uri = f"file:///{lease.fence}"
        if self.current(lease):
            self.ledger.jobs.succeed(lease, manifest_uri=uri, artifacts=[])
            self.models[lease.job_id].state = JobState.SUCCEEDED
            self.faults[lease.worker] = []
            assert self.ledger.jobs.status(lease.job_id).manifest_uri == uri
        else:
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.succeed(lease, manifest_uri=uri, artifacts=[]))

    @rule(lease=leases, retryable=st.booleans(), counts=st.booleans())
    def fail(self, lease, retryable, counts):
        model = self.models[lease.job_id]
        wire = error(retryable=retryable)
        more = {} if counts else {"counts": False, "needs_memory": TOO_LITTLE}
        if not self.current(lease):
            self.refused_or_repeated(lease, lambda: self.ledger.jobs.fail(lease, wire, **more))
            return
        if counts:
            self.blame(lease.worker, wire.code.value)
        if model.want is Want.ABORT:
            model.settle()
        elif retryable and (not counts or model.attempt < model.max_attempts):
            model.counts, model.given_back, model.needs_memory = counts, True, model.needs_memory or not counts
            model.settle()
        else:
            model.state = JobState.FAILED
        assert self.ledger.jobs.fail(lease, wire, **more) is model.state

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

    @rule(job_id=jobs, worker=st.sampled_from(WORKERS), counts=st.booleans())
    def child_dies(self, job_id, worker, counts):
        model = self.models[job_id]
        holds = not model.ended and model.holder is not None and model.holder.worker == worker
        if holds and counts:
            if model.want is not Want.ABORT:
                self.blame(worker, "died")
            model.vanish()
        elif holds:
            model.given_back = True
            model.settle()
        due = self.ledger.jobs.abandon(job_id, worker=worker, diagnosis=Diagnosis("SIGKILL"), counts=counts)
        assert (due is not None) == (holds and self.ticketed(model))

    @rule(job_id=jobs, sure=SELDOM)
    def abort(self, job_id, sure):
        if not sure:
            return
        model = self.models[job_id]
        if not model.ended and model.decided is None:
            model.want = Want.ABORT
            if not model.held:
                model.settle()
        assert self.ledger.jobs.abort(job_id) is model.state

    @rule(job_id=jobs)
    def pause(self, job_id):
        model = self.models[job_id]
        if not model.ended and model.decided is None and model.want in {Want.RUN, Want.YIELD}:
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
        assert (self.ledger.jobs.resume(job_id) is not None) == (freed and self.ticketed(model))

    @rule(job_id=jobs)
    def an_urgent_job_needs_the_device(self, job_id):
        model = self.models[job_id]
        can = not model.ended and model.held and model.want is Want.RUN and model.stage is Stage.GENERATE and model.decided is None
        can = can and model.preemptible and model.preemptions < MAX_PREEMPTIONS
        if can:
            model.want = Want.YIELD
        assert self.ledger.jobs.order_yield(job_id, max_preemptions=MAX_PREEMPTIONS, by="urgent") == can

    # Chains of what seldom follows upon each other by chance.
    @rule(target=leases, job_id=jobs, worker=st.sampled_from(WORKERS))
    def a_job_gives_way_and_goes_on(self, job_id, worker):
        self.an_urgent_job_needs_the_device(job_id)
        model = self.models[job_id]
        if model.holder is not None and not model.ended:
            self.renew(model.holder, 1)
            self.give_back(model.holder)
        return self.claim(job_id, worker, old_ticket=False, memory=ENOUGH)

    @rule(target=leases, job_id=jobs, worker=st.sampled_from(WORKERS), text=st.binary(max_size=8))
    def a_job_is_decided_and_its_holder_dies(self, job_id, worker, text):
        model = self.models[job_id]
        if model.holder is not None and not model.ended:
            self.pause(job_id)
            self.decide(model.holder, text)
            self.child_dies(job_id, model.holder.worker, counts=True)
        return self.claim(job_id, worker, old_ticket=False, memory=ENOUGH)

    @rule(scope=st.sampled_from(SCOPES), sure=SELDOM)
    def pause_a_scope(self, scope, sure):
        if sure:
            self.ledger.pauses.pause(scope, "operator")
            self.paused.add(scope)

    @rule(scope=st.sampled_from(SCOPES))
    def resume_a_scope(self, scope):
        assert self.ledger.pauses.resume(scope) == (scope in self.paused)
        self.paused.discard(scope)

    @rule(worker=st.sampled_from(WORKERS), sure=SELDOM)
    def drain(self, worker, sure):
        if sure:
            self.ledger.workers.request_drain(worker)
            self.draining.add(worker)

    @rule(worker=st.sampled_from(WORKERS))
    def a_worker_is_replaced(self, worker):
        self.ledger.workers.leave(worker)
        self.draining.discard(worker)
        self.faults[worker] = []

    @rule(job_id=jobs)
    def host_is_gone(self, job_id):
        model = self.models[job_id]
        free = not model.ended and model.holder is None
        if free:
            model.stage, model.counts, model.given_back = Stage.GENERATE, model.decided is None, True
            model.settle()
        due = self.ledger.steward.reroute(job_id, Stage.GENERATE, QUEUE)
        assert (due is not None) == (free and self.ticketed(model))

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
            assert row.preemptions == model.preemptions <= MAX_PREEMPTIONS
            assert not (model.decided and model.state is JobState.QUARANTINED)
            if model.ended:
                # Once ended a job never changes again, not in one field.
                model.final_row = model.final_row or row
                assert row == model.final_row

    @invariant()
    def a_checkpoint_is_named_until_the_job_needs_none(self):
        if not hasattr(self, "models"):
            return
        done = {JobState.SUCCEEDED, JobState.ABORTED}
        for model in self.models.values():
            assert self.ledger.jobs.row(model.job_id).checkpoint == (None if model.state in done else model.checkpoint)
        useless = {model.job_id for model in self.models.values() if model.state in done and model.stored}
        assert set(self.ledger.steward.useless_checkpoints()) == useless

    @invariant()
    def a_job_waits_exactly_when_a_worker_may_claim_it(self):
        if not hasattr(self, "models"):
            return
        for queue in (QUEUE, HOST_QUEUE):
            expected = {model.job_id for model in self.models.values() if model.waits and model.queue == queue}
            for index in ("waiting", "ranks"):
                found = self.ledger._connection.command("ZRANGE", f"reel:{index}:{queue}", 0, -1)
                assert {job_id.decode() for job_id in found} == expected

    @invariant()
    def faults_are_those_since_a_stage_went_well(self):
        if not hasattr(self, "models"):
            return
        for worker in WORKERS:
            assert [fault.code for fault in self.ledger.workers.faults(worker)] == self.faults[worker]

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
