"""What a checkpoint holds of a run, as live values; from them to a snapshot, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pipelines.checkpoint.calls import MAX_GROWTH, Calls
from pipelines.checkpoint.errors import CheckpointRefused
from pipelines.checkpoint.packing import Packer, unpack
from pipelines.checkpoint.snapshot import Snapshot

CONFIG = "_internal_dict"
"""Where diffusers keeps a scheduler's configuration, which the fingerprint covers."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """One scheduler and what it made last."""

    latents: torch.Tensor
    others: list[torch.Tensor | None]
    """What the scheduler returned beside them, such as an estimate of the clean sample."""
    scheduler: dict[str, Any]
    """Every attribute but the configuration."""


@dataclass(frozen=True, slots=True)
class RunState:
    """Everything that changes from step to step."""

    streams: tuple[StreamState, ...]
    generators: tuple[torch.Tensor, ...]
    """States of the job's own generators."""
    cpu_random: torch.Tensor
    """State of torch's generator on the CPU."""
    device_random: torch.Tensor | None
    """State of CUDA's generator of the device; none on a CPU."""
    calls: tuple[Calls, ...]
    """Of each step so far."""

    @property
    def largest_output(self) -> int:
        """How many elements a denoiser may have returned."""
        return MAX_GROWTH * max(stream.latents.numel() for stream in self.streams)


def random_states(device: torch.device) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the states of torch's global generators, of the CPU and of a CUDA device."""
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def scheduler_state(scheduler: Any) -> dict[str, Any]:
    """Return the attributes of a scheduler that steps may change."""
    return {name: value for name, value in vars(scheduler).items() if name != CONFIG}


def set_scheduler_state(scheduler: Any, state: Mapping[str, Any]) -> None:
    """Put attributes back.

    Raises:
        CheckpointRefused: for names that a scheduler's methods or properties have.
    """
    for name in state:
        if not name.isidentifier() or name == CONFIG or hasattr(type(scheduler), name):
            raise CheckpointRefused(f"{type(scheduler).__name__} keeps no state in {name[:40]!r}")
    vars(scheduler).update(state)


def pack_state(state: RunState, step: int, of: int, fingerprint: Mapping[str, str], *, copy: bool = True) -> Snapshot:
    """Return a snapshot of a run, with copies of its tensors.

    Without ``copy`` the snapshot is of no use, but it is known whether there can be one.

    Raises:
        NotStorable: naming what has no place in a checkpoint.
    """
    kinds = list(dict.fromkeys(state.calls))
    packer = Packer(copy=copy)
    packed = packer.pack(
        {
            "streams": [{"latents": stream.latents, "others": stream.others, "scheduler": stream.scheduler} for stream in state.streams],
            "generators": list(state.generators),
            "cpu_random": state.cpu_random,
            "device_random": state.device_random,
            "kinds_of_steps": kinds,
            "steps": [kinds.index(calls) for calls in state.calls],
        }
    )
    return Snapshot(step, of, fingerprint, packed, packer.tensors)


def unpack_state(snapshot: Snapshot, device: torch.device) -> RunState:
    """Return the live values of a snapshot, on the device where they belong there.

    Raises:
        CheckpointRefused: when something is missing or of the wrong kind.
    """
    match unpack(snapshot.state, snapshot.tensors, device):
        case {
            "streams": [_, *_] as streams,
            "generators": list(generators),
            "cpu_random": torch.Tensor() as cpu_random,
            "device_random": None | torch.Tensor() as device_random,
            "kinds_of_steps": list(kinds),
            "steps": list(steps),
        }:
            _require_random(cpu_random, device_random, device)
            return RunState(
                tuple(_stream(stream) for stream in streams),
                tuple(generators),
                cpu_random,
                device_random,
                _calls(kinds, steps, snapshot.step),
            )
    raise CheckpointRefused("its state is incomplete")


def _stream(stream: Any) -> StreamState:
    match stream:
        case {"latents": torch.Tensor() as latents, "others": list(others), "scheduler": dict(scheduler)} if all(
            other is None or isinstance(other, torch.Tensor) for other in others
        ):
            if not bool(torch.isfinite(latents).all()):
                raise CheckpointRefused("its latents hold NaN or infinity")
            return StreamState(latents, others, scheduler)
    raise CheckpointRefused("its state is incomplete")


def _calls(kinds: Sequence[Any], steps: Sequence[Any], count: int) -> tuple[Calls, ...]:
    if len(steps) != count or not all(isinstance(index, int) and 0 <= index < len(kinds) for index in steps):
        raise CheckpointRefused(f"it tells the calls of {len(steps)} steps and not of {count}")
    for kind in kinds:
        if not (isinstance(kind, tuple) and all(isinstance(call, tuple) and len(call) == 2 for call in kind)):  # noqa: PLR2004 - name and shape
            raise CheckpointRefused("it tells calls of the denoiser that cannot be")
    return tuple(kinds[index] for index in steps)


def _require_random(cpu: torch.Tensor, cuda: torch.Tensor | None, device: torch.device) -> None:
    """Refuse states that torch would not take; of a job's own generators, setting them does that."""
    own_cpu, own_cuda = random_states(device)
    fits = cpu.shape == own_cpu.shape and cpu.dtype == own_cpu.dtype and (cuda is None) == (own_cuda is None)
    if not fits or (own_cuda is not None and cuda is not None and cuda.shape != own_cuda.shape):
        raise CheckpointRefused("its random numbers are of another kind of generator")
