import json

import pytest

from config.entries import ModelSource, Weights
from config.weights import found_weights, missing, missing_parts

REVISION = "0123456789abcdef0123456789abcdef01234567"


def write_pipeline(folder):
    """A pipeline folder with a sharded transformer, a VAE, a scheduler, and one component left out."""
    (folder / "transformer").mkdir(parents=True)
    (folder / "vae").mkdir()
    (folder / "scheduler").mkdir()
    index = {
        "_class_name": "WanPipeline",
        "boundary_ratio": 0.9,
        "image_encoder": [None, None],
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "scheduler" / "scheduler_config.json").write_text("{}")
    (folder / "vae" / "config.json").write_text("{}")
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    (folder / "transformer" / "config.json").write_text("{}")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "transformer" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    for shard in shards.values():
        (folder / "transformer" / shard).write_bytes(b"weights")
    return folder


@pytest.fixture
def pipeline(tmp_path):
    return write_pipeline(tmp_path / "pipeline")


def test_a_whole_pipeline_lacks_nothing(pipeline):
    assert missing_parts(pipeline) == ()


def test_a_missing_shard_is_named(pipeline):
    (pipeline / "transformer" / "model-00002-of-00002.safetensors").unlink()

    assert missing_parts(pipeline) == ("transformer/model-00002-of-00002.safetensors",)


def test_a_missing_component_is_named(pipeline):
    (pipeline / "scheduler" / "scheduler_config.json").unlink()

    assert missing_parts(pipeline) == ("scheduler/",)


def test_pickled_weights_do_not_count(pipeline):
    (pipeline / "vae" / "diffusion_pytorch_model.safetensors").rename(pipeline / "vae" / "diffusion_pytorch_model.bin")

    assert missing_parts(pipeline) == ("vae/*.safetensors",)


def test_a_link_to_a_file_that_is_still_being_downloaded_counts_as_missing(pipeline):
    weights = pipeline / "vae" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    weights.symlink_to(pipeline / "blobs" / "unfinished")

    assert missing_parts(pipeline) == ("vae/diffusion_pytorch_model.safetensors",)


def test_a_folder_without_an_index_is_no_pipeline(tmp_path):
    assert missing_parts(tmp_path) == ("model_index.json",)


def test_an_index_that_is_no_json_is_told(pipeline):
    (pipeline / "model_index.json").write_text("{")

    assert missing_parts(pipeline)[0].startswith("model_index.json: ")


def test_a_hub_model_is_found_in_the_hubs_cache_at_its_revision(tmp_path, monkeypatch):
    # Given
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = write_pipeline(tmp_path / "models--owner--name" / "snapshots" / REVISION)

    # When
    found = found_weights(Weights(ModelSource(kind="hub", repo="owner/name", revision=REVISION), "pipeline"))
    other = found_weights(Weights(ModelSource(kind="hub", repo="owner/name", revision=REVISION[::-1]), "pipeline"))

    # Then
    assert (found, other) == (snapshot, None)


def test_an_incomplete_folder_holds_no_weights(pipeline):
    (pipeline / "vae" / "diffusion_pytorch_model.safetensors").unlink()

    assert found_weights(Weights(ModelSource(kind="folder", path=pipeline), "pipeline")) is None


def write_model(folder):
    """A folder of one transformers model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def hub(**source):
    return ModelSource(kind="hub", repo="owner/name", revision=REVISION, **source)


@pytest.fixture
def snapshot(tmp_path, monkeypatch):
    """Where the hub's cache keeps the files of owner/name."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path / "models--owner--name" / "snapshots" / REVISION


def test_the_folder_of_a_transformers_model_is_whole_with_its_configuration_and_safetensors(tmp_path):
    folder = write_model(tmp_path / "sam")

    assert found_weights(Weights(ModelSource(kind="folder", path=folder), "model")) == folder


@pytest.mark.parametrize(("absent", "told"), [("config.json", "config.json"), ("model.safetensors", "*.safetensors")])
def test_what_the_folder_of_a_transformers_model_lacks_is_named(tmp_path, absent, told):
    folder = write_model(tmp_path / "sam")
    (folder / absent).unlink()

    assert missing(Weights(ModelSource(kind="folder", path=folder), "model")) == (told,)


def test_a_transformers_model_is_found_in_the_hubs_cache(snapshot):
    folder = write_model(snapshot)

    assert found_weights(Weights(hub(), "model")) == folder


def test_one_file_is_found_in_the_hubs_cache(snapshot):
    folder = write_model(snapshot)

    assert found_weights(Weights(hub(file="model.safetensors"), "file")) == folder / "model.safetensors"


def test_one_file_that_the_hubs_cache_lacks_is_named(snapshot):
    write_model(snapshot)

    assert missing(Weights(hub(file="other.safetensors"), "file")) == ("other.safetensors",)


def test_a_file_of_weights_that_is_not_there_is_named(tmp_path):
    assert missing(Weights(ModelSource(kind="file", path=tmp_path / "mine.pth"), "file")) == ("mine.pth",)
