"""Which frames are matted from which mask, in which order.

Every frame is matted from the mask of its target that is nearest in time, the earlier one of two that are equally near. From each mask one run
goes forward and one backward. The plan is a function of the spec alone, so that "after n frames" means the same to whoever goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reelfleet.contract.matting_spec import MattingSpec, PlacedMask


@dataclass(frozen=True)
class Run:
    """One run through consecutive frames for the targets whose masks lie at the same frames."""

    targets: tuple[str, ...]
    masks: tuple[PlacedMask, ...]
    """One for each target, all at the frame where the run begins."""
    at: int
    """The frame where the run begins."""
    last: int
    """The frame where it ends; before ``at`` for a run backward."""

    @property
    def backward(self) -> bool:
        """Whether it goes back in time."""
        return self.last < self.at

    @property
    def emitted(self) -> int:
        """How many frames get their alphas from this run; a run backward begins with a frame that the run forward has done."""
        return abs(self.last - self.at) + (0 if self.backward else 1)


def plan_runs(spec: MattingSpec) -> tuple[Run, ...]:
    """Return the runs of a matting in order."""
    frames_of = {target: tuple(sorted(mask.frame for mask in spec.masks if mask.target == target)) for target in spec.targets}
    runs: list[Run] = []
    for frames in dict.fromkeys(frames_of.values()):
        group = [target for target in spec.targets if frames_of[target] == frames]
        for at, begin, end in _nearest(frames, spec.start_frame, spec.end_frame):
            masks = tuple(mask for target in group for mask in spec.masks if mask.target == target and mask.frame == at)
            runs.append(Run(tuple(group), masks, at, end - 1))
            if begin < at:
                runs.append(Run(tuple(group), masks, at, begin))
    return tuple(runs)


def total(runs: Sequence[Run]) -> int:
    """Return how many frames all runs emit; a frame counts once for each group of targets."""
    return sum(run.emitted for run in runs)


def locate(runs: Sequence[Run], done: int) -> tuple[int, int]:
    """Return which run goes on after ``done`` emitted frames, and how many of them it emitted itself; past the last run when all is done."""
    for index, run in enumerate(runs):
        if done < run.emitted:
            return index, done
        done -= run.emitted
    return len(runs), 0


def _nearest(frames: Sequence[int], start: int, end: int) -> list[tuple[int, int, int]]:
    """Return ``(frame, begin, end)``: the frames [begin, end) are nearest to the mask at ``frame``."""
    borders = [start, *((before + after) // 2 + 1 for before, after in pairwise(frames)), end]
    return list(zip(frames, borders, borders[1:], strict=False))
