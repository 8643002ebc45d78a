"""Random numbers of a job, from all 64 bits of its seed."""

from __future__ import annotations

import numpy as np
import torch

WORD_BITS = 32
WORD_MASK = 2**WORD_BITS - 1
STATE_OFFSET = 24
"""Bytes of torch's generator state before its Mersenne twister's words, each of which fills eight bytes."""


def generator_of(seed: int) -> torch.Generator:
    """Return a generator on the CPU, so that noise is the same whatever the device.

    A seed below 2**32 gives what ``torch.Generator("cpu").manual_seed(seed)`` gives, so that results can be compared
    with plain diffusers. torch ignores the higher 32 bits of larger seeds (two seeds would give one clip); those seed
    the Mersenne twister by its authors' own method for longer keys.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    if seed > WORD_MASK:
        generator.set_state(_with_key(generator.get_state(), [seed & WORD_MASK, seed >> WORD_BITS]))
    return generator


def seed_global(seed: int) -> None:
    """Seed torch's global generators: some pipelines pass no generator to ``scheduler.step``."""
    torch.manual_seed(seed)
    torch.set_rng_state(generator_of(seed).get_state())


def _with_key(state: torch.Tensor, key: list[int]) -> torch.Tensor:
    twister = np.random.MT19937()
    twister._legacy_seeding(key)  # noqa: SLF001 - numpy's only way to init_by_array, as RandomState([...]) does it
    words = np.asarray(twister.state["state"]["key"], dtype=np.uint64)
    raw = bytearray(state.numpy().tobytes())
    raw[STATE_OFFSET : STATE_OFFSET + words.nbytes] = words.tobytes()
    return torch.frombuffer(raw, dtype=torch.uint8).clone()
