"""The checkpoints of one run: what may be taken of it, and what it goes on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch

from pipelines.checkpoint.calls import Calls
from pipelines.checkpoint.comparing import require_same
from pipelines.checkpoint.errors import CheckpointRefused
from pipelines.checkpoint.packing import Packer
from pipelines.checkpoint.snapshot import Snapshot
from pipelines.checkpoint.state import RunState, StreamState, pack_state, random_states, scheduler_state, set_scheduler_state, unpack_state


class LiveStream(Protocol):
    """One scheduler and what it returned last."""

    @property
    def scheduler(self) -> Any:
        """As it stands after the step."""

    @property
    def latents(self) -> torch.Tensor | None:
        """None before the first step."""

    @property
    def others(self) -> list[torch.Tensor | None]:
        """What was returned beside them."""


@dataclass(frozen=True)
class Checkpoints:
    """How one run can be stored between two steps, and brought back."""

    device: torch.device
    generators: tuple[torch.Generator, ...]
    """The job's own."""
    fingerprint: Mapping[str, str]
    resumed: RunState | None = field(default=None, repr=False)
    """What the run goes on from."""
    step: int = 0
    """How many steps it has behind it, and skips."""
    of: int = 0

    def going_on_from(self, snapshot: Snapshot) -> Checkpoints:
        """Return the checkpoints of this run when it goes on from a snapshot.

        Raises:
            CheckpointRefused: when the snapshot is of another run, naming what differs, or does not hold what it should.
        """
        require_same(snapshot.fingerprint, self.fingerprint)
        state = unpack_state(snapshot, self.device)
        if len(state.generators) != len(self.generators):
            raise CheckpointRefused(f"it has {len(state.generators)} generators and the run {len(self.generators)}")
        return replace(self, resumed=state, step=snapshot.step, of=snapshot.of)

    @property
    def results(self) -> int:
        """How many values each ``scheduler.step`` returned."""
        return 0 if self.resumed is None else 1 + len(self.resumed.streams[0].others)

    @property
    def skipped_calls(self) -> tuple[Calls, ...]:
        """What the denoisers returned in the steps that are skipped."""
        return () if self.resumed is None else self.resumed.calls

    @property
    def largest_output(self) -> int:
        """How many elements a denoiser may return in a step that is skipped."""
        return 0 if self.resumed is None else self.resumed.largest_output

    def taker(self, step: int, of: int, streams: Sequence[LiveStream], calls: Callable[[], list[Calls]]) -> Callable[[], Snapshot]:
        """Return what takes a snapshot of the run as it stands.

        Raises:
            NotStorable: when there can be none; found out without copying anything.
        """
        calls()
        probe = Packer(copy=False)
        for stream in streams:
            probe.pack(scheduler_state(stream.scheduler), type(stream.scheduler).__name__)
            probe.pack([stream.latents, *stream.others], "latents")

        def take() -> Snapshot:
            cpu_random, device_random = random_states(self.device)
            state = RunState(
                streams=tuple(
                    StreamState(stream.latents, stream.others, scheduler_state(stream.scheduler))
                    for stream in streams
                    if stream.latents is not None
                ),
                generators=tuple(generator.get_state() for generator in self.generators),
                cpu_random=cpu_random,
                device_random=device_random,
                calls=tuple(calls()),
            )
            return pack_state(state, step, of, self.fingerprint)

        return take

    def restore_stream(self, index: int, of: int, scheduler: Any, sample: torch.Tensor) -> list[torch.Tensor | None]:
        """Put a scheduler into the state after the last step behind it; return what it returned then, the latents first.

        Args:
            index: which stream it is.
            of: how many steps the run has.
            scheduler: its scheduler.
            sample: latents of the shape that the run has.

        Raises:
            CheckpointRefused: when the run has other streams or steps, or latents of another shape.
        """
        streams = () if self.resumed is None else self.resumed.streams
        if of != self.of:
            raise CheckpointRefused(f"it is of a run with {self.of} steps instead of {of}")
        if index >= len(streams):
            raise CheckpointRefused(f"it has {len(streams)} streams and the run more")
        stream = streams[index]
        if stream.latents.shape != sample.shape:
            raise CheckpointRefused(f"its latents are {tuple(stream.latents.shape)} and those of the run {tuple(sample.shape)}")
        set_scheduler_state(scheduler, stream.scheduler)
        return [None if made is None else made.to(sample.device) for made in (stream.latents, *stream.others)]

    def restore_random(self, streams: int) -> None:
        """Put all generators into the state after the last step behind the run.

        Args:
            streams: how many the run has.

        Raises:
            CheckpointRefused: when there are others, or a state is none.
        """
        state = self.resumed
        if state is None or len(state.streams) != streams:
            raise CheckpointRefused(f"it has other streams than the run, which has {streams}")
        try:
            for generator, stored in zip(self.generators, state.generators, strict=True):
                generator.set_state(stored)
            torch.set_rng_state(state.cpu_random)
            if state.device_random is not None:
                torch.cuda.set_rng_state(state.device_random.cpu(), self.device)
        except (RuntimeError, TypeError) as error:
            raise CheckpointRefused(f"its random numbers are of another kind of generator: {error}") from error
