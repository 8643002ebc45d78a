import pytest

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte import MatteOptions
from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.request import parse_request, read_request

MASK = {"mask": "s3://bucket/mask.png"}
MINIMAL = {"kind": "matte", "source": "s3://bucket/clip.mp4", "masks": [MASK]}
POINT, BOX = {"x": 3, "y": 4}, {"left": 1, "top": 2, "right": 30, "bottom": 40}


def problems(**fields) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse_request({**MINIMAL, **fields})
    return {problem["field"]: problem["problem"] for problem in refused.value.details["problems"]}


def matte(**fields) -> MatteRequest:
    request = parse_request({**MINIMAL, **fields})
    assert isinstance(request, MatteRequest)
    return request


def test_a_source_and_a_mask_are_enough():
    request = matte()

    assert (request.model, request.targets, request.prompted) == ("matanyone", ("subject",), False)
    assert (request.container, request.codec) == ("mp4", "h264")
    assert request.settled


def test_source_and_masks_that_are_missing_are_reported_with_the_rest():
    with pytest.raises(InvalidRequest) as refused:
        parse_request({"kind": "matte", "priority": 12, "colour": "red"})

    assert {problem["field"] for problem in refused.value.details["problems"]} == {"source", "masks", "priority", "colour"}


def test_problems_between_fields_each_have_their_field():
    twice = [{**MASK, "frame": 9}, {"points": [POINT], "frame": 9}]

    found = problems(masks=twice, start_frame=10, output_type="alpha", output={"container": "mp4"})

    assert set(found) == {"masks.0.frame", "masks.1.frame", "masks.1", "output.container"}


def test_in_a_generation_they_are_told_by_where_they_are():
    with pytest.raises(InvalidRequest) as refused:
        parse_request({"model": "clip-model", "prompt": "a kite", "matte": {"masks": [MASK], "start_frame": 4, "end_frame": 4}})

    assert [problem["field"] for problem in refused.value.details["problems"]] == ["matte.end_frame"]


def test_an_unknown_field_names_the_schema_of_its_own_kind():
    assert "reel schema MatteRequest" in problems(prompt="a kite")["prompt"]


@pytest.mark.parametrize("mask", [{}, {**MASK, "points": [POINT]}, {**MASK, "text": "a kite"}, {"frame": 3}], ids=str)
def test_a_mask_is_given_or_made_and_not_both(mask):
    assert "give either a mask, or what to make one of" in problems(masks=[mask])["masks.0"]


@pytest.mark.parametrize(
    ("box", "field"),
    [({**BOX, "right": 1}, "masks.0.box"), ({**BOX, "bottom": 1}, "masks.0.box"), ({**BOX, "left": -1}, "masks.0.box.left")],
)
def test_a_box_without_area_or_outside_is_refused(box, field):
    assert set(problems(masks=[{"box": box}])) == {field}


def test_no_mask_at_all_is_refused():
    assert "say what the target is" in problems(masks=[])["masks"]


def test_words_must_say_something():
    assert "blank" in problems(masks=[{"text": "  "}])["masks.0"]


def test_a_range_without_a_frame_is_refused():
    assert "[5, 5) holds no frame" in problems(start_frame=5, end_frame=5)["end_frame"]


def test_a_mask_belongs_into_the_range():
    assert "outside of the range [2, 6)" in problems(masks=[{**MASK, "frame": 6}], start_frame=2, end_frame=6)["masks.0.frame"]
    assert matte(masks=[{**MASK, "frame": 5}], start_frame=2, end_frame=6)


def test_one_target_has_one_mask_at_a_frame_and_targets_may_share_one():
    assert "a second mask of target subject at frame 0" in problems(masks=[MASK, {**MASK, "frame": 0}])["masks.1"]
    assert matte(masks=[MASK, {**MASK, "target": "tail"}]).targets == ("subject", "tail")


def test_there_is_an_end_to_targets():
    many = [{**MASK, "target": f"t{number}"} for number in range(9)]

    assert "9 targets; at most 8" in problems(masks=many)["masks"]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ({}, ("mov", "prores")),
        ({"container": "webm"}, ("webm", "vp9")),
        ({"container": "mov", "video_codec": "prores"}, ("mov", "prores")),
    ],
    ids=str,
)
def test_an_alpha_channel_is_written_by_what_keeps_one(output, found):
    request = matte(output_type="alpha", output=output)

    assert (request.container, request.codec) == found


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"output_type": "alpha", "output": {"container": "mkv"}}, "output.container"),
        ({"output_type": "alpha", "output": {"container": "mov", "video_codec": "h264"}}, "output.video_codec"),
        ({"output": {"container": "webm", "video_codec": "h264"}}, "output.video_codec"),
        ({"output_type": "alpha", "output": {"video_crf": 20}}, "output.video_crf"),
        ({"output": {"video_crf": 60}}, "output.video_crf"),
    ],
    ids=str,
)
def test_what_a_container_or_codec_cannot_do_is_refused(fields, field):
    assert set(problems(**fields)) == {field}


def test_given_masks_are_inputs_by_their_place_in_the_list():
    request = matte(masks=[{"text": "a kite", "frame": 1}, {**MASK, "frame": 2}])

    assert request.input_uris() == {"source": "s3://bucket/clip.mp4", "masks.1": "s3://bucket/mask.png"}


@pytest.mark.parametrize(
    ("fields", "maker"),
    [
        ({"masks": [{"points": [POINT]}]}, "sam2"),
        ({"masks": [{"box": BOX}]}, "sam2"),
        ({"masks": [{"text": "a kite"}]}, "sam3"),
        ({"masks": [{"text": "a kite"}], "mask_model": "mine"}, "mine"),
    ],
    ids=str,
)
def test_masks_are_made_by_what_is_named_or_by_the_default_for_their_prompts(fields, maker):
    request = matte(**fields)

    assert (request.prompted, request.mask_maker) == (True, maker)


def test_a_matting_survives_its_own_json():
    request = matte(masks=[{"points": [POINT, {**POINT, "x": 9.5, "on_target": False}], "box": BOX}], tags=["a"], erode=3)

    assert read_request(request.model_dump_json()) == request


def test_options_alone_make_the_matting_of_a_result():
    options = MatteOptions(masks=[{"mask": "s3://bucket/mask.png"}], output_type="greenscreen")

    assert MatteRequest(source="s3://bucket/clip.mp4", **options.model_dump()).output_type == "greenscreen"
