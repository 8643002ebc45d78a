"""How long things stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reelfleet.contract.errors import JobNotFound
from reelfleet.ledger import Ledger
from reelfleet.ledger.retention import Retention
from tests.unit.ledger.builders import delivering_job, held_job, new_job, submit, wait_past


@pytest.fixture
def forgetful(redis_url):
    """A ledger that keeps a job's row for a millisecond after its end."""
    ledger = Ledger.connect(redis_url, retention=Retention(rows=timedelta(milliseconds=1)))
    yield ledger
    ledger.close()


def finish(ledger, lease):
    ledger.jobs.put_preview(lease, b"image", "image/png")
    ledger.jobs.decide(lease, b"manifest")
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
    wait_past(ledger, ledger.jobs.row(lease.job_id).finished)


def test_nothing_of_a_job_is_left_once_it_was_kept_long_enough(forgetful, redis_client):
    old = delivering_job(forgetful, idempotency_key="order 42", tenant="us")
    finish(forgetful, old)

    # Any other job that ends sweeps it out.
    forgetful.jobs.abort(submit(forgetful, job_id="another"))

    with pytest.raises(JobNotFound):
        forgetful.jobs.status(old.job_id)
    assert forgetful.jobs.list(tenant="us") == []
    left = [key for key in redis_client.scan_iter("*") if old.job_id in key or "order 42" in key]
    members = [key for key in redis_client.scan_iter("*", _type="zset") if redis_client.zscore(key, old.job_id) is not None]
    assert (left, members) == ([], [])


def test_a_forgotten_idempotency_key_may_be_used_again(forgetful):
    old = delivering_job(forgetful, idempotency_key="order 42")
    finish(forgetful, old)
    forgetful.jobs.abort(submit(forgetful))

    assert forgetful.jobs.submit(new_job(idempotency_key="order 42", prompt="something else")).created


def test_jobs_that_have_not_ended_are_never_forgotten(forgetful):
    waiting, held = submit(forgetful), held_job(forgetful)
    for _ in range(3):
        forgetful.jobs.abort(submit(forgetful))

    assert forgetful.jobs.status(waiting).job_id == waiting
    assert forgetful.jobs.status(held.job_id).job_id == held.job_id


def test_a_job_is_kept_for_a_month_its_events_for_a_week_and_its_preview_for_an_hour(ledger, redis_client):
    lease = delivering_job(ledger)
    finish(ledger, lease)
    ledger.jobs.abort(submit(ledger))

    assert ledger.jobs.status(lease.job_id).manifest_uri == "file:///m"
    assert redis_client.ttl(f"reel:job:{lease.job_id}") == -1
    assert 6 * 86_400 < redis_client.ttl(f"reel:events:{lease.job_id}") <= 7 * 86_400
    assert 0 < redis_client.ttl(f"reel:preview:{lease.job_id}") <= 3600


def test_a_jobs_row_holds_only_so_many_notes(redis_url):
    ledger = Ledger.connect(redis_url, retention=Retention(notes=2))
    lease = held_job(ledger)

    for text in ("one", "two", "three"):
        ledger.jobs.note(lease, text)

    assert ledger.jobs.status(lease.job_id).notes == ("one", "two")
    assert ledger.events.read(lease.job_id)[-1].message == "three"
