"""Both models of the backend load as published ones do, and each one's faults are told."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from config.catalogue import MattingEntry
from pipelines import tiny
from pipelines.matting.weights import weights_sha256
from reelfleet.contract.errors import ModelLoadFailed


@pytest.fixture
def copied(catalogue, settings, tmp_path) -> tuple[MattingEntry, Path]:
    """The tiny models' folder, which a test may spoil, and an entry that names it."""
    folder = Path(shutil.copytree(tiny.ensure("tiny-vitmatte", settings.cache_dir), tmp_path / "models"))
    data = catalogue.matting("tiny-vitmatte").model_dump()
    data |= {"source": {"kind": "folder", "path": folder / "vitmatte"}, "tracker": {"kind": "folder", "path": folder / "sam2"}}
    return MattingEntry.model_validate(data), folder


def test_frames_go_one_by_one(model):
    assert model.batch == 1


def test_what_was_loaded_anew_has_the_same_fingerprint(copied, load, model):
    assert load(copied[0]).fingerprint() == model.fingerprint()


@pytest.mark.parametrize("part", ["vitmatte", "sam2"])
def test_other_settings_of_either_model_change_the_fingerprint(copied, load, model, part):
    # Given
    entry, folder = copied
    (folder / part / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.4, 0.4, 0.4], "image_std": [0.5, 0.5, 0.5]}))

    # When / Then
    assert load(entry).fingerprint() != model.fingerprint()


@pytest.mark.parametrize(("part", "table"), [("vitmatte", "source"), ("sam2", "tracker")])
def test_absent_weights_of_either_model_are_told(copied, load, part, table):
    # Given
    entry, folder = copied
    shutil.rmtree(folder / part)

    # When / Then
    with pytest.raises(ModelLoadFailed, match=rf"{part}\), missing: the whole folder; put the weights there, or change {table}\.path"):
        load(entry)


@pytest.mark.parametrize("part", ["vitmatte", "sam2"])
def test_pickles_of_either_model_are_refused(copied, load, part):
    # Given
    entry, folder = copied
    (folder / part / "model.safetensors").rename(folder / part / "pytorch_model.bin")

    # When / Then
    with pytest.raises(ModelLoadFailed, match=rf"{part}.pytorch_model\.bin is a pickle"):
        load(entry)


def test_hashes_are_those_of_both_models_files(copied, settings):
    # Given
    entry, folder = copied
    names = ["vitmatte/model.safetensors", "sam2/model.safetensors"]

    # When
    found = weights_sha256(entry, settings)

    # Then
    assert found == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
