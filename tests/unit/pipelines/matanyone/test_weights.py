"""Which weights are taken, and what is said of the others."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from pipelines.matanyone import MatAnyoneNetwork, load_network
from pipelines.matanyone.network import RGB_MEAN
from pipelines.matanyone.positions import frequencies
from reelfleet.contract.errors import InputMissing, InvalidConfig, ModelLoadFailed
from tests.unit.pipelines.matanyone.clips import expected_shapes, hollow


def test_the_network_has_the_names_of_the_published_checkpoints():
    shapes = expected_shapes()

    assert len(shapes) == 562
    assert shapes["temp_sparity.conv1x1_v2.weight"] == (64, 769, 1, 1)
    assert shapes["object_transformer.mask_pred.3.1.weight"] == (1, 256, 1, 1)


def test_the_network_has_as_many_parameters_as_published():
    with torch.device("meta"):
        network = MatAnyoneNetwork()

    assert sum(parameter.numel() for parameter in network.parameters()) == 35_249_195


def test_a_pth_file_loads(tmp_path: Path):
    torch.save(hollow(), tmp_path / "matanyone.pth")

    network = load_network(tmp_path / "matanyone.pth")

    assert not network.training
    assert network.dtype == torch.float32


def test_a_safetensors_file_loads(weights: dict[str, torch.Tensor], tmp_path: Path):
    # Given weights kept in half precision
    kept = {key: value.bfloat16() for key, value in weights.items()}
    save_file(kept, tmp_path / "model.safetensors")

    network = load_network(tmp_path / "model.safetensors")

    assert torch.equal(network.pix_feat_proj.weight, kept["pix_feat_proj.weight"].float())


def test_every_key_that_is_wrong_is_named():
    # Given one key missing, one too many and one of another shape
    tensors = hollow()
    del tensors["pix_feat_proj.bias"]
    tensors["somebody.else"] = torch.zeros(3)
    tensors["key_proj.d_proj.bias"] = torch.zeros(2)

    with pytest.raises(ModelLoadFailed) as caught:
        load_network(tensors)

    assert caught.value.details["problems"] == {
        "missing": ["pix_feat_proj.bias"],
        "unexpected": ["somebody.else"],
        "of the wrong shape": ["key_proj.d_proj.bias is (2,) instead of (1,)"],
    }
    assert all(key in str(caught.value) for key in ("pix_feat_proj.bias", "somebody.else", "key_proj.d_proj.bias"))


def test_a_checkpoint_for_several_targets_loses_the_channel_of_the_others():
    # Given weights with one more input channel, the last, for the masks of other targets
    tensors = hollow() | {
        "mask_encoder.conv1.weight": torch.zeros(1).expand(64, 5, 7, 7),
        "pixel_fuser.sensory_compress.weight": torch.arange(258.0).view(1, 258, 1, 1).expand(256, 258, 1, 1),
    }

    network = load_network(tensors)

    assert network.pixel_fuser.sensory_compress.weight[0, :, 0, 0].tolist() == list(range(257))
    assert network.mask_encoder.conv1.weight.shape == (64, 4, 7, 7)


def test_what_normalises_a_convolution_becomes_part_of_it(weights: dict[str, torch.Tensor]):
    # Given an image, and the first convolution with its normalisation as published
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    convolved = functional.conv2d(image, weights["pixel_encoder.conv1.weight"], stride=2, padding=3)
    named = [weights[f"pixel_encoder.bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]

    network = load_network(weights)

    assert torch.allclose(network.pixel_encoder.conv1(image), functional.batch_norm(convolved, *named), atol=1e-5)
    assert not [part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d)]


def test_constants_stay_exact_in_half_precision():
    network = load_network(hollow(), dtype=torch.bfloat16)

    assert torch.equal(network.object_transformer.spatial_pe.inv_freq, frequencies())
    assert network.rgb_mean.flatten().tolist() == pytest.approx(RGB_MEAN, abs=1e-7)


class Intruder:
    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


def test_a_pickle_with_code_in_it_is_refused_and_its_code_not_run(tmp_path: Path):
    trace = tmp_path / "ran"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"weight": Intruder(trace)}, protocol=2))

    with pytest.raises(ModelLoadFailed, match="holds code, which is never run"):
        load_network(tmp_path / "evil.pth")

    assert not trace.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth"])
def test_a_damaged_file_is_refused(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"\x80\x02 half a file")

    with pytest.raises(ModelLoadFailed, match=name):
        load_network(tmp_path / name)


def test_a_checkpoint_that_wraps_its_weights_is_refused(tmp_path: Path):
    torch.save({"network": hollow(), "epoch": 3}, tmp_path / "training.pth")

    with pytest.raises(ModelLoadFailed, match="flat mapping"):
        load_network(tmp_path / "training.pth")


def test_weights_that_are_not_there_are_named(tmp_path: Path):
    with pytest.raises(InputMissing, match=r"nothing\.safetensors"):
        load_network(tmp_path / "nothing.safetensors")


def test_a_dtype_that_cannot_be_computed_in_is_refused():
    with pytest.raises(InvalidConfig, match=r"torch\.int8"):
        load_network(hollow(), dtype=torch.int8)
