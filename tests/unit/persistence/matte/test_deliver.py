from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from persistence.matte.compose import compose, grey
from persistence.metadata import read_metadata
from reelfleet.contract.errors import DiskFull, EncodeFailed, Unsupported
from reelfleet.contract.manifest import Role
from tests.unit.persistence.matte.builders import (
    COUNT,
    FPS,
    HEIGHT,
    METADATA,
    WIDTH,
    composed,
    deliver,
    moving,
    of_role,
    ramp,
    sha256,
    spec_for,
)
from tests.unit.persistence.other_decoder import decode_frames, psnr


def test_the_main_files_are_a_foreground_and_an_alpha_described_as_they_are(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip)

    foreground, alpha = deliver(clip, spec, tmp_path)

    assert (foreground.role, foreground.name) == (Role.MASK_FOREGROUND, "matanyone-01234567-foreground.mp4")
    assert (alpha.role, alpha.name) == (Role.MASK_ALPHA, "matanyone-01234567-alpha.mp4")
    for file in (foreground, alpha):
        assert (file.codec, file.width, file.height, file.frames, file.fps) == ("h264", WIDTH, HEIGHT, COUNT, FPS)
        assert (file.duration_s, file.media_type) == (COUNT / FPS, "video/mp4")
        assert (file.bytes, file.sha256) == (file.path.stat().st_size, sha256(file.path.read_bytes()))


@pytest.mark.parametrize("output_type", ["foreground", "greenscreen"])
def test_the_foreground_shows_what_is_defined(tmp_path: Path, clip: Path, output_type: str) -> None:
    spec = spec_for(clip, output_type=output_type, crf=1)

    foreground = of_role(deliver(clip, spec, tmp_path), Role.MASK_FOREGROUND)

    assert psnr(decode_frames(foreground.path, WIDTH, HEIGHT), composed(clip, spec, output_type)) > 36


def test_the_alpha_is_shown_as_grey(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, crf=1)

    alpha = of_role(deliver(clip, spec, tmp_path), Role.MASK_ALPHA)

    shown = decode_frames(alpha.path, WIDTH, HEIGHT).astype(int)
    asked = np.stack([grey(ramp(number, WIDTH, HEIGHT)) for number in range(COUNT)])
    assert np.abs(shown - asked).max() <= 6


def test_content_hashes_are_those_of_the_pictures_whatever_the_file(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, save_masks=True)
    greys = np.stack([grey(ramp(number, WIDTH, HEIGHT)) for number in range(COUNT)])

    mp4 = deliver(clip, spec, tmp_path / "a")
    webm = deliver(clip, spec_for(clip, container="webm", crf=50), tmp_path / "b")

    foregrounds = {of_role(files, Role.MASK_FOREGROUND).content_sha256 for files in (mp4, webm)}
    alphas = {of_role(mp4, Role.MASK_ALPHA).content_sha256, of_role(webm, Role.MASK_ALPHA).content_sha256}
    assert foregrounds == {sha256(composed(clip, spec, "foreground").tobytes())}
    assert alphas | {of_role(mp4, Role.MASK_ARCHIVE).content_sha256} == {sha256(greys.tobytes())}


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("mkv", "h265"), ("webm", "vp9"), ("mkv", "av1")], ids=str)
def test_an_odd_size_is_delivered_as_it_is(tmp_path: Path, odd_clip: Path, container: str, codec: str) -> None:
    files = deliver(odd_clip, spec_for(odd_clip, container=container, codec=codec), tmp_path)

    assert [(file.codec, file.width, file.height, file.frames) for file in files] == [(codec, 49, 35, 5)] * 2
    assert all(decode_frames(file.path, 49, 35).shape == (5, 35, 49, 3) for file in files)


def test_prores_is_delivered(tmp_path: Path, clip: Path) -> None:
    files = deliver(clip, spec_for(clip, container="mov", codec="prores"), tmp_path)

    assert [(file.codec, file.frames, file.media_type) for file in files] == [("prores", COUNT, "video/quicktime")] * 2


def test_what_an_encoder_cannot_do_is_refused_before_anything_is_written(tmp_path: Path, odd_clip: Path) -> None:
    with pytest.raises(Unsupported, match="49x35"):
        deliver(odd_clip, spec_for(odd_clip, container="mov", codec="prores", save_masks=True), tmp_path)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_range_shows_the_frames_of_that_range(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, start_frame=5, end_frame=9, crf=1)

    foreground = of_role(deliver(clip, spec, tmp_path), Role.MASK_FOREGROUND)

    assert (foreground.frames, foreground.duration_s) == (4, 4 / FPS)
    assert psnr(decode_frames(foreground.path, WIDTH, HEIGHT), composed(clip, spec, "foreground")) > 36


def test_each_target_has_its_own_files_named_for_it(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, targets=("dancer", "hat"), save_masks=True)

    files = deliver(clip, spec, tmp_path)

    assert [file.name for file in files] == [
        f"matanyone-01234567-{target}-{ending}" for target in ("dancer", "hat") for ending in ("foreground.mp4", "alpha.mp4", "alpha.zip")
    ]
    assert files[3].content_sha256 == sha256(composed(clip, spec, "foreground", shift=40).tobytes())
    assert files[0].content_sha256 == sha256(composed(clip, spec, "foreground").tobytes())


