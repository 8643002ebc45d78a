"""Whether a file is what its field wants. Each check returns the media type, as the content tells it and not the name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from PIL import Image, UnidentifiedImageError

from reelfleet.contract.errors import InputUnreadable

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
VIDEO_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg"
SOUND_CONTAINERS = f"{VIDEO_CONTAINERS},wav,w64,flac,mp3,aac,aiff,caf"
"""ffmpeg opens far more, among it playlists that name other files and addresses; those are not to be opened for anybody."""
_MEDIA_TYPES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "avi": "x-msvideo",
    "mpegts": "mp2t",
    "mp3": "mpeg",
    "matroska,webm": "matroska",
}

Check = Callable[[Path, int], str]


def check_image(path: Path, max_pixels: int) -> str:
    """Decode an image whole.

    Raises:
        InputUnreadable: when it is no image, broken, or has more than ``max_pixels``; the size is read before any pixel.
    """
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            check_pixels(image.width, image.height, max_pixels)
            image.load()
            return Image.MIME[str(image.format)]
    except UnidentifiedImageError as error:
        raise InputUnreadable(f"not an image; {', '.join(IMAGE_FORMATS)} are read") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputUnreadable(f"a broken image: {error}") from error


def check_video(path: Path, max_pixels: int) -> str:
    """Decode the first picture of a video.

    Raises:
        InputUnreadable: when it is no video, broken from the start, or its pictures have more than ``max_pixels``.
    """
    return _check_media(path, "video", VIDEO_CONTAINERS, max_pixels)


def check_audio(path: Path, max_pixels: int) -> str:
    """Decode the first samples of a sound file, or of a video's sound.

    Raises:
        InputUnreadable: when it has no sound or is broken from the start.
    """
    return _check_media(path, "audio", SOUND_CONTAINERS, max_pixels)


def _check_media(path: Path, kind: str, containers: str, max_pixels: int) -> str:
    try:
        options = {"format_whitelist": containers, "protocol_whitelist": "file"}
        with av.open(str(path), options=options, metadata_errors="replace") as container:
            streams = getattr(container.streams, kind)
            if not streams:
                raise InputUnreadable(f"it holds no {kind}")
            if kind == "video":
                check_pixels(streams[0].width, streams[0].height, max_pixels)
            if next(iter(container.decode(streams[0])), None) is None:
                raise InputUnreadable(f"its {kind} is empty")
            return _media_type(container)
    except av.FFmpegError as error:
        raise InputUnreadable(f"it does not decode as {kind}: {error.strerror}") from error


def _media_type(container: Any) -> str:
    name = container.format.name
    return f"{'video' if container.streams.video else 'audio'}/{_MEDIA_TYPES.get(name, name)}"


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Refuse pictures that are too large.

    Raises:
        InputUnreadable: when width times height is more than ``max_pixels``.
    """
    if width * height > max_pixels:
        raise InputUnreadable(f"{width}x{height} pixels, and at most {max_pixels} are taken (REEL_MAX_IMAGE_PIXELS)")
