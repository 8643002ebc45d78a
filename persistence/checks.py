"""Whether a file that was reopened is what was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from persistence.probes.facts import AudioFacts, ImageFacts, VideoFacts
from persistence.spool import Samples
from persistence.writers.video import VideoJob
from reelfleet.contract.errors import EncodeFailed

_FPS_TOLERANCE = 1e-3
_PADDING_S = 0.1
"""Codecs of sound add a little at both ends."""


def check_video(name: str, facts: VideoFacts, job: VideoJob, count: int) -> None:
    """Compare a video file with what it should hold.

    Raises:
        EncodeFailed: with every difference.
    """
    asked: dict[str, Any] = {"codec": job.options.codec.value, "width": job.width, "height": job.height, "frames": count}
    found: dict[str, Any] = {"codec": facts.codec, "width": facts.width, "height": facts.height, "frames": facts.frames}
    if not math.isclose(facts.fps, job.fps, rel_tol=_FPS_TOLERANCE):
        asked["fps"], found["fps"] = job.fps, facts.fps
    if job.sound:
        samples, rate = job.sound
        asked["audio"] = f"1 track, {samples.shape[1]} channels, {len(samples) / rate:.3f} s"
        found["audio"] = asked["audio"] if _sound_matches(facts, samples, rate) else f"{facts.audio_tracks}"
    elif facts.audio_tracks:
        asked["audio"], found["audio"] = None, f"{facts.audio_tracks}"
    refuse_differences(name, asked, found)


def check_image(name: str, facts: ImageFacts, *, file_format: str, width: int, height: int) -> None:
    """Compare an image file with what it should hold.

    Raises:
        EncodeFailed: with every difference.
    """
    asked = {"format": file_format, "width": width, "height": height}
    refuse_differences(name, asked, {"format": facts.format, "width": facts.width, "height": facts.height})


def check_audio(name: str, facts: AudioFacts, samples: Samples, sample_rate: int) -> None:
    """Compare a sound file with what it should hold.

    Raises:
        EncodeFailed: with every difference.
    """
    asked = {"samples": len(samples), "channels": samples.shape[1], "sample_rate": sample_rate}
    refuse_differences(name, asked, {"samples": facts.samples, "channels": facts.channels, "sample_rate": facts.sample_rate})


def _sound_matches(facts: VideoFacts, samples: Samples, rate: int) -> bool:
    if len(facts.audio_tracks) != 1:
        return False
    track = facts.audio_tracks[0]
    return track.channels == samples.shape[1] and abs(track.duration_s - len(samples) / rate) <= _PADDING_S


def refuse_differences(name: str, asked: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise when ``found`` is not what was asked for.

    Raises:
        EncodeFailed: with every difference.
    """
    wrong = [key for key in asked if asked[key] != found[key]]
    if wrong:
        told = ", ".join(f"{key} {found[key]} instead of {asked[key]}" for key in wrong)
        raise EncodeFailed(f"{name} does not hold what was asked for: {told}", details={"asked": dict(asked), "found": dict(found)})
