"""The one place that talks to Redis: commands, scripts, and what their failures mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    InvalidResponse,
    MasterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.retry import Retry

from reelfleet.contract.errors import BrokerUnavailable, InvalidConfig, JobNotFound, LeaseLost
from reelfleet.ledger.keys import Keys
from reelfleet.ledger.retention import Retention
from reelfleet.ledger.scripts import ScriptShelf

MAX_BLOCK_MS = 10_000
"""The longest that one read waits for an event."""
_BLOCK_MARGIN_S = 5.0
_SERVER_TROUBLE = re.compile(r"(^|-)(OOM|MISCONF|READONLY|MASTERDOWN|NOREPLICAS|BUSY)\b")
"""Begins Redis' answer, or the part of it that a script passes on, when the trouble is the server's and not the command's."""


def connect(broker_url: str, *, connect_timeout_s: float, read_timeout_s: float) -> redis.Redis:
    """Return a client that fails within its timeouts and never retries but once, at once, on a connection that was cut.

    Raises:
        InvalidConfig: when the URL is no Redis URL; the message does not repeat it, because it may hold a password.
    """
    try:
        return redis.Redis.from_url(
            broker_url,
            socket_connect_timeout=connect_timeout_s,
            socket_timeout=read_timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            protocol=2,
            client_name="reelfleet-ledger",
        )
    except (ValueError, TypeError):
        raise InvalidConfig("broker_url is not a Redis URL; write it as redis://[:password@]host:port/database") from None


class Connection:
    """A Redis client with the ledger's scripts. Safe to share between threads; connects when first used."""

    def __init__(self, client: redis.Redis, keys: Keys, retention: Retention) -> None:
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            raise InvalidConfig("the ledger needs a Redis client with decode_responses=False, because it keeps bytes too")
        self.keys = keys
        # redis-py types every answer as one of its sync and its async client; from here on an answer is Any and is checked where it is read.
        self._client: Any = client
        self._shelf = ScriptShelf(retention)
        self._place = _place(client)
        self._blocking: Any = None

    def command(self, *parts: str | bytes | float) -> Any:
        """Run one command."""
        with self._failures():
            return self._client.execute_command(*parts)

    def pipeline(self, commands: Sequence[tuple[str | bytes | float, ...]]) -> list[Any]:
        """Run several commands in one round trip; they do not form a transaction."""
        if not commands:
            return []
        with self._failures(), self._client.pipeline(transaction=False) as pipe:
            for parts in commands:
                pipe.execute_command(*parts)
            return list(pipe.execute())

    def run(self, script_name: str, *, data: bytes = b"", **named: Any) -> list[Any]:
        """Run a script with named arguments (those that are None are left out) and return its answer, the outcome first.

        Raises:
            LeaseLost: when the caller is not, or is no longer, the job's holder.
            JobNotFound: when the script knows no such job.
            BrokerUnavailable: when Redis does not answer.
        """
        script = self._shelf.script(script_name)
        document = {name: value for name, value in named.items() if value is not None}
        # A lone surrogate (from a file name, say) has no UTF-8 form; Redis gets a question mark for it.
        tail = (1, self.keys.prefix, json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"), data)
        with self._failures():
            try:
                answer = self._client.execute_command("EVALSHA", script.sha, *tail)
            except NoScriptError:
                answer = self._client.execute_command("EVAL", script.text, *tail)
        outcome, *rest = answer
        job_id = named.get("job_id", "")
        if outcome == b"lease_lost":
            raise LeaseLost(f"job {job_id} is no longer held under fence {named.get('fence')}; another attempt owns it, or it has ended")
        if outcome == b"not_found":
            raise JobNotFound(f"no job {job_id}; `reel jobs` lists those that exist")
        return [outcome.decode(), *rest]

    def ask(self, script_name: str, **named: Any) -> bool:
        """Run a script that answers yes or no."""
        return self.run(script_name, **named) == ["yes"]

    def read_stream(self, key: str, after: str, limit: int, block_ms: int | None) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Read a stream's entries after an offset, waiting for the first one at most ``block_ms`` (bounded by ``MAX_BLOCK_MS``)."""
        block = None if block_ms is None else max(1, min(block_ms, MAX_BLOCK_MS))
        client = self._client if block is None else self._patient_client()
        with self._failures():
            answer = client.xread({key: after}, count=limit, block=block)
        return list(answer[0][1]) if answer else []

    def uptime_s(self) -> int:
        """Return for how long the server has been up, in seconds."""
        with self._failures():
            info = self._client.info("server")
        return int(info["uptime_in_seconds"])

    def close(self) -> None:
        """Close what was opened; the next use connects again."""
        self._client.close()
        if self._blocking is not None:
            self._blocking.close()

    def _patient_client(self) -> Any:
        if self._blocking is None:
            pool = self._client.connection_pool
            options = {**pool.connection_kwargs, "socket_timeout": MAX_BLOCK_MS / 1000 + _BLOCK_MARGIN_S}
            self._blocking = redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options))
        return self._blocking

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (AuthenticationError, NoPermissionError) as error:
            raise BrokerUnavailable(f"Redis at {self._place} refused the login: {error}; check the password in REEL_BROKER_URL") from error
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise BrokerUnavailable(
                f"Redis at {self._place} did not answer: {error}; check REEL_BROKER_URL and that the server is up"
            ) from error
        except InvalidResponse as error:
            raise BrokerUnavailable(f"what answers at {self._place} is not Redis: {error}; check REEL_BROKER_URL") from error
        except ResponseError as error:
            if not (isinstance(error, (OutOfMemoryError, ReadOnlyError, MasterDownError)) or _SERVER_TROUBLE.search(str(error))):
                raise
            raise BrokerUnavailable(f"Redis at {self._place} takes no writes now: {error}; look at its log and `reel doctor`") from error


def _place(client: redis.Redis) -> str:
    options = client.connection_pool.connection_kwargs
    if "path" in options:
        return str(options["path"])
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}/{options.get('db') or 0}"
