"""ffmpeg's own program: a decoder that shares no build with the one that wrote the files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def decode_frames(path: Path, width: int, height: int) -> np.ndarray:
    """Every frame as the file's colour tags say it looks: (count, height, width, 3), uint8."""
    raw = _run(
        "-i",
        path,
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-sws_flags",
        "bicubic+accurate_rnd",
        "-",
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def decode_sound(path: Path, channels: int) -> np.ndarray:
    """Every sample of the first track: (samples, channels), float32."""
    raw = _run("-i", path, "-map", "0:a", "-f", "f32le", "-").stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def describe(path: Path) -> str:
    """What ffmpeg says about a file."""
    return subprocess.run([_FFMPEG, "-hide_banner", "-i", path], capture_output=True, check=False).stderr.decode(errors="replace")


def colour_of(path: Path) -> str:
    """Range and matrix of the picture, such as ``tv, bt709``."""
    found = re.search(r"Video:.*?\(((?:tv|pc)[^)]*)\)", describe(path))
    return found.group(1) if found else ""


def psnr(found: np.ndarray, asked: np.ndarray) -> float:
    error = np.mean((found.astype(np.float64) - asked) ** 2)
    return float(10 * np.log10(255**2 / error))


def _run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([_FFMPEG, "-v", "error", "-nostdin", *map(str, arguments)], capture_output=True, check=True)
