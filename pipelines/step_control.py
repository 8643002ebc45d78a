"""Makes every denoise step of any diffusers pipeline a place to look, to wait and to stop.

The pipeline's loop runs as it is. Its scheduler gets another class for the time of the run, whose ``step`` calls the
original and then reports. Swapping the class and not the method reaches copies too: LTX-2 steps a deep copy of its
scheduler for sound. A step of the pipeline is complete when every such stream has stepped; only then is it reported,
which is also the only place where the state of the run is consistent enough to be stored.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import torch

from reelfleet.contract.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Step:
    """One complete denoise step."""

    number: int
    """1 for the first."""
    of: int
    latents: torch.Tensor
    """What the first stream's scheduler returned; the pipeline's own layout."""
    prediction: torch.Tensor
    """What the denoiser predicted, guidance included; shape of ``latents``."""
    scheduler: Any
    """The first stream's scheduler, as it stands after the step."""


@dataclass(slots=True, eq=False)
class Stream:
    """The steps of one scheduler: the pipeline's own, or a copy that it made."""

    scheduler: Any
    steps: int = 0
    latents: torch.Tensor | None = None
    prediction: torch.Tensor | None = None


class StepControl:
    """Watches one run of a pipeline; a context manager around the call.

    Args:
        pipeline: any diffusers pipeline that calls ``self.scheduler.step``.
        on_stream: called with the latents of a stream and the step's number after each ``scheduler.step``.
        on_step: called after each complete step. What either raises ends the run out of the pipeline's loop.
        on_start: called when the pipeline sets its timesteps, which is when encoding is over.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        on_step: Callable[[Step], None],
        on_stream: Callable[[torch.Tensor, int], None] | None = None,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._on_step, self._on_stream, self._on_start = on_step, on_stream, on_start
        self._base: type[Any] = type(pipeline.scheduler)
        self._streams = [Stream(pipeline.scheduler)]
        self._watched: list[Any] = [pipeline.scheduler]
        self._reported = 0

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The pipeline's own scheduler first, then its copies in the order in which they were made."""
        return tuple(self._streams)

    def __enter__(self) -> Self:
        self._pipeline.scheduler.__class__ = self._watched_class()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for scheduler in self._watched:
            scheduler.__class__ = self._base
        if kind is None and self._streams[0].steps > self._reported:
            self._report()

    def _watched_class(self) -> type[Any]:
        control, base = self, self._base

        # Pipelines look at the signatures of both to decide what they pass; wraps keeps those of the original.
        @functools.wraps(base.step)
        def step(scheduler: Any, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            result = base.step(scheduler, model_output, timestep, sample, *args, **kwargs)
            control._stepped(scheduler, model_output, result[0] if isinstance(result, tuple) else result.prev_sample)
            return result

        @functools.wraps(base.set_timesteps)
        def set_timesteps(scheduler: Any, *args: Any, **kwargs: Any) -> Any:
            result = base.set_timesteps(scheduler, *args, **kwargs)
            _require_schedule(scheduler)
            if control._on_start is not None and scheduler is control._streams[0].scheduler:
                control._on_start()
            return result

        def deepcopy(scheduler: Any, memo: dict[int, Any]) -> Any:
            twin = object.__new__(type(scheduler))
            memo[id(scheduler)] = twin
            twin.__dict__.update(copy.deepcopy(scheduler.__dict__, memo))
            control._join(twin)
            return twin

        # The class keeps its name: diffusers writes it into configurations.
        return type(base.__name__, (base,), {"step": step, "set_timesteps": set_timesteps, "__deepcopy__": deepcopy})

    def _stepped(self, scheduler: Any, prediction: torch.Tensor, latents: torch.Tensor) -> None:
        stream = next((stream for stream in self._streams if stream.scheduler is scheduler), None) or self._join(scheduler)
        if stream is self._streams[0] and stream.steps > self._reported:
            # A copy did not step along: it is no stream of this loop.
            self._streams = [other for other in self._streams if other.steps >= stream.steps]
            self._report()
        stream.steps += 1
        stream.latents, stream.prediction = latents, prediction
        if self._on_stream is not None:
            self._on_stream(latents, stream.steps)
        if all(other.steps > self._reported for other in self._streams):
            self._report()

    def _join(self, scheduler: Any) -> Stream:
        stream = Stream(scheduler, steps=self._reported)
        self._streams.append(stream)
        self._watched.append(scheduler)
        return stream

    def _report(self) -> None:
        first = self._streams[0]
        if first.latents is None or first.prediction is None:
            raise RuntimeError("a step is reported that was not taken")
        self._reported = first.steps
        self._on_step(Step(self._reported, self._length(), first.latents, first.prediction, first.scheduler))

    def _length(self) -> int:
        """Return how often the loop runs: the pipeline's own count, else the scheduler's timesteps."""
        counted = getattr(self._pipeline, "_num_timesteps", None)
        return max(counted if isinstance(counted, int) else len(self._streams[0].scheduler.timesteps), self._reported)


def _require_schedule(scheduler: Any) -> None:
    """Refuse a schedule with holes: stretching one of a single step to a terminal value divides by zero."""
    if not bool(torch.isfinite(torch.as_tensor(scheduler.timesteps, dtype=torch.float64)).all()):
        count = len(scheduler.timesteps)
        problem = f"{type(scheduler).__name__} makes no schedule of {count}; ask for {count + 1} or more"
        raise InvalidRequest.of([{"field": "steps", "problem": problem}])
