from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from persistence.probes.video import probe_video
from persistence.writers.video import VideoJob, write_video
from persistence.writers.video_encoders import CONTAINER_FORMATS
from reelfleet.contract.errors import DiskFull, EncodeFailed, Unsupported
from reelfleet.contract.output import CODECS_OF_CONTAINER, OutputOptions, VideoCodec, VideoContainer
from tests.unit.persistence.builders import FPS, FRAMES, HEIGHT, RATE, WIDTH, clip, tone
from tests.unit.persistence.other_decoder import colour_of, decode_frames, decode_sound, describe, psnr

ROOT = Path(__file__).resolve().parents[3]
EVERY = [(container, codec) for container, codecs in CODECS_OF_CONTAINER.items() for codec in codecs]


def write(path: Path, container: VideoContainer, codec: VideoCodec | None = None, frames: np.ndarray | None = None, **more) -> Path:
    frames = clip() if frames is None else frames
    options = OutputOptions(container=container, video_codec=codec, video_crf=more.pop("crf", None))
    job = VideoJob(frames.shape[2], frames.shape[1], more.pop("fps", FPS), options, **more)
    write_video(path, job, frames, lambda _: None)
    return path


@pytest.mark.parametrize(("container", "codec"), EVERY)
def test_every_codec_in_every_container_decodes_to_the_pictures_that_went_in(
    tmp_path: Path, container: VideoContainer, codec: VideoCodec
) -> None:
    path = write(tmp_path / "clip", container, codec)

    facts = probe_video(path, file_format=CONTAINER_FORMATS[container])
    shown = decode_frames(path, WIDTH, HEIGHT)

    assert (facts.codec, facts.width, facts.height, facts.fps, facts.frames) == (codec.value, WIDTH, HEIGHT, FPS, FRAMES)
    assert len(shown) == FRAMES
    assert psnr(shown, clip()) > 36


@pytest.mark.parametrize(("container", "codec"), EVERY)
def test_every_file_says_that_it_is_bt709(tmp_path: Path, container: VideoContainer, codec: VideoCodec) -> None:
    path = write(tmp_path / "clip", container, codec)

    assert colour_of(path).startswith("tv, bt709")


def test_saturated_colours_keep_their_hue(tmp_path: Path) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 255, 255), (0, 0, 0)]
    frames = np.stack([np.full((HEIGHT, WIDTH, 3), colour, np.uint8) for colour in colours])

    shown = decode_frames(write(tmp_path / "clip", VideoContainer.MP4, frames=frames, crf=1), WIDTH, HEIGHT)

    assert np.abs(shown.astype(int) - frames).max() <= 4


@pytest.mark.parametrize(("width", "height"), [(33, 35), (65, 48), (64, 47)])
@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265, VideoCodec.VP9, VideoCodec.AV1])
def test_an_odd_size_is_written_as_asked(tmp_path: Path, codec: VideoCodec, width: int, height: int) -> None:
    frames = clip(width, height, 3)

    shown = decode_frames(write(tmp_path / "clip", VideoContainer.MKV, codec, frames), width, height)

    assert psnr(shown, frames) > 36


@pytest.mark.parametrize(
    ("codec", "size"), [(VideoCodec.PRORES, (33, 32)), (VideoCodec.H265, (8, 8)), (VideoCodec.AV1, (66, 16)), (VideoCodec.H264, (1, 1))]
)
def test_a_size_that_the_encoder_cannot_do_is_refused_before_anything_is_written(
    tmp_path: Path, codec: VideoCodec, size: tuple[int, int]
) -> None:
    with pytest.raises(Unsupported, match=f"{size[0]}x{size[1]}"):
        write(tmp_path / "clip", VideoContainer.MKV, codec, clip(*size, 1))

    assert not (tmp_path / "clip").exists()


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265, VideoCodec.VP9, VideoCodec.PRORES])
def test_a_very_small_picture_does_not_bring_the_process_down(tmp_path: Path, codec: VideoCodec) -> None:
    script = (
        "from pathlib import Path; import sys\n"
        "from tests.unit.persistence.test_video_writer import *\n"
        "for _ in range(8): write(Path(sys.argv[1]), VideoContainer.MKV, VideoCodec(sys.argv[2]), clip(40, 24, 3))\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "clip", codec.value], env={**os.environ, "MALLOC_CHECK_": "3"}, cwd=ROOT, check=False
    )

    assert ended.returncode == 0


@pytest.mark.parametrize(("container", "codec"), EVERY)
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, container: VideoContainer, codec: VideoCodec) -> None:
    sound = (tone(), RATE)

    first = write(tmp_path / "one", container, codec, sound=sound, comment="{}").read_bytes()
    second = write(tmp_path / "two", container, codec, sound=sound, comment="{}").read_bytes()

    assert first == second


