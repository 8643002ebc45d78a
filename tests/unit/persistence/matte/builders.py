"""Sources with pictures and sound that tell their time, alphas, and specs of mattings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from persistence.alphas.reader import AlphaReader
from persistence.alphas.writer import AlphaWriter
from persistence.local_artifact import LocalArtifact
from persistence.matte.compose import compose
from persistence.matte.deliver import write_matte_artifacts
from persistence.source.frames import read_frames
from persistence.source.probe import probe_source
from reelfleet.contract.manifest import Role
from reelfleet.contract.matting_spec import MattingSpec, ResolvedMatteOutput
from reelfleet.contract.output import VideoContainer
from tests.unit.pipelines.matting.specs import matting_spec

WIDTH, HEIGHT, FPS, COUNT = 48, 34, 10, 12
RATE = 48_000
JOB_ID = "0123456789abcdef0123456789abcdef"
METADATA = {"source": "a clip"}
BEEP_S = 0.02
FIRST_FLASH = 5
"""Number of the first white frame; another comes every second, with a beep."""
DEFAULT_CODECS = {VideoContainer.MP4: "h264", VideoContainer.MKV: "h264", VideoContainer.MOV: "prores", VideoContainer.WEBM: "vp9"}


@dataclass(frozen=True)
class Sound:
    """A track that beeps on every flash."""

    codec: str = "aac"
    language: str | None = "eng"
    seconds: float = 3.0
    late_s: float = 0.0
    rate: int = RATE
    pitch: float = 1000.0


def moving(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A coloured gradient that moves: (height, width, 3), uint8."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [(x * 4 + number * 8) % 256, np.full_like(x, 60 + number * 6), 255 - y * 4]
    return np.stack(channels, axis=-1).astype(np.uint8)


def flashing(number: int) -> np.ndarray:
    """White on every flash, black else."""
    return np.full((HEIGHT, WIDTH, 3), 255 if number % FPS == FIRST_FLASH else 0, np.uint8)


def beeps(sound: Sound) -> np.ndarray:
    """Two channels of planar float32, silent but for the beeps."""
    at = np.arange(int(sound.seconds * sound.rate)) / sound.rate + sound.late_s
    on = (at % 1 >= FIRST_FLASH / FPS) & (at % 1 < FIRST_FLASH / FPS + BEEP_S)
    wave = np.where(on, 0.8 * np.sin(2 * np.pi * sound.pitch * at), 0).astype(np.float32)
    return np.stack([wave, wave])


def make_clip(
    path: Path,
    *,
    count: int = 12,
    picture: Callable[[int], np.ndarray] = moving,
    ticks: Sequence[int] | None = None,
    last: int | None = None,
    tick: Fraction = Fraction(1, 90_000),
    sounds: Sequence[Sound] = (),
    encoder: str = "libx264",
) -> Path:
    """Write a source; with ``ticks`` each frame is shown at its own time, in order of decoding, the last one for ``last``."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            encoder, rate=FPS, options={"crf": "1", "g": str(FPS)} | ({"bf": "0"} if ticks and encoder == "libx264" else {})
        )
        height, width = picture(0).shape[:2]
        video.width, video.height = width, height
        video.pix_fmt = "yuv420p" if encoder == "libvpx-vp9" else "yuv444p"
        if ticks:
            video.time_base = video.codec_context.time_base = tick
        tracks = [_add_sound(container, sound) for sound in sounds]
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = (ticks[number], tick) if ticks else (number, Fraction(1, FPS))
            for packet in video.encode(frame):
                _mux(container, packet, last if ticks and packet.pts == ticks[-1] else None)
            for feed in tracks:
                feed((number + 1) / FPS)
        for packet in video.encode(None):
            _mux(container, packet, last if ticks and packet.pts == ticks[-1] else None)
        for feed in tracks:
            feed(None)
    return path


def alphas_of(folder: Path, spec: MattingSpec, *, count: int | None = None) -> AlphaReader:
    """Real alphas on disk: a ramp from left to right, which each frame and each target shifts."""
    writer = AlphaWriter(folder / "segments", prefix=1)
    count = spec.frames if count is None else count
    try:
        for number in range(spec.start_frame, spec.start_frame + count):
            for place, target in enumerate(spec.targets):
                writer.write(target, number, ramp(number + 40 * place, spec.width, spec.height))
        writer.finish(folder / "index", targets=spec.targets, size=(spec.width, spec.height), start=spec.start_frame, count=count)
    finally:
        writer.release()
    return AlphaReader(folder / "index", folder / "segments")


