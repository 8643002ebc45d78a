"""Draws faults from the seed, lets them happen, and heals them in time."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import redis

from reelfleet.contract.errors import FleetError
from tests.chaos.faults import KINDS, WEIGHTS
from tests.chaos.journal import Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.faults.act import Act
    from tests.chaos.field import Field
    from tests.chaos.options import Options

AT_ONCE = 3
"""Lasting faults at a time: with more, nothing would ever run."""
HEAL_PATIENCE_S = 60.0
TROUBLE = (FleetError, redis.RedisError, OSError)


class Injector:
    """A thread that makes the weather."""

    def __init__(self, field: Field, options: Options) -> None:
        self._field, self._options = field, options
        self.journal = Journal()
        self._over = threading.Event()
        self._lasting: dict[int, tuple[str, threading.Timer, Callable[[], None]]] = {}
        self._timers: list[threading.Timer] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._make, name="injector", daemon=True)
        kinds = options.only or tuple(KINDS)
        self._kinds = [KINDS[kind] for kind in kinds if kind not in options.without]
        self.broken: list[str] = []
        """Faults that could not be healed: the run says nothing then."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Make no more faults and heal what lasts."""
        self._over.set()
        self._thread.join()
        with self._lock:
            lasting = list(self._lasting.values())
        for _, timer, heal in lasting:
            timer.cancel()
            heal()
        for timer in self._timers:
            timer.join()

    def _make(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            random = Random(f"{self._options.seed}/fault {number}")
            if self._over.wait(min(random.expovariate(1 / self._options.fault_every_s), 5 * self._options.fault_every_s)):
                return
            draw = random.choices(self._kinds, [WEIGHTS[kind] for kind in self._kinds])[0]
            act = None
            with suppress(*TROUBLE):  # Redis is away, and the target is chosen by what it says
                act = draw(self._field, random)
            if act is not None and self._has_room(act):
                self._let_happen(draw.__name__, act)

    def _has_room(self, act: Act) -> bool:
        with self._lock:
            busy = {target for target, _, _ in self._lasting.values()}
        return act.target not in busy and (not act.lasts_s or len(busy) < AT_ONCE)

    def _let_happen(self, kind: str, act: Act) -> None:
        entry = self.journal.begin(kind, act.target, act.costs)
        if act.lasts_s:
            timer = threading.Timer(act.lasts_s, lambda: self._heal(entry, act))
            with self._lock:
                self._lasting[entry.number] = (act.target, timer, lambda: self._heal(entry, act))
            self._timers.append(timer)
            timer.start()
        try:
            act.begin()
        except TROUBLE as error:
            entry.trouble = f"{type(error).__name__}: {error}"
        if not act.lasts_s:
            entry.ended = time.time()

    def _heal(self, entry: Entry, act: Act) -> None:
        """Heal once; an order that Redis does not take is given again."""
        with self._lock:
            if self._lasting.pop(entry.number, None) is None:
                return
        give_up = time.monotonic() + HEAL_PATIENCE_S
        while True:
            try:
                act.heal()
                break
            except TROUBLE as error:
                if time.monotonic() > give_up:
                    self.broken.append(f"{entry.kind} of {entry.target} was not healed: {error}")
                    break
                time.sleep(0.2)
        entry.ended = time.time()
