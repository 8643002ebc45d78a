"""A running fleet: starts its processes in order, tells when one ends, stops them in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil

from deploy.local.child import Child, free_port, start, wait_until
from deploy.local.folder import FleetDescription, FleetFolder, ProcessEntry
from deploy.local.process import FOLDER_VARIABLE, ProcessMark, processes_marked, stop_processes
from deploy.local.redis_server import RedisServer
from deploy.local.s3_server import S3Server
from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.ledger import Ledger

BUCKET = "reelfleet"


@dataclass(frozen=True)
class FleetPlan:
    """What a fleet consists of."""

    gpu_workers: int = 1
    cpu_workers: int = 1
    store: Literal["file", "s3"] = "s3"
    flower: bool = True
    start_limit_s: float = 180
    grace_s: float = 10


class LocalFleet:
    """Every process of a fleet in one folder. A context manager: what was started is stopped, however the block ends."""

    def __init__(self, folder: FleetFolder, plan: FleetPlan, *, tell: Callable[[str], None]) -> None:
        """Plan a fleet; ``tell`` gets lines for people."""
        self._folder, self._plan, self._tell = folder, plan, tell
        self._redis = RedisServer(folder.redis)
        self._s3: S3Server | None = None
        self._children: list[Child] = []
        self._ended: set[str] = set()
        self._entries: list[ProcessEntry] = []
        self._marks: dict[str, ProcessMark] = {}
        self.environment: dict[str, str] = {}
        self.description: FleetDescription | None = None

    def __enter__(self) -> Self:
        os.environ[FOLDER_VARIABLE] = str(self._folder.path)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def report_ended(self) -> None:
        """Tell of processes that have ended since the last call; the others go on."""
        for child in self._children:
            status = child.ended()
            if status is not None and child.name not in self._ended:
                self._ended.add(child.name)
                self._tell(f"{child.name} ended with status {status}; its log is {child.log}")

    def stop(self) -> None:
        """Stop everything: workers first, because they give back what they hold in Redis; then forget the fleet."""
        self._tell("stopping")
        stop_processes(self._running(), grace_s=self._plan.grace_s)
        for child in self._children:
            child.process.wait()
        if self._s3 is not None:
            self._s3.stop()
        self._redis.stop()
        stop_processes(processes_marked(self._folder.path), grace_s=self._plan.grace_s)
        self._folder.forget()

    def _start(self) -> None:
        self._record("supervisor", "supervisor", os.getpid())
        self._tell("starting Redis")
        self._redis.start()
        self._record("redis", "redis", self._redis.pid)
        self.environment = self._addresses() | _defaults(self._folder)
        self._folder.keep_environment(self.environment)
        flower_url = self._start_flower() if self._plan.flower else None
        self._start_workers()
        self._wait(flower_url)
        self.description = FleetDescription(
            broker_url=self._redis.url,
            store_url=self.environment["REEL_STORE_URL"],
            flower_url=flower_url,
            processes=tuple(self._entries),
        )
        self._folder.describe(self.description)

    def _addresses(self) -> dict[str, str]:
        """Return where the broker and the store are; starts the S3 server if there is to be one."""
        broker = {"REEL_BROKER_URL": self._redis.url}
        if self._plan.store == "file":
            self._folder.store.mkdir(exist_ok=True)
            return {**broker, "REEL_STORE_URL": self._folder.store.as_uri()}
        self._tell("starting the S3 server")
        self._s3 = S3Server(self._folder.objects)
        self._record("s3", "s3", self._s3.pid)
        return {**broker, "REEL_STORE_URL": self._s3.store_url(BUCKET), **self._s3.env}

    def _start_flower(self) -> str:
        self._tell("starting Flower")
        port = free_port()
        options = ["--conf=deploy/flowerconfig.py", "--address=127.0.0.1", f"--port={port}"]
        command = [sys.executable, "-m", "celery", "-A", "tasks.app", "flower", *options]
        self._launch("flower", "flower", command)
        return f"http://127.0.0.1:{port}"

    def _start_workers(self) -> None:
        for role, count in (("gpu", self._plan.gpu_workers), ("cpu", self._plan.cpu_workers)):
            for slot in range(count):
                self._tell(f"starting {role}{slot}")
                command = [sys.executable, "-m", "tasks.worker", role, "--slot", str(slot)]
                # Workers that compute on the CPU share no device: each has a slot of its own.
                self._launch(f"{role}{slot}", role, command, {"REEL_CPU_SLOT": str(slot)})

    def _launch(self, name: str, role: str, command: list[str], more: dict[str, str] | None = None) -> None:
        child = start(name, role, command, environment={**self.environment, **(more or {})}, log=self._folder.log(name))
        self._children.append(child)
        self._record(name, role, child.pid)

    def _wait(self, flower_url: str | None) -> None:
        workers = [child for child in self._children if child.role in {"gpu", "cpu"}]
        self._tell(f"waiting for {', '.join(child.name for child in workers) or 'no worker'}")
        ledger = Ledger.connect(self._redis.url)
        limit_s = self._plan.start_limit_s
        wait_until(lambda: _alive(ledger) >= {child.pid for child in workers}, workers, what="its heartbeat", limit_s=limit_s)
        if flower_url is not None:
            flower = [child for child in self._children if child.role == "flower"]
            wait_until(lambda: _answers(f"{flower_url}/healthcheck"), flower, what="it answered", limit_s=limit_s)

    def _record(self, name: str, role: str, pid: int) -> None:
        """Write a process down as soon as it is there, so that ``down`` finds it even if this one crashes next."""
        self._entries.append(ProcessEntry(name=name, role=role, pid=pid))
        self._marks[name] = ProcessMark.of(pid)
        self._folder.keep_marks(self._marks)

    def _running(self) -> list[psutil.Process]:
        found = (ProcessMark.of(child.pid).process() for child in self._children if child.ended() is None)
        return [process for process in found if process is not None]


def _defaults(folder: FleetFolder) -> dict[str, str]:
    """Return settings that suit one machine; what the user has set stands."""
    defaults = {
        "REEL_SPOOL_DIR": str(folder.path / "spool"),
        "REEL_CACHE_DIR": str(folder.path / "cache"),
        "REEL_TINY_MODELS": "1",
        # Several processes that each use every core are many times slower than one thread each.
        "REEL_TORCH_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()}


def _alive(ledger: Ledger) -> set[int]:
    try:
        return {info.pid for info in ledger.workers.all()}
    except BrokerUnavailable:
        return set()


def _answers(url: str) -> bool:
    try:
        build_opener(ProxyHandler({})).open(url, timeout=2).close()
    except (URLError, OSError):
        return False
    return True
