"""Finding and listing jobs."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import ContractMismatch, JobNotFound
from reelfleet.contract.job import JobState
from tests.unit.ledger.builders import QUEUE, held_job, submit, wait_past


def submit_in_order(ledger, *job_ids, **changes) -> None:
    for job_id in job_ids:
        submit(ledger, job_id=job_id, **changes)
        wait_past(ledger, ledger.jobs.row(job_id).created)


def ids(statuses) -> list[str]:
    return [status.job_id for status in statuses]


def test_a_job_is_found_by_the_beginning_of_its_id(ledger):
    submit(ledger, job_id="abcd-1111")
    submit(ledger, job_id="abce-2222")

    assert ledger.jobs.find("abcd") == "abcd-1111"
    assert ledger.jobs.find("abce-2222") == "abce-2222"


def test_a_whole_id_is_found_even_if_others_begin_with_it(ledger):
    submit(ledger, job_id="job-1")
    submit(ledger, job_id="job-11")

    assert ledger.jobs.find("job-1") == "job-1"


@pytest.mark.parametrize(("prefix", "why"), [("abc", "at least 4"), ("abcd", "several"), ("zzzz", "no job"), ("", "at least 4")])
def test_a_beginning_that_leads_to_no_one_job_says_why(ledger, prefix, why):
    submit(ledger, job_id="abcd-1111")
    submit(ledger, job_id="abcd-2222")

    with pytest.raises(JobNotFound, match=why):
        ledger.jobs.find(prefix)


def test_an_unknown_job_has_no_row_and_no_status(ledger):
    for read in (ledger.jobs.row, ledger.jobs.status):
        with pytest.raises(JobNotFound, match="no-such-job"):
            read("no-such-job")


def test_jobs_are_listed_by_their_creation(ledger):
    submit_in_order(ledger, "job-b", "job-a", "job-c")

    assert ids(ledger.jobs.list()) == ["job-c", "job-a", "job-b"]
    assert ids(ledger.jobs.list(newest_first=False)) == ["job-b", "job-a", "job-c"]
    assert ids(ledger.jobs.list(limit=2)) == ["job-c", "job-a"]
    assert ledger.jobs.list(limit=0) == []


def test_jobs_are_listed_by_state_and_tenant(ledger):
    submit_in_order(ledger, "ours-1", "ours-2", tenant="us")
    submit_in_order(ledger, "theirs-1", tenant="them")
    ledger.jobs.abort("ours-2")

    assert ids(ledger.jobs.list(state=JobState.QUEUED)) == ["theirs-1", "ours-1"]
    assert ids(ledger.jobs.list(tenant="us")) == ["ours-2", "ours-1"]
    assert ids(ledger.jobs.list(state=JobState.ABORTED, tenant="us")) == ["ours-2"]
    assert ids(ledger.jobs.list(state=JobState.ABORTED, tenant="them")) == []


def test_a_list_goes_on_past_a_page(ledger):
    for number in range(205):
        submit(ledger, job_id=f"job-{number:03d}")
    ledger.jobs.abort("job-000")

    assert len(ledger.jobs.list(limit=1000)) == 205
    assert ids(ledger.jobs.list(state=JobState.ABORTED, tenant="default")) == ["job-000"]


def test_jobs_are_counted_by_state(ledger):
    submit(ledger)
    held_job(ledger)
    ledger.jobs.abort(submit(ledger))

    counts = ledger.jobs.count_by_state()

    assert set(counts) == set(JobState)
    assert {state: count for state, count in counts.items() if count} == {JobState.QUEUED: 1, JobState.RUNNING: 1, JobState.ABORTED: 1}


def test_open_jobs_of_a_tenant_are_counted_until_they_end(ledger):
    first = submit(ledger, tenant="us")
    submit(ledger, tenant="us")
    submit(ledger, tenant="them")

    assert ledger.jobs.open_count("us") == 2
    ledger.jobs.abort(first)
    assert ledger.jobs.open_count("us") == 1


def test_open_jobs_are_known_by_their_queue(ledger):
    here, there = submit(ledger), submit(ledger, queue="reel.gpu.other")
    held = held_job(ledger).job_id
    ledger.jobs.abort(submit(ledger))

    assert sorted(ledger.jobs.open_ids()) == sorted([here, there, held])
    assert sorted(ledger.jobs.open_ids(queue=QUEUE)) == sorted([here, held])


def test_a_row_that_another_version_wrote_is_refused_by_name(ledger, redis_client):
    job_id = submit(ledger)
    redis_client.hset(f"reel:job:{job_id}", "state", "dreaming")

    for read in (ledger.jobs.row, ledger.jobs.status):
        with pytest.raises(ContractMismatch, match=job_id):
            read(job_id)