@pytest.mark.parametrize("fps", [8.0, 23.976, 24000 / 1001, 29.97, 60.0, 0.5])
def test_the_frame_rate_is_the_one_asked_for(tmp_path: Path, fps: float) -> None:
    path = write(tmp_path / "clip", VideoContainer.MP4, fps=fps)

    assert probe_video(path, file_format="mp4").fps == pytest.approx(fps, rel=1e-6)


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    path = write(tmp_path / "clip", VideoContainer.MP4, frames=clip(count=1))

    assert len(decode_frames(path, WIDTH, HEIGHT)) == 1


@pytest.mark.parametrize("container", [VideoContainer.MP4, VideoContainer.MOV])
def test_the_index_comes_before_the_pictures(tmp_path: Path, container: VideoContainer) -> None:
    data = write(tmp_path / "clip", container).read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_h265_in_mp4_carries_the_tag_that_apple_plays(tmp_path: Path) -> None:
    assert "hvc1" in describe(write(tmp_path / "clip", VideoContainer.MP4, VideoCodec.H265))


def test_a_lower_quality_makes_a_smaller_file(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, HEIGHT, WIDTH, 3), np.uint8)

    good = write(tmp_path / "good", VideoContainer.WEBM, VideoCodec.VP9, noise, crf=5)
    poor = write(tmp_path / "poor", VideoContainer.WEBM, VideoCodec.VP9, noise, crf=60)

    assert poor.stat().st_size < good.stat().st_size / 2


SOUND_CODECS = {"mp4": "aac", "mov": "aac", "mkv": "flac", "webm": "opus"}


@pytest.mark.parametrize("container", list(VideoContainer))
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_sound_goes_into_every_container_at_its_full_length(tmp_path: Path, container: VideoContainer, channels: int) -> None:
    sound = tone(channels=channels)

    path = write(tmp_path / "clip", container, sound=(sound, RATE))
    (track,) = probe_video(path, file_format=CONTAINER_FORMATS[container]).audio_tracks

    assert (track.codec, track.channels) == (SOUND_CODECS[container], channels)
    assert track.duration_s == pytest.approx(len(sound) / RATE, abs=0.05)


@pytest.mark.parametrize("container", list(VideoContainer))
def test_the_sound_is_the_one_that_went_in(tmp_path: Path, container: VideoContainer) -> None:
    path = write(tmp_path / "clip", container, sound=(tone(), RATE))

    heard = decode_sound(path, 2)[:, 0]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    rate = 48_000 if container is VideoContainer.WEBM else RATE

    assert spectrum.argmax() * rate / len(heard) == pytest.approx(440, abs=3)
    assert 0.4 < np.abs(heard[rate // 4 : -rate // 4]).max() < 0.6


@pytest.mark.parametrize("seconds", [0.2, 5.0])
def test_sound_shorter_or_longer_than_the_pictures_costs_neither_a_frame_nor_a_sample(tmp_path: Path, seconds: float) -> None:
    path = write(tmp_path / "clip", VideoContainer.MP4, sound=(tone(seconds), RATE))
    facts = probe_video(path, file_format="mp4")

    assert facts.frames == FRAMES
    assert facts.audio_tracks[0].duration_s == pytest.approx(seconds, abs=0.1)


def test_a_rate_that_the_codec_does_not_know_is_resampled(tmp_path: Path) -> None:
    sound = tone(rate=30_000)

    path = write(tmp_path / "clip", VideoContainer.MP4, sound=(sound, 30_000))
    (track,) = probe_video(path, file_format="mp4").audio_tracks

    assert track.sample_rate == 32_000
    assert track.duration_s == pytest.approx(len(sound) / 30_000, abs=0.1)


def test_more_channels_than_a_layout_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="9 channels"):
        write(tmp_path / "clip", VideoContainer.MKV, sound=(tone(channels=9), RATE))


@pytest.mark.parametrize("container", list(VideoContainer))
def test_a_full_disk_is_told_as_such(tmp_path: Path, no_space_at: Callable[[Path], None], container: VideoContainer) -> None:
    no_space_at(tmp_path / "clip")

    with pytest.raises(DiskFull, match="clip"):
        write(tmp_path / "clip", container)


def test_a_folder_that_is_not_there_is_a_failed_encode(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="clip"):
        write(tmp_path / "nowhere" / "clip", VideoContainer.MP4)


def test_every_frame_is_reported_and_the_report_may_stop_the_writing(tmp_path: Path) -> None:
    seen: list[int] = []

    def stop_at_four(count: int) -> None:
        seen.append(count)
        if count == 4:
            raise KeyError("enough")

    with pytest.raises(KeyError):
        write_video(tmp_path / "clip", VideoJob(WIDTH, HEIGHT, FPS, OutputOptions()), clip(), stop_at_four)

    assert seen == [1, 2, 3, 4]
