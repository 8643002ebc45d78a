import pytest

from config.availability import served_models, unpinned_note
from config.catalogue import load_catalogue
from config.settings import load_settings
from reelfleet.contract.errors import InvalidConfig
from tests.unit.config.entry_texts import MASK_MAKER, MATTING

ENTRY = """
title = "Mine"
family = "wan"
modality = "image"
licence = "MIT"
memory_gib = 1
step_resume = false
[source]
kind = "folder"
path = "weights"
[pipeline]
class = "WanPipeline"
[defaults]
size = "64x64"
steps = 2
guidance = 1
[limits]
size_multiple = 16
max_pixels = 4096
max_steps = 10
"""


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def catalogue(tmp_path):
    """The shipped catalogue, `here` whose weights are complete, and `away` whose weights are not."""
    folder = tmp_path / "models"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "model_index.json").write_text("{}")
    (folder / "here.toml").write_text(ENTRY)
    (folder / "away.toml").write_text(ENTRY.replace('"weights"', '"nowhere"'))
    return load_catalogue([folder])


def names(entries):
    return [entry.name for entry in entries]


def test_auto_serves_what_is_on_this_machine_and_no_tiny_model(catalogue):
    assert names(served_models(catalogue, load_settings())) == ["here"]


def test_auto_serves_tiny_models_when_asked_to(catalogue):
    served = names(served_models(catalogue, load_settings(tiny_models=True)))

    assert {"here", "tiny-wan", "tiny-flux"} <= set(served)
    assert "away" not in served


def test_named_models_and_globs_are_served_in_the_catalogues_order(catalogue):
    served = served_models(catalogue, load_settings(models="tiny-wan2*, here, tiny-flux"))

    assert names(served) == ["here", "tiny-flux", "tiny-wan22"]


def test_a_glob_leaves_out_what_is_not_here(catalogue):
    assert names(served_models(catalogue, load_settings(models="?e*"))) == ["here"]


def test_a_named_model_whose_weights_are_absent_is_refused_with_the_folder(catalogue):
    with pytest.raises(InvalidConfig, match=r"away: there is no folder .*nowhere"):
        served_models(catalogue, load_settings(models="here,away"))


def test_a_named_hub_model_is_refused_with_the_command_that_fetches_it(catalogue):
    with pytest.raises(InvalidConfig, match=r"hf download Wan-AI/Wan2\.1-T2V-1\.3B-Diffusers --revision [0-9a-f]{40}"):
        served_models(catalogue, load_settings(models="wan2.1-t2v-1.3b"))


def test_a_named_hub_model_is_served_when_it_may_be_downloaded(catalogue):
    served = served_models(catalogue, load_settings(models="wan2.1-t2v-1.3b", allow_download=True))

    assert names(served) == ["wan2.1-t2v-1.3b"]


def test_a_name_that_the_catalogue_lacks_is_refused(catalogue):
    with pytest.raises(InvalidConfig, match="wan9: no model of the catalogue has this name"):
        served_models(catalogue, load_settings(models="here,wan9"))


def test_a_glob_that_matches_nothing_here_is_refused(catalogue):
    with pytest.raises(InvalidConfig, match=r"flux\.1-\*: none of flux\.1-dev, flux\.1-schnell is on this machine"):
        served_models(catalogue, load_settings(models="flux.1-*"))


def test_an_unpinned_model_carries_a_note(catalogue):
    entry = catalogue["flux.1-dev"]
    moving = entry.model_copy(update={"source": entry.source.model_copy(update={"revision": "main"})})

    assert unpinned_note(entry) is None
    assert "not pinned" in unpinned_note(moving)


def test_a_note_names_the_part_that_is_not_pinned(catalogue):
    entry = catalogue["vitmatte"]
    moving = entry.model_copy(update={"tracker": entry.tracker.model_copy(update={"revision": "main"})})

    assert unpinned_note(entry) is None
    assert "facebook/sam2.1-hiera-large at 'main' can change" in unpinned_note(moving)


@pytest.fixture
def matting(tmp_path):
    """The shipped catalogue, a matting model and a mask maker of one's own, whose weights are not there yet."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "own-matting.toml").write_text(MATTING)
    (folder / "own-masks.toml").write_text(MASK_MAKER.replace('"weights"', '"sam"'))
    return load_catalogue([folder])


def test_auto_serves_matting_models_and_mask_makers_that_are_here(matting, tmp_path):
    # Given
    (tmp_path / "models" / "mine.safetensors").write_bytes(b"weights")
    (tmp_path / "models" / "sam").mkdir()
    (tmp_path / "models" / "sam" / "config.json").write_text("{}")
    (tmp_path / "models" / "sam" / "model.safetensors").write_bytes(b"weights")

    # When
    served = names(served_models(matting, load_settings()))

    # Then
    assert served == ["own-masks", "own-matting"]


def test_a_named_file_that_is_absent_is_refused_with_its_path(matting):
    with pytest.raises(InvalidConfig, match=r"own-matting: there is no file .*mine\.safetensors; put the weights there"):
        served_models(matting, load_settings(models="own-matting"))


def test_both_models_of_an_entry_must_be_here_and_what_is_absent_of_each_is_told(catalogue):
    with pytest.raises(
        InvalidConfig, match=r"weights of vitmatte are not on.*hf download hustvl.*weights of sam2 are not on.*hf download facebook"
    ):
        served_models(catalogue, load_settings(models="vitmatte"))


def test_weights_that_users_supply_are_not_downloaded(catalogue):
    with pytest.raises(InvalidConfig, match=r"matanyone2: its weights are not on this machine; reelfleet neither ships nor downloads them"):
        served_models(catalogue, load_settings(models="matanyone2", allow_download=True))


def test_a_glob_leaves_out_what_may_not_be_downloaded(catalogue):
    served = served_models(catalogue, load_settings(models="sam*", allow_download=True))

    assert names(served) == ["sam2"]
