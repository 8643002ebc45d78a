"""Lets an iterator run ahead in a thread of its own, by a bounded number of items."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class _Failed:
    error: BaseException


class _End:
    """After the last item."""


@contextmanager
def prefetched(items: Iterator[T], depth: int) -> Iterator[Iterator[T]]:
    """Give an iterator over the same items, of which up to ``depth`` are made ahead; what making one raises is raised in its place.

    At the end of the context the thread has ended and the source is closed, however many items were taken.
    """
    ahead = _Ahead(items, depth)
    try:
        yield ahead.taken()
    finally:
        ahead.stop()


class _Ahead(Generic[T]):
    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._made: queue.Queue[T | _Failed | _End] = queue.Queue(depth)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._thread.start()

    def taken(self) -> Iterator[T]:
        while True:
            item = self._made.get()
            if isinstance(item, _End):
                return
            if isinstance(item, _Failed):
                raise item.error
            yield item

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        close = getattr(self._items, "close", None)
        if close is not None:
            close()

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._put(_Failed(error))
        else:
            self._put(_End())

    def _put(self, item: T | _Failed | _End) -> bool:
        while not self._stopping.is_set():
            try:
                self._made.put(item, timeout=LOOK_EVERY_S)
            except queue.Full:
                continue
            return True
        return False
