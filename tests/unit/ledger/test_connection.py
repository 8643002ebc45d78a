"""What happens when Redis is not as it should be."""

from __future__ import annotations

import os
import signal
import socket
import threading
from importlib import resources

import pytest
import redis

from deploy.local.redis_server import RedisServer, new_password
from reelfleet.contract.errors import BrokerUnavailable, InvalidConfig
from reelfleet.contract.job import JobState
from reelfleet.ledger import Ledger
from reelfleet.ledger.answers import Order
from reelfleet.ledger.scripts import script_names
from tests.unit.ledger.builders import denoise, held_job, submit

PASSWORD = "s3cr3t/with:odd@signs"


@pytest.fixture
def own_server(tmp_path):
    """A server that a test may stop and break."""
    with RedisServer(tmp_path / "redis", appendfsync="always") as server:
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nothing_is_sent_before_the_ledger_is_used():
    Ledger.connect(f"redis://127.0.0.1:{free_port()}/0")


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: ledger.ping(),
        submit,
        lambda ledger: ledger.jobs.status("job"),
        lambda ledger: ledger.jobs.list(),
        lambda ledger: ledger.events.read("job"),
        lambda ledger: ledger.events.read("job", block_ms=10),
        lambda ledger: ledger.workers.all(),
        lambda ledger: ledger.steward.server_uptime_s(),
        lambda ledger: ledger.steward.tickets_in("reel.cpu"),
    ],
)
def test_a_server_that_is_down_is_named_without_its_password(call):
    port = free_port()
    ledger = Ledger.connect(f"redis://:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@127.0.0.1:{port}/0")

    with pytest.raises(BrokerUnavailable, match=f"127.0.0.1:{port}/0") as raised:
        call(ledger)

    assert "s3cr3t" not in str(raised.value)
    assert "s3cr3t" not in str(raised.value.__cause__)


def test_a_server_that_does_not_answer_is_given_up(own_server):
    ledger = Ledger.connect(own_server.url, read_timeout_s=0.05)
    ledger.ping()
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnavailable, match=str(own_server.port)):
            ledger.ping()
    finally:
        os.kill(own_server.pid, signal.SIGCONT)


def test_a_wrong_password_is_named_as_such(tmp_path):
    with RedisServer(tmp_path, password=new_password()) as server:
        Ledger.connect(server.url).ping()

        for url in (f"redis://127.0.0.1:{server.port}/0", f"redis://:wrong-s3cr3t@127.0.0.1:{server.port}/0"):
            with pytest.raises(BrokerUnavailable, match="password") as raised:
                Ledger.connect(url).ping()
            assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "localhost", "http://:s3cr3t@host/", "redis://:s3/cr3t@host:6379/0", "redis://:s3cr3t@host:port/0"])
def test_what_is_no_redis_url_is_refused_without_showing_it(url):
    with pytest.raises(InvalidConfig, match="redis://") as raised:
        Ledger.connect(url).ping()

    assert "cr3t" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_server_that_speaks_something_else_is_named_as_such():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        port = listener.getsockname()[1]

        with pytest.raises(BrokerUnavailable, match=str(port)):
            Ledger.connect(f"redis://127.0.0.1:{port}/0").ping()


def test_a_full_server_takes_no_job_and_loses_none(own_server):
    ledger = Ledger.connect(own_server.url)
    lease = held_job(ledger)
    client = redis.Redis.from_url(own_server.url)
    client.config_set("maxmemory", 1)

    with pytest.raises(BrokerUnavailable, match="takes no writes"):
        submit(ledger, job_id="one-too-many")

    client.config_set("maxmemory", 0)
    assert sum(ledger.jobs.count_by_state().values()) == 1
    assert ledger.jobs.renew(lease, lease_ms=1000) is Order.GO


def test_a_client_that_decodes_is_refused(redis_url):
    with pytest.raises(InvalidConfig, match="decode_responses"):
        Ledger(redis.Redis.from_url(redis_url, decode_responses=True))


def test_a_server_that_forgot_the_scripts_is_told_them_again(ledger, redis_client):
    lease = held_job(ledger)

    redis_client.script_flush()

    assert ledger.jobs.renew(lease, lease_ms=1000) is Order.GO


def test_a_restarted_server_knows_every_job_and_lease(own_server):
    ledger = Ledger.connect(own_server.url)
    waiting, lease = submit(ledger), held_job(ledger)
    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(3))
    before = ledger.jobs.row(lease.job_id)

    own_server.stop()
    with pytest.raises(BrokerUnavailable):
        ledger.jobs.status(waiting)
    own_server.start()

    assert ledger.jobs.row(lease.job_id) == before
    assert ledger.jobs.status(waiting).state is JobState.QUEUED
    assert ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(4)) is Order.GO
    assert [event.kind.value for event in ledger.events.read(waiting)] == ["submitted"]


def test_a_connection_that_was_cut_between_two_calls_is_not_noticed(ledger, redis_client):
    submit(ledger)

    for connection in redis_client.client_list():
        if connection["name"] == "reelfleet-ledger":
            redis_client.client_kill(connection["addr"])

    assert submit(ledger)


def test_ledgers_under_two_prefixes_do_not_meet(redis_url):
    one, two = Ledger.connect(redis_url, prefix="one:"), Ledger.connect(redis_url, prefix="two:")
    submit(one, job_id="job-1")

    assert two.jobs.list() == []
    assert one.jobs.status("job-1").job_id == "job-1"


def test_every_script_says_in_its_first_line_what_it_is_for():
    folder = resources.files("reelfleet.ledger").joinpath("scripts")
    assert script_names()
    for name in script_names():
        assert folder.joinpath(f"{name}.lua").read_text().startswith("-- "), name
