"""Masks as people save them become masks of one form, and what is odd about them is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from persistence.source.masks import read_mask
from persistence.source.probe import check_pictures
from reelfleet.contract.errors import InputUnreadable
from tests.unit.persistence.source.clips import COUNT, make_clip, number_of

SIZE = (8, 6)


def half() -> np.ndarray:
    """The left half is the target: uint8 (height, width)."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[:, :4] = 255
    return mask


def read(path, *, frame: int = 0, size: tuple[int, int] = SIZE):
    return read_mask(path, frame=frame, size=size, name="masks.0")


FORMS = {
    "grey": lambda: Image.fromarray(half()),
    "rgb": lambda: Image.fromarray(half()).convert("RGB"),
    "one bit": lambda: Image.fromarray(half()).convert("1"),
    "palette": lambda: Image.fromarray(half()).convert("RGB").quantize(2),
    "16 bits": lambda: Image.fromarray(half().astype(np.uint16) * 257),
    "cut-out": lambda: Image.merge("RGBA", [*Image.new("RGB", SIZE, (9, 9, 9)).split(), Image.fromarray(half())]),
    "grey with an alpha that says nothing": lambda: Image.merge("LA", [Image.fromarray(half()), Image.new("L", SIZE, 255)]),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_an_image_gives_the_same_mask(form, tmp_path):
    form().save(tmp_path / "mask.png")

    found = read(tmp_path / "mask.png")

    assert np.array_equal(found.pixels, half())
    assert found.notes == ()


def test_a_mask_of_zeros_and_ones_is_stretched_and_noted(tmp_path):
    Image.fromarray(half() // 255).save(tmp_path / "mask.png")

    found = read(tmp_path / "mask.png")

    assert np.array_equal(found.pixels, half())
    assert found.notes == ("masks.0 holds 0 and 1 alone; 1 is taken for the target",)


@pytest.mark.parametrize("full", [1.0, 255.0])
def test_a_mask_in_floating_point_keeps_its_soft_edges(full, tmp_path):
    # Given a mask that runs from 0 to 1, or to 255, with a part that is half selected
    soft = half().astype(np.float32) / 255 * np.float32(full)
    soft[:, 4] = full / 2
    Image.fromarray(soft).save(tmp_path / "mask.tiff")

    found = read(tmp_path / "mask.tiff")

    assert set(found.pixels[:, 4]) == {128}
    assert np.array_equal(np.delete(found.pixels, 4, axis=1), np.delete(half(), 4, axis=1))


def test_an_alpha_that_is_nowhere_is_no_mask(tmp_path):
    # Given a mask in the brightness of an image that is transparent all over
    Image.merge("LA", [Image.fromarray(half()), Image.new("L", SIZE, 0)]).save(tmp_path / "mask.png")

    assert np.array_equal(read(tmp_path / "mask.png").pixels, half())


def test_a_mask_of_indices_is_noted_as_faint(tmp_path):
    # Given objects by their numbers, in colours that only a palette has (as DAVIS has its annotations)
    indexed = Image.fromarray(half() // 255, "P")
    indexed.putpalette([0, 0, 0, 128, 0, 0])
    indexed.save(tmp_path / "mask.png")

    found = read(tmp_path / "mask.png")

    assert found.notes == ("masks.0 selects nothing wholly: its brightest value is 38 of 255",)


def test_a_mask_of_another_size_is_scaled_to_the_nearest_pixels_and_noted(tmp_path):
    Image.fromarray(half()).save(tmp_path / "mask.png")

    found = read(tmp_path / "mask.png", size=(16, 12))

    assert np.array_equal(found.pixels, np.kron(half(), np.ones((2, 2), np.uint8)))
    assert "masks.0 is 8x6 and was scaled to 16x12" in found.notes[0]


@pytest.mark.parametrize(("value", "said"), [(0, "is empty"), (255, "is full")])
def test_a_mask_that_selects_nothing_or_everything_is_taken_with_a_note(value, said, tmp_path):
    Image.new("L", SIZE, value).save(tmp_path / "mask.png")

    found = read(tmp_path / "mask.png")

    assert said in found.notes[0]


def test_of_a_video_of_masks_the_frame_of_the_same_number_is_taken(tmp_path):
    path = make_clip(tmp_path / "masks.mp4")

    found = read(path, frame=13, size=(96, 32))

    assert number_of(np.repeat(found.pixels[..., None], 3, axis=2)) == 13


def test_a_video_of_masks_that_is_too_short_tells_how_long_it_is(tmp_path):
    path = make_clip(tmp_path / "masks.mp4")

    with pytest.raises(InputUnreadable, match=f"masks.0: the video of masks has {COUNT} frames, and the mask of frame 99 was asked for"):
        read(path, frame=99)


def test_what_is_no_picture_is_refused_by_name(tmp_path):
    (tmp_path / "mask.png").write_text("no picture")

    with pytest.raises(InputUnreadable, match=r"masks\.0: .*does not decode"):
        read(tmp_path / "mask.png")


def test_a_mask_has_the_media_type_of_its_content(tmp_path):
    Image.fromarray(half()).save(tmp_path / "mask.dat", "PNG")

    assert check_pictures(tmp_path / "mask.dat", 10**6) == "image/png"
