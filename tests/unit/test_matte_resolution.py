import pytest

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.request import parse_request
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.matte_resolution import find_matte_problems, find_prompt_problems, resolve_matte
from tests.fixtures.producers import MASK_MAKER_CARD, MATTING_CARD, SOURCE

MASK = {"mask": "s3://bucket/mask.png"}


def request(*masks, **fields):
    return parse_request({"kind": "matte", "source": "s3://bucket/clip.mp4", "masks": masks or [MASK], "model": "matte-model", **fields})


def resolve(*masks, size=(64, 64), source=SOURCE, **fields):
    return resolve_matte(request(*masks, **fields), MATTING_CARD, {}, source, size)


def problems(*masks, **fields) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        resolve(*masks, **fields)
    return {problem["field"]: problem["problem"] for problem in refused.value.details["problems"]}


def test_what_is_left_open_follows_from_the_source():
    spec = resolve(start_frame=2)

    assert (spec.start_frame, spec.end_frame, spec.frames, spec.width, spec.height) == (2, 9, 7, 64, 64)
    assert (spec.family, spec.mask_model, spec.prompted) == ("matanyone", None, False)
    assert (spec.output.container, spec.output.video_codec) == ("mp4", "h264")


def test_a_mask_without_a_frame_is_one_of_the_first():
    spec = resolve(MASK, {"target": "tail", "mask": "s3://bucket/tail.png", "frame": 5}, start_frame=3)

    assert [(mask.target, mask.frame, mask.input) for mask in spec.masks] == [("subject", 3, "masks.0"), ("tail", 5, "masks.1")]


def test_a_mask_that_is_to_be_made_has_no_input_yet_and_names_who_makes_it():
    spec = resolve({"points": [{"x": 3, "y": 4}]}, mask_model="mask-model")

    assert (spec.mask_model, spec.prompted, spec.masks[0].input) == ("mask-model", True, None)
    assert spec.masks[0].points[0].x == 3


def test_inputs_are_kept_as_they_lie_in_the_store():
    given = ResolvedInput(uri="s3://bucket/clip.mp4", key="inputs/ab", sha256="ab", bytes=3, media_type="video/mp4")

    assert resolve_matte(request(), MATTING_CARD, {"source": given}, SOURCE, (64, 64)).inputs == {"source": given}


def test_frames_that_the_source_does_not_have_are_refused_all_at_once():
    found = problems({**MASK, "frame": 9}, end_frame=10)

    assert set(found) == {"masks.0.frame", "end_frame"}
    assert "the source has 9 frames, numbered from 0" in found["end_frame"]


def test_a_range_that_begins_behind_the_end_is_refused():
    assert set(problems(start_frame=9)) == {"start_frame"}


def test_the_range_of_a_damaged_source_ends_where_that_does_when_that_is_allowed():
    assert resolve(end_frame=20, allow_truncated=True).end_frame == 9


@pytest.mark.parametrize(
    ("mask", "field"),
    [
        ({"points": [{"x": 3, "y": 3}, {"x": 64, "y": 3}]}, "masks.0.points.1"),
        ({"points": [{"x": 3, "y": 64}]}, "masks.0.points.0"),
        ({"box": {"left": 3, "top": 3, "right": 65, "bottom": 9}}, "masks.0.box"),
        ({"box": {"left": 3, "top": 3, "right": 9, "bottom": 65}}, "masks.0.box"),
    ],
    ids=str,
)
def test_a_place_outside_of_the_picture_is_refused(mask, field):
    assert "64x64" in problems(mask)[field]


def test_a_box_may_be_the_whole_picture():
    assert resolve({"box": {"left": 0, "top": 0, "right": 64, "bottom": 64}}).masks[0].box is not None


def test_more_pixels_than_the_model_takes_are_refused_with_what_mends_it():
    assert "resize" in problems(size=(256, 256))["resize"]


def test_more_targets_than_the_model_takes_are_refused():
    many = [{**MASK, "target": f"t{number}"} for number in range(3)]

    assert [problem["field"] for problem in find_matte_problems(request(*many), MATTING_CARD)] == ["masks"]


def test_prompts_that_the_mask_maker_does_not_take_are_named():
    prompts = request({"points": [{"x": 1, "y": 1}], "text": "a kite"}, mask_model="mask-model")

    assert [problem["field"] for problem in find_prompt_problems(prompts, MASK_MAKER_CARD)] == ["masks.0.text"]
