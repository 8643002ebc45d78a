import pytest

from reelfleet.contract.errors import ContractMismatch, InvalidRequest
from reelfleet.contract.names import CONTRACT_VERSION
from reelfleet.contract.request import MAX_REQUEST_BYTES, GenerateRequest, parse_request, read_request

MINIMAL = {"model": "clip-model", "prompt": "a red kite"}


def problems(data) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse_request(data)
    return {problem["field"]: problem["problem"] for problem in refused.value.details["problems"]}


def test_a_model_and_a_prompt_are_enough():
    request = parse_request(MINIMAL)

    assert (request.model, request.seed, request.priority, request.tenant) == ("clip-model", None, 5, "default")


def test_every_problem_is_reported_at_once():
    found = problems({**MINIMAL, "frames": 0, "size": "big", "priority": 12, "output": {"video_crf": -1}})

    assert set(found) == {"frames", "size", "priority", "output.video_crf"}


@pytest.mark.parametrize("data", [[], "text", None, 7])
def test_what_is_no_object_is_refused(data):
    assert problems(data)


def test_an_unknown_field_is_refused_by_name():
    assert "no such field" in problems({**MINIMAL, "negativ_prompt": "x"})["negativ_prompt"]


def test_a_field_of_later_work_is_refused_with_what_it_would_do():
    assert "LoRA" in problems({**MINIMAL, "loras": []})["loras"]


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_a_blank_prompt_is_refused(prompt):
    assert "prompt" in problems({**MINIMAL, "prompt": prompt})


@pytest.mark.parametrize("version", [CONTRACT_VERSION + 1, 0, "2", None])
def test_a_request_of_another_contract_version_is_refused_as_such(version):
    with pytest.raises(ContractMismatch, match="upgrade the older side"):
        parse_request({**MINIMAL, "contract_version": version, "a_field_of_the_future": 1})


def test_a_request_that_is_too_large_is_refused():
    assert str(MAX_REQUEST_BYTES) in problems({**MINIMAL, "engine_params": {"x": "y" * MAX_REQUEST_BYTES}})["request"]


def test_numbers_that_canonical_json_cannot_hold_are_refused():
    assert "canonical JSON" in problems({**MINIMAL, "engine_params": {"x": 2**60}})["engine_params"]


def test_numbers_may_be_typed_as_text():
    assert parse_request({**MINIMAL, "frames": "9"}).sha256() == parse_request({**MINIMAL, "frames": 9}).sha256()


def test_an_open_seed_is_drawn_once_and_the_hash_of_what_was_asked_stays():
    asked = parse_request(MINIMAL)

    drawn = asked.settle()

    assert drawn.seed is not None
    assert drawn.settle() is drawn
    assert drawn.sha256() != asked.sha256() == parse_request({**MINIMAL, "seed": -1}).sha256()


def test_references_are_numbered_inputs():
    request = parse_request({**MINIMAL, "image_start": "s3://b/k.png", "image_refs": ["file:///a", "file:///b"]})

    assert request.input_uris() == {"image_start": "s3://b/k.png", "image_refs.0": "file:///a", "image_refs.1": "file:///b"}


def test_masks_of_the_matting_that_follows_are_inputs():
    masks = [{"mask": "s3://b/m.png"}, {"frame": 3, "text": "the kite"}, {"frame": 5, "mask": "s3://b/n.png"}]

    request = parse_request({**MINIMAL, "matte": {"masks": masks}})

    assert request.input_uris() == {"matte.masks.0": "s3://b/m.png", "matte.masks.2": "s3://b/n.png"}


def test_what_tells_no_kind_is_a_generation():
    assert parse_request(MINIMAL).kind == "generate"
    assert read_request('{"model": "clip-model", "prompt": "a red kite"}').kind == "generate"


@pytest.mark.parametrize("kind", ["upscale", 7, None, ["matte"]])
def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(kind):
    assert "is none of generate, matte" in problems({**MINIMAL, "kind": kind})["kind"]


def test_a_matting_that_does_not_say_so_is_told_what_is_missing():
    found = problems({"source": "s3://b/k.mp4", "masks": [{"mask": "s3://b/m.png"}]})

    assert "of kind 'matte'" in found["kind"]


def test_a_request_that_is_a_model_is_read_as_what_it_is():
    request = parse_request({"kind": "matte", "source": "s3://b/k.mp4", "masks": [{"mask": "s3://b/m.png"}]})

    assert parse_request(request) == request


def test_a_request_survives_its_own_json():
    request = parse_request({**MINIMAL, "seed": 2**64 - 1, "tags": ["a"], "engine_params": {"flow_shift": 5.0}})

    assert GenerateRequest.model_validate_json(request.model_dump_json()) == request
