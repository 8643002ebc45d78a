"""Makes every denoise step of any diffusers pipeline a place to look, to wait and to stop.

The pipeline's loop runs as it is. Its scheduler gets another class for the time of the run, whose ``step`` calls the
original and then reports. Swapping the class and not the method reaches copies too: LTX-2 steps a deep copy of its
scheduler for sound. A step of the pipeline is complete when every such stream has stepped; only then is it reported,
which is also the only place where the state of the run is consistent enough to be stored.

A run that resumes goes through the same loop: in the steps that it has behind it, denoisers return zeros and
``step`` returns what it was given, and with the last of them the stored state is put back. So everything that a pipeline
does around its steps happens as ever.
"""

from __future__ import annotations

import copy
import functools
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import torch
from diffusers.schedulers.scheduling_utils import SchedulerOutput

from pipelines.checkpoint.calls import Denoisers
from pipelines.checkpoint.errors import CheckpointRefused, NotStorable
from pipelines.checkpoint.run import Checkpoints
from pipelines.checkpoint.snapshot import Snapshot
from reelfleet.contract.errors import InvalidRequest

logger = logging.getLogger(__name__)

KNOWN_RESULTS = {"prev_sample", "pred_original_sample"}
SKIPPING_ERRORS = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


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
    take: Callable[[], Snapshot] | None = None
    """Takes a snapshot of the run, as long as the step is being reported; none when this run has none."""


@dataclass(slots=True, eq=False)
class Stream:
    """The steps of one scheduler: the pipeline's own, or a copy that it made."""

    scheduler: Any
    steps: int = 0
    latents: torch.Tensor | None = None
    prediction: torch.Tensor | None = None
    others: list[torch.Tensor | None] = field(default_factory=list)
    """What the scheduler returned beside the latents."""


@dataclass
class SkippedOutput(SchedulerOutput):  # type: ignore[misc]  # diffusers ships no types
    """What a skipped step returns where an object is asked for."""

    pred_original_sample: torch.Tensor | None = None


