"""The phases of one generation as they happen: times them and tells the observer."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from pipelines.numerics import require_finite
from pipelines.observer import Observer
from pipelines.preview import render_preview
from pipelines.step_control import Step
from pipelines.torch_setup import synchronize
from reelfleet.contract.job import Phase

Grid = Callable[[torch.Tensor], torch.Tensor | None]
"""From a pipeline's latents to (channels, frames, height, width), or none where the layout is unknown."""

TIMINGS = {Phase.ENCODE: "encode_s", Phase.DENOISE: "denoise_s", Phase.DECODE: "decode_s"}


class Stages:
    """Where a family says what it is doing; one object per generation.

    Args:
        observer: hears of phases, steps, frames and previews.
        model: name for messages.
        device: waited for when a phase ends, so that times are of the work.
    """

    def __init__(self, observer: Observer, model: str, device: torch.device) -> None:
        self._observer, self._model, self._device = observer, model, device
        self._phase: Phase | None = None
        self._began = 0.0
        self._seconds = dict.fromkeys(TIMINGS.values(), 0.0)

    @property
    def phase(self) -> Phase | None:
        """The phase that runs; none before the first and after the last."""
        return self._phase

    @property
    def timings(self) -> dict[str, float]:
        """Seconds of the phases that ended: encode_s, denoise_s, decode_s."""
        return dict(self._seconds)

    def enter(self, phase: Phase, of: int = 0) -> None:
        """End the phase that runs and begin the next, of ``of`` steps or frames. May raise what the observer raises."""
        self.finish()
        self._phase, self._began = phase, time.perf_counter()
        self._observer.phase(phase, of)

    def finish(self) -> None:
        """End the phase that runs."""
        if self._phase is None:
            return
        synchronize(self._device)
        self._seconds[TIMINGS[self._phase]] += time.perf_counter() - self._began
        self._phase = None

    def resumed(self, step: int, of: int) -> None:
        """Tell that the run goes on after a step that another run took."""
        self._observer.note(f"resumed after step {step}/{of}")

    def stream(self, latents: torch.Tensor, number: int) -> None:
        """Check the latents that a scheduler returned.

        Raises:
            Numerical: naming the step.
        """
        require_finite(latents, self._model, "denoise step", number)

    def step(self, step: Step, grid: Grid) -> None:
        """Report a complete denoise step, with a preview if one is due. May raise what the observer raises."""
        if self._observer.preview_due():
            image = render_preview(step, grid)
            if image is not None:
                self._observer.preview(image.data, image.media_type)
        self._observer.advance(step.number, step.of, step.take)

    def frame(self, number: int, of: int) -> None:
        """Report a frame that is in the spool. May raise what the observer raises."""
        self._observer.advance(number, of)
