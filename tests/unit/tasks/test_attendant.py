from __future__ import annotations

import threading

from reelfleet.contract.errors import BrokerUnavailable
from tasks.worker.attendant import Attendant, Duty


def test_every_duty_is_done_once_before_the_worker_starts():
    # Given two duties that are due once an hour
    done = []
    attendant = Attendant(
        "attendant", [Duty("first", 3600, lambda: done.append("first")), Duty("second", 3600, lambda: done.append("second"))]
    )

    # When the attendant starts
    attendant.start()
    attendant.stop()

    # Then both were done, in order
    assert done == ["first", "second"]


def test_failing_duty_does_not_stop_the_others():
    # Given a duty that meets no Redis, one with a defect, and a good one
    worked = threading.Event()

    def away():
        raise BrokerUnavailable("away")

    def defect():
        raise ZeroDivisionError

    attendant = Attendant("attendant", [Duty("away", 0.01, away), Duty("defect", 0.01, defect), Duty("good", 0.01, worked.set)])

    # When they were done once
    attendant.start()
    worked.clear()

    # Then the good one is done again
    assert worked.wait(timeout=30)
    attendant.stop()


def test_trouble_is_logged_when_it_begins_and_when_it_ends(caplog):
    # Given a duty that fails twice and then works
    misses = [2]

    def act():
        if misses[0]:
            misses[0] -= 1
            raise BrokerUnavailable("away")

    duty = Duty("the heartbeat", 1, act)

    # When it is done four times
    for _ in range(4):
        duty.run()

    # Then two lines tell of it
    assert [record.getMessage() for record in caplog.records] == ["the heartbeat waits: away", "the heartbeat works again"]