class StepControl:
    """Watches one run of a pipeline; a context manager around the call.

    Args:
        pipeline: any diffusers pipeline that calls ``self.scheduler.step``.
        on_stream: called with the latents of a stream and the step's number after each ``scheduler.step``.
        on_step: called after each complete step. What either raises ends the run out of the pipeline's loop.
        on_start: called when the pipeline sets its timesteps, which is when encoding is over.
        checkpoints: with them, steps can be taken snapshots of, and the run goes on from one if they say so.
        on_resume: called with the step and the number of steps when the steps that the run has behind it are skipped.

    Raises:
        CheckpointRefused: out of the pipeline's loop, when the run is not the one that the checkpoint is of.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        on_step: Callable[[Step], None],
        on_stream: Callable[[torch.Tensor, int], None] | None = None,
        on_start: Callable[[], None] | None = None,
        checkpoints: Checkpoints | None = None,
        on_resume: Callable[[int, int], None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._on_step, self._on_stream, self._on_start, self._on_resume = on_step, on_stream, on_start, on_resume
        self._base: type[Any] = type(pipeline.scheduler)
        self._streams = [Stream(pipeline.scheduler)]
        self._watched: list[Any] = [pipeline.scheduler]
        self._reported = 0
        self._checkpoints = checkpoints
        self._skip = 0 if checkpoints is None else checkpoints.step
        self._known_results = True
        """Whether all that the schedulers returned can be given again."""
        self._denoisers = None if checkpoints is None else Denoisers(pipeline, checkpoints.skipped_calls, limit=checkpoints.largest_output)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The pipeline's own scheduler first, then its copies in the order in which they were made."""
        return tuple(self._streams)

    def __enter__(self) -> Self:
        self._pipeline.scheduler.__class__ = self._watched_class()
        if self._denoisers is not None:
            self._denoisers.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._denoisers is not None:
            self._denoisers.__exit__(kind, error, trace)
        for scheduler in self._watched:
            scheduler.__class__ = self._base
        if kind is None and self._streams[0].steps > self._reported:
            self._report(late=True)
        if self._reported < self._skip:
            self._blame_checkpoint(error)

    def _watched_class(self) -> type[Any]:
        control, base = self, self._base
        takes = inspect.signature(base.step)

        # Pipelines look at the signatures of both to decide what they pass; wraps keeps those of the original.
        @functools.wraps(base.step)
        def step(scheduler: Any, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            stream = control._turn_of(scheduler)
            if stream.steps < control._skip:
                made = control._skipped(stream, model_output, sample)
                given = takes.bind(scheduler, model_output, timestep, sample, *args, **kwargs).arguments
                return SkippedOutput(*made[:2]) if given.get("return_dict", True) else tuple(made)
            result = base.step(scheduler, model_output, timestep, sample, *args, **kwargs)
            control._stepped(stream, model_output, result)
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

    def _turn_of(self, scheduler: Any) -> Stream:
        """Return the stream that is about to step."""
        stream = next((stream for stream in self._streams if stream.scheduler is scheduler), None) or self._join(scheduler)
        if stream is self._streams[0] and stream.steps > self._reported:
            # A copy did not step along: it is no stream of this loop.
            self._streams = [other for other in self._streams if other.steps >= stream.steps]
            self._report(late=True)
        return stream

    def _stepped(self, stream: Stream, prediction: torch.Tensor, result: Any) -> None:
        stream.steps += 1
        if isinstance(result, tuple):
            stream.latents, *stream.others = result
        else:
            stream.latents, stream.others = result.prev_sample, [result.get("pred_original_sample")]
            self._known_results = self._known_results and result.keys() <= KNOWN_RESULTS
        stream.prediction = prediction
        if self._on_stream is not None:
            self._on_stream(stream.latents, stream.steps)
        self._report_complete()

    def _skipped(self, stream: Stream, prediction: torch.Tensor, sample: torch.Tensor) -> list[torch.Tensor | None]:
        """Count a step that the run has behind it; return what its scheduler would, the latents first."""
        stream.steps += 1
        stream.latents, stream.prediction = sample, prediction
        if self._checkpoints is None:
            raise RuntimeError("steps are skipped without a checkpoint")
        if stream.steps == self._skip:
            made = self._checkpoints.restore_stream(self._streams.index(stream), self._length(), stream.scheduler, sample)
        else:
            made = [sample] * self._checkpoints.results
        self._report_complete()
        return made

    def _join(self, scheduler: Any) -> Stream:
        stream = Stream(scheduler, steps=self._reported)
        self._streams.append(stream)
        self._watched.append(scheduler)
        return stream

    def _report_complete(self) -> None:
        if all(stream.steps > self._reported for stream in self._streams):
            self._report()

    def _report(self, *, late: bool = False) -> None:
        """Report a step; ``late`` when the pipeline is already beyond it, and the state of the run no longer that of the step."""
        first = self._streams[0]
        if first.latents is None or first.prediction is None:
            raise RuntimeError("a step is reported that was not taken")
        self._reported, of = first.steps, self._length()
        if self._denoisers is not None:
            self._denoisers.step_done()
        if self._reported == self._skip:
            self._resume(of, late=late)
        elif self._reported > self._skip:
            take = None if late else self._taker(of)
            self._on_step(Step(self._reported, of, first.latents, first.prediction, first.scheduler, take))

    def _resume(self, of: int, *, late: bool) -> None:
        if self._checkpoints is None or late:
            raise CheckpointRefused("it is of a step after which the run cannot go on")
        self._checkpoints.restore_random(len(self._streams))
        if self._on_resume is not None:
            self._on_resume(self._skip, of)

    def _taker(self, of: int) -> Callable[[], Snapshot] | None:
        if self._checkpoints is None or self._denoisers is None or not self._known_results:
            return None
        try:
            return self._checkpoints.taker(self._reported, of, self._streams, self._denoisers.steps)
        except NotStorable as error:
            logger.info("no checkpoint after step %d: %s", self._reported, error)
            return None

    def _length(self) -> int:
        """Return how often the loop runs: the pipeline's own count, else the scheduler's timesteps."""
        counted = getattr(self._pipeline, "_num_timesteps", None)
        return max(counted if isinstance(counted, int) else len(self._streams[0].scheduler.timesteps), self._reported)

    def _blame_checkpoint(self, error: BaseException | None) -> None:
        """Refuse a checkpoint with which the steps behind it could not be skipped, unless something else ended the run."""
        if error is None:
            raise CheckpointRefused("the pipeline does not make the steps that it has behind it")
        if isinstance(error, SKIPPING_ERRORS) and type(error).__module__ == "builtins":
            raise CheckpointRefused(f"the steps behind it cannot be skipped: {type(error).__name__}: {error}") from error


def _require_schedule(scheduler: Any) -> None:
    """Refuse a schedule with holes: stretching one of a single step to a terminal value divides by zero."""
    if not bool(torch.isfinite(torch.as_tensor(scheduler.timesteps, dtype=torch.float64)).all()):
        count = len(scheduler.timesteps)
        problem = f"{type(scheduler).__name__} makes no schedule of {count}; ask for {count + 1} or more"
        raise InvalidRequest.of([{"field": "steps", "problem": problem}])
