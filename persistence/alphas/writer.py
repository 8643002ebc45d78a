"""Writes the alphas of one attempt beside the computation: a bounded queue, one thread, one open segment."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from persistence.alphas.index import INDEX_NAME, AlphaIndex
from persistence.alphas.segment import Alpha, Segment, SegmentWriter
from persistence.boot import boot_id
from persistence.disk import writing
from reelfleet.store.durable import flush_file, write_durably

DEPTH = 8
"""Alphas that may wait to be written; then the computation waits for the disk."""


class AlphaWriter:
    """Takes alphas in any order of frames; every one that was taken before :meth:`close_segment` is in a closed segment after it.

    Args:
        folder: of the segments; it may hold those of earlier attempts.
        prefix: a number that no other writer of the job has: the fence of the lease.
    """

    def __init__(self, folder: Path, *, prefix: int) -> None:
        self.folder = folder
        self._prefix = prefix
        self._closed: list[Segment] = []
        self._made = 0
        self._open: SegmentWriter | None = None
        self._failure: BaseException | None = None
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(DEPTH)
        self._thread = threading.Thread(target=self._work, name="alphas", daemon=True)
        self._thread.start()

    def go_on_with(self, closed: Sequence[Segment]) -> None:
        """Forget what was written, and go on after these segments, which lie in the folder."""
        self._settle()
        if self._open is not None:
            self._open.discard()
            self._open = None
        self._closed = list(closed)

    def write(self, target: str, frame: int, alpha: Alpha) -> None:
        """Take an alpha, uint8 (height, width), which the caller changes no more.

        Raises:
            DiskFull, EncodeFailed: when this one or an earlier one could not be written.
        """
        self._raise_failure()
        self._waiting.put(lambda: self._append(target, frame, alpha))

    def close_segment(self) -> tuple[Segment, ...]:
        """Wait until everything taken is written, close the segment, and return all closed ones in order.

        Raises:
            DiskFull, EncodeFailed: when something could not be written.
        """
        self._settle()
        self._raise_failure()
        if self._open is not None:
            self._closed.append(self._open.close())
            self._open = None
        return tuple(self._closed)

    def finish(self, folder: Path, *, targets: tuple[str, ...], size: tuple[int, int], start: int, count: int) -> None:
        """Close the last segment and write the index into ``folder``, an attempt's own; ``size`` is (width, height).

        As a spool of frames, the files are not flushed: the index names the boot instead.

        Raises:
            DiskFull, EncodeFailed: when something could not be written.
        """
        segments, boot = self.close_segment(), boot_id()
        index = AlphaIndex(
            targets=targets, width=size[0], height=size[1], start=start, count=count, segments=segments, boot_id=boot
        ).model_dump_json()
        path = folder / INDEX_NAME
        with writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            if boot is None:
                for segment in segments:
                    flush_file(self.folder / segment.name)
                write_durably(path, index.encode())
            else:
                unfinished = path.with_name(f"{INDEX_NAME}.part")
                unfinished.write_text(index, "utf-8")
                unfinished.replace(path)

    def release(self) -> None:
        """End the thread; what is open stays unfinished. Calling it twice is fine."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        if self._open is not None:
            self._open.discard()
            self._open = None

    def _append(self, target: str, frame: int, alpha: Alpha) -> None:
        if self._open is None:
            self._made += 1
            self._open = SegmentWriter(self.folder / f"{self._prefix}-{self._made}.zip")
        self._open.write(target, frame, alpha)

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            try:
                if self._failure is None:
                    task()
            except BaseException as error:  # noqa: BLE001 - it is raised where the caller hears it
                self._failure = error
            finally:
                self._waiting.task_done()
        self._waiting.task_done()

    def _settle(self) -> None:
        self._waiting.join()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
