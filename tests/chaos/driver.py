"""One run from the first process to the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import redis

from reelfleet.contract.errors import BrokerUnavailable
from tests.chaos import leftovers
from tests.chaos.baseline import Content, undisturbed
from tests.chaos.field import Field
from tests.chaos.histories import without_cause
from tests.chaos.injector import Injector
from tests.chaos.report import Report
from tests.chaos.verify import histories, problems_of_jobs
from tests.chaos.workload import put_inputs

if TYPE_CHECKING:
    from tests.chaos.options import Options

POLL_S = 0.1
TELL_EVERY_S = 10.0
SETTLE_S = 45.0
"""How long an idle fleet has to put away what is left: tickets that came twice, locks of the dead, spools."""

Tell = Callable[[str], None]


class Driver:
    """Runs once."""

    def __init__(self, options: Options, tell: Tell) -> None:
        self._options, self._tell = options, tell
        self._began = time.monotonic()
        self._field = Field(options)
        self._injector = Injector(self._field, options)
        self._report = Report(options.seed, {name: str(value) for name, value in asdict(options).items()})

    def run(self) -> Report:
        """Start, disturb, calm down, verify, stop."""
        field, report, options = self._field, self._report, self._options
        try:
            field.start()
            put_inputs(field.store)
            self._mark("started")
            expected = undisturbed(field, field.book, seeds=options.seeds)
            self._mark("undisturbed")
            try:
                self._storm()
            except KeyboardInterrupt:
                self._tell("no more jobs, no more faults; what there is comes to its end (again to stop at once)")
            self._mark("storm")
            ended = self._calm()
            self._mark("calm")
            self._verify(expected, ended=ended)
        finally:
            field.close()
            report.seconds["total"] = round(time.monotonic() - self._began, 1)
        report.write(self._options.folder / "report.json", self._injector.journal.as_json())
        return report

    def _mark(self, name: str) -> None:
        self._report.seconds[name] = round(time.monotonic() - self._began, 1)
        self._tell(f"{self._report.seconds[name]:7.1f} s  {name}")

    def _storm(self) -> None:
        """Keep the window of open jobs filled while the injector does its worst."""
        book, options = self._field.book, self._options
        wanted, began = book.planned + options.jobs, time.monotonic()
        self._injector.start()
        told = time.monotonic()
        while book.planned < wanted or time.monotonic() < began + options.weather_s:
            if time.monotonic() > began + options.longest_storm_s:
                return
            open_jobs = book.open()
            # Also while Redis is away, as producers do: the order is refused, and repeated with its id.
            full = open_jobs is not None and open_jobs >= options.window
            if not full and not book.pending:
                book.plan_next()
            if full or not book.send():
                time.sleep(POLL_S)
            if time.monotonic() - told >= TELL_EVERY_S:
                told = time.monotonic()
                self._progress(open_jobs)

    def _calm(self) -> bool:
        """Heal everything and wait for the jobs; false when they do not end."""
        self._injector.stop()
        self._mark("healed")
        book = self._field.book
        least, since, told = None, time.monotonic(), time.monotonic()
        while (open_jobs := book.open() if book.send() else None) != 0:
            if open_jobs is not None and (least is None or open_jobs < least):
                least, since = open_jobs, time.monotonic()
            if time.monotonic() - since > self._options.stuck_after_s:
                return False
            if time.monotonic() - told >= TELL_EVERY_S:
                told = time.monotonic()
                self._progress(open_jobs)
            time.sleep(POLL_S)
        return True

    def _verify(self, expected: dict[str, Content], *, ended: bool) -> None:
        field, report, journal = self._field, self._report, self._injector.journal
        report.problems += self._injector.broken
        if ended:
            field.restart_cpu_workers()
            report.problems += self._settled(lambda: [*leftovers.in_redis(field), *leftovers.locks(field), *leftovers.on_disks(field)])
        found = histories(field)
        report.problems += problems_of_jobs(field, found, expected, journal)
        report.problems += leftovers.in_store(field, found)
        report.unacknowledged = leftovers.unacknowledged(field)
        report.superseded_objects = dict(leftovers.superseded(field, found))
        report.count(found)
        report.lost_without_cause = sum(len(without_cause(history, journal)) for history in found.values())
        self._mark("verified")
        field.dismiss()
        report.problems += self._settled(lambda: [*self._processes(), *leftovers.locks(field)])
        report.problems += field.unexpected
        report.faults, report.refused_submissions = journal.by_kind(), field.book.refused
        report.worker_starts = sum(post.started for post in field.posts)
        self._mark("stopped")

    def _processes(self) -> list[str]:
        found = []
        for process in self._field.processes():
            with suppress(Exception):
                found.append(f"the process {process.pid} is left: {' '.join(process.cmdline())}")
        return found

    def _settled(self, look: Callable[[], list[str]]) -> list[str]:
        """Return what is still there when an idle fleet has had its time."""
        give_up = time.monotonic() + SETTLE_S
        while True:
            try:
                left = look()
            except (redis.RedisError, BrokerUnavailable) as error:
                left = [str(error)]
            if not left or time.monotonic() > give_up:
                return left
            time.sleep(POLL_S)

    def _progress(self, open_jobs: int | None) -> None:
        book, journal = self._field.book, self._injector.journal
        alive = sum(post.alive for post in self._field.posts)
        faults = len(journal.entries)
        said = "Redis is away" if open_jobs is None else f"{open_jobs} open"
        self._tell(f"{time.monotonic() - self._began:7.1f} s  {book.planned} jobs, {said}, {faults} faults, {alive} workers")
