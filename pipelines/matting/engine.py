"""Runs mattings and makes masks on one device, with models that stay warm beside those that generate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from config.availability import unpinned_note
from config.catalogue import Catalogue, MaskMakerEntry, MattingEntry
from config.settings import Settings
from persistence.alphas.segment import Alpha as Mask
from persistence.alphas.writer import AlphaWriter
from persistence.source.frames import SourceFrame, read_one
from pipelines.checkpoint import CheckpointRefused
from pipelines.device import DeviceInfo
from pipelines.faults import translated, translated_load
from pipelines.ladder import Ladder, Rung
from pipelines.masks import MaskMaker, load_mask_maker
from pipelines.matting.backend import MattingModel
from pipelines.matting.checkpoint import BEGINNING, load_start, matting_fingerprint
from pipelines.matting.job import MattingJob, run_matting
from pipelines.matting.loading import load_matting_model
from pipelines.matting.media import ClipMedia
from pipelines.matting.plan import plan_runs, total
from pipelines.matting.warm import Warm, warmed
from pipelines.matting.weights import weights_sha256
from pipelines.model_cache import ModelCache
from pipelines.observer import Observer
from pipelines.report import GenerationReport
from pipelines.torch_setup import synchronize, torch_device
from pipelines.versions import versions
from reelfleet.contract.job import Phase
from reelfleet.contract.matte_request import SOURCE_FIELD
from reelfleet.contract.matting_spec import MattingSpec, PlacedMask

GIB = 1024**3
DIGITS = 4
W = TypeVar("W", MattingModel, MaskMaker)


class MattingEngine:
    """What an engine does for the stages ``mask`` and ``matte``; the engine sees to it that one job computes at a time.

    Args:
        settings: cache folder, weights.
        catalogue: the models that can be asked for.
        device: where they run.
        models: all that is warm on the device.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, device: DeviceInfo, models: ModelCache) -> None:
        self._settings, self._catalogue, self._device, self._models = settings, catalogue, device, models

    def matte(
        self, spec: MattingSpec, inputs: Mapping[str, Path], alphas: AlphaWriter, observer: Observer, *, resume: Path | None
    ) -> GenerationReport:
        """Write the alphas that a spec describes; see :meth:`pipelines.engine.Engine.matte`."""
        observer.phase(Phase.LOAD)
        entry = self._catalogue.matting(spec.model)
        ladder = Ladder(entry.name, self._device, observer.note, rungs=(Rung.MEMORY_FREED,))
        was_warm = entry.name in self._models.names
        loaded = self._warm(entry, ladder, partial(load_matting_model, entry, self._settings, self._device))
        began = time.perf_counter()

        def run() -> None:
            self._run(spec, loaded, inputs, alphas, observer, resume)

        ladder.climbing(loaded.model, run, lambda _: self._models.free(keep=entry.name))
        timings = {"load_s": 0.0 if was_warm else loaded.load_s, "matte_s": time.perf_counter() - began}
        return self._report(spec, loaded, timings, ladder)

    def make_masks(self, spec: MattingSpec, inputs: Mapping[str, Path], observer: Observer) -> dict[int, Mask]:
        """Return the masks that a spec leaves to be made, uint8 (height, width) of the source as it is viewed, by their place in the spec."""
        observer.phase(Phase.LOAD)
        entry = self._catalogue.mask_maker(spec.mask_model or "")
        ladder = Ladder(entry.name, self._device, observer.note, rungs=(Rung.MEMORY_FREED,))
        loaded = self._warm(entry, ladder, partial(load_mask_maker, entry, self._settings, self._device))
        wanted = {index: mask for index, mask in enumerate(spec.masks) if mask.input is None}
        for note in loaded.notes:
            observer.note(note)
        observer.phase(Phase.MASK, len(wanted))
        made: dict[int, Mask] = {}
        frame: SourceFrame | None = None
        for index, mask in wanted.items():
            if frame is None or frame.number != mask.frame:
                frame = read_one(inputs[SOURCE_FIELD], spec.source, mask.frame, (spec.source.width, spec.source.height))
            make = partial(_make, loaded.model, mask, frame, entry.name)
            made[index] = ladder.climbing(loaded.model, make, lambda _: self._models.free(keep=entry.name))
            observer.advance(len(made), len(wanted))
        return made

    def _run(
        self,
        spec: MattingSpec,
        loaded: Warm[MattingModel],
        inputs: Mapping[str, Path],
        alphas: AlphaWriter,
        observer: Observer,
        resume: Path | None,
    ) -> None:
        model = loaded.model
        fingerprint = matting_fingerprint(spec, model, loaded.weights_sha256, self._device)
        job = MattingJob(spec, model, ClipMedia(spec, inputs), alphas, observer, fingerprint)
        of = total(plan_runs(spec))
        observer.phase(Phase.MATTE, of)
        with translated(spec.model, lambda: Phase.MATTE.value), torch.inference_mode():
            if resume is not None:
                try:
                    start = load_start(resume, of, fingerprint)
                    alphas.go_on_with(start.segments)
                    run_matting(job, start)
                except CheckpointRefused as refused:
                    observer.refused(f"the checkpoint is refused: {refused}; the job starts over")
                else:
                    return
            alphas.go_on_with(())
            run_matting(job, BEGINNING)

    def _warm(self, entry: MattingEntry | MaskMakerEntry, ladder: Ladder, load: Callable[[], W]) -> Warm[W]:
        found: Any = self._models.get(entry.name)
        self._models.leave_to(entry.name, int(entry.card.memory_gib * GIB), self._device.memory_bytes)
        if found is None:
            load_warm = partial(warmed, load, partial(self._hashes, entry), unpinned_note(entry))
            found = ladder.climbing(type(None), load_warm, lambda _: self._models.free(keep=None))
            self._models.add(entry.name, found)
        warm: Warm[W] = found
        return warm

    def _hashes(self, entry: MattingEntry | MaskMakerEntry) -> dict[str, str]:
        if isinstance(entry, MaskMakerEntry):
            return {}  # of a mask that was made the spec names the mask's own hash
        with translated_load(entry.name):
            return weights_sha256(entry, self._settings)

    def _report(self, spec: MattingSpec, loaded: Warm[MattingModel], timings: dict[str, float], ladder: Ladder) -> GenerationReport:
        synchronize(torch_device(self._device))
        return GenerationReport(
            timings={name: round(seconds, DIGITS) for name, seconds in timings.items()},
            weights_sha256=loaded.weights_sha256,
            versions=versions(),
            device=self._device.model_dump(mode="json"),
            dtype="float32",
            pipeline={
                "class": type(loaded.model).__name__,
                "precision": spec.precision,
                "batch": loaded.model.batch,
                **loaded.model.fingerprint(),
            },
            degraded=tuple(degradation.rung for degradation in ladder.used),
            notes=(*loaded.notes, *(degradation.note for degradation in ladder.used)),
        )


def _make(maker: MaskMaker, mask: PlacedMask, frame: SourceFrame, name: str) -> Mask:
    with translated(name, lambda: Phase.MASK.value), torch.inference_mode():
        return maker.make(frame.rgb, mask.points, mask.box, mask.text)
