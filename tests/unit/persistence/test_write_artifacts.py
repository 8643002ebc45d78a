from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from persistence.deliver import write_artifacts
from persistence.local_artifact import LocalArtifact
from persistence.metadata import read_metadata
from persistence.spool import SpoolReader
from persistence.sweep import sweep_parts
from reelfleet.contract.errors import DiskFull, EncodeFailed, Unsupported
from reelfleet.contract.manifest import Role
from tests.unit.persistence.builders import FPS, FRAMES, HEIGHT, JOB_ID, RATE, WIDTH, clip, image_spec, spec, spool, tone
from tests.unit.persistence.other_decoder import decode_frames

ROOT = Path(__file__).resolve().parents[3]
METADATA = {"prompt": "a red kite"}


def write(reader: SpoolReader, asked, folder: Path, **more) -> tuple[LocalArtifact, ...]:
    fields = {"job_id": JOB_ID, "metadata": METADATA, "on_progress": lambda *_: None, **more}
    return write_artifacts(reader, asked, folder=folder, **fields)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_video_is_described_as_it_is(tmp_path: Path) -> None:
    (video,) = write(spool(tmp_path / "s"), spec(), tmp_path / "out")

    assert (video.role, video.name, video.media_type) == (Role.VIDEO, "tiny-wan-01234567.mp4", "video/mp4")
    assert (video.width, video.height, video.frames, video.fps, video.codec) == (WIDTH, HEIGHT, FRAMES, FPS, "h264")
    assert video.duration_s == FRAMES / FPS
    assert (video.bytes, video.sha256) == (video.path.stat().st_size, sha256(video.path.read_bytes()))
    assert len(decode_frames(video.path, WIDTH, HEIGHT)) == FRAMES


def test_the_content_hash_is_that_of_the_pixels_whatever_the_file(tmp_path: Path) -> None:
    reader = spool(tmp_path / "s")

    (mp4,) = write(reader, spec(), tmp_path / "a")
    (webm,) = write(reader, spec(output={"container": "webm", "video_crf": 50}), tmp_path / "b", metadata={"other": 1})

    assert mp4.content_sha256 == webm.content_sha256 == sha256(clip().tobytes())
    assert mp4.sha256 != webm.sha256


def test_the_content_hash_tells_one_pixel(tmp_path: Path) -> None:
    changed = clip()
    changed[4, 20, 20, 1] ^= 1

    (one,) = write(spool(tmp_path / "s"), spec(), tmp_path / "a")
    (two,) = write(spool(tmp_path / "t", changed), spec(), tmp_path / "b")

    assert one.content_sha256 != two.content_sha256


def test_sound_is_in_the_video_and_on_request_a_file_of_its_own(tmp_path: Path) -> None:
    reader = spool(tmp_path / "s", sound=tone())

    video, sound = write(reader, spec(modality="video_with_audio", output={"save_audio": True}), tmp_path / "out")

    assert (sound.role, sound.name, sound.media_type) == (Role.AUDIO, "tiny-wan-01234567.wav", "audio/wav")
    assert sound.duration_s == pytest.approx(FRAMES / FPS)
    assert video.audio_tracks[0].content_sha256 == sound.content_sha256 == sha256(tone().astype("<f4").tobytes())
    assert (video.audio_tracks[0].codec, sound.audio_tracks[0].sample_rate) == ("aac", RATE)


def test_sound_is_no_file_of_its_own_unless_asked_for(tmp_path: Path) -> None:
    artifacts = write(spool(tmp_path / "s", sound=tone()), spec(modality="video_with_audio"), tmp_path / "out")

    assert [artifact.role for artifact in artifacts] == [Role.VIDEO]


