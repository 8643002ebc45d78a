import pytest

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.request import parse_request
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.resolution import find_problems, resolve
from tests.fixtures.producers import IMAGE_CARD, VIDEO_CARD


def request(model="clip-model", **fields):
    return parse_request({"model": model, "prompt": "a red kite", "seed": 7, **fields})


def problems(card=VIDEO_CARD, **fields) -> dict[str, str]:
    return {problem["field"]: problem["problem"] for problem in find_problems(request(card.name, **fields), card)}


def test_what_is_left_open_comes_from_the_card():
    spec = resolve(request(), VIDEO_CARD)

    assert (spec.width, spec.height, spec.frames, spec.fps, spec.steps, spec.guidance) == (64, 64, 9, 8, 4, 5.0)
    assert spec.negative_prompt == "blurry"


def test_what_is_asked_for_wins_also_when_it_is_empty_or_zero():
    spec = resolve(request(size="32x48", frames=5, fps=4, steps=2, guidance=0, negative_prompt=""), VIDEO_CARD)

    assert (spec.width, spec.height, spec.frames, spec.fps, spec.steps, spec.guidance) == (32, 48, 5, 4, 2, 0)
    assert spec.negative_prompt == ""


def test_an_image_has_one_frame_and_no_rate():
    spec = resolve(request("image-model", frames=1), IMAGE_CARD)

    assert (spec.frames, spec.fps) == (1, None)


def test_the_same_request_gives_the_same_spec():
    assert resolve(request(), VIDEO_CARD).sha256() == resolve(request(), VIDEO_CARD).sha256()
    assert resolve(request(), VIDEO_CARD).sha256() != resolve(request(frames=5), VIDEO_CARD).sha256()


def test_fetched_inputs_become_part_of_the_spec():
    fetched = ResolvedInput(uri="s3://b/k", key="inputs/ab", sha256="ab", bytes=1, media_type="image/png")

    spec = resolve(request(image_start="s3://b/k"), VIDEO_CARD, {"image_start": fetched})

    assert spec.inputs == {"image_start": fetched}


def test_an_open_seed_is_the_callers_mistake():
    with pytest.raises(ValueError, match="seed"):
        resolve(request(seed=None), VIDEO_CARD)


def test_every_problem_is_found_at_once():
    found = problems(size="65x64", frames=8, steps=51, guidance_2=1, audio_source="s3://b/k", engine_params={"speed": 1})

    assert set(found) == {"size", "frames", "steps", "guidance_2", "audio_source", "engine_params.speed"}


def test_resolving_raises_what_was_found():
    with pytest.raises(InvalidRequest) as refused:
        resolve(request(size="65x64", frames=8), VIDEO_CARD)

    assert [problem["field"] for problem in refused.value.details["problems"]] == ["size", "frames"]


@pytest.mark.parametrize(
    ("size", "reason"), [("66x64", "64x64 is near"), ("1x64", "16x64 is near"), ("256x256", "at most 16384"), ("8x8", "at least 16")]
)
def test_a_size_that_the_model_cannot_make_is_refused_with_one_that_it_can(size, reason):
    assert any(reason in problem["problem"] for problem in find_problems(request(size=size), VIDEO_CARD))


@pytest.mark.parametrize(("frames", "near"), [(8, "5 and 9"), (2, "1 and 5"), (30, "29 and 33")])
def test_a_length_off_the_frame_rule_is_refused_with_its_neighbours(frames, near):
    assert near in problems(frames=frames)["frames"]


def test_the_bounds_themselves_are_allowed():
    assert problems(size="128x128", frames=33, steps=50) == {}
    assert "at most 33" in problems(frames=37)["frames"]


@pytest.mark.parametrize("fields", [{"frames": 5}, {"fps": 8}])
def test_an_image_model_makes_no_clip(fields):
    assert set(problems(IMAGE_CARD, **fields)) == set(fields)


def test_a_missing_input_is_named():
    needs = VIDEO_CARD.model_copy(update={"required_inputs": ("image_start",)})

    assert problems(needs) == {"image_start": "clip-model needs it"}
    assert problems(needs, image_start="s3://b/k") == {}


def test_masks_of_the_matting_that_follows_are_no_inputs_of_the_generation():
    assert problems(IMAGE_CARD, matte={"masks": [{"mask": "s3://bucket/mask.png"}]}) == {}
