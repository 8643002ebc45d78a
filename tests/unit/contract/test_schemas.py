import json
from pathlib import Path

import jsonschema
import pytest

from reelfleet.contract.request import GenerateRequest
from reelfleet.schemas import schema_names, schema_of

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "schemas"


@pytest.mark.parametrize("name", schema_names())
def test_the_committed_schema_is_the_codes(name):
    committed = json.loads((COMMITTED / f"{name}.json").read_text("utf-8"))

    assert committed == schema_of(name), "run `reel schema -o docs/reference/schemas` and commit the change"


def test_no_other_schema_is_committed():
    assert {path.stem for path in COMMITTED.glob("*.json")} == set(schema_names())


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_valid(name):
    jsonschema.Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize("seed", [7, "18446744073709551615", -1, None])
def test_a_valid_request_fits_its_schema(seed):
    document = {"model": "clip-model", "prompt": "a kite", "seed": seed, "output": {"container": "webm"}}

    jsonschema.validate(document, schema_of("GenerateRequest"))
    GenerateRequest.model_validate(document)


def test_a_valid_matting_fits_its_schema_and_one_without_a_mask_does_not():
    document = {"kind": "matte", "source": "s3://b/clip.mp4", "masks": [{"points": [{"x": 1, "y": 2}], "frame": 3}]}

    jsonschema.validate(document, schema_of("MatteRequest"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "masks": []}, schema_of("MatteRequest"))


def test_what_a_matting_says_fits_its_schema(fleet, alive, worker):
    job = fleet.matte(source="s3://b/clip.mp4", mask="s3://b/mask.png", model="matte-model")
    worker.run(job.id)
    cards = {type(card).__name__: card for card in fleet.models()}

    manifest = job.manifest()
    for name, document in {"JobStatus": job.status(), "Manifest": manifest, "MattingSpec": manifest.predicate.spec, **cards}.items():
        jsonschema.validate(document.model_dump(mode="json", by_alias=True), schema_of(name))


def test_what_a_job_says_fits_its_schema(fleet, alive, worker):
    job = fleet.generate(model="clip-model", prompt="a red kite")
    worker.run(job.id)
    written = {"JobStatus": job.status(), "Manifest": job.manifest(), "ModelCard": fleet.models()[0], "WorkerInfo": fleet.workers()[0]}

    for name, document in written.items():
        jsonschema.validate(document.model_dump(mode="json", by_alias=True), schema_of(name))
    for event in job.events():
        jsonschema.validate(event.model_dump(mode="json"), schema_of("Event"))