def ramp(number: int, width: int, height: int) -> np.ndarray:
    """0 at the left and 255 at the right, with a part of each that holds: (height, width), uint8."""
    line = np.clip(np.linspace(-60, 315, width) + number % 3 * 10, 0, 255)
    return np.repeat(line[None], height, axis=0).round().astype(np.uint8)


def spec_for(source: Path, *, targets: Sequence[str] = ("subject",), **changes: object) -> MattingSpec:
    """What the stage before would have resolved, with ``container``, ``codec``, ``crf`` and ``save_audio`` for the output."""
    facts = probe_source(source, max_pixels=1 << 24)
    container = VideoContainer(changes.pop("container", "mp4"))
    output = ResolvedMatteOutput(
        container=container,
        video_codec=changes.pop("codec", DEFAULT_CODECS[container]),
        video_crf=changes.pop("crf", None),
        audio_format=changes.pop("audio_format", "wav"),
        save_audio=changes.pop("save_audio", False),
    )
    start = changes.pop("start_frame", 0)
    return matting_spec(
        frames=facts.frames,
        start=start,
        end=changes.pop("end_frame", None),
        masks=[(target, start) for target in targets],
        size=(facts.width, facts.height),
        model="matanyone",
        source=facts,
        output=output,
        **changes,
    )


def deliver(
    source: Path, spec: MattingSpec, folder: Path, *, count: int | None = None, alphas_for: MattingSpec | None = None, **more: object
) -> tuple[LocalArtifact, ...]:
    """Make alphas and write every file into ``folder / "out"``."""
    fields = {"job_id": JOB_ID, "folder": folder / "out", "metadata": METADATA, "on_progress": lambda *_: None, **more}
    with alphas_of(folder / "alphas", alphas_for or spec, count=count) as alphas:
        return write_matte_artifacts(alphas, source, spec, **fields)


def of_role(artifacts: Sequence[LocalArtifact], role: Role) -> LocalArtifact:
    """The only artifact of a role."""
    (found,) = [artifact for artifact in artifacts if artifact.role is role]
    return found


def source_frames(source: Path, spec: MattingSpec) -> list[np.ndarray]:
    """The frames of a spec's range as they are read."""
    size = (spec.width, spec.height)
    return [frame.rgb for frame in read_frames(source, spec.source, start=spec.start_frame, end=spec.end_frame, size=size)]


def composed(source: Path, spec: MattingSpec, output_type: str, shift: int = 0) -> np.ndarray:
    """What should be shown, from the definitions alone."""
    numbers = range(spec.start_frame, spec.end_frame)
    frames = zip(source_frames(source, spec), numbers, strict=True)
    return np.stack([compose(rgb, ramp(number + shift, spec.width, spec.height), output_type) for rgb, number in frames])


def sha256(data: bytes) -> str:
    """Of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def shown_at(path: Path) -> list[Fraction]:
    """When each frame of a video is shown, seconds, by demuxing and decoding."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [frame.pts * stream.time_base for frame in container.decode(stream)]


def beeps_at(path: Path, track: int = 0) -> list[float]:
    """When each beep of a track begins, seconds."""
    loud: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.audio[track]):
            samples = frame.to_ndarray()
            wave = samples[0] if frame.format.is_planar else samples[0, :: len(frame.layout.channels)]
            scale = np.iinfo(wave.dtype).max if wave.dtype.kind == "i" else 1.0
            over = np.flatnonzero(np.abs(wave.astype(np.float64)) > 0.2 * scale)
            if len(over):
                loud.append(float(frame.pts * frame.time_base) + over[0] / frame.sample_rate)
    return [at for index, at in enumerate(loud) if not index or at - loud[index - 1] > 0.5]


def flashes_at(path: Path) -> list[float]:
    """When each white frame of a video is shown, seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [float(frame.pts * stream.time_base) for frame in container.decode(stream) if frame.to_ndarray(format="gray").mean() > 60]


def _add_sound(container: av.container.OutputContainer, sound: Sound) -> Callable[[float | None], None]:
    stream = container.add_stream(sound.codec, rate=sound.rate, layout="stereo")
    if sound.language:
        stream.metadata["language"] = sound.language
    samples, fed = beeps(sound), [0]
    offset = round(sound.late_s * sound.rate)

    def feed(until: float | None) -> None:
        end = samples.shape[1] if until is None else min(samples.shape[1], max(0, round(until * sound.rate) - offset))
        if end > fed[0]:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, fed[0] : end]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = sound.rate, fed[0] + offset
            container.mux(stream.encode(frame))
            fed[0] = end
        if until is None:
            container.mux(stream.encode(None))

    return feed


def _mux(container: av.container.OutputContainer, packet: av.Packet, duration: int | None) -> None:
    if duration is not None:
        packet.duration = duration
    container.mux(packet)
