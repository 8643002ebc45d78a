"""Matting models of every family are loaded from where their entry says, and absent weights are told with the way to get them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file

from config.catalogue import MattingEntry
from config.entries import ModelSource
from pipelines import tiny
from pipelines.device import detect_device
from pipelines.matanyone.model import MatAnyoneModel
from pipelines.matting.loading import load_matting_model
from pipelines.matting.weights import weights_sha256
from pipelines.vitmatte.model import VitMatteModel
from reelfleet.contract.errors import ModelLoadFailed

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def load(settings):
    return lambda entry, **overrides: load_matting_model(entry, settings.model_copy(update=overrides), detect_device("cpu"))


@pytest.fixture(scope="session")
def random_file(settings) -> Path:
    return tiny.ensure("tiny-matanyone", settings.cache_dir) / "model.safetensors"


@pytest.fixture
def own(catalogue):
    """An entry of MatAnyone's family that names a file."""
    entry = catalogue.matting("matanyone")
    return lambda path: entry.model_copy(update={"source": ModelSource(kind="file", path=path)})


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """The hub's cache, which is empty."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize(("name", "cls"), [("tiny-matanyone", MatAnyoneModel), ("tiny-vitmatte", VitMatteModel)])
def test_every_family_has_its_model(catalogue, load, name, cls):
    assert isinstance(load(catalogue.matting(name)), cls)


def test_a_checkpoint_of_ones_own_is_loaded(own, load, random_file, tmp_path):
    torch.save(load_file(random_file), tmp_path / "mine.pth")

    assert isinstance(load(own(tmp_path / "mine.pth")), MatAnyoneModel)


def test_a_file_that_is_not_there_is_named(own, load, tmp_path):
    with pytest.raises(ModelLoadFailed, match=r"matanyone: its weights .*mine\.pth\), missing: mine\.pth; put the weights there"):
        load(own(tmp_path / "mine.pth"))


def test_a_pickle_with_code_in_it_is_refused_and_its_code_does_not_run(own, load, tmp_path):
    # Given
    torch.save({"weight": Trap(tmp_path / "sprung")}, tmp_path / "mine.pth")

    # When / Then
    with pytest.raises(ModelLoadFailed, match=r"mine\.pth"):
        load(own(tmp_path / "mine.pth"))
    assert not (tmp_path / "sprung").exists()


def test_weights_that_users_supply_are_never_downloaded(catalogue, load, hub, monkeypatch):
    # Given
    monkeypatch.setattr("pipelines.matting.weights.snapshot_download", None)

    # When / Then
    with pytest.raises(ModelLoadFailed, match=r"neither ships nor downloads them: if you accept their licence, NTU S-Lab License 1\.0"):
        load(catalogue.matting("matanyone2"), allow_download=True)


def test_a_file_in_the_hubs_cache_is_used(catalogue, load, hub, random_file):
    # Given
    entry = catalogue.matting("matanyone2")
    snapshot = hub / "models--PeiqingYang--MatAnyone2" / "snapshots" / entry.source.revision
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to(random_file)

    # When / Then
    assert isinstance(load(entry), MatAnyoneModel)


def test_both_models_of_an_entry_are_downloaded_when_that_is_allowed(catalogue, load, hub, settings, monkeypatch):
    # Given: the network's side of the hub's client
    made, asked = tiny.ensure("tiny-vitmatte", settings.cache_dir), []
    data = catalogue.matting("tiny-vitmatte").model_dump()
    repositories = {part: {"kind": "hub", "repo": f"maker/{part}", "revision": REVISION} for part in ("vitmatte", "sam2")}
    entry = MattingEntry.model_validate(data | {"source": repositories["vitmatte"], "tracker": repositories["sam2"]})

    def download(repo: str, *, revision: str, allow_patterns: list[str]) -> str:
        asked.append((repo, revision))
        assert "*.bin" not in allow_patterns
        part = repo.removeprefix("maker/")
        return str(shutil.copytree(made / part, hub / f"models--maker--{part}" / "snapshots" / revision))

    monkeypatch.setattr("pipelines.matting.weights.snapshot_download", download)

    # When
    model = load(entry, allow_download=True)

    # Then
    assert isinstance(model, VitMatteModel)
    assert asked == [("maker/vitmatte", REVISION), ("maker/sam2", REVISION)]


def test_a_download_that_fails_is_a_load_failure(catalogue, load, hub, monkeypatch):
    # Given
    def download(repo: str, **options: object) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr("pipelines.matting.weights.snapshot_download", download)

    # When / Then
    with pytest.raises(ModelLoadFailed, match="no route to host"):
        load(catalogue.matting("vitmatte"), allow_download=True)


def test_the_hash_of_one_file_goes_by_its_name(own, settings, tmp_path):
    (tmp_path / "mine.safetensors").write_bytes(b"weights")

    assert weights_sha256(own(tmp_path / "mine.safetensors"), settings) == {"mine.safetensors": hashlib.sha256(b"weights").hexdigest()}
