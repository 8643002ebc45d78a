"""SAM 2 makes masks of clicks and boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reelfleet.contract.errors import InputUnreadable, InvalidRequest
from reelfleet.contract.matte import Box, Point

ON = Point(x=40, y=30)
OFF = Point(x=100, y=80, on_target=False)
BOX = Box(left=30, top=20, right=70, bottom=60)


def test_mask_is_of_the_frames_size_and_holds_0_and_255(sam2, frame):
    mask = sam2.make(frame, [ON], None, None)

    assert (mask.shape, mask.dtype, set(np.unique(mask))) == ((97, 131), np.uint8, {0, 255})


def test_same_prompts_make_the_same_mask(sam2, frame):
    first = sam2.make(frame, [ON], None, None)
    sam2.make(frame, [Point(x=90, y=70)], None, None)

    assert np.array_equal(sam2.make(frame, [ON], None, None), first)


@pytest.mark.parametrize(
    ("points", "box"),
    [([Point(x=90, y=70)], None), ([ON, OFF], None), ([ON, OFF.model_copy(update={"on_target": True})], None), ([], BOX), ([ON], BOX)],
)
def test_every_prompt_reaches_the_model(sam2, frame, points, box):
    assert not np.array_equal(sam2.make(frame, points, box, None), sam2.make(frame, [ON], None, None))


def test_a_point_beside_the_target_is_not_one_on_it(sam2, frame):
    beside = sam2.make(frame, [ON, OFF], None, None)

    assert not np.array_equal(beside, sam2.make(frame, [ON, OFF.model_copy(update={"on_target": True})], None, None))


def test_the_picture_reaches_the_model(sam2, frame):
    assert not np.array_equal(sam2.make(frame[:, ::-1].copy(), [ON], None, None), sam2.make(frame, [ON], None, None))


def test_prompts_scale_with_the_frame(sam2):
    # Given: one grey in the size of the model's own masks, and three times as large, where every third pixel is a pixel of the small one
    small, large = np.full((32, 32, 3), 90, np.uint8), np.full((96, 96, 3), 90, np.uint8)

    # When
    near = sam2.make(small, [Point(x=10, y=7)], Box(left=7, top=5, right=18, bottom=15), None)
    far = sam2.make(large, [Point(x=30, y=21)], Box(left=21, top=15, right=54, bottom=45), None)

    # Then
    assert np.array_equal(far[1::3, 1::3], near)


def test_of_the_masks_of_one_click_the_best_scored_is_taken(sam2, frame, monkeypatch):
    # Given: a model that scores every mask alike but for one
    def scored(best):
        def forward(*args, **options):
            made = real(*args, **options)
            made.iou_scores = torch.nn.functional.one_hot(torch.tensor([[best]]), made.iou_scores.shape[-1]).float()
            return made

        return forward

    model = next(iter(sam2.modules()))
    real = model.forward

    # When
    masks = []
    for best in range(3):
        monkeypatch.setattr(model, "forward", scored(best))
        masks.append(sam2.make(frame, [ON], None, None))

    # Then
    assert len({mask.tobytes() for mask in masks}) == 3


def test_words_are_refused_with_what_takes_them(sam2, frame):
    with pytest.raises(InvalidRequest, match="text: tiny-sam2 makes masks of points and box alone; sam3 takes text"):
        sam2.make(frame, [ON], None, "a kite")


def test_all_problems_of_prompts_come_at_once(sam2, frame):
    with pytest.raises(InvalidRequest) as caught:
        sam2.make(frame, [Point(x=200, y=30, on_target=False)], None, "a kite")

    assert [problem["field"] for problem in caught.value.details["problems"]] == ["text", "points", "points"]


def test_a_box_beyond_the_frame_is_refused(sam2, frame):
    with pytest.raises(InvalidRequest, match="box: lies outside of the picture of 131x97"):
        sam2.make(frame, [], Box(left=131, top=0, right=140, bottom=9), None)


def test_no_prompt_is_refused(sam2, frame):
    with pytest.raises(InvalidRequest, match="needs points or box"):
        sam2.make(frame, [], None, None)


def test_a_mask_of_nothing_is_told_with_the_way_to_mend_it(sam2, frame, monkeypatch):
    # Given: a model that is sure of every pixel that it is not the target's
    model = next(iter(sam2.modules()))
    real = model.forward

    def forward(*args, **options):
        made = real(*args, **options)
        made.pred_masks = made.pred_masks * 0 - 1
        return made

    monkeypatch.setattr(model, "forward", forward)

    # When / Then
    with pytest.raises(InputUnreadable, match="finds nothing at the points or in the box; move them"):
        sam2.make(frame, [ON], None, None)
