"""Whether the files of a matting, reopened, are what was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from persistence.checks import refuse_differences
from persistence.matte.archive import ArchiveFacts
from persistence.naming import frame_member
from persistence.probes.facts import FrameTimes, VideoFacts
from persistence.writers.video import VideoJob
from reelfleet.contract.manifest import AudioTrack

_PADDING_S = 0.1
"""Codecs of sound add a little at both ends."""
_MOVIE_TICK_S = Fraction(1, 1000)
"""What lengths are rounded to in the edit list of an mp4 or mov, which is there when pictures are stored out of order."""
_ISO_639_2 = re.compile(r"[a-z]{3}")


@dataclass(frozen=True)
class ExpectedTrack:
    """One track of sound, as it should be found."""

    codec: str | None
    """None: whatever the container's encoder makes."""
    channels: int
    duration_s: float
    language: str | None

    def problem(self, found: AudioTrack) -> str | None:
        """Return what is wrong with a track that was found, or none. A language that the container has no code for may be missing."""
        if self.codec is not None and found.codec != self.codec:
            return f"codec {found.codec} instead of {self.codec}"
        if found.channels != self.channels:
            return f"{found.channels} channels instead of {self.channels}"
        if abs(found.duration_s - self.duration_s) > _PADDING_S:
            return f"{found.duration_s:.3f} s instead of {self.duration_s:.3f} s"
        if self.language and _ISO_639_2.fullmatch(self.language) and found.language not in {None, self.language}:
            return f"language {found.language} instead of {self.language}"
        return None


def check_matte_video(
    name: str, facts: VideoFacts, job: VideoJob, starts: Sequence[int], end: int, tracks: Sequence[ExpectedTrack]
) -> None:
    """Compare a video file with what it should hold.

    Args:
        name: of the file, for the message.
        facts: what was found.
        job: what was written.
        starts: when each frame should be shown, in ``job.tick``.
        end: when the last one should end, in the same.
        tracks: of sound, in order.

    Raises:
        EncodeFailed: with every difference.
    """
    asked: dict[str, Any] = {"codec": job.options.codec.value, "width": job.width, "height": job.height, "frames": len(starts)}
    found: dict[str, Any] = {"codec": facts.codec, "width": facts.width, "height": facts.height, "frames": facts.frames}
    asked["alpha"], found["alpha"] = job.encoder.keeps_alpha, facts.alpha
    asked["times"], found["times"] = "as asked for", _times_problem(facts.times, job.tick, starts, end) or "as asked for"
    asked["audio"], found["audio"] = "as asked for", _sound_problem(facts.audio_tracks, tracks) or "as asked for"
    refuse_differences(name, asked, found)


def check_archive(name: str, facts: ArchiveFacts, *, numbers: Sequence[int], mode: str, width: int, height: int) -> None:
    """Compare an archive with what it should hold.

    Raises:
        EncodeFailed: with every difference.
    """
    members = tuple(frame_member(number) for number in numbers)
    asked = {"frames": len(members), "names": "as asked for", "pictures": [(mode, width, height)]}
    names = "as asked for" if facts.frames == members else f"{facts.frames[:1]} and on"
    refuse_differences(name, asked, {"frames": len(facts.frames), "names": names, "pictures": sorted(facts.kinds)})


def _times_problem(times: FrameTimes | None, tick: Fraction, starts: Sequence[int], end: int) -> str | None:
    """Compare within half a tick of the container, which counts milliseconds in Matroska and has the writer's own clock in mp4 and mov.

    The end is compared within a millisecond at least: see ``_MOVIE_TICK_S``.
    """
    if times is None:
        return "not told"
    for index, (found, asked) in enumerate(zip(times.starts, starts, strict=False)):
        if abs(found * times.tick - asked * tick) > times.tick / 2:
            return f"frame {index} at {float(found * times.tick):.6f} s instead of {float(asked * tick):.6f} s"
    if times.end is None or abs(times.end - end * tick) > max(times.tick, _MOVIE_TICK_S):
        return f"the end at {times.end and float(times.end)} s instead of {float(end * tick):.6f} s"
    return None


def _sound_problem(found: Sequence[AudioTrack], asked: Sequence[ExpectedTrack]) -> str | None:
    if len(found) != len(asked):
        return f"{len(found)} tracks instead of {len(asked)}"
    problems = [(index, track.problem(there)) for index, (track, there) in enumerate(zip(asked, found, strict=True))]
    return "; ".join(f"track {index}: {problem}" for index, problem in problems if problem) or None
