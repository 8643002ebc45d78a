"""ViTMatte gets what its published processor would give it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import VitMatteForImageMatting, VitMatteImageProcessorPil

from pipelines import tiny
from pipelines.masks.loading import load_model
from pipelines.masks.pixels import HALF
from pipelines.vitmatte.network import USUAL, VitMatte
from pipelines.vitmatte.trimap import TARGET, UNKNOWN, trimap_of


@pytest.fixture(scope="module")
def network(settings) -> VitMatte:
    folder = tiny.ensure("tiny-vitmatte", settings.cache_dir) / "vitmatte"
    return VitMatte(load_model(VitMatteForImageMatting, "tiny", folder, None, torch.device("cpu"), torch.float32), USUAL)


@pytest.fixture
def trimap(masks) -> torch.Tensor:
    return trimap_of(torch.from_numpy(masks[0] > 0)[None, None], 6)


def test_alpha_is_that_of_the_published_processor_where_the_trimap_leaves_it_open(network, clip, trimap):
    # Given
    processor = VitMatteImageProcessorPil(image_mean=HALF, image_std=HALF)
    given = processor(images=clip[0], trimaps=trimap[0, 0].to(torch.uint8).numpy(), return_tensors="pt")
    unknown = trimap[0, 0] == UNKNOWN

    # When
    with torch.inference_mode():
        expected = network.model(**given).alphas[0, 0, : clip[0].shape[0], : clip[0].shape[1]]
        alpha = network.alpha(network.look(clip[0]), trimap)

    # Then
    torch.testing.assert_close(alpha[unknown], expected[unknown], rtol=0, atol=1e-5)


def test_where_the_trimap_is_sure_the_trimap_holds(network, clip, trimap):
    with torch.inference_mode():
        alpha = network.alpha(network.look(clip[0]), trimap)

    sure = trimap[0, 0] != UNKNOWN
    assert torch.equal(alpha[sure], (trimap[0, 0] == TARGET).float()[sure])


@pytest.mark.parametrize(("height", "width"), [(64, 96), (33, 65), (31, 31), (97, 131)])
def test_any_size_goes_through(network, height, width):
    frame = np.full((height, width, 3), 90, np.uint8)

    with torch.inference_mode():
        alpha = network.alpha(network.look(frame), torch.full((1, 1, height, width), UNKNOWN))

    assert alpha.shape == (height, width)
