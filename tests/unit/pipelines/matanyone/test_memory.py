"""Reading the memory, and what stays in it."""

from __future__ import annotations

import math

import pytest
import torch

from pipelines.matanyone.memory_read import key_operand, read_memory
from pipelines.matanyone.memory_ring import MemoryRing


def drawn(tokens: int, *, frames: int = 1, scale: float = 1.0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "memory_key": scale * noise(1, 64, frames, tokens),
        "shrinkage": 1 + noise(1, 1, frames, tokens).square(),
        "value": noise(1, 256, frames, tokens),
        "key": noise(1, 64, 1, tokens),
        "selection": noise(1, 64, 1, tokens).sigmoid(),
    }


def read(d: dict[str, torch.Tensor], **options: int) -> torch.Tensor:
    keys = key_operand(d["memory_key"], d["shrinkage"])
    return read_memory(keys, d["value"].flatten(2).transpose(1, 2), d["key"], d["selection"], **options)


def by_definition(d: dict[str, torch.Tensor]) -> torch.Tensor:
    """Token by token, in float64, from the weighted squared distance."""
    memory = d["memory_key"].flatten(2)[0].double()
    values, shrinkage = d["value"].flatten(2)[0].double(), d["shrinkage"].flatten()
    columns = []
    for p in range(d["key"].shape[-1]):
        distance = (d["selection"][0, :, 0, p, None] * (memory - d["key"][0, :, 0, p, None]).square()).sum(dim=0)
        similarity = -shrinkage * distance / math.sqrt(64)
        nearest = similarity.argsort(descending=True)[:30]
        columns.append(values[:, nearest] @ similarity[nearest].softmax(dim=0))
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("tile_pairs", [1, 700, 10**9])
def test_reading_in_tiles_gives_what_the_definition_gives(tile_pairs: int):
    # Given three memorised frames of 50 tokens
    d = drawn(50, frames=3)

    # When they are read in tiles of one token, of four, and all at once
    out = read(d, tile_pairs=tile_pairs)

    # Then each is the definition
    assert torch.allclose(out[0, :, 0].double(), by_definition(d), atol=1e-5)


def test_a_memory_that_resembles_nothing_is_still_read():
    # Given keys so far away that their exponentials are all zero in float32
    d = drawn(40, scale=100.0)

    out = read(d)

    # Then the nearest of them answers
    assert torch.isfinite(out).all()
    assert out.abs().max() > 0.1


def test_a_memory_of_fewer_than_thirty_tokens_is_read_whole():
    d = drawn(4)

    out = read(d)

    assert torch.allclose(out[0, :, 0].double(), by_definition(d), atol=1e-5)


def test_the_first_frame_stays_and_the_oldest_of_the_others_leaves():
    # Given a ring into which frames 0 to 6 are put, each with its number as value
    ring = MemoryRing(1, 1, device=torch.device("cpu"), dtype=torch.float32)
    for number in range(7):
        ring.put(torch.zeros(1, 64, 1, 1), torch.ones(1, 1, 1, 1), torch.full((1, 256, 1, 1), float(number)))

    held = sorted(ring.values[0, :, 0, 0].tolist())

    assert held == [0, 3, 4, 5, 6]


def test_reading_ignores_slots_without_a_frame():
    # Given one frame of the value 5 in a ring of five slots
    ring = MemoryRing(1, 1, device=torch.device("cpu"), dtype=torch.float32)
    ring.put(torch.zeros(1, 64, 1, 1), torch.ones(1, 1, 1, 1), torch.full((1, 256, 1, 1), 5.0))

    out = ring.read(torch.zeros(1, 64, 1, 1), torch.ones(1, 64, 1, 1))

    assert torch.allclose(out, torch.full_like(out, 5.0))
