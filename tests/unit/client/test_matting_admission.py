import pytest

from reelfleet.contract.errors import InvalidRequest, NoWorker, UnknownModel
from tests.fixtures.producers import worker_info

CLIP = {"source": "s3://bucket/clip.mp4", "model": "matte-model"}
MASK = {"mask": "s3://bucket/mask.png"}
POINTS = {"points": [{"x": 3, "y": 4}]}
KITE = {"model": "clip-model", "prompt": "a red kite"}


def problems_of(refused) -> dict[str, str]:
    return {problem["field"]: problem["problem"] for problem in refused.value.details["problems"]}


def test_a_matting_that_fits_is_taken(fleet, alive):
    assert fleet.matte(**CLIP, masks=[POINTS], mask_model="mask-model").status().state == "queued"


def test_problems_of_form_between_fields_and_of_the_models_are_reported_together(fleet, alive):
    masks = [{**MASK, "target": f"t{number}"} for number in range(3)]

    with pytest.raises(InvalidRequest) as refused:
        fleet.matte(**CLIP, masks=masks, priority=12, erode=-1, output_type="alpha", output={"container": "mp4"})

    assert set(problems_of(refused)) == {"priority", "erode", "output.container"}


def test_problems_of_form_and_of_the_models_are_reported_together(fleet, alive):
    masks = [{**MASK, "target": f"t{number}"} for number in range(3)]

    with pytest.raises(InvalidRequest) as refused:
        fleet.matte(**CLIP, masks=[*masks, {"text": "a kite"}], mask_model="mask-model", priority=12)

    assert set(problems_of(refused)) == {"priority", "masks", "masks.3.text"}


def test_a_missing_source_does_not_hide_what_else_is_wrong(fleet, alive):
    with pytest.raises(InvalidRequest) as refused:
        fleet.matte(model="clip-model", mask="s3://bucket/mask.png")

    assert set(problems_of(refused)) == {"source", "model"}


@pytest.mark.parametrize(
    ("request_data", "field", "told"),
    [
        (
            {"kind": "matte", **CLIP, "model": "clip-model", "masks": [MASK]},
            "model",
            "clip-model generates; of what mattes there are matte-model",
        ),
        ({**KITE, "model": "matte-model"}, "model", "matte-model mattes; of what generates there are clip-model, image-model"),
        (
            {"kind": "matte", **CLIP, "mask_model": "matte-model", "masks": [POINTS]},
            "mask_model",
            "matte-model mattes; of what makes masks there are mask-model",
        ),
        (
            {**KITE, "matte": {"model": "image-model", "masks": [MASK]}},
            "matte.model",
            "image-model generates; of what mattes there are matte-model",
        ),
        (
            {**KITE, "matte": {"model": "matte-model", "mask_model": "clip-model", "masks": [POINTS]}},
            "matte.mask_model",
            "clip-model generates; of what makes masks there are mask-model",
        ),
    ],
    ids=str,
)
def test_a_model_that_does_something_else_is_refused_with_those_that_do_it(fleet, alive, request_data, field, told):
    with pytest.raises(InvalidRequest) as refused:
        fleet.submit(request_data)

    assert problems_of(refused) == {field: told}


def test_prompts_that_the_mask_maker_does_not_take_are_refused(fleet, alive):
    with pytest.raises(InvalidRequest) as refused:
        fleet.matte(**CLIP, masks=[{"text": "a kite"}], mask_model="mask-model")

    assert "it takes points, box" in problems_of(refused)["masks.0.text"]


def test_an_unknown_model_is_refused_with_close_names_of_its_kind(fleet, alive):
    with pytest.raises(UnknownModel, match="did you mean matte-model") as refused:
        fleet.matte(source="s3://bucket/clip.mp4", mask="s3://bucket/mask.png", model="mate-model")

    assert refused.value.details["close"] == ["matte-model"]


def test_a_default_model_that_nobody_has_published_is_refused_with_those_that_do_the_same(fleet, alive):
    with pytest.raises(
        UnknownModel, match=r"'matanyone'; of what mattes there are matte-model; .*'sam3'; of what makes masks there are mask-model"
    ):
        fleet.matte(source="s3://bucket/clip.mp4", masks=[{"text": "a kite"}])


def test_a_mask_maker_is_needed_only_when_masks_are_to_be_made(fleet, alive):
    assert fleet.matte(**CLIP, masks=[MASK], mask_model="nobody-knows-it").status().state == "queued"


@pytest.mark.parametrize(
    ("served", "missing"),
    [(("matte-model",), ["mask-model"]), (("mask-model",), ["matte-model"]), ((), ["matte-model", "mask-model"])],
    ids=str,
)
def test_every_model_that_a_matting_needs_has_to_be_served(fleet, ledger, catalogue, served, missing):
    ledger.workers.beat(worker_info(models=served), ttl_s=600)

    with pytest.raises(NoWorker) as refused:
        fleet.matte(**CLIP, masks=[POINTS], mask_model="mask-model")

    assert refused.value.details["models"] == missing


def test_what_mattes_a_result_has_to_be_served_before_the_generation_is_taken(fleet, ledger, catalogue):
    ledger.workers.beat(worker_info(models=("clip-model",)), ttl_s=600)

    with pytest.raises(NoWorker, match="matte-model nor mask-model"):
        fleet.generate(**KITE, matte={"model": "matte-model", "mask_model": "mask-model", "masks": [POINTS]})


def test_queue_anyway_takes_a_matting_whose_models_nobody_published(fleet, ledger):
    job = fleet.matte(source="s3://bucket/clip.mp4", masks=[POINTS], queue_anyway=True)

    assert ledger.jobs.row(job.id).request.model == "matanyone"


def test_a_result_is_matted_within_its_length_and_size(fleet, alive):
    masks = [{**MASK, "frame": 5}, {"points": [{"x": 40, "y": 4}], "target": "tail"}]

    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(
            **KITE, frames=5, size="32x32", matte={"model": "matte-model", "mask_model": "mask-model", "masks": masks, "end_frame": 6}
        )

    assert set(problems_of(refused)) == {"matte.masks.0.frame", "matte.masks.1.points.0", "matte.end_frame"}


def test_a_result_that_is_too_large_for_what_mattes_it_is_refused_unless_it_is_made_smaller(fleet, ledger, alive):
    ledger.models.publish([ledger.models.get("matte-model").model_copy(update={"max_pixels": 1000})], "gpu0@here")
    matte = {"model": "matte-model", "masks": [MASK]}

    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(**KITE, matte=matte)

    assert set(problems_of(refused)) == {"matte.resize"}
    assert fleet.generate(**KITE, matte={**matte, "resize": "480p"})
