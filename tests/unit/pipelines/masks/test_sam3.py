"""SAM 3 makes masks of words."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from reelfleet.contract.errors import InputUnreadable, InvalidRequest
from reelfleet.contract.matte import Box, Point

WORDS = "a red kite"


def test_mask_is_of_the_frames_size_and_holds_0_and_255(sam3, frame):
    mask = sam3.make(frame, [], None, WORDS)

    assert (mask.shape, mask.dtype, set(np.unique(mask))) == ((97, 131), np.uint8, {0, 255})


def test_same_words_make_the_same_mask(sam3, frame):
    first = sam3.make(frame, [], None, WORDS)
    sam3.make(frame, [], None, "the sea")

    assert np.array_equal(sam3.make(frame, [], None, WORDS), first)


def test_words_reach_the_model(sam3, frame):
    assert not np.array_equal(sam3.make(frame, [], None, "the sea"), sam3.make(frame, [], None, WORDS))


def test_the_picture_reaches_the_model(sam3, frame):
    assert not np.array_equal(sam3.make(frame[:, ::-1].copy(), [], None, WORDS), sam3.make(frame, [], None, WORDS))


def test_words_that_name_nothing_in_the_frame_are_told_with_the_way_to_mend_it(copied, load, frame):
    # Given: weights of a model that is sure that nothing is there
    entry, folder = copied("tiny-sam3")
    weights = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    presence = next(name for name in weights if "presence_head" in name and name.endswith("layer3.bias"))
    weights[presence] -= 30
    save_file(weights, folder / "model.safetensors", {"format": "pt"})

    # When / Then
    with pytest.raises(
        InputUnreadable, match=r"finds nothing that 'a red kite' names \(best score 0\.00, needed 0\.3\); say it in other words"
    ):
        load(entry).make(frame, [], None, WORDS)


def test_more_words_than_the_model_reads_are_refused(sam3, frame):
    with pytest.raises(InvalidRequest, match=r"text: \d+ tokens with their marks; tiny-sam3 reads 32: say it in fewer words"):
        sam3.make(frame, [], None, "a red kite with a very long tail over the sea")


@pytest.mark.parametrize(
    ("points", "box", "field"), [([Point(x=1, y=1)], None, "points"), ([], Box(left=0, top=0, right=9, bottom=9), "box")]
)
def test_points_and_boxes_are_refused_with_what_takes_them(sam3, frame, points, box, field):
    with pytest.raises(InvalidRequest, match=f"{field}: tiny-sam3 makes masks of text alone; sam2 takes {field}"):
        sam3.make(frame, points, box, WORDS)
