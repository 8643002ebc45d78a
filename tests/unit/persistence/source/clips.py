"""Clips whose frames tell their number: black and white blocks, a bit each, which survive scaling, turning and any coding."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

BITS = 6
WIDTH, HEIGHT, FPS, COUNT = 96, 32, 10, 30
RATE = 16_000


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The number in binary, the highest bit at the left: uint8 (height, width, 3); the lower half is red, so that up and down differ."""
    bits = [255 * (number >> bit & 1) for bit in reversed(range(BITS))]
    row = np.repeat(np.array(bits, np.uint8), -(-width // BITS))[:width]
    frame = np.repeat(np.repeat(row[None], height, axis=0)[..., None], 3, axis=2)
    frame[height // 2 :] = (200, 30, 30)
    return frame


def grainy(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The same with noise for its lower half, which takes many bytes to code."""
    frame = picture(number, width, height)
    frame[height // 2 :] = np.random.default_rng(number).integers(0, 256, frame[height // 2 :].shape)
    return frame


def number_of(rgb: np.ndarray) -> int:
    """Read the number that an upright frame tells."""
    height, width = rgb.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(int(rgb[height // 5, x].mean() > 128) << (BITS - 1 - bit) for bit, x in enumerate(centres))


def make_clip(
    path: Path,
    *,
    count: int = COUNT,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    fps: int = FPS,
    times: Sequence[int] | None = None,
    encoder: str = "libx264",
    pixel_format: str = "yuv444p",
    options: dict[str, str] | None = None,
    content: Callable[..., np.ndarray] = picture,
    sounds: Sequence[tuple[str, float, int]] = (),
    sound_encoder: str = "aac",
    wave: Callable[[np.ndarray], np.ndarray] | None = None,
    late_s: int = 0,
    **stream_attributes,
) -> Path:
    """Write a clip.

    Args:
        path: its suffix says the container.
        count: frames.
        size: width and height.
        fps: frames per second.
        times: of the frames in milliseconds instead.
        encoder: of the pictures.
        pixel_format: of the pictures.
        options: of the encoder.
        content: a frame of a number, a width and a height.
        sounds: language, seconds and hertz of each track; a ramp from -1 to 1 over its length.
        wave: of all tracks instead, of times in seconds.
        sound_encoder: of all tracks.
        late_s: when they begin to sound.
        stream_attributes: set on the codec context, such as a sample aspect ratio.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream(encoder, rate=fps, options={"g": "12", "crf": "4"} if options is None else options)
        video.width, video.height, video.pix_fmt = *size, pixel_format
        for name, value in stream_attributes.items():
            setattr(video.codec_context, name, value)
        if times:
            video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        tracks = [(container.add_stream(sound_encoder, rate=rate, layout="mono"), seconds) for _, seconds, rate in sounds]
        for (stream, _), (language, _, _) in zip(tracks, sounds, strict=True):
            stream.metadata["language"] = language
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(content(number, *size), format="rgb24")
            frame.pts, frame.time_base = (times[number], Fraction(1, 1000)) if times else (number, Fraction(1, fps))
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for stream, seconds in tracks:
            count = int(seconds * stream.rate)
            samples = np.linspace(-1, 1, count) if wave is None else wave(np.arange(count) / stream.rate)
            sound = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = stream.rate, late_s * stream.rate
            container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
    return path


def turned(source: Path, path: Path, degrees: int) -> Path:
    """Copy a clip and say in it that it is to be turned counter-clockwise by so many degrees for viewing, as phones do."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-y", "-display_rotation", str(degrees), "-i", str(source), "-c", "copy", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def without_packets(source: Path, path: Path, *, leave_out: range, kind: str = "video") -> Path:
    """Copy a clip without some packets of the first stream of a kind, in the order in which they lie in the file."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        copies = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
        seen = 0
        for packet in given.demux():
            if not packet.size:
                continue
            seen += packet.stream.type == kind
            if packet.stream.type != kind or seen - 1 not in leave_out:
                packet.stream = copies[packet.stream_index]
                made.mux(packet)
    return path


def cut(source: Path, path: Path, second: float) -> Path:
    """Copy a clip from a moment on without coding it anew: what frames lean on stays in it, and is said to be hidden."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-ss", str(second), "-i", str(source), "-c", "copy", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def overwrite_packets(path: Path, *, kind: str, numbers: range) -> Path:
    """Damage some packets of the first stream of a kind (``video``, ``audio``), in the order in which they lie in the file."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(**{kind: 0}) if packet.size]
        places = [(packets[number].pos, packets[number].size) for number in numbers if number < len(packets)]
    data = bytearray(path.read_bytes())
    for place, size in places:
        data[place : place + size] = b"\xff" * size
    path.write_bytes(bytes(data))
    return path