@pytest.mark.parametrize(("kind", "suffix"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_an_image_is_described_as_it_is(tmp_path: Path, kind: str, suffix: str) -> None:
    frames = clip(count=1)

    (image,) = write(spool(tmp_path / "s", frames, fps=None), image_spec(output={"image_format": kind}), tmp_path / "out")

    assert (image.role, image.name, image.media_type) == (Role.IMAGE, f"tiny-wan-01234567.{suffix}", f"image/{kind}")
    assert (image.width, image.height, image.frames, image.codec) == (WIDTH, HEIGHT, 1, kind)
    assert image.content_sha256 == sha256(frames.tobytes())
    with Image.open(image.path) as opened:
        assert opened.size == (WIDTH, HEIGHT)


def test_embedded_metadata_needs_no_file_beside_it(tmp_path: Path) -> None:
    (video,) = write(spool(tmp_path / "s"), spec(metadata_mode="metadata"), tmp_path / "out")

    assert video.sidecar is None
    assert read_metadata(video.path) == METADATA


def test_metadata_beside_the_files_is_not_inside_them(tmp_path: Path) -> None:
    reader = spool(tmp_path / "s", sound=tone())

    artifacts = write(reader, spec(modality="video_with_audio", metadata_mode="json", output={"save_audio": True}), tmp_path / "out")

    assert [artifact.role for artifact in artifacts] == [Role.VIDEO, Role.SIDECAR, Role.AUDIO, Role.SIDECAR]
    for media, sidecar in [artifacts[:2], artifacts[2:]]:
        assert media.sidecar == sidecar.name == f"{media.name}.json"
        assert read_metadata(media.path) == METADATA
        sidecar.path.unlink()
        assert read_metadata(media.path) is None


def test_metadata_too_long_for_a_jpeg_lies_beside_it(tmp_path: Path) -> None:
    reader = spool(tmp_path / "s", clip(count=1), fps=None)
    long = {"prompt": "x" * 100_000}

    image, sidecar = write(reader, image_spec(output={"image_format": "jpeg"}), tmp_path / "out", metadata=long)

    assert image.sidecar == sidecar.name
    assert read_metadata(image.path) == long


def test_progress_counts_every_frame(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    write(spool(tmp_path / "s"), spec(), tmp_path / "out", on_progress=lambda *step: seen.append(step))

    assert seen == [(done, FRAMES) for done in range(1, FRAMES + 1)]


def test_stopping_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done == 3:
            raise KeyError("aborted")

    with pytest.raises(KeyError):
        write(spool(tmp_path / "s"), spec(), tmp_path / "out", on_progress=stop)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("change", [{"width": 80}, {"height": 80}, {"frames": 13}])
def test_a_spool_that_is_not_what_the_spec_asks_for_is_refused(tmp_path: Path, change: dict) -> None:
    with pytest.raises(EncodeFailed, match="asked for"):
        write(spool(tmp_path / "s"), spec(**change), tmp_path / "out")


def test_a_silent_spool_of_a_model_with_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="holds none"):
        write(spool(tmp_path / "s"), spec(modality="video_with_audio"), tmp_path / "out")


def test_a_size_that_the_codec_cannot_do_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    odd = clip(33, 31, 2)

    with pytest.raises(Unsupported, match="33x31"):
        write(
            spool(tmp_path / "s", odd),
            spec(width=33, height=31, frames=2, output={"container": "mov", "video_codec": "prores"}),
            tmp_path / "out",
        )

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (spec(), "tiny-wan-01234567.mp4"),
        (spec(modality="video_with_audio", output={"save_audio": True}), "tiny-wan-01234567.wav"),
        (spec(modality="video_with_audio", metadata_mode="json"), "tiny-wan-01234567.mp4.json"),
    ],
    ids=["video", "sound", "sidecar"],
)
def test_a_full_disk_is_told_as_such_and_the_file_gets_no_name(
    tmp_path: Path, no_space_at: Callable[[Path], None], asked, name: str
) -> None:
    no_space_at(tmp_path / "out" / f"{name}.part")

    with pytest.raises(DiskFull, match="free some"):
        write(spool(tmp_path / "s", sound=tone()), asked, tmp_path / "out")

    assert not (tmp_path / "out" / name).exists()
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_disk_too_small_for_the_file_is_told_as_such(tmp_path: Path, tiny_disk: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (FRAMES, 256, 256, 3), np.uint8)

    with pytest.raises(DiskFull):
        write(spool(tmp_path / "s", noise), spec(width=256, height=256, output={"video_crf": 0}), tiny_disk / "out")

    assert list((tiny_disk / "out").iterdir()) == []


def test_model_and_job_names_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (video,) = write(spool(tmp_path / "s"), spec(model="../../etc/x y\n"), tmp_path / "out", job_id="../../../abc")

    assert video.path.parent == tmp_path / "out"
    assert video.name == "etc-x-y-abc.mp4"


def test_a_writer_that_is_killed_leaves_no_file_with_a_name_and_its_rest_can_be_swept(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 256, 256, 3), np.uint8)
    spool(tmp_path / "s", noise)
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.unit.persistence.test_write_artifacts import *\n"
        "asked = spec(width=256, height=256, frames=60)\n"
        "write(SpoolReader(Path(sys.argv[1])), asked, Path(sys.argv[2]), on_progress=lambda *s: print(*s, flush=True))\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "s", tmp_path / "out"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    for _ in range(50):
        writer.stdout.readline()

    writer.send_signal(signal.SIGKILL)
    writer.wait()

    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".part"]
    assert len(sweep_parts(tmp_path / "out", older_than_s=0)) == 1
    assert list((tmp_path / "out").iterdir()) == []
