"""Where weights come from, and what is refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from pipelines import tiny
from pipelines.sources import locate
from pipelines.weight_hashes import weights_sha256
from reelfleet.contract.errors import ModelLoadFailed

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    """A model's folder that a test may spoil."""
    return Path(shutil.copytree(tiny.ensure("tiny-wan", settings.cache_dir), tmp_path / "model"))


@pytest.fixture
def entry_of(as_entry):
    return lambda path: as_entry("tiny-wan", "mine", source={"kind": "folder", "path": path})


@pytest.fixture
def hub_entry(as_entry):
    return as_entry("tiny-wan", "mine", source={"kind": "hub", "repo": "maker/model", "revision": REVISION})


@pytest.fixture
def hub_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def _into_hub_cache(folder: Path, cache: Path) -> Path:
    """Lay a folder out as the hub's client does: large files are blobs named by their hash, and linked."""
    repository = cache / "models--maker--model"
    snapshot = Path(shutil.copytree(folder, repository / "snapshots" / REVISION))
    (repository / "blobs").mkdir()
    for path in snapshot.rglob("*.safetensors"):
        blob = repository / "blobs" / hashlib.sha256(path.read_bytes()).hexdigest()
        path.rename(blob)
        path.symlink_to(blob)
    return snapshot


def test_folder_is_used_where_it_is(entry_of, folder, settings):
    assert locate(entry_of(folder), settings) == folder


@pytest.mark.parametrize("suffix", ["bin", "pt", "ckpt", "pth", "pkl"])
def test_pickled_weights_are_refused_by_name(entry_of, folder, settings, suffix):
    # Given
    (folder / WEIGHTS).unlink()
    torch.save({}, folder / "transformer" / f"diffusion_pytorch_model.{suffix}")

    # When / Then
    with pytest.raises(ModelLoadFailed, match=rf"diffusion_pytorch_model\.{suffix} is a pickle"):
        locate(entry_of(folder), settings)


def test_pickles_beside_safetensors_do_no_harm(entry_of, folder, make_studio, studio):
    # Given
    torch.save({"never": "loaded"}, folder / "transformer" / "diffusion_pytorch_model.bin")

    # When
    clip = make_studio([entry_of(folder)]).generate("mine")

    # Then
    assert np.array_equal(clip.frames, studio.default_clip("tiny-wan").frames)


def test_engine_refuses_pickles_too(entry_of, folder, make_studio):
    # Given
    (folder / WEIGHTS).rename(folder / "transformer" / "diffusion_pytorch_model.bin")

    # When / Then
    with pytest.raises(ModelLoadFailed, match="only safetensors"):
        make_studio([entry_of(folder)]).engine.warm("mine")


def test_missing_component_is_named_with_the_way_to_mend_it(entry_of, folder, settings):
    # Given
    shutil.rmtree(folder / "vae")

    # When / Then
    with pytest.raises(ModelLoadFailed, match=r"missing: vae/; put them into .*model"):
        locate(entry_of(folder), settings)


def test_missing_folder_is_told(entry_of, settings, tmp_path):
    with pytest.raises(ModelLoadFailed, match=r"missing: the whole folder; put them into .*nowhere"):
        locate(entry_of(tmp_path / "nowhere"), settings)


def test_absent_hub_model_tells_how_to_fetch_it(hub_entry, hub_cache, settings):
    with pytest.raises(ModelLoadFailed, match=f"hf download maker/model --revision {REVISION}.*REEL_ALLOW_DOWNLOAD=1"):
        locate(hub_entry, settings)


def test_cached_hub_model_generates_without_the_network(hub_entry, hub_cache, folder, make_studio, studio):
    # Given
    _into_hub_cache(folder, hub_cache)

    # When
    clip = make_studio([hub_entry], allow_download=True).generate("mine")

    # Then
    assert np.array_equal(clip.frames, studio.default_clip("tiny-wan").frames)
    assert clip.report.weights_sha256 == studio.default_clip("tiny-wan").report.weights_sha256


def test_hub_model_is_downloaded_when_that_is_allowed(hub_entry, hub_cache, folder, settings, monkeypatch):
    # Given: the network's side of diffusers
    asked = {}

    def download(repo: str, **options: object) -> str:
        asked.update(repo=repo, **options)
        return str(_into_hub_cache(folder, hub_cache))

    monkeypatch.setattr(DiffusionPipeline, "download", download)

    # When
    found = locate(hub_entry, settings.model_copy(update={"allow_download": True}))

    # Then
    assert (found / "model_index.json").exists()
    assert asked == {"repo": "maker/model", "revision": REVISION, "variant": None, "use_safetensors": True}


def test_failed_download_is_a_load_failure(hub_entry, hub_cache, make_studio, monkeypatch):
    # Given
    def download(repo: str, **options: object) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(DiffusionPipeline, "download", download)

    # When / Then
    with pytest.raises(ModelLoadFailed, match="no route to host"):
        make_studio([hub_entry], allow_download=True).engine.warm("mine")


def test_hashes_are_those_of_the_files(folder, tmp_path):
    # Given
    expected = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.safetensors")
    }

    # When
    found = weights_sha256(folder, tmp_path / "cache")

    # Then
    assert found == expected
    assert WEIGHTS in found


def test_file_that_did_not_change_is_hashed_once(folder, tmp_path, monkeypatch):
    # Given
    first = weights_sha256(folder, tmp_path / "cache")
    monkeypatch.setattr(hashlib, "file_digest", None)

    # When
    second = weights_sha256(folder, tmp_path / "cache")

    # Then
    assert second == first


def test_file_that_changed_is_hashed_again(folder, tmp_path):
    # Given
    before = weights_sha256(folder, tmp_path / "cache")
    with (folder / WEIGHTS).open("ab") as handle:
        handle.write(b"more")

    # When
    after = weights_sha256(folder, tmp_path / "cache")

    # Then
    assert {name for name in after if after[name] != before[name]} == {WEIGHTS}


def test_hash_of_a_hub_file_is_its_blobs_name(folder, hub_cache, tmp_path, monkeypatch):
    # Given
    expected = weights_sha256(folder, tmp_path / "cache")
    snapshot = _into_hub_cache(folder, hub_cache)
    monkeypatch.setattr(hashlib, "file_digest", None)

    # When
    found = weights_sha256(snapshot, tmp_path / "other")

    # Then
    assert found == expected


def test_only_the_files_of_the_variant_count(folder, tmp_path):
    # Given
    shutil.copy(folder / WEIGHTS, folder / "transformer" / "diffusion_pytorch_model.fp16.safetensors")

    # When
    found = weights_sha256(folder, tmp_path / "cache", variant="fp16")

    # Then
    assert [name for name in found if name.startswith("transformer/")] == ["transformer/diffusion_pytorch_model.fp16.safetensors"]


def test_unreadable_memory_of_hashes_is_started_again(folder, tmp_path):
    # Given
    cache = tmp_path / "cache"
    expected = weights_sha256(folder, cache)
    (cache / "weights-sha256.json").write_text("{broken")

    # When / Then
    assert weights_sha256(folder, cache) == expected
