"""What a source is, before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.video.reformatter import ColorTrc
from PIL import Image, UnidentifiedImageError

from persistence.input_checks import IMAGE_FORMATS, check_image, check_pixels, check_video
from persistence.probes.video import codec_name
from persistence.source.frame_index import FrameIndex, index_frames
from persistence.source.opening import opened, pictures_of
from persistence.source.upright import rotation_of
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceFacts, SourceTrack

RATE_TOLERANCE = 1e-3
UNSURE_S = 0.5
MATROSKA_DURATION = re.compile(r"(\d+):(\d\d):(\d\d\.\d+)")
EXIF_ROTATION = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""Degrees clockwise by which EXIF's orientations (tag 274) turn a picture for viewing."""
EXIF_ORIENTATION = 274


def probe_source(path: Path, *, max_pixels: int) -> SourceFacts:
    """Look into a video or an image: its packets are counted, and its first frame is decoded.

    Raises:
        InputUnreadable: when it is empty, neither of the two, broken from the start, without times, or has more than ``max_pixels``.
    """
    if not path.stat().st_size:
        raise InputUnreadable("the file is empty")
    return _probe_image(path, max_pixels) or _probe_video(path, max_pixels)


def check_pictures(path: Path, max_pixels: int) -> str:
    """Look into what is to be matted, or into a mask, and return its media type.

    Raises:
        InputUnreadable: when it is neither a video nor an image, broken from the start, or has more than ``max_pixels``.
    """
    facts = probe_source(path, max_pixels=max_pixels)
    return (check_image if facts.media == "image" else check_video)(path, max_pixels)


def _probe_image(path: Path, max_pixels: int) -> SourceFacts | None:
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            check_pixels(image.width, image.height, max_pixels)
            image.load()
            rotation = EXIF_ROTATION.get(image.getexif().get(EXIF_ORIENTATION, 1), 0)
            width, height = (image.height, image.width) if rotation % 180 else image.size
            return SourceFacts(
                media="image",
                width=width,
                height=height,
                frames=1,
                codec=str(image.format).lower(),
                pixel_format=image.mode,
                rotation=rotation,
            )
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputUnreadable(f"a broken image: {error}") from error


def _probe_video(path: Path, max_pixels: int) -> SourceFacts:
    index = index_frames(path)
    with opened(path) as container:
        stream = pictures_of(container)
        check_pixels(stream.width, stream.height, max_pixels)
        first = next((frame for frame in container.decode(stream) if not frame.is_corrupt), None)
        if first is None:
            raise InputUnreadable("its video is empty")
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        rotation = rotation_of(first)
        width, height = max(1, round(first.width * aspect)), first.height
        if rotation % 180:
            width, height = height, width
        # Pixels may be said to be many times as wide as they are high.
        check_pixels(width, height, max_pixels)
        return SourceFacts(
            media="video",
            width=width,
            height=height,
            frames=len(index.times),
            fps=_fps(index, stream),
            constant_rate=index.constant,
            duration_s=float(index.time(len(index.times))),
            missing_s=_missing_s(index, container, stream),
            codec=codec_name(stream),
            pixel_format=first.format.name,
            rotation=rotation,
            pixel_aspect=f"{aspect.numerator}:{aspect.denominator}",
            transfer={ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}.get(first.color_trc, "sdr"),
            audio_tracks=tuple(_tracks(path, container)),
        )


def _fps(index: FrameIndex, stream: Any) -> float | None:
    """Return the rate; of a constant one the container's own word, which its rounded times may blur."""
    told, counted = stream.average_rate, index.fps
    if counted is None:
        return float(told) if told else None
    near = told and abs(float(told) - float(counted)) <= max(RATE_TOLERANCE * float(counted), 0.01)
    return float(told) if index.constant and near else float(counted)


def _missing_s(index: FrameIndex, container: Any, stream: Any) -> float:
    """Return how much of the pictures the file says it has and has not; less than half a second is how containers round."""
    end = index.origin + index.time(len(index.times))
    promised = _promised_end(container, stream)
    missing = 0.0 if promised is None else float(promised - end)
    return missing if missing > UNSURE_S else 0.0


def _promised_end(container: Any, stream: Any) -> Fraction | None:
    """Return when the pictures end by the file's own word; none where it says nothing, or only when the sound ends."""
    if stream.duration:
        return Fraction((stream.start_time or 0) + stream.duration) * Fraction(stream.time_base)
    tagged = MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if tagged is not None:
        return int(tagged[1]) * 3600 + int(tagged[2]) * 60 + Fraction(tagged[3])
    if container.duration and not container.streams.audio:
        return Fraction((container.start_time or 0) + container.duration, av.time_base)
    return None


def _tracks(path: Path, container: Any) -> Iterator[SourceTrack]:
    streams = container.streams.audio
    silent_on_length = [number for number, stream in enumerate(streams) if not stream.duration]
    lengths = _lengths_s(path, silent_on_length) if silent_on_length else {}
    for number, stream in enumerate(streams):
        # MPEG-TS says nothing of sound that begins late; a track in which nothing ever sounds is none.
        known = stream.codec_context is not None
        heard = _UNKNOWN if not known else stream if stream.rate and stream.channels else _first_sound(path, number)
        if heard is None:
            continue
        language = stream.metadata.get("language")
        yield SourceTrack(
            index=number,
            codec=codec_name(stream) if known else "unknown",
            sample_rate=heard.rate,
            channels=heard.channels,
            duration_s=lengths[number] if number in lengths else float(stream.duration * stream.time_base),
            language=None if language in {None, "und"} else language,
        )


def _lengths_s(path: Path, numbers: Sequence[int]) -> dict[int, float]:
    """Return from when to when tracks sound, by their packets, for containers that tell the length of the whole alone; in seconds."""
    begins: dict[int, Fraction] = {}
    ends: dict[int, Fraction] = {}
    with opened(path) as container:
        place = {container.streams.audio[number].index: number for number in numbers}
        for packet in container.demux([container.streams.audio[number] for number in numbers]):
            if packet.pts is None:
                continue
            number, begin = place[packet.stream_index], packet.pts * Fraction(packet.time_base)
            begins[number] = min(begin, begins.get(number, begin))
            ends[number] = max(begin + (packet.duration or 0) * Fraction(packet.time_base), ends.get(number, begin))
    # What lies before time 0 is there to get the decoder going.
    return {number: max(0.0, float(ends[number] - max(begins[number], Fraction(0)))) if number in ends else 0.0 for number in numbers}


class _Sound(NamedTuple):
    rate: int
    channels: int


_UNKNOWN = _Sound(1, 1)
"""What is told of a track that nothing can decode. It fails a job only if sound is wanted."""


def _first_sound(path: Path, number: int) -> _Sound | None:
    with opened(path) as container:
        frame = next(iter(container.decode(container.streams.audio[number])), None)
        return None if frame is None else _Sound(frame.sample_rate, len(frame.layout.channels))
