"""Whether a track of sound can be taken over as it is coded, and which of its packets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from persistence.matte.copied_track import CodedPacket, Cut, coded_packets
from persistence.probes.video import codec_name
from persistence.source.opening import opened
from reelfleet.contract.output import VideoContainer

_PCM = ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le")
COPYABLE: dict[VideoContainer, frozenset[str]] = {
    VideoContainer.MP4: frozenset({"aac", "mp3", "opus", "flac"}),
    VideoContainer.MOV: frozenset({"aac", "mp3", "alac", *_PCM}),
    VideoContainer.MKV: frozenset({"aac", "mp3", "opus", "flac", "vorbis", *_PCM}),
    VideoContainer.WEBM: frozenset({"opus", "vorbis"}),
}
"""What each container takes, by ffmpeg's names; alike for every player."""
_NEED_HEADERS = frozenset({"aac", "opus", "flac", "vorbis", "alac"})
"""Codecs whose packets say nothing without the stream's headers; raw AAC of MPEG-TS has none."""
_AUDIO_FRAME = Fraction(1, 20)
"""Seconds. A cut within one frame of sound is close enough; the common ones are 20 to 43 ms."""
_PREROLL = Fraction(1, 10)
"""Seconds of sound that a decoder needs before it is right again (Opus asks for 80 ms, RFC 7845; AAC and MP3 for a frame or two)."""
_EDITED = frozenset({VideoContainer.MP4, VideoContainer.MOV})
"""Containers that can hold sound before the first frame and say that it is not to be heard (an edit list)."""
_OPUS_RATE = 48_000


@dataclass(frozen=True)
class Copy:
    """A track that can be taken over."""

    cut: Cut
    codec: str
    channels: int
    duration_s: float
    """Of what is heard of it."""


def plan_copy(path: Path, track: int, *, start: Fraction, end: Fraction, container: VideoContainer) -> Copy | None:
    """Find out whether a track can be copied for a range, by reading and decoding the packets that would be.

    Packets keep their times to the pictures exactly. mp4 and mov begin a little before the range, which is not heard, so that the first
    sample in the range is right. Matroska and WebM begin with the first packet in the range: up to one frame of sound is missing there, and
    the decoder may need that frame again to be right. At the end, the last packet may last one frame of sound longer than the pictures.

    Args:
        path: the source.
        track: place among its tracks of sound.
        start: seconds in the source's own time where the range begins.
        end: where it ends.
        container: what the track goes into.

    Returns:
        None when it cannot: another codec than the container takes, packets without times or headers, packets so long that a cut between
        them is not within one frame of sound, nothing to be heard in the range, or packets that do not decode.

    Raises:
        InputUnreadable: when the source cannot be opened.
    """
    with opened(path) as source:
        stream = source.streams.audio[track]
        if not _may_go_into(stream, container):
            return None
        first_allowed = start - (_PREROLL if container in _EDITED else _hidden(stream))
        try:
            seen = _Seen.of(stream, coded_packets(source, stream, start - _PREROLL, end), first_allowed, start, inside=container in _EDITED)
        except (ValueError, av.FFmpegError):
            return None  # it is decoded to the end then, and whoever does that says what is wrong
        if seen is None or seen.missing > _AUDIO_FRAME or seen.end - end > _AUDIO_FRAME:
            return None
        cut = Cut(track=track, origin=start, first=seen.first, stop=end)
        return Copy(cut, codec_name(stream), stream.channels, float(seen.heard))


@dataclass(frozen=True)
class _Seen:
    """What the packets of a range come to, in seconds of the source's own time."""

    first: Fraction
    end: Fraction
    heard: Fraction
    missing: Fraction
    """Between the start of the range and the first packet that is kept, where the track has sound there."""

    @classmethod
    def of(cls, stream: Any, packets: Any, first_allowed: Fraction, start: Fraction, *, inside: bool) -> _Seen | None:
        first: Fraction | None = None
        end, heard, missing = start, Fraction(0), Fraction(0)
        coded: CodedPacket
        for coded in packets:
            begins_late = coded.start < first_allowed and not (inside and coded.end > first_allowed)
            if first is None and begins_late:
                missing = max(Fraction(0), coded.end - start)
                continue
            stream.codec_context.decode(coded.packet)
            first = coded.start if first is None else first
            end = max(end, coded.end)
            heard += max(Fraction(0), coded.end - max(coded.start, start))
        return None if first is None or not heard else cls(first, end, heard, missing)


def _may_go_into(stream: Any, container: VideoContainer) -> bool:
    context = stream.codec_context
    if context is None:
        return False
    name = codec_name(stream)
    return name in COPYABLE[container] and (name not in _NEED_HEADERS or bool(context.extradata))


def _hidden(stream: Any) -> Fraction:
    """Return how many seconds a decoder drops by itself: Opus' pre-skip (RFC 7845, 5.1), which Matroska subtracts from every time."""
    header = stream.codec_context.extradata
    if codec_name(stream) != "opus" or len(header or b"") < 12:  # noqa: PLR2004 - up to the pre-skip
        return Fraction(0)
    return Fraction(int.from_bytes(header[10:12], "little"), _OPUS_RATE)