def test_an_image_gives_images(tmp_path: Path, picture: Path) -> None:
    spec = spec_for(picture)

    foreground, alpha = deliver(picture, spec, tmp_path)

    assert (foreground.name, alpha.name) == ("matanyone-01234567-foreground.png", "matanyone-01234567-alpha.png")
    assert (foreground.media_type, foreground.codec, foreground.frames, foreground.width) == ("image/png", "png", 1, 49)
    assert np.array_equal(np.asarray(Image.open(foreground.path)), compose(moving(0, 49, 33), ramp(0, 49, 33), "foreground"))
    assert np.array_equal(np.asarray(Image.open(alpha.path)), ramp(0, 49, 33))


@pytest.mark.parametrize(("output_type", "container"), [("foreground", "mp4"), ("alpha", "mov"), ("alpha", "webm"), ("foreground", "mkv")])
def test_metadata_is_inside_every_file(tmp_path: Path, clip: Path, output_type: str, container: str) -> None:
    files = deliver(clip, spec_for(clip, output_type=output_type, container=container, save_masks=True), tmp_path)

    assert [read_metadata(file.path) for file in files] == [METADATA] * len(files)
    assert all(file.sidecar is None for file in files)


def test_metadata_of_an_image_is_inside_it(tmp_path: Path, picture: Path) -> None:
    files = deliver(picture, spec_for(picture), tmp_path)

    assert [read_metadata(file.path) for file in files] == [METADATA, METADATA]


def test_metadata_may_lie_beside_every_file_instead(tmp_path: Path, clip: Path) -> None:
    files = deliver(clip, spec_for(clip, save_masks=True, metadata_mode="json"), tmp_path)

    assert [file.role for file in files[1::2]] == [Role.SIDECAR] * 3
    for media, sidecar in zip(files[::2], files[1::2], strict=True):
        assert media.sidecar == sidecar.name == f"{media.name}.json"
        assert read_metadata(media.path) == METADATA
        sidecar.path.unlink()
        assert read_metadata(media.path) is None


def test_progress_counts_every_frame_once_however_many_files_there_are(tmp_path: Path, clip: Path) -> None:
    seen: list[tuple[int, int]] = []

    deliver(clip, spec_for(clip, targets=("a", "b"), save_masks=True), tmp_path, on_progress=lambda *step: seen.append(step))

    assert seen == [(done, COUNT) for done in range(1, COUNT + 1)]


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_stopping_in_the_middle_leaves_no_file(tmp_path: Path, clip: Path, container: str) -> None:
    seen: set[str] = set()

    def stop(done: int, of: int) -> None:
        if done == 7:
            seen.update(path.suffix for path in (tmp_path / "out").iterdir())
            raise KeyError("aborted")

    with pytest.raises(KeyError):
        deliver(clip, spec_for(clip, save_masks=True, container=container), tmp_path, on_progress=stop)

    assert seen == {".part"}
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["foreground.mp4", "alpha.mp4", "alpha.zip"])
def test_a_full_disk_is_told_as_such_and_leaves_no_file(tmp_path: Path, clip: Path, no_space_at: Callable[[Path], None], name: str) -> None:
    (tmp_path / "out").mkdir()
    no_space_at(tmp_path / "out" / f"matanyone-01234567-{name}.part")

    with pytest.raises(DiskFull, match="free some"):
        deliver(clip, spec_for(clip, save_masks=True), tmp_path)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_sidecar_that_cannot_be_written_takes_the_finished_files_with_it(
    tmp_path: Path, clip: Path, no_space_at: Callable[[Path], None]
) -> None:
    (tmp_path / "out").mkdir()
    no_space_at(tmp_path / "out" / "matanyone-01234567-alpha.mp4.json.part")

    with pytest.raises(DiskFull):
        deliver(clip, spec_for(clip, metadata_mode="json", save_masks=True), tmp_path)

    assert list((tmp_path / "out").iterdir()) == []


def test_fewer_alphas_than_frames_are_delivered_only_when_that_is_allowed(tmp_path: Path, clip: Path) -> None:
    files = deliver(clip, spec_for(clip, allow_truncated=True), tmp_path / "allowed", count=7)

    assert [file.frames for file in files] == [7, 7]
    with pytest.raises(EncodeFailed, match="7 frames"):
        deliver(clip, spec_for(clip), tmp_path / "refused", count=7)


@pytest.mark.parametrize("change", [{"width": 50}, {"start_frame": 1}, {"targets": ("other",)}])
def test_alphas_of_something_else_are_refused(tmp_path: Path, clip: Path, change: dict) -> None:
    with pytest.raises(EncodeFailed, match="asked for"):
        deliver(clip, spec_for(clip), tmp_path, alphas_for=spec_for(clip, **change))

    assert not (tmp_path / "out").exists()
