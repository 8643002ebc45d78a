"""Streams that can be read again from any offset."""

from __future__ import annotations

import threading

import pytest

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger import Ledger
from reelfleet.ledger.retention import Retention
from tests.unit.ledger.builders import delivering_job, denoise, held_job, submit


def test_a_jobs_events_tell_its_story_in_order(ledger):
    lease = delivering_job(ledger)
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])

    events = ledger.events.read(lease.job_id)

    assert [(event.kind, event.state, event.stage) for event in events] == [
        (EventKind.SUBMITTED, JobState.QUEUED, Stage.GENERATE),
        (EventKind.CLAIMED, JobState.RUNNING, Stage.GENERATE),
        (EventKind.HANDED_ON, JobState.RUNNING, Stage.DELIVER),
        (EventKind.CLAIMED, JobState.RUNNING, Stage.DELIVER),
        (EventKind.FINISHED, JobState.SUCCEEDED, Stage.DELIVER),
    ]
    assert [event.worker for event in events] == [None, "gpu0@host-a", "gpu0@host-a", "cpu0@host-a", "cpu0@host-a"]
    assert {event.job_id for event in events} == {lease.job_id}
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_reading_goes_on_from_any_offset(ledger):
    lease = delivering_job(ledger)
    events = ledger.events.read(lease.job_id)

    assert ledger.events.read(lease.job_id, after=events[1].offset) == events[2:]
    assert ledger.events.read(lease.job_id, after=events[-1].offset) == []
    assert ledger.events.read(lease.job_id, limit=2) == events[:2]


def test_the_fleets_stream_tells_of_every_job(ledger):
    first, second = submit(ledger), submit(ledger)

    assert [event.job_id for event in ledger.events.fleet()] == [first, second]


def test_a_reader_that_waits_gets_the_event_when_it_comes(ledger):
    lease = held_job(ledger)
    seen = ledger.events.read(lease.job_id)[-1].offset
    answers = []
    reader = threading.Thread(target=lambda: answers.extend(ledger.events.read(lease.job_id, after=seen, block_ms=10_000)))
    reader.start()

    ledger.jobs.note(lease, "here it is")
    reader.join()

    assert [event.message for event in answers] == ["here it is"]


def test_a_reader_that_waits_in_vain_gets_nothing(ledger):
    assert ledger.events.read(submit(ledger), after="$", block_ms=1) == []


def test_a_reader_may_wait_longer_than_the_socket_timeout_of_other_calls(redis_url):
    ledger = Ledger.connect(redis_url, read_timeout_s=0.05)
    job_id = submit(ledger)

    assert ledger.events.read(job_id, after="$", block_ms=200) == []


def test_an_unknown_job_has_no_events(ledger):
    assert ledger.events.read("no-such-job") == []


@pytest.mark.parametrize("after", ["", "abc", "-1", "1-2-3", "1; FLUSHALL"])
def test_what_is_no_offset_is_refused(ledger, after):
    with pytest.raises(InvalidRequest, match="offset"):
        ledger.events.read("job", after=after)


def test_streams_are_bounded(redis_url):
    ledger = Ledger.connect(redis_url, retention=Retention(job_events=100, fleet_events=100))
    lease = held_job(ledger)

    for number in range(600):
        ledger.jobs.note(lease, f"note {number}")

    events = ledger.events.read(lease.job_id, limit=10_000)
    # Redis cuts a stream in whole blocks of about a hundred entries.
    assert len(events) < 300
    assert events[-1].message == "note 599"


def test_an_event_carries_the_progress_of_its_moment(ledger):
    lease = held_job(ledger)

    ledger.jobs.renew(lease, lease_ms=1000, progress=denoise(10, of=10))

    assert ledger.events.read(lease.job_id)[-1].progress == denoise(10, of=10)
