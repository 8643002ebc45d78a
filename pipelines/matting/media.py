"""The pictures of a matting: frames forward and backward, and the masks where runs begin."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from persistence.source.frame_index import FrameIndex, index_frames
from persistence.source.frames import SourceFrame, read_frames, read_frames_backwards
from persistence.source.masks import read_mask
from persistence.source.morphology import grow_then_shrink
from pipelines.matting.backend import Masks
from pipelines.matting.plan import Run
from reelfleet.contract.matte_request import SOURCE_FIELD
from reelfleet.contract.matting_spec import MattingSpec


class ClipMedia:
    """Reads what a spec names.

    Args:
        spec: complete, with a mask file for every mask.
        inputs: the files of ``spec.inputs`` by name.
    """

    def __init__(self, spec: MattingSpec, inputs: Mapping[str, Path]) -> None:
        self._spec, self._inputs = spec, inputs
        self._size = (spec.width, spec.height)

    def frames(self, run: Run, done: int) -> Generator[SourceFrame, None, None]:
        """Yield the frames of a run in its order, without the first ``done`` of those that get their alphas from it.

        A run backward begins with the frame of its mask, whose alphas are not its own, if nothing of it is done.

        Raises:
            InputUnreadable: when the source ends early.
        """
        source, facts = self._inputs[SOURCE_FIELD], self._spec.source
        if not run.backward:
            yield from read_frames(source, facts, start=run.at + done, end=run.last + 1, size=self._size, index=self._index)
            return
        first = run.at - done - (1 if done else 0)
        yield from read_frames_backwards(source, facts, start=run.last, end=first + 1, size=self._size, index=self._index)

    def masks(self, run: Run) -> Masks:
        """Return the masks where a run begins, uint8 (targets, height, width), grown and shrunk as asked."""
        return np.stack([self._mask(place.input, place.frame) for place in run.masks])

    @cached_property
    def _index(self) -> FrameIndex | None:
        return index_frames(self._inputs[SOURCE_FIELD]) if self._spec.source.media == "video" else None

    def _mask(self, name: str | None, frame: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        if name is None:
            raise ValueError("a mask that is still to be made cannot be read")
        read = read_mask(self._inputs[name], frame=frame, size=self._size, name=name)
        return grow_then_shrink(read.pixels, dilate=self._spec.dilate, erode=self._spec.erode)
