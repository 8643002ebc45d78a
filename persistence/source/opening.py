"""Opening a source: plain containers alone, which lead to no other file or address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from persistence.input_checks import SOUND_CONTAINERS
from reelfleet.contract.errors import InputUnreadable


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Give PyAV's container of a file, closed at the end.

    Raises:
        InputUnreadable: when it is no such container, or what is read within the context is damaged.
    """
    try:
        options = {"format_whitelist": SOUND_CONTAINERS, "protocol_whitelist": "file"}
        with av.open(str(path), options=options, metadata_errors="replace") as container:
            yield container
    except av.FFmpegError as error:
        raise InputUnreadable(f"it does not decode: {error.strerror}") from error


def pictures_of(container: Any) -> Any:
    """Return the stream with the moving pictures; covers of sound files are none.

    Raises:
        InputUnreadable: when there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            # With threads per frame it would depend on chance what a damaged file still gives.
            stream.thread_type = "SLICE"
            return stream
    raise InputUnreadable("it holds no video")
