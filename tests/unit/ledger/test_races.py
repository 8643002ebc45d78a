"""Many at once, each with connections of their own; also processes, as workers are."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from reelfleet.contract.errors import LeaseLost
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger import Ledger
from reelfleet.ledger.types import Claim
from tests.unit.ledger.builders import HOST, claim, held_job, hold_of, new_job, submit

ROOT = Path(__file__).resolve().parents[3]
THREADS = 8


def at_once(redis_url: str, action) -> list:
    """Run ``action(ledger, number)`` in threads that start together, each with its own ledger."""
    barrier = Barrier(THREADS)

    def run(number: int):
        ledger = Ledger.connect(redis_url)
        ledger.ping()
        barrier.wait()
        try:
            return action(ledger, number)
        finally:
            ledger.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_of_many_claims_one_is_granted(ledger, redis_url):
    for _ in range(10):
        job_id = submit(ledger)

        answers = at_once(redis_url, lambda mine, number, job_id=job_id: claim(mine, job_id, worker=f"gpu{number}@host-a"))

        assert sum(isinstance(answer, Claim) for answer in answers) == 1


def test_of_many_submissions_with_one_key_one_makes_the_job(ledger, redis_url):
    answers = at_once(redis_url, lambda mine, _: mine.jobs.submit(new_job(idempotency_key="order 42")))

    assert sum(answer.created for answer in answers) == 1
    assert len({answer.job_id for answer in answers}) == 1
    assert len(ledger.jobs.list()) == 1


def test_of_an_abort_and_a_success_one_counts(ledger, redis_url):
    for _ in range(10):
        lease = held_job(ledger)

        def end(mine, number, lease=lease):
            if number % 2:
                return mine.jobs.abort(lease.job_id)
            try:
                mine.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
            except LeaseLost:
                return "lost"
            return "succeeded"

        at_once(redis_url, end)

        # The holder's word came through: an abort of a held job is only an order.
        assert ledger.jobs.status(lease.job_id).state is JobState.SUCCEEDED
        assert [event.kind.value for event in ledger.events.read(lease.job_id)].count("finished") == 1


def test_of_many_decisions_one_stands(ledger, redis_url):
    lease = held_job(ledger)

    answers = at_once(redis_url, lambda mine, number: mine.jobs.decide(lease, f"manifest {number}".encode()))

    assert set(answers) == {ledger.jobs.decided(lease.job_id)}


def test_of_many_stewards_one_has_its_turn(redis_url):
    assert sum(at_once(redis_url, lambda mine, number: mine.steward.take_turn(f"cpu{number}", 60_000))) == 1


def test_of_many_workers_one_gets_the_device(redis_url):
    assert sum(at_once(redis_url, lambda mine, number: mine.devices.acquire("GPU-1", f"gpu{number}", 60_000))) == 1


def test_a_late_holder_and_its_successor_never_both_commit(ledger, redis_url):
    for _ in range(10):
        late = held_job(ledger, worker="gpu0@host-a")
        ledger.jobs.abandon(late.job_id, worker=late.worker)
        current = hold_of(ledger, late.job_id, worker="gpu1@host-a")

        def commit(mine, number, leases=(late, current)):
            lease = leases[number % 2]
            try:
                mine.jobs.succeed(lease, manifest_uri=f"file:///{lease.fence}", artifacts=[])
            except LeaseLost:
                return None
            return lease.fence

        assert set(at_once(redis_url, commit)) == {None, current.fence}
        assert ledger.jobs.status(late.job_id).manifest_uri == f"file:///{current.fence}"


WORKER = textwrap.dedent(
    """
    import sys
    from reelfleet.contract.names import Stage
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import Claim

    url, name, *job_ids = sys.argv[1:]
    ledger = Ledger.connect(url)
    ledger.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    for job_id in job_ids:
        answer = ledger.jobs.claim(job_id, Stage.GENERATE, worker=name, host="host-a", lease_ms=60_000)
        if isinstance(answer, Claim):
            ledger.jobs.succeed(answer.lease, manifest_uri=f"file:///{name}", artifacts=[])
            print(job_id, flush=True)
    """
)


def test_processes_that_race_for_the_same_jobs_do_each_once(ledger, redis_url):
    job_ids = [submit(ledger) for _ in range(60)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, redis_url, f"gpu{number}@host-a", *job_ids],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    done = [process.communicate()[0].split() for process in processes]

    assert sorted(job_id for mine in done for job_id in mine) == sorted(job_ids)
    assert ledger.jobs.count_by_state()[JobState.SUCCEEDED] == len(job_ids)
    assert all(ledger.jobs.row(job_id).attempt == 1 for job_id in job_ids)


def test_claims_while_the_steward_sweeps_never_leave_a_job_behind(ledger, redis_url):
    """Holders that vanish at once, stewards that sweep and workers that claim, all together: attempts stay bounded and nothing is lost."""
    job_ids = [submit(ledger, max_attempts=3) for _ in range(12)]

    def act(mine, number):
        fences = []
        for _ in range(6):
            for job_id in job_ids:
                if number % 4 == 0:
                    mine.steward.expire()
                answer = mine.jobs.claim(job_id, Stage.GENERATE, worker=f"gpu{number}@host-a", host=HOST, lease_ms=1)
                if isinstance(answer, Claim):
                    fences.append((job_id, answer.lease.fence))
        return fences

    granted = [claimed for fences in at_once(redis_url, act) for claimed in fences]

    assert len(granted) == len(set(granted))
    for job_id in job_ids:
        row = ledger.jobs.row(job_id)
        assert row.attempt <= 3
        assert row.state in {JobState.QUARANTINED, JobState.RUNNING, JobState.QUEUED}
        assert len([1 for other, _ in granted if other == job_id]) == row.attempt
