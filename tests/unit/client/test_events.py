import threading

import pytest

from deploy.local.redis_server import RedisServer
from reelfleet import EventKind, Fleet
from reelfleet.contract.errors import BrokerUnavailable, JobNotFound, WaitTimeout
from reelfleet.ledger import Ledger
from reelfleet.store import open_store
from tests.fixtures.producers import VIDEO_CARD, HandWorker, worker_info
from tests.fixtures.waiting import wait_until

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, alive):
    return fleet.generate(**KITE)


def test_events_tell_the_whole_story_and_end_after_finished(job, worker):
    worker.run(job.id)

    kinds = [event.kind for event in job.events()]

    assert kinds[0] is EventKind.SUBMITTED
    assert {EventKind.CLAIMED, EventKind.PROGRESS, EventKind.HANDED_ON} <= set(kinds)
    assert kinds[-1] is EventKind.FINISHED


def test_events_replay_from_any_offset(job, worker):
    worker.run(job.id)
    story = list(job.events())

    for index, event in enumerate(story):
        assert list(job.events(after=event.offset)) == story[index + 1 :]


def test_events_wait_for_what_has_not_happened_yet(job, worker):
    seen = []

    def follow() -> None:
        for event in job.events():
            seen.append(event.kind)  # noqa: PERF401 - the test looks at the list while it grows

    follower = threading.Thread(target=follow)
    follower.start()
    wait_until(lambda: seen == [EventKind.SUBMITTED], what="the first event")
    worker.run(job.id)
    follower.join(timeout=30)

    assert seen[-1] is EventKind.FINISHED


def test_without_follow_those_that_have_happened_are_told(job, worker):
    worker.claim(job.id)

    assert [event.kind for event in job.events(follow=False)] == [EventKind.SUBMITTED, EventKind.CLAIMED]


def test_a_wait_ends_with_its_timeout_and_the_job_goes_on(job):
    with pytest.raises(WaitTimeout, match="goes on"):
        list(job.events(timeout=0.05))

    assert job.status().state == "queued"


def test_a_timeout_counts_although_events_keep_coming(job, worker):
    worker.claim(job.id)

    with pytest.raises(WaitTimeout):
        list(map(lambda _: worker.step(1, 4), job.events(timeout=0)))  # noqa: C417 - every event brings the next


def test_an_unknown_job_has_no_events(fleet):
    unknown = Fleet(fleet.settings.broker_url, fleet.settings.store_url)._job("nobody-knows-me")

    with pytest.raises(JobNotFound):
        list(unknown.events())


def test_a_job_whose_stream_is_gone_still_ends(job, worker, ledger):
    worker.run(job.id)
    ledger._connection.command("DEL", ledger._connection.keys.events(job.id))

    assert list(job.events()) == []
    assert job.result().artifacts


def test_the_fleet_tells_of_every_job(fleet, alive, worker):
    jobs = [fleet.generate(**KITE) for _ in range(2)]
    worker.run(jobs[0].id)

    told = []
    for event in fleet.events():
        told.append((event.job_id, event.kind))
        if event.kind is EventKind.FINISHED:
            break

    assert (jobs[1].id, EventKind.SUBMITTED) in told
    assert told[-1] == (jobs[0].id, EventKind.FINISHED)


@pytest.fixture
def restartable(tmp_path):
    """A fleet on a Redis of its own, to stop and start again."""
    with RedisServer(tmp_path / "redis") as server:
        ledger = Ledger.connect(server.url)
        ledger.models.publish([VIDEO_CARD], "gpu0@here")
        ledger.workers.beat(worker_info(), ttl_s=600)
        yield server, ledger
        ledger.close()


def test_a_wait_sits_through_a_short_outage(restartable, tmp_path):
    # Given a producer that waits for a job
    server, ledger = restartable
    store_url = (tmp_path / "store").as_uri()
    with Fleet(server.url, store_url, outage_s=60) as fleet:
        job = fleet.generate(**KITE)
        results, offsets = [], []

        def wait() -> None:
            for event in job.events():
                offsets.append(event.offset)  # noqa: PERF401 - as above
            results.append(job.result(timeout=60))

        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_until(lambda: offsets, what="the first event")

        # When Redis goes away and comes back, and the job then succeeds
        server.stop()
        server.start()
        HandWorker(ledger, open_store(store_url)).run(job.id)
        waiting.join(timeout=60)

        # Then the wait ends with the result, and no event was told twice
        assert results[0].artifacts[0].name == "clip.mp4"
        assert len(set(offsets)) == len(offsets)


def test_a_wait_gives_up_when_redis_stays_away(restartable, tmp_path):
    server, _ = restartable
    with Fleet(server.url, (tmp_path / "store").as_uri(), outage_s=0.2) as fleet:
        job = fleet.generate(**KITE)
        server.stop()

        with pytest.raises(BrokerUnavailable):
            job.result()


def test_a_timeout_holds_during_an_outage_too(restartable, tmp_path):
    server, _ = restartable
    with Fleet(server.url, (tmp_path / "store").as_uri(), outage_s=600) as fleet:
        job = fleet.generate(**KITE)
        server.stop()

        with pytest.raises(WaitTimeout, match="Redis did not answer"):
            job.result(timeout=0.2)
