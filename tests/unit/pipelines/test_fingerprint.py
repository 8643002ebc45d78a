"""What makes a checkpoint belong to a run."""

from __future__ import annotations

import pytest

from pipelines import tiny
from pipelines.checkpoint.fingerprint import fingerprint_of, spec_sha256
from pipelines.jobs import prepare_job
from pipelines.weight_hashes import settings_sha256
from reelfleet.contract.spec import ResolvedInput
from tests.unit.pipelines.conftest import TINY


def _input(sha256: str, uri: str = "file:///a.png") -> dict[str, ResolvedInput]:
    return {"image_start": ResolvedInput(uri=uri, key=f"inputs/{sha256}", sha256=sha256, bytes=3, media_type="image/png")}


def test_inputs_count_by_their_content_and_not_by_their_place(studio):
    # Given
    spec = studio.spec("tiny-wan")

    # When
    one, moved, other = (
        spec_sha256(spec.model_copy(update={"inputs": given})) for given in (_input("aa"), _input("aa", "s3://b/a.png"), _input("bb"))
    )

    # Then
    assert one == moved
    assert one not in {other, spec_sha256(spec)}


@pytest.mark.parametrize("tiled", [True, False])
def test_how_the_vae_works_counts_if_it_encodes_an_input(make_studio, tiled):
    # Given
    studio = make_studio()
    studio.engine.warm("tiny-wan")
    model = studio.engine._models.get("tiny-wan")
    spec = studio.spec("tiny-wan")
    job = prepare_job(spec, model.entry, model.fresh(), {})
    with_input = prepare_job(spec.model_copy(update={"inputs": _input("aa")}), model.entry, model.fresh(), {})
    whole = [fingerprint_of(one, model, studio.device) for one in (job, with_input)]

    # When
    if tiled:
        model.pipeline.vae.enable_tiling()
    now = [fingerprint_of(one, model, studio.device) for one in (job, with_input)]

    # Then
    assert now[0] == whole[0]
    assert (now[1] != whole[1]) == tiled


@pytest.mark.parametrize("model", TINY)
def test_tiny_models_are_the_same_in_every_cache(settings, tmp_path, model):
    assert settings_sha256(tiny.ensure(model, tmp_path)) == settings_sha256(tiny.ensure(model, settings.cache_dir))


def test_changed_configuration_of_a_component_counts(settings, tmp_path):
    # Given
    folder = tiny.ensure("tiny-wan", tmp_path)
    before = settings_sha256(folder)

    # When
    config = folder / "transformer" / "config.json"
    config.write_text(config.read_text().replace('"qk_norm"', '"qk_norm_"'))

    # Then
    assert settings_sha256(folder) != before


@pytest.mark.parametrize("setting", ["attention", "threads", "matmul precision"])
def test_how_torch_computes_counts(studio, monkeypatch, setting):
    # Given
    studio.engine.warm("tiny-wan")
    model = studio.engine._models.get("tiny-wan")
    job = prepare_job(studio.spec("tiny-wan"), model.entry, model.fresh(), {})
    before = fingerprint_of(job, model, studio.device)

    # When
    if setting == "attention":
        monkeypatch.setenv("DIFFUSERS_ATTN_BACKEND", "flash")
    elif setting == "threads":
        monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    else:
        monkeypatch.setattr("torch.get_float32_matmul_precision", lambda: "medium")
    after = fingerprint_of(job, model, studio.device)

    # Then
    assert {name for name in after if after[name] != before[name]} == {setting}
