"""One line of text for an event, a time, a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelfleet.cli.output import printable
from reelfleet.contract.event import Event, EventKind
from reelfleet.contract.job import Phase

if TYPE_CHECKING:
    from datetime import datetime

    from reelfleet.contract.job import JobStatus, Progress
    from reelfleet.contract.manifest import AudioTrack

FAST = 10.0
"""Steps a second from which on fractions tell nothing."""
FRAMES = frozenset({Phase.MATTE, Phase.DECODE, Phase.WRITE})
"""Phases that count frames."""


def describe_event(event: Event) -> str:
    """Return an event as a short sentence."""
    return printable(_sentence(event))


def _sentence(event: Event) -> str:
    if event.kind is EventKind.PROGRESS and event.progress is not None:
        return describe_progress(event.progress)
    if event.kind is EventKind.CLAIMED:
        return f"{event.stage or 'job'} started on {event.worker or 'a worker'} (attempt {event.attempt or 1})"
    if event.kind is EventKind.HANDED_ON:
        return event.message or f"waits for {event.stage or 'the next stage'}"
    if event.kind is EventKind.FINISHED:
        return f"{event.state or 'finished'}" + (f": {event.error.message}" if event.error else "")
    if event.kind is EventKind.YIELDED:
        return "given back, waits for a worker" + (f": {event.message}" if event.message else "")
    told = event.message or (event.error.message if event.error else "")
    return f"{event.kind.value.replace('_', ' ')}" + (f": {told}" if told else "")


def describe_progress(progress: Progress) -> str:
    """Return progress as ``denoise 34/50, 2.10/s, 8 s left``, or ``matte 120/300, 24 frames/s, 8 s left``."""
    parts = [str(progress)]
    if progress.rate:
        unit = " frames/s" if progress.phase in FRAMES else "/s"
        parts.append(f"{progress.rate:.0f}{unit}" if progress.rate >= FAST else f"{progress.rate:.2f}{unit}")
    if progress.eta_s:
        parts.append(f"{progress.eta_s:.0f} s left")
    return ", ".join(parts)


def describe_track(track: AudioTrack) -> str:
    """Return a track of sound as ``aac (copied), 48000 Hz, 2 channels, 4.00 s, eng``."""
    how = " (copied)" if track.copied else f" (from {track.source_codec})" if track.source_codec else ""
    channels = f"{track.channels} channel{'s' if track.channels != 1 else ''}"
    parts = [f"{track.codec}{how}", f"{track.sample_rate} Hz", channels, f"{track.duration_s:.2f} s", track.language or ""]
    return ", ".join(part for part in parts if part)


def describe_time(moment: datetime | None) -> str:
    """Return a moment in local time, to the second."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def describe_duration(status: JobStatus) -> str:
    """Return how long a job has run from its first claim to its end, if it has ended."""
    if status.started is None or status.finished is None:
        return ""
    return f"{(status.finished - status.started).total_seconds():.1f} s"
