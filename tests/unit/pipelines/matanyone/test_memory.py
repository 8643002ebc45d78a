"""Reading the memory, and what stays in it."""

from __future__ import annotations

import math

import pytest
import torch

from pipelines.matanyone.layout import channels_last
from pipelines.matanyone.memory_read import key_operand, read_memory
from pipelines.matanyone.memory_ring import MemoryRing
from pipelines.matanyone.nearest import nearest


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
    keys = key_operand(as_rows(d["memory_key"])[0], as_rows(d["shrinkage"])[0])
    return read_memory(keys, as_rows(d["value"]), d["key"], d["selection"], **options)


def as_rows(feature_map: torch.Tensor) -> torch.Tensor:
    return feature_map.flatten(2).transpose(1, 2)


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


def test_targets_are_read_at_the_same_tokens_each_with_its_own_values():
    # Given two targets whose values differ
    d = drawn(50, frames=3)
    both = d | {"value": torch.cat([d["value"], -2 * d["value"]])}

    out = read(both)

    assert torch.equal(out[:1], read(d))
    assert torch.allclose(out[1], -2 * out[0])


@pytest.mark.parametrize("columns", [50, 30 * 8 * 32, 30 * 8 * 32 + 17])
def test_the_largest_of_a_row_are_those_that_sorting_finds(columns: int):
    # Given rows that are short, cut evenly into blocks, or not evenly
    rows = torch.randn(40, columns, generator=torch.Generator().manual_seed(3))

    values, places = nearest(rows, 30)

    assert torch.equal(values.sort(descending=True).values, rows.sort(descending=True).values[:, :30])
    assert torch.equal(values, rows.gather(1, places))


def test_the_largest_are_found_where_they_all_lie_in_one_block():
    # Given a long row whose thirty largest numbers are 300 columns apart, which is how far apart a block's numbers are
    row = torch.zeros(1, 300 * 32)
    row[0, 7::300] = 1 + torch.arange(32.0)

    values, _ = nearest(row, 30)

    assert values.sum() == sum(range(3, 33))


def ring_of(frames: int) -> MemoryRing:
    """A ring of two tokens into which so many frames were put, each with its number as value."""
    ring = MemoryRing(1, 2, device=torch.device("cpu"), dtype=torch.float32)
    generator = torch.Generator().manual_seed(5)
    for number in range(frames):
        key = torch.randn(1, 64, 1, 2, generator=generator)
        ring.put(key, torch.ones(1, 1, 1, 2), torch.full((1, 256, 1, 2), float(number)))
    return ring


def test_the_first_frame_stays_and_the_oldest_of_the_others_leaves():
    ring = ring_of(7)

    held = sorted(ring.values[0, :, 0, 0].tolist())

    assert held == [0, 3, 4, 5, 6]


@pytest.mark.parametrize("frames", [1, 3, 7])
def test_reading_all_slots_gives_what_reading_the_filled_ones_gives(frames: int):
    ring = ring_of(frames)
    d = drawn(2)

    filled, whole = (
        read_memory(keys, values, d["key"], d["selection"], absent=absent) for keys, values, absent in (ring.held(), ring.whole())
    )

    assert torch.allclose(whole, filled, atol=1e-6)


def test_a_ring_that_was_cleared_forgets_what_it_held():
    ring = ring_of(3)

    ring.clear()
    ring.put(torch.zeros(1, 64, 1, 2), torch.ones(1, 1, 1, 2), torch.full((1, 256, 1, 2), 5.0))

    keys, values, absent = ring.whole()
    out = read_memory(keys, values, torch.zeros(1, 64, 1, 2), torch.ones(1, 64, 1, 2), absent=absent)
    assert torch.allclose(out, torch.full_like(out, 5.0))


def test_a_ring_that_was_restored_overwrites_the_slot_that_was_next():
    # Given a ring whose second slot was overwritten already, and one made of what it holds
    ring = ring_of(6)
    restored = MemoryRing(1, 2, device=torch.device("cpu"), dtype=torch.float32)
    restored.restore(ring.matched, ring.values, ring.written)

    for each in (ring, restored):
        each.put(torch.zeros(1, 64, 1, 2), torch.ones(1, 1, 1, 2), torch.full((1, 256, 1, 2), 6.0))

    assert torch.equal(restored.values, ring.values)
    assert torch.equal(restored.keys, ring.keys)


@pytest.mark.parametrize("shape", [(1, 256, 3, 4), (2, 1, 3, 4), (1, 1, 1, 1)])
def test_a_map_gets_the_strides_of_its_shape_whatever_it_had_before(shape: tuple[int, int, int, int]):
    feature_map = torch.arange(math.prod(shape)).view(shape)

    laid = channels_last(feature_map)

    _, channels, height, width = shape
    assert laid.stride() == (channels * height * width, 1, width * channels, channels)
    assert torch.equal(laid, feature_map)
