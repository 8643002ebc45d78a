"""The Redis that local bring-up and tests run."""

from __future__ import annotations

import socket

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.local.redis_server import RedisServer, new_password
from reelfleet.contract.errors import BrokerUnavailable


@pytest.fixture
def client_of():
    clients = []

    def connect(server):
        clients.append(redis.Redis.from_url(server.url, decode_responses=True))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.mark.parametrize("appendfsync", ["everysec", "always"])
def test_it_writes_everything_down_and_never_evicts(tmp_path, client_of, appendfsync):
    with RedisServer(tmp_path, appendfsync=appendfsync) as server:
        client = client_of(server)
        settings = client.config_get("append*") | client.config_get("maxmemory-policy") | client.config_get("bind")

    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == appendfsync
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["bind"] == "127.0.0.1"


def test_it_has_what_it_had_when_it_is_started_again(tmp_path, client_of):
    server = RedisServer(tmp_path / 'a folder with "odd" signs')
    server.start()
    client_of(server).set("key", "value")
    server.stop()

    with server:
        assert client_of(server).get("key") == "value"


def test_it_is_gone_when_it_was_stopped(tmp_path):
    server = RedisServer(tmp_path).start()
    server.stop()
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    with pytest.raises(BrokerUnavailable, match="not running"):
        _ = server.pid


def test_it_refuses_clients_without_its_password(tmp_path, client_of):
    password = new_password()
    with RedisServer(tmp_path, password=password) as server:
        assert client_of(server).ping()
        stranger = redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0))
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        stranger.close()

    assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_told_with_the_servers_own_words(tmp_path):
    with RedisServer(tmp_path / "first") as first, pytest.raises(BrokerUnavailable, match="in use"):
        RedisServer(tmp_path / "second", first.port).start()
