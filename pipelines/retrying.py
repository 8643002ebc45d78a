"""What a second try after running out of memory takes over from the first: the newest state, and when the VAE tiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from pipelines.checkpoint import Snapshot
from pipelines.observer import Observer
from pipelines.vae_tiling import tile, untile
from reelfleet.contract.job import Phase


class RetryObserver:
    """Passes everything on to an observer, and keeps the newest snapshot of the run.

    Of the last step it takes one itself if the observer took none: then a try that ran out of memory while decoding
    costs no step again.

    Args:
        observer: whoever watches the job.
        pipeline: whose VAE is set to tile.
    """

    def __init__(self, observer: Observer, pipeline: Any) -> None:
        self._observer, self._pipeline = observer, pipeline
        self._newest: Snapshot | None = None
        self._tiles_decoding = False

    @property
    def newest(self) -> Snapshot | None:
        """The newest state of the run, with tensors that only the caller has."""
        if self._newest is None:
            return None
        return dataclasses.replace(self._newest, tensors={name: tensor.clone() for name, tensor in self._newest.tensors.items()})

    def tile(self, *, decoding_only: bool) -> None:
        """Let the VAE work in tiles from now on; with ``decoding_only`` input images are still encoded whole, to the same bits."""
        self._tiles_decoding = decoding_only
        if not decoding_only:
            tile(self._pipeline)

    def phase(self, phase: Phase, of: int = 0) -> None:
        """See :class:`Observer`."""
        if self._tiles_decoding:
            (tile if phase is Phase.DECODE else untile)(self._pipeline)
        self._observer.phase(phase, of)

    def advance(self, step: int, of: int, take: Callable[[], Snapshot] | None = None) -> None:
        """See :class:`Observer`."""
        if take is None:
            self._observer.advance(step, of)
            return
        taken: list[Snapshot] = []

        def keeping() -> Snapshot:
            taken[:] = taken or [take()]
            return taken[0]

        self._observer.advance(step, of, keeping)
        if step == of:
            keeping()
        if taken:
            self._newest = taken[0]

    def note(self, text: str) -> None:
        """See :class:`Observer`."""
        self._observer.note(text)

    def refused(self, text: str) -> None:
        """See :class:`Observer`."""
        self._observer.refused(text)

    def preview_due(self) -> bool:
        """See :class:`Observer`."""
        return self._observer.preview_due()

    def preview(self, image: bytes, media_type: str) -> None:
        """See :class:`Observer`."""
        self._observer.preview(image, media_type)
