"""Loads a model the one way that there is: named class, safetensors, no code from the model's folder."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from config.availability import unpinned_note
from config.catalogue import ModelEntry
from config.settings import Settings
from pipelines.classes import pipeline_class
from pipelines.device import DeviceInfo
from pipelines.faults import translated_load
from pipelines.ladder import Degradation
from pipelines.load_report import refusing_holes
from pipelines.placement import held_bytes, modules_of, place, touch_weights
from pipelines.sources import locate
from pipelines.torch_setup import dtype_name, dtype_of, main_dtype, synchronize, torch_device
from pipelines.weight_hashes import settings_sha256, weight_files, weights_sha256
from reelfleet.contract.errors import InvalidConfig


@dataclass(frozen=True)
class LoadedModel:
    """A pipeline on its device, and what the report says about it."""

    entry: ModelEntry
    pipeline: Any
    dtype: str
    bytes: int
    weights_sha256: dict[str, str]
    settings_sha256: str
    """Of configurations and tokenizers."""
    notes: tuple[str, ...]
    degraded: tuple[Degradation, ...]
    """How it lies on its device if that is less than it was meant to be."""
    load_s: float
    warm_up_s: float
    _scheduler: Any = field(repr=False)

    def fresh(self) -> Any:
        """Return the pipeline with a scheduler as it was loaded, so that no job sees what another left in it."""
        self.pipeline.scheduler = copy.deepcopy(self._scheduler)
        return self.pipeline

    def modules(self) -> tuple[Any, ...]:
        """Return the components that hold weights."""
        return modules_of(self.pipeline)


def load(
    entry: ModelEntry, settings: Settings, device: DeviceInfo, make_room: Callable[[int], None], offload: Degradation | None = None
) -> LoadedModel:
    """Find a model's weights, load them, place them, read them and hash them.

    Args:
        entry: the model.
        settings: cache folder, and whether weights may be downloaded.
        device: where it will run.
        make_room: called with the bytes of the weight files before they are loaded.
        offload: how to place it, after memory ran out; without it as its estimate says.

    Raises:
        ModelLoadFailed: for anything wrong with the weights.
        InvalidConfig: for a class or scheduler setting that does not exist.
        OutOfMemory, DeviceLost: as they are.
    """
    started = time.perf_counter()
    cls = pipeline_class(entry)
    dtype = main_dtype(entry.pipeline, device)
    with translated_load(entry.name):
        folder = locate(entry, settings)
        make_room(sum(path.stat().st_size for path in weight_files(folder, entry.source.variant)))
        hashes = weights_sha256(folder, settings.cache_dir, variant=entry.source.variant)
        with refusing_holes(entry.name):
            pipeline = cls.from_pretrained(
                str(folder), dtype=_dtypes(entry, dtype), variant=entry.source.variant, use_safetensors=True, local_files_only=True
            )
        _adjust(pipeline, entry)
        held = held_bytes(pipeline)
        degraded = place(pipeline, entry, device, offload)
        synchronize(torch_device(device))
        loaded = time.perf_counter()
        touch_weights(pipeline)
        synchronize(torch_device(device))
    unpinned = unpinned_note(entry)
    return LoadedModel(
        entry=entry,
        pipeline=pipeline,
        dtype=dtype_name(dtype),
        bytes=held,
        weights_sha256=hashes,
        settings_sha256=settings_sha256(folder),
        notes=(unpinned,) if unpinned else (),
        degraded=degraded,
        load_s=loaded - started,
        warm_up_s=time.perf_counter() - loaded,
        _scheduler=copy.deepcopy(pipeline.scheduler),
    )


def _dtypes(entry: ModelEntry, dtype: Any) -> Any:
    special = {component: dtype_of(name) for component, name in entry.pipeline.component_dtypes.items()}
    return {"default": dtype, **special} if special else dtype


def _adjust(pipeline: Any, entry: ModelEntry) -> None:
    if getattr(pipeline, "scheduler", None) is None:
        raise InvalidConfig(
            f"{entry.name}.toml: pipeline.class: {type(pipeline).__name__} has no scheduler, so its steps cannot be watched"
        )
    pipeline.set_progress_bar_config(disable=True)
    if entry.pipeline.scheduler:
        pipeline.scheduler = type(pipeline.scheduler).from_config({**pipeline.scheduler.config, **entry.pipeline.scheduler})
    if entry.pipeline.vae_tiling:
        pipeline.vae.enable_tiling()
