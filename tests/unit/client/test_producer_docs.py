"""What docs/howto/producers shows is run as it stands there."""

import base64
import json
import re
from pathlib import Path

import pytest
import redis

from reelfleet.contract.names import TaskName
from reelfleet.contract.request import parse_request
from reelfleet.submission import submit
from reelfleet.tickets import producer_app
from tests.fixtures.producers import VIDEO_CARD, worker_info, working

DOCS = Path(__file__).resolve().parents[3] / "docs" / "howto" / "producers"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def tiny_fleet(ledger, worker, redis_url, store_url, monkeypatch, tmp_path):
    """A fleet that serves the models that the pages name, with a worker that takes every job."""
    names = ("tiny-wan", "tiny-wan-i2v")
    ledger.models.publish([VIDEO_CARD.model_copy(update={"name": name}) for name in names], "gpu0@here")
    ledger.workers.beat(worker_info(models=names), ttl_s=600)
    monkeypatch.setenv("REEL_BROKER_URL", redis_url)
    monkeypatch.setenv("REEL_STORE_URL", store_url)
    monkeypatch.chdir(tmp_path)
    with working(ledger, worker):
        yield


def test_the_python_page_runs(tiny_fleet, tmp_path, capsys):
    (tmp_path / "start.png").write_bytes(b"picture")

    exec(compile("\n".join(blocks("python.md", "python")), "python.md", "exec"), {})

    assert (tmp_path / "out.mp4").read_bytes() == b"moving pixels"
    assert "frames 8: " in capsys.readouterr().out


def test_the_plain_celery_page_sends_what_the_worker_takes(ledger, redis_url, tiny_fleet):
    # Given the message that the page's code sends
    names = {"BROKER_URL": redis_url}
    exec(compile("\n".join(blocks("any-language.md", "python")), "any-language.md", "exec"), names)
    client = redis.Redis.from_url(redis_url)
    message = json.loads(client.lindex("reel.cpu", 0))
    client.close()
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))

    # When it is read as the task reads it
    submission = submit(
        ledger, producer_app(redis_url), *args, **{name: kwargs[name] for name in ("job_id",)}, request_data=kwargs["request"]
    )

    # Then it is the job that was asked for
    assert message["headers"]["task"] == TaskName.SUBMIT
    assert submission.job_id == "order-0000042"


def test_the_json_page_shows_a_valid_request():
    (text,) = blocks("json.md", "json")

    assert parse_request(json.loads(text)).seed == 2**64 - 1
