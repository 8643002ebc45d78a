from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from persistence.matte.compose import compose
from persistence.probes.video import vp9_decoder_with_alpha
from reelfleet.contract.manifest import Role
from tests.unit.persistence.matte.builders import (
    COUNT,
    HEIGHT,
    WIDTH,
    composed,
    deliver,
    moving,
    of_role,
    ramp,
    sha256,
    source_frames,
    spec_for,
)
from tests.unit.persistence.other_decoder import psnr


def decode_rgba(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Colour as RGB and the plane of alpha, 0 to 255, of every frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decode = vp9_decoder_with_alpha() if stream.codec_context.name == "vp9" else lambda packet: packet.decode()
        frames = [frame for packet in container.demux(stream) for frame in decode(packet)]
    shown = []
    for frame in frames:
        deep = frame.format.components[3].bits
        dtype = np.uint8 if deep == 8 else np.dtype("<u2")
        plane = np.frombuffer(frame.planes[3], dtype).reshape(frame.height, -1)[:, : frame.width]
        rgb = frame.reformat(format="rgb24", src_colorspace="ITU709", interpolation="BICUBIC").to_ndarray()
        shown.append((rgb, np.rint(plane / (2**deep - 1) * 255).astype(np.uint8)))
    return shown


def test_the_background_is_what_the_alpha_leaves(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, select="background", save_masks=True)

    archive = of_role(deliver(clip, spec, tmp_path), Role.MASK_ARCHIVE)

    with zipfile.ZipFile(archive.path) as opened:
        first = np.asarray(Image.open(BytesIO(opened.read("frame-000000.png"))))
    assert np.array_equal(first, 255 - ramp(0, WIDTH, HEIGHT))


@pytest.mark.parametrize("container", ["mov", "webm"])
@pytest.mark.parametrize("size", ["even", "odd"])
def test_an_alpha_channel_comes_back_with_the_colours_untouched(
    tmp_path: Path, clip: Path, odd_clip: Path, container: str, size: str
) -> None:
    source = clip if size == "even" else odd_clip
    spec = spec_for(source, output_type="alpha", container=container, crf=None if container == "mov" else 1)

    foreground = of_role(deliver(source, spec, tmp_path), Role.MASK_FOREGROUND)

    shown = decode_rgba(foreground.path)
    assert len(shown) == spec.frames
    for number, ((rgb, alpha), untouched) in enumerate(zip(shown, source_frames(source, spec), strict=True)):
        asked = ramp(number, spec.width, spec.height)
        assert np.abs(alpha.astype(int) - asked).max() <= (0 if container == "mov" else 3)
        hidden = asked == 0
        assert hidden.any()
        assert psnr(rgb[hidden], untouched[hidden]) > 28


def test_an_alpha_in_prores_is_exact_at_every_value(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, output_type="alpha", container="mov")

    foreground = of_role(deliver(clip, spec, tmp_path), Role.MASK_FOREGROUND)

    alphas = np.stack([alpha for _, alpha in decode_rgba(foreground.path)])
    assert np.array_equal(alphas, np.stack([ramp(number, WIDTH, HEIGHT) for number in range(COUNT)]))


def test_a_video_with_an_alpha_channel_says_what_was_encoded(tmp_path: Path, odd_clip: Path) -> None:
    spec = spec_for(odd_clip, output_type="alpha", container="mov", save_masks=True)

    files = deliver(odd_clip, spec, tmp_path)

    expected = sha256(composed(odd_clip, spec, "alpha").tobytes())
    assert of_role(files, Role.MASK_FOREGROUND).content_sha256 == of_role(files, Role.RGBA_ARCHIVE).content_sha256 == expected
    assert [file.codec for file in files[:2]] == ["prores", "prores"]


def test_archives_hold_every_frame_exactly_by_its_number_in_the_source(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, output_type="alpha", container="webm", save_masks=True, start_frame=4, end_frame=7)

    files = deliver(clip, spec, tmp_path)

    assert [file.role for file in files] == [Role.MASK_FOREGROUND, Role.MASK_ALPHA, Role.MASK_ARCHIVE, Role.RGBA_ARCHIVE]
    for file, expected in zip(files[2:], (composed(clip, spec, "alpha")[..., 3], composed(clip, spec, "alpha")), strict=True):
        with zipfile.ZipFile(file.path) as archive:
            names = archive.namelist()
            frames = [np.asarray(Image.open(BytesIO(archive.read(name)))) for name in names[1:]]
        assert names == ["metadata.json", "frame-000004.png", "frame-000005.png", "frame-000006.png"]
        assert np.array_equal(np.stack(frames), expected)
        assert (file.frames, file.media_type) == (3, "application/zip")


def test_the_same_frames_give_the_same_archive(tmp_path: Path, clip: Path) -> None:
    spec = spec_for(clip, save_masks=True)

    archives = [of_role(deliver(clip, spec, tmp_path / name), Role.MASK_ARCHIVE) for name in ("a", "b")]

    assert archives[0].path.read_bytes() == archives[1].path.read_bytes()


def test_archives_are_not_made_unless_asked_for(tmp_path: Path, clip: Path) -> None:
    files = deliver(clip, spec_for(clip, output_type="alpha", container="webm"), tmp_path)

    assert [file.role for file in files] == [Role.MASK_FOREGROUND, Role.MASK_ALPHA]


def test_an_image_with_alpha_is_rgba(tmp_path: Path, picture: Path) -> None:
    spec = spec_for(picture, output_type="alpha", container="mov", save_masks=True)

    files = deliver(picture, spec, tmp_path)

    assert np.array_equal(np.asarray(Image.open(files[0].path)), compose(moving(0, 49, 33), ramp(0, 49, 33), "alpha"))
    assert [file.name.rsplit("-", 1)[1] for file in files] == ["foreground.png", "alpha.png", "alpha.zip", "rgba.zip"]
