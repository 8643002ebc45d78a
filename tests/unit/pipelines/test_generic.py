"""Pipelines that no family knows, run by their class: Qwen-Image and Z-Image with random weights."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import torch

from reelfleet.contract.errors import Aborted
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.unit.pipelines.conftest import PROMPT
from tests.unit.pipelines.strangers import STRANGERS


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("strangers")
    for name, (_, build, _) in STRANGERS.items():
        build().save_pretrained(root / name)
    return root


@pytest.fixture(params=STRANGERS)
def stranger(request, folders, make_studio, as_entry):
    """A studio that has a stranger as ``mine``, and a function for the plain call."""
    name, _, guidance = STRANGERS[request.param]
    folder = folders / request.param
    entry = as_entry(
        "tiny-flux",
        "mine",
        card={"family": "generic"},
        source={"kind": "folder", "path": folder},
        pipeline={"class": name, "guidance_argument": guidance, "negative_prompt": True},
    )

    def plain(**arguments: object) -> np.ndarray:
        pipeline = getattr(diffusers, name).from_pretrained(folder, use_safetensors=True)
        generator = torch.Generator("cpu").manual_seed(7)
        call = {"width": 64, "height": 64, "num_inference_steps": 4, "negative_prompt": "blurred", guidance: 3.5, **arguments}
        image = pipeline(prompt=PROMPT, generator=generator, output_type="np", return_dict=False, **call)[0][0]
        return (image * 255).round().astype(np.uint8)[np.newaxis]

    return make_studio([entry]), plain


def test_frame_is_that_of_the_plain_call(stranger):
    studio, plain = stranger

    assert np.array_equal(studio.generate("mine", negative_prompt="blurred").frames, plain())


def test_phases_steps_and_previews_come_from_the_scheduler(stranger):
    # Given
    studio, _ = stranger
    observer = RecordingObserver(wants_previews=True)

    # When
    clip = studio.generate("mine", observer=observer)

    # Then
    assert observer.phases == [(Phase.LOAD, 0), (Phase.ENCODE, 0), (Phase.DENOISE, 4), (Phase.DECODE, 1)]
    assert observer.steps_of(Phase.DENOISE) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert observer.steps_of(Phase.DECODE) == [(1, 1)]
    assert len(observer.previews) == 4
    assert min(clip.report.timings[name] for name in ("encode_s", "denoise_s", "decode_s")) > 0


def test_job_after_an_abort_is_that_of_a_fresh_pipeline(stranger):
    # Given
    studio, plain = stranger

    def abort(_: Phase, step: int) -> None:
        if step == 2:
            raise Aborted("enough")

    with pytest.raises(Aborted):
        studio.generate("mine", size="32x32", observer=RecordingObserver(on_advance=abort))

    # When / Then
    assert np.array_equal(studio.generate("mine", negative_prompt="blurred").frames, plain())
