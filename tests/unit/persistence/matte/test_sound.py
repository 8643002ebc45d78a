from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from persistence.metadata import read_metadata
from persistence.probes.video import probe_video
from persistence.writers.video_encoders import CONTAINER_FORMATS
from reelfleet.contract.errors import DiskFull, InputUnreadable
from reelfleet.contract.manifest import Role
from reelfleet.contract.output import VideoContainer
from tests.unit.persistence.matte.builders import (
    FIRST_FLASH,
    FPS,
    METADATA,
    RATE,
    Sound,
    beeps_at,
    deliver,
    flashes_at,
    flashing,
    make_clip,
    of_role,
    spec_for,
)

SECONDS = 3
START, END = 3, 28
"""A range that begins and ends in the middle of everything: of the clip, of a second, of a frame of sound."""
AUDIO_FRAME_S = 1024 / RATE


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a clip that flashes and beeps each second; the same one is made once."""
    folder, made = tmp_path_factory.mktemp("flashes"), {}

    def make(suffix: str, *sounds: Sound, encoder: str = "libx264") -> Path:
        key = (suffix, sounds)
        if key not in made:
            path = folder / f"{len(made)}.{suffix}"
            made[key] = make_clip(path, count=SECONDS * FPS, picture=flashing, sounds=sounds, encoder=encoder)
        return made[key]

    return make


def foreground_of(path: Path, folder: Path, **changes):
    return of_role(deliver(path, spec_for(path, **changes), folder), Role.MASK_FOREGROUND)


COPIES = [
    ("mp4", Sound("aac"), "mp4"),
    ("mp4", Sound("aac", rate=44_100), "mp4"),
    ("mp4", Sound("aac"), "mov"),
    ("mp4", Sound("aac"), "mkv"),
    ("mp4", Sound("libmp3lame"), "mp4"),
    ("mkv", Sound("libopus"), "webm"),
    ("mkv", Sound("libopus"), "mp4"),
    ("mov", Sound("pcm_s16le"), "mov"),
    ("mkv", Sound("pcm_s16le"), "mkv"),
    ("ts", Sound("libmp3lame"), "mp4"),
]


@pytest.mark.parametrize(("suffix", "sound", "container"), COPIES, ids=[f"{sound.codec}-{rate}-{c}" for rate, sound, c in COPIES])
@pytest.mark.parametrize(("start", "end"), [(0, SECONDS * FPS), (START, END)], ids=["whole", "range"])
def test_copied_sound_stays_with_the_pictures(
    tmp_path: Path, source: Callable[..., Path], suffix: str, sound: Sound, container: str, start: int, end: int
) -> None:
    path = source(suffix, sound)

    foreground = foreground_of(path, tmp_path, container=container, start_frame=start, end_frame=end)

    (track,) = foreground.audio_tracks
    flashes = flashes_at(foreground.path)
    assert (track.copied, track.codec, track.source_codec) == (True, track.source_codec, track.source_codec)
    assert flashes == [(at - start) / FPS for at in range(FIRST_FLASH, SECONDS * FPS, FPS) if start <= at < end]
    assert beeps_at(foreground.path) == pytest.approx(flashes, abs=AUDIO_FRAME_S)
    assert track.duration_s == pytest.approx((end - start) / FPS, abs=0.06)


ENCODES = [
    ("mp4", Sound("aac"), "webm", "opus"),
    ("mkv", Sound("flac"), "mp4", "aac"),
    ("mp4", Sound("libmp3lame"), "webm", "opus"),
    ("ts", Sound("aac"), "mp4", "aac"),
    ("mkv", Sound("flac"), "mkv", "flac"),
    ("mkv", Sound("libopus"), "mov", "aac"),
]


@pytest.mark.parametrize(
    ("suffix", "sound", "container", "codec"), ENCODES, ids=[f"{source}-{sound.codec}-{c}" for source, sound, c, _ in ENCODES]
)
def test_encoded_sound_stays_with_the_pictures(
    tmp_path: Path, source: Callable[..., Path], suffix: str, sound: Sound, container: str, codec: str
) -> None:
    path = source(suffix, sound)

    foreground = foreground_of(path, tmp_path, container=container, start_frame=START, end_frame=END)

    (track,) = foreground.audio_tracks
    assert (track.copied, track.codec) == (False, codec)
    assert beeps_at(foreground.path) == pytest.approx(flashes_at(foreground.path), abs=AUDIO_FRAME_S)
    assert track.duration_s == pytest.approx((END - START) / FPS, abs=0.06)


@pytest.mark.parametrize(
    ("suffix", "sound", "container"),
    [
        ("mp4", Sound("aac", seconds=12), "mp4"),
        ("mkv", Sound("libopus", seconds=12), "webm"),
        ("ts", Sound("libmp3lame", seconds=12), "mp4"),
        ("ts", Sound("libmp3lame", seconds=12), "mkv"),
    ],
)
def test_a_range_far_into_a_clip_has_its_own_sound(tmp_path: Path, suffix: str, sound: Sound, container: str) -> None:
    path = make_clip(tmp_path / f"long.{suffix}", count=120, picture=flashing, sounds=[sound])

    foreground = foreground_of(path, tmp_path, container=container, start_frame=93, end_frame=108)

    assert flashes_at(foreground.path) == [0.2, 1.2]
    assert foreground.audio_tracks[0].copied
    assert beeps_at(foreground.path) == pytest.approx([0.2, 1.2], abs=AUDIO_FRAME_S)


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_a_track_that_starts_within_a_range_far_into_a_clip_keeps_its_place(tmp_path: Path, suffix: str) -> None:
    late = Sound("pcm_s16le", seconds=3, late_s=7.5)
    path = make_clip(tmp_path / f"long.{suffix}", count=110, picture=flashing, sounds=[late])

    foreground = foreground_of(path, tmp_path, container=suffix, start_frame=61, end_frame=80)

    assert foreground.audio_tracks[0].copied
    assert beeps_at(foreground.path) == pytest.approx([7.5 - 6.1], abs=AUDIO_FRAME_S)


TWO = (Sound("aac", "eng"), Sound("aac", "deu", rate=44_100, pitch=500))


@pytest.mark.parametrize(("container", "codec", "how"), [("mp4", "aac", "copied"), ("mkv", "aac", "copied"), ("webm", "opus", "encoded")])
def test_every_track_comes_along_in_order_with_its_language(
    tmp_path: Path, source: Callable[..., Path], container: str, codec: str, how: str
) -> None:
    foreground = foreground_of(source("mp4", *TWO), tmp_path, container=container)

    with av.open(str(foreground.path)) as opened:
        assert [stream.metadata["language"] for stream in opened.streams.audio] == ["eng", "deu"]
    assert [(track.codec, track.language, track.copied, track.source_codec) for track in foreground.audio_tracks] == [
        (codec, "eng", how == "copied", "aac"),
        (codec, "deu", how == "copied", "aac"),
    ]
    assert [track.channels for track in foreground.audio_tracks] == [2, 2]
    assert beeps_at(foreground.path, 1) == pytest.approx(beeps_at(foreground.path, 0), abs=AUDIO_FRAME_S)


def test_each_track_says_its_own_rate_and_length(tmp_path: Path, source: Callable[..., Path]) -> None:
    short = Sound("aac", "deu", seconds=1.0, rate=44_100)

    foreground = foreground_of(source("mp4", Sound("aac"), short), tmp_path)

    assert [track.sample_rate for track in foreground.audio_tracks] == [48_000, 44_100]
    assert [track.duration_s for track in foreground.audio_tracks] == pytest.approx([3.0, 1.0], abs=0.06)


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("start", [0, START])
def test_a_track_that_starts_late_keeps_its_place(tmp_path: Path, source: Callable[..., Path], container: str, start: int) -> None:
    path = source("mp4", Sound("aac", late_s=1.2, seconds=1.5))

    foreground = foreground_of(path, tmp_path, container=container, start_frame=start, end_frame=30)

    assert beeps_at(foreground.path) == pytest.approx([at - start / FPS for at in (1.5, 2.5)], abs=AUDIO_FRAME_S)


def test_a_track_with_nothing_in_the_range_is_left_out(tmp_path: Path, source: Callable[..., Path]) -> None:
    path = source("mp4", Sound("aac", "eng"), Sound("aac", "deu", seconds=1.0))

    foreground = foreground_of(path, tmp_path, start_frame=15, end_frame=30)

    assert [track.language for track in foreground.audio_tracks] == ["eng"]


def test_sound_is_on_the_foreground_of_every_target_and_on_no_alpha(tmp_path: Path, source: Callable[..., Path]) -> None:
    path = source("mp4", *TWO)

    files = deliver(path, spec_for(path, targets=("a", "b")), tmp_path)

    for file in files:
        expected = 2 if file.role is Role.MASK_FOREGROUND else 0
        found = probe_video(file.path, file_format=CONTAINER_FORMATS[VideoContainer.MP4]).audio_tracks
        assert len(found) == len(file.audio_tracks) == expected


def test_no_sound_comes_along_when_none_is_wanted(tmp_path: Path, source: Callable[..., Path]) -> None:
    path = source("mp4", *TWO)

    files = deliver(path, spec_for(path, audio=False, save_audio=True), tmp_path)

    assert [file.role for file in files] == [Role.MASK_FOREGROUND, Role.MASK_ALPHA]
    assert all(file.audio_tracks == () for file in files)


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_every_track_is_a_file_of_its_own_on_request(tmp_path: Path, source: Callable[..., Path], audio_format: str) -> None:
    path = source("mp4", *TWO)
    spec = spec_for(path, targets=("a", "b"), save_audio=True, audio_format=audio_format, start_frame=START, end_frame=END)

    files = [file for file in deliver(path, spec, tmp_path) if file.role is Role.AUDIO]

    assert [file.name for file in files] == [f"matanyone-01234567-audio-{index}.{audio_format}" for index in (0, 1)]
    for file, sound in zip(files, TWO, strict=True):
        (track,) = file.audio_tracks
        assert (track.source_codec, track.language, track.sample_rate, track.channels) == ("aac", sound.language, sound.rate, 2)
        assert file.duration_s == track.duration_s == pytest.approx((END - START) / FPS, abs=1e-3)
        assert read_metadata(file.path) == METADATA


def test_a_file_of_sound_is_cut_to_the_sample(tmp_path: Path, source: Callable[..., Path]) -> None:
    path = source("mkv", Sound("pcm_s16le"))

    files = deliver(path, spec_for(path, save_audio=True, start_frame=START, end_frame=END), tmp_path)

    samples, rate = soundfile.read(of_role(files, Role.AUDIO).path, dtype="float32")
    first = (FIRST_FLASH - START) * rate // FPS
    assert len(samples) == (END - START) * rate // FPS
    assert np.abs(samples[:first]).max() == 0
    assert np.abs(samples[first : first + 20]).max() > 0.2


def test_encoded_tracks_carry_the_hash_of_their_samples(tmp_path: Path, source: Callable[..., Path]) -> None:
    path = source("mkv", Sound("pcm_s16le"))

    files = deliver(path, spec_for(path, save_audio=True, start_frame=START, end_frame=END), tmp_path)

    audio = of_role(files, Role.AUDIO)
    samples, _ = soundfile.read(audio.path, dtype="float32")
    assert of_role(files, Role.MASK_FOREGROUND).audio_tracks[0].content_sha256 == audio.content_sha256
    assert audio.content_sha256 == hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()


def test_a_disk_that_is_full_when_the_sound_is_written_leaves_no_file(
    tmp_path: Path, source: Callable[..., Path], no_space_at: Callable[[Path], None]
) -> None:
    path = source("mp4", Sound("aac"))
    no_space_at(tmp_path / "out" / "matanyone-01234567-audio-0.wav.part")

    with pytest.raises(DiskFull):
        deliver(path, spec_for(path, save_audio=True), tmp_path)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_track_that_cannot_be_decoded_is_named_with_the_way_out(tmp_path: Path, source: Callable[..., Path], container: str) -> None:
    path = with_broken_sound(source("mp4", *TWO), tmp_path / "broken.mp4", track=1)

    with pytest.raises(InputUnreadable, match=r"(?s)1.*audio=false"):
        deliver(path, spec_for(path, container=container), tmp_path)

    assert list((tmp_path / "out").iterdir()) == []


def with_broken_sound(path: Path, to: Path, *, track: int) -> Path:
    """The same file with noise where the packets of one track are."""
    data = bytearray(path.read_bytes())
    noise = np.random.default_rng(0)
    with av.open(str(path)) as opened:
        for packet in opened.demux(opened.streams.audio[track]):
            if packet.size:
                data[packet.pos : packet.pos + packet.size] = noise.bytes(packet.size)
    to.write_bytes(data)
    return to
