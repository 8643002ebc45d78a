"""Patterns that can be looked at from anywhere: sums of waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.matting.quality.scenes.form import Field

WAVES = 6
LONGEST, SHORTEST = 60.0, 6.0
"""Pixels from crest to crest."""


@dataclass(frozen=True)
class Texture:
    """Colours at any place of an endless plane.

    Attributes:
        base: mean colour, RGB in [0, 1].
        contrast: how far a colour goes from the mean at most; at the ends of [0, 1] it is cut off.
        seed: of the waves.
    """

    base: tuple[float, float, float]
    contrast: float
    seed: int

    def at(self, x: Field, y: Field) -> Field:
        """Return the colours at places in pixels, (height, width, 3) for places of (height, width)."""
        random = np.random.default_rng(self.seed)
        length = np.geomspace(LONGEST, SHORTEST, WAVES)
        direction = random.uniform(0, 2 * np.pi, WAVES)
        phase = random.uniform(0, 2 * np.pi, (WAVES, 3))
        weight = random.dirichlet(np.ones(WAVES), 3).T
        colours = np.zeros((*x.shape, 3)) + np.array(self.base)
        for wave in range(WAVES):
            across: npt.NDArray[np.float64] = (x * np.cos(direction[wave]) + y * np.sin(direction[wave])) * (2 * np.pi / length[wave])
            colours += self.contrast * weight[wave] * np.sin(across[..., None] + phase[wave])
        seen: Field = np.clip(colours, 0, 1)
        return seen
