"""All 64 bits of a seed count."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.seeding import generator_of, seed_global

LARGE = 2**32 + 7


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_seed_of_32_bits_is_torchs_own(seed):
    ours, plain = generator_of(seed), torch.Generator("cpu").manual_seed(seed)

    assert torch.equal(torch.randn(100, generator=ours), torch.randn(100, generator=plain))


def test_seeds_that_differ_in_the_high_bits_alone_differ():
    seeds = [7, LARGE, 2**63 + 7, 2**64 - 1]

    drawn = {tuple(torch.randn(8, generator=generator_of(seed)).tolist()) for seed in seeds}

    assert len(drawn) == len(seeds)


def test_large_seed_is_the_published_twister():
    # Given: numpy's implementation of the same generator and of its seeding by a key
    published = np.random.RandomState(np.array([LARGE & 0xFFFFFFFF, LARGE >> 32], dtype=np.uint32))

    # When
    drawn = torch.randint(0, 2**31, (1000,), generator=generator_of(LARGE))

    # Then: torch joins two words of the twister to one number, of which these are the lower halves
    assert drawn.tolist() == published.randint(0, 2**31, 2000, dtype=np.uint32)[1::2].tolist()


def test_large_seed_repeats():
    assert torch.equal(torch.randn(5, generator=generator_of(2**64 - 1)), torch.randn(5, generator=generator_of(2**64 - 1)))


@pytest.mark.parametrize("seed", [7, LARGE])
def test_global_generator_is_seeded_alike(seed):
    # Given
    with torch.random.fork_rng():
        seed_global(seed)

        # When
        drawn = torch.rand(5)

    # Then
    assert torch.equal(drawn, torch.rand(5, generator=generator_of(seed)))


def test_clips_of_seeds_that_differ_in_the_high_bits_differ(studio):
    one, other = (studio.generate("tiny-flux", seed=seed, steps=1) for seed in (7, LARGE))

    assert not np.array_equal(one.frames, other.frames)
