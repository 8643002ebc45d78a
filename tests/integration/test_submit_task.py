"""`reel.submit`: any Celery client enqueues by name."""

from __future__ import annotations

import pytest
from celery import Celery

from reelfleet.contract.job import JobState

pytestmark = pytest.mark.xdist_group("shared_fleet")

REQUEST = {"model": "tiny-flux", "prompt": "a lighthouse", "steps": 2, "size": "32x32"}


@pytest.fixture
def plain_celery(shared_fleet):
    """A Celery client that has never heard of reelfleet."""
    app = Celery("somebody", broker=shared_fleet.redis.url, backend=shared_fleet.redis.url, set_as_current=False)
    yield app
    app.close()


def test_plain_send_task_makes_a_job_and_answers_with_it(shared_fleet, plain_celery):
    # When a plain client sends the task
    answer = plain_celery.send_task("reel.submit", kwargs={"request": REQUEST}, queue="reel.cpu").get(timeout=60)

    # Then the answer is the job, which is done
    assert answer["job"]["model"] == "tiny-flux"
    shared_fleet.wait_for_state(answer["job"]["job_id"], JobState.SUCCEEDED)


def test_refused_request_is_answered_as_data(plain_celery):
    # When a plain client asks for what no model does
    answer = plain_celery.send_task("reel.submit", kwargs={"request": {**REQUEST, "size": "31x32", "wings": 2}}, queue="reel.cpu").get(
        timeout=60
    )

    # Then every problem comes back
    assert answer["error"]["code"] == "invalid_request"
    assert {problem["field"] for problem in answer["error"]["details"]["problems"]} == {"size", "wings"}


def test_request_of_another_contract_version_is_refused_by_name(plain_celery):
    answer = plain_celery.send_task("reel.submit", kwargs={"request": {**REQUEST, "contract_version": 99}}, queue="reel.cpu").get(
        timeout=60
    )

    assert answer["error"]["code"] == "contract_mismatch"
    assert "99" in answer["error"]["message"]


def test_message_that_is_delivered_twice_makes_one_job(shared_fleet, plain_celery):
    # Given a job id that the producer chose
    kwargs = {"request": REQUEST, "job_id": "order-0000042"}

    # When the message arrives twice
    answers = [plain_celery.send_task("reel.submit", kwargs=kwargs, queue="reel.cpu").get(timeout=60) for _ in range(2)]

    # Then there is one job
    assert {answer["job"]["job_id"] for answer in answers} == {"order-0000042"}
    assert shared_fleet.wait_for_state("order-0000042", JobState.SUCCEEDED).attempt == 1
