"""Who gives alphas: two references that need no network, and the backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from benchmarks.matting.quality.metrics.form import Alpha
from benchmarks.matting.quality.scenes.form import FULL, Clip, Frame, Mask
from pipelines.matanyone import load_network, matte_frames
from pipelines.matanyone.random_weights import random_weights

Matter = Callable[[Iterable[Frame], Mask], Iterator[Alpha]]
"""From frames and the mask of the first to an alpha for each."""
Source = Callable[[Clip], Iterable[Alpha]]
"""From a clip to the alphas that are scored."""
HELD_MASK, TRUTH = "mask held still", "truth in 8 bits"


def references() -> dict[str, Source]:
    """Return what a table is read by: the first mask for every frame, and the truth, of which rounding alone is left as an error."""
    return {
        HELD_MASK: lambda clip: [clip.mask.astype(np.float32) / FULL] * len(clip.frames),
        TRUTH: lambda clip: clip.alphas,
    }


def blindfolded(matter: Matter) -> Source:
    """Return a matter that is given a clip's frames and mask, and not its truth."""
    return lambda clip: matter(clip.frames, clip.mask)


def matanyone(weights: Path | None, device: str) -> Matter:
    """Return MatAnyone in float32 with a published checkpoint; without one, with random weights, whose alphas are noise.

    Raises:
        InputMissing: there is no such file.
        ModelLoadFailed: it does not hold this network's weights.
    """
    return partial(matte_frames, load_network(weights or random_weights(), device=device))


BACKENDS: Mapping[str, Callable[[Path | None, str], Matter]] = MappingProxyType({"matanyone": matanyone})
