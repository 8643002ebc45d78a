"""Every shipped catalogue file, held against the contract and against the installed diffusers."""

import inspect

import diffusers
import pytest

from config.availability import why_absent
from config.catalogue import SHIPPED_FOLDER, MaskMakerEntry, MattingEntry, ModelEntry, load_catalogue
from reelfleet.contract.matte import DEFAULT_MASK_MODEL, DEFAULT_MATTING_MODEL, DEFAULT_TEXT_MASK_MODEL
from reelfleet.contract.model_card import Modality
from reelfleet.contract.request import GenerateRequest
from reelfleet.resolution import find_problems

CATALOGUE = load_catalogue()
TINY = ("tiny-flux", "tiny-ltx", "tiny-ltx2", "tiny-wan", "tiny-wan-i2v", "tiny-wan22")
REAL = (
    *("flux.1-dev", "flux.1-schnell", "ltx-2", "ltx-video", "qwen-image"),
    *("wan2.1-t2v-1.3b", "wan2.1-t2v-14b", "wan2.2-i2v-a14b", "wan2.2-t2v-a14b", "wan2.2-ti2v-5b", "z-image-turbo"),
)
MATTING = ("matanyone", "matanyone2", "tiny-matanyone", "tiny-vitmatte", "vitmatte")
MASK_MAKERS = ("sam2", "sam3", "tiny-sam2", "tiny-sam3")
UNPINNED = {"matanyone"}
"""Of this repository no commit was known to pin; its results say so."""


@pytest.fixture(params=[name for name, entry in CATALOGUE.items() if isinstance(entry, ModelEntry)])
def entry(request):
    """A model that generates."""
    return CATALOGUE[request.param]


def of_kind(cls):
    return {name for name, entry in CATALOGUE.items() if isinstance(entry, cls)}


def classes_of(entry):
    names = (entry.pipeline.pipeline_class, entry.pipeline.pipeline_class_with_inputs)
    return [getattr(diffusers, name) for name in names if name is not None]


def test_the_promised_models_are_shipped():
    assert (of_kind(ModelEntry), of_kind(MattingEntry), of_kind(MaskMakerEntry)) == ({*TINY, *REAL}, set(MATTING), set(MASK_MAKERS))


def test_every_file_of_the_folder_is_an_entry():
    assert {path.name for path in SHIPPED_FOLDER.iterdir()} == {f"{name}.toml" for name in CATALOGUE}


def test_its_defaults_keep_its_own_limits(entry):
    defaults, video = entry.card.defaults, entry.card.modality is not Modality.IMAGE
    inputs = dict.fromkeys(entry.card.required_inputs, "s3://bucket/key.png")

    request = GenerateRequest(
        model=entry.name,
        prompt="a kite",
        size=defaults.size,
        frames=defaults.frames if video else None,
        fps=defaults.fps,
        steps=defaults.steps,
        guidance=defaults.guidance,
        guidance_2=defaults.guidance_2,
        **inputs,
    )

    assert find_problems(request, entry.card) == []


def test_weights_are_pinned():
    moving = {name for name, entry in CATALOGUE.items() if not all(weights.source.pinned for weights in entry.weights)}

    assert moving == UNPINNED


def test_what_a_request_for_matting_names_by_default_is_shipped():
    assert CATALOGUE.matting(DEFAULT_MATTING_MODEL).card.family == "matanyone"
    assert {"points", "box"} <= set(CATALOGUE.mask_maker(DEFAULT_MASK_MODEL).card.prompts)
    assert "text" in CATALOGUE.mask_maker(DEFAULT_TEXT_MASK_MODEL).card.prompts


@pytest.mark.parametrize("name", ["matanyone", "matanyone2", "sam3"])
def test_weights_whose_licence_users_must_accept_are_theirs_to_fetch(name):
    # Given
    entry = CATALOGUE[name]

    # When
    advice = why_absent(entry)

    # Then
    assert entry.source.user_supplied
    assert f"neither ships nor downloads them: if you accept their licence, {entry.card.licence} ({entry.card.licence_url})" in advice
    assert f"hf download {entry.source.repo}" in advice


def test_its_pipelines_exist_in_diffusers(entry):
    assert all(issubclass(cls, diffusers.DiffusionPipeline) for cls in classes_of(entry))


def test_its_pipelines_take_every_argument_that_it_names(entry):
    # Given
    pipeline = entry.pipeline
    named = {"prompt", "height", "width", "num_inference_steps", "generator", *pipeline.arguments, *entry.card.engine_params}
    named |= {pipeline.guidance_argument} - {None}
    named |= {"negative_prompt"} if pipeline.negative_prompt else set()
    named |= {"num_frames"} if entry.card.modality is not Modality.IMAGE else set()
    named |= {"guidance_scale_2"} if entry.card.defaults.guidance_2 is not None else set()

    # When
    unknown = [(cls.__name__, named - set(inspect.signature(cls.__call__).parameters)) for cls in classes_of(entry)]

    # Then
    assert unknown == [(cls.__name__, set()) for cls in classes_of(entry)]


def test_its_inputs_reach_the_pipeline(entry):
    takes = set(inspect.signature(classes_of(entry)[-1].__call__).parameters)

    assert set(entry.pipeline.input_arguments) == set(entry.card.inputs)
    assert set(entry.pipeline.input_arguments.values()) <= takes


def test_its_scheduler_settings_are_known_to_the_scheduler(entry):
    # Only Wan entries set any; their repositories are saved with UniPC.
    assert set(entry.pipeline.scheduler) <= set(inspect.signature(diffusers.UniPCMultistepScheduler.__init__).parameters)


def test_a_tiny_model_is_small_and_needs_no_weights():
    tiny = [entry for name, entry in CATALOGUE.items() if name.startswith("tiny-")]

    assert all(entry.tiny and entry.card.memory_gib < 1 for entry in tiny)
