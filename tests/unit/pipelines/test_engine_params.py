"""Further arguments of a pipeline's call."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest

from pipelines.engine_params import further_arguments
from reelfleet.contract.errors import InvalidConfig, InvalidRequest


def test_value_of_the_right_type_reaches_the_call(studio):
    # Given / When
    clip = studio.generate("tiny-ltx", engine_params={"guidance_rescale": 0.9})

    # Then
    assert not np.array_equal(clip.frames, studio.default_clip("tiny-ltx").frames)


def test_short_prompt_fits_a_shorter_sequence(studio):
    # Given
    short = studio.generate("tiny-wan", engine_params={"max_sequence_length": 8})

    # When / Then: the end of the prompt is cut off
    assert not np.array_equal(short.frames, studio.default_clip("tiny-wan").frames)


@pytest.mark.parametrize(
    ("value", "problem"),
    [("0.5", "valid number"), (True, "valid number"), ([0.5], "valid number"), (None, "valid number"), ({"a": 1}, "valid number")],
)
def test_wrong_type_is_refused(studio, value, problem):
    with pytest.raises(InvalidRequest, match=f"engine_params.guidance_rescale: .*{problem}"):
        studio.generate("tiny-ltx", engine_params={"guidance_rescale": value})


def test_fraction_is_no_whole_number(studio):
    with pytest.raises(InvalidRequest, match=r"engine_params\.max_sequence_length: .*valid integer"):
        studio.generate("tiny-wan", engine_params={"max_sequence_length": 12.5})


def test_all_problems_are_told_at_once(catalogue):
    # Given
    given = {"guidance_rescale": "much", "decode_timestep": {}, "nonsense": 1, "attention_kwargs": {"scale": 1}}

    # When
    with pytest.raises(InvalidRequest) as caught:
        further_arguments(catalogue["tiny-ltx"], diffusers.LTXPipeline, given)

    # Then
    fields = [problem["field"] for problem in caught.value.details["problems"]]
    assert fields == ["engine_params.guidance_rescale", "engine_params.decode_timestep", "engine_params.nonsense"]


def test_whole_number_is_taken_for_a_fraction(catalogue):
    assert further_arguments(catalogue["tiny-ltx"], diffusers.LTXPipeline, {"guidance_rescale": 1}) == {"guidance_rescale": 1.0}


def test_lists_are_taken_where_the_call_takes_them(catalogue):
    assert further_arguments(catalogue["tiny-ltx"], diffusers.LTXPipeline, {"decode_timestep": [0.1]}) == {"decode_timestep": [0.1]}


@pytest.mark.parametrize("name", ["prompt", "height", "generator", "output_type", "guidance_scale", "callback_on_step_end"])
def test_what_the_engine_gives_is_not_for_requests(catalogue, name):
    with pytest.raises(InvalidRequest, match=f"engine_params.{name}: has a field of its own"):
        further_arguments(catalogue["tiny-ltx"], diffusers.LTXPipeline, {name: "x"})


@pytest.mark.parametrize("name", ["prompt_embeds", "latents"])
def test_tensors_are_not_for_json(catalogue, name):
    with pytest.raises(InvalidRequest, match=f"engine_params.{name}"):
        further_arguments(catalogue["tiny-ltx"], diffusers.LTXPipeline, {name: [1.0]})


def test_arguments_of_the_catalogue_are_used_and_give_way_to_the_request(as_entry):
    # Given
    entry = as_entry("tiny-ltx", "mine", pipeline={"arguments": {"guidance_rescale": 0.3, "decode_timestep": 0.1}})

    # When
    arguments = further_arguments(entry, diffusers.LTXPipeline, {"guidance_rescale": 0.7})

    # Then
    assert arguments == {"guidance_rescale": 0.7, "decode_timestep": 0.1}


def test_wrong_argument_of_the_catalogue_is_a_config_error(as_entry):
    entry = as_entry("tiny-ltx", "mine", pipeline={"arguments": {"guidance_rescale": "much"}})

    with pytest.raises(InvalidConfig, match=r"mine\.toml: pipeline\.arguments\.guidance_rescale"):
        further_arguments(entry, diffusers.LTXPipeline, {})


def test_true_guidance_of_flux_uses_the_negative_prompt(make_studio, as_entry):
    # Given
    studio = make_studio([as_entry("tiny-flux", "mine", card={"engine_params": ["true_cfg_scale"]})])

    # When
    clips = [studio.generate("mine", negative_prompt=text, engine_params={"true_cfg_scale": 3.0}) for text in ("", "blurred")]

    # Then
    assert not np.array_equal(clips[0].frames, clips[1].frames)
