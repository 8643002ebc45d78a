"""The fleet under test with everything around it that can be broken."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import redis

from deploy.local.s3_server import S3Server
from reelfleet.store import open_store
from reelfleet.tickets import producer_app
from tests.chaos.host import Host
from tests.chaos.jobs import JobBook
from tests.chaos.options import SETTINGS
from tests.chaos.post import Post
from tests.fixtures.faulty_s3 import FaultyS3
from tests.fixtures.fleet import TestFleet
from tests.fixtures.moto_server import MotoServer

if TYPE_CHECKING:
    from tests.chaos.options import Options

MARK = "CHAOS_RUN"
"""In the environment of every process of a run, so that none can be overlooked."""
SUPERVISE_EVERY_S = 0.2


class Field:
    """Two hosts with a gpu and a cpu worker each, one Redis, one S3 server."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.mark = f"{os.getpid()}-{options.seed}-{time.time_ns()}"
        folder = options.folder
        folder.mkdir(parents=True)
        self.s3: S3Server | MotoServer = MotoServer() if options.store == "moto" else S3Server(folder / "objects")
        self._keys = self.s3.env
        os.environ.update(self._keys)
        self.faulty_s3 = FaultyS3(self.s3.url)
        settings = {**SETTINGS, **self._keys, MARK: self.mark, "TMPDIR": str(folder / "tmp")}
        (folder / "tmp").mkdir()
        self.fleet = TestFleet(
            folder / "fleet", options.cache_dir, store_url=self.s3.store_url("fleet"), env=settings, appendfsync=options.appendfsync
        )
        store_port = self.faulty_s3.server_address[1]
        self.hosts = [Host(name, folder / "hosts", redis_port=self.fleet.redis.port, store_port=store_port) for name in ("near", "far")]
        self.posts = [Post(role, slot, host) for slot, host in enumerate(self.hosts) for role in ("gpu", "cpu")]
        self.ledger, self.client = self.fleet.ledger, self.fleet.client
        self.client.orders._answer_timeout_s = 0.2
        self.tickets = producer_app(self.fleet.redis.url)
        self.store = open_store(self.fleet.store_url)
        self.book = JobBook(self, options)
        self.unexpected: list[str] = []
        """Workers that ended though nobody touched them."""
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    # The workers.

    def start(self) -> None:
        """Start every worker, wait for them, and keep their places filled from now on."""
        for post in self.posts:
            self._fill(post)
        for post in self.posts:
            if post.process is not None:
                self.fleet.wait_for(post.process)
        self._supervisor.start()

    def post_named(self, worker: str | None) -> Post | None:
        return next((post for post in self.posts if post.name == worker), None)

    def _fill(self, post: Post) -> None:
        post.told_to_go = False
        post.process = self.fleet.start(post.role, post.slot, wait=False, **post.host.env)
        post.started += 1

    def _supervise(self) -> None:
        while not self._closing.wait(SUPERVISE_EVERY_S):
            for post in self.posts:
                if post.process is not None and not post.alive:
                    self._note_end(post, post.process.process.wait())
                    self._fill(post)

    def _note_end(self, post: Post, status: int) -> None:
        post.ended.append(status)
        expected = {-signal.SIGKILL, 0} if post.told_to_go else {-signal.SIGKILL}
        if status not in expected and post.process is not None:
            self.unexpected.append(f"{post.name} ended with {status}: see {post.process.log.name}")

    # The servers.

    def kill_redis(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.fleet.redis.pid, signal.SIGKILL)
        self.fleet.redis.stop()

    def start_redis(self) -> None:
        self.fleet.redis.start()

    def raw_redis(self) -> redis.Redis:
        """A plain client, for what happens behind the ledger's back."""
        return redis.Redis.from_url(self.fleet.redis.url, socket_timeout=2, socket_connect_timeout=2)

    @property
    def s3_survives(self) -> bool:
        """Whether the S3 server has its objects when it is started again."""
        return isinstance(self.s3, S3Server)

    def kill_s3(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.s3.pid, signal.SIGKILL)
        self.s3.stop()

    def start_s3(self) -> None:
        if not isinstance(self.s3, S3Server):
            raise TypeError("this S3 server has lost everything")
        self.s3 = S3Server(
            self.s3.folder,
            self.s3.port,
            access_key=self._keys["AWS_ACCESS_KEY_ID"],
            secret_key=self._keys["AWS_SECRET_ACCESS_KEY"],
        )

    # The end.

    def restart_cpu_workers(self) -> None:
        """As after a night: every cpu worker sweeps its host when it starts."""
        for post in self.posts:
            if post.role == "cpu" and post.process is not None:
                post.told_to_go = True
                before = post.started
                post.signal(signal.SIGTERM)
                self._wait(lambda post=post, before=before: post.started > before, 120)
                self.fleet.wait_for(post.process)

    def dismiss(self) -> None:
        """Send every worker SIGTERM and wait until it is gone."""
        self._closing.set()
        self._supervisor.join()
        for post in self.posts:
            post.told_to_go = True
            post.signal(signal.SIGTERM)
        for post in self.posts:
            if post.process is not None:
                self._note_end(post, post.process.process.wait(timeout=120))

    def processes(self) -> list[psutil.Process]:
        """Every living process that was started for this run, and what those started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def close(self) -> None:
        """End everything, also after a failure."""
        self._closing.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for post in self.posts:
            post.signal(signal.SIGKILL, children=True)
        self.fleet.stop()
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        self.faulty_s3.stop()
        self.s3.stop()
        for host in self.hosts:
            host.remove()

    def _wait(self, condition, timeout: float) -> None:
        give_up = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > give_up:
                raise AssertionError(f"waited {timeout:g} s in vain")
            time.sleep(0.05)
