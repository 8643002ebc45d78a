"""Loading a model by its catalogue entry."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines import tiny
from pipelines.torch_setup import main_dtype
from reelfleet.contract.errors import InvalidConfig, ModelLoadFailed, UnknownModel


def _pipeline(studio, name: str):
    studio.engine.warm(name)
    return studio.engine._models.get(name).pipeline


@pytest.mark.parametrize("name", ["NoSuchPipeline", "AutoencoderKLWan", "torch"])
def test_class_that_is_no_pipeline_is_a_config_error(make_studio, as_entry, name):
    studio = make_studio([as_entry("tiny-wan", "mine", pipeline={"class": name})])

    with pytest.raises(InvalidConfig, match=rf"mine\.toml: pipeline\.class: '{name}' is no pipeline"):
        studio.engine.warm("mine")


def test_family_that_does_not_exist_is_a_config_error(make_studio, as_entry):
    studio = make_studio([as_entry("tiny-wan", "mine", card={"family": "sora"})])

    with pytest.raises(InvalidConfig, match=r"mine\.toml: family: 'sora' does not exist; there are wan, ltx, ltx2, flux, generic"):
        studio.generate("mine")


def test_model_that_is_not_in_the_catalogue_is_unknown(studio):
    with pytest.raises(UnknownModel):
        studio.engine.warm("nobody")


@pytest.mark.parametrize(
    ("component", "file"), [("transformer", "diffusion_pytorch_model.safetensors"), ("text_encoder", "model.safetensors")]
)
def test_weights_with_a_hole_are_refused(make_studio, as_entry, settings, tmp_path, component, file):
    # Given
    folder = Path(shutil.copytree(tiny.ensure("tiny-wan", settings.cache_dir), tmp_path / "model"))
    tensors = load_file(folder / component / file)
    hole = sorted(name for name in tensors if tensors[name].ndim > 1)[3]
    del tensors[hole]
    save_file(tensors, folder / component / file, metadata={"format": "pt"})
    studio = make_studio([as_entry("tiny-wan", "mine", source={"kind": "folder", "path": folder})])

    # When
    with pytest.raises(ModelLoadFailed) as caught:
        studio.engine.warm("mine")

    # Then
    assert caught.value.details["missing"] == [hole]


def test_truncated_weights_are_a_load_failure(make_studio, as_entry, settings, tmp_path):
    # Given
    folder = Path(shutil.copytree(tiny.ensure("tiny-wan", settings.cache_dir), tmp_path / "model"))
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    studio = make_studio([as_entry("tiny-wan", "mine", source={"kind": "folder", "path": folder})])

    # When / Then
    with pytest.raises(ModelLoadFailed, match="mine: loading failed"):
        studio.engine.warm("mine")


def test_dtype_of_the_entry_is_the_weights(make_studio, as_entry):
    # Given
    studio = make_studio([as_entry("tiny-wan", "mine", pipeline={"dtype": "bfloat16", "component_dtypes": {"vae": "float32"}})])

    # When
    pipeline = _pipeline(studio, "mine")

    # Then
    assert (pipeline.transformer.dtype, pipeline.text_encoder.dtype, pipeline.vae.dtype) == (torch.bfloat16, torch.bfloat16, torch.float32)


@pytest.mark.parametrize("model", ["tiny-wan", "tiny-wan22", "tiny-wan-i2v", "tiny-ltx", "tiny-ltx2", "tiny-flux"])
def test_models_generate_in_bfloat16_with_a_vae_in_float32(make_studio, as_entry, model):
    # Given
    studio = make_studio([as_entry(model, "mine", pipeline={"dtype": "bfloat16", "component_dtypes": {"vae": "float32"}})])

    # When
    clip = studio.generate("mine", size="32x32", steps=2)

    # Then
    assert clip.report.dtype == "bfloat16"
    assert clip.frames.std() > 0


@pytest.mark.parametrize("given", [{}, {"dtype": "bfloat16"}])
def test_cpu_computes_in_float32_unless_the_entry_names_a_dtype(as_entry, studio, given):
    # Given
    settings = type(as_entry("tiny-wan", "mine").pipeline).model_validate({"class": "WanPipeline", **given})

    # When / Then
    assert main_dtype(settings, studio.device) == (torch.bfloat16 if given else torch.float32)
    assert main_dtype(settings, studio.device.model_copy(update={"kind": "cuda"})) == torch.bfloat16


def test_scheduler_settings_replace_the_saved_ones(make_studio, as_entry):
    # Given
    studio = make_studio([as_entry("tiny-wan", "mine", pipeline={"scheduler": {"flow_shift": 7.5}})])

    # When
    scheduler = _pipeline(studio, "mine").scheduler

    # Then
    assert (scheduler.config.flow_shift, scheduler.config.prediction_type) == (7.5, "flow_prediction")


def test_vae_tiles_when_the_entry_says_so(make_studio, as_entry):
    studio = make_studio([as_entry("tiny-wan", "mine", pipeline={"vae_tiling": True})])

    assert _pipeline(studio, "mine").vae.use_tiling


def test_times_of_loading_and_of_generating_are_apart(make_studio):
    # Given
    studio = make_studio()

    # When
    cold, warm = studio.generate("tiny-flux").report.timings, studio.generate("tiny-flux").report.timings

    # Then
    assert set(cold) == {"load_s", "warm_up_s", "encode_s", "denoise_s", "decode_s"}
    assert cold["load_s"] > 0
    assert (warm["load_s"], warm["warm_up_s"]) == (0, 0)
    assert min(warm["encode_s"], warm["denoise_s"], warm["decode_s"]) > 0


def test_report_says_how_the_frames_came_to_be(studio):
    # Given
    report = studio.default_clip("tiny-wan22").report

    # When
    data = report.model_dump(mode="json")

    # Then
    assert data["versions"].keys() >= {"python", "torch", "diffusers", "transformers", "safetensors", "accelerate"}
    assert data["device"]["name"] == studio.device.name
    assert data["dtype"] == "float32"
    assert {key: data["pipeline"][key] for key in ("class", "scheduler", "attention_backend", "threads")} == {
        "class": "WanPipeline",
        "scheduler": "UniPCMultistepScheduler",
        "attention_backend": "native",
        "threads": 1,
    }
    assert type(report).model_validate_json(report.model_dump_json()) == report


def test_scheduler_hash_changes_with_its_settings(make_studio, as_entry):
    # Given
    studio = make_studio([as_entry("tiny-flux", "same"), as_entry("tiny-flux", "other", pipeline={"scheduler": {"shift": 4.0}})])

    # When
    hashes = [studio.generate(name, steps=1).report.pipeline["scheduler_config_sha256"] for name in ("tiny-flux", "same", "other")]

    # Then
    assert hashes[0] == hashes[1] != hashes[2]


def test_weights_that_are_not_pinned_leave_a_note(make_studio, as_entry, monkeypatch, settings):
    # Given
    folder = tiny.ensure("tiny-flux", settings.cache_dir)
    entry = as_entry("tiny-flux", "mine", source={"kind": "hub", "repo": "maker/model", "revision": "main"})
    for module in ("pipelines.sources", "config.weights"):
        monkeypatch.setattr(f"{module}.candidate", lambda _: folder)

    # When
    report = make_studio([entry]).generate("mine", steps=1).report

    # Then
    assert ["not pinned" in note for note in report.notes] == [True]
