"""Runs generations on one device, keeping models warm between them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from config.catalogue import Catalogue, ModelEntry
from config.settings import Settings
from persistence.alphas.segment import Alpha as Mask
from persistence.alphas.writer import AlphaWriter
from pipelines.classes import pipeline_class
from pipelines.device import DeviceInfo
from pipelines.families.base import Family
from pipelines.families.registry import family_of
from pipelines.faults import translated
from pipelines.jobs import prepare_job
from pipelines.ladder import OFFLOADS, Degradation, Ladder, Rung
from pipelines.leaks import unexplained_bytes
from pipelines.loading import LoadedModel, load
from pipelines.matting.engine import MattingEngine
from pipelines.model_cache import ModelCache
from pipelines.observer import Observer
from pipelines.placement import move_off
from pipelines.report import GenerationReport
from pipelines.reporting import build_report
from pipelines.resuming import Start, resuming, with_checkpoints
from pipelines.retrying import RetryObserver
from pipelines.spooling import Spool
from pipelines.stages import Stages
from pipelines.torch_setup import configure_torch, torch_device
from pipelines.vae_tiling import untile
from pipelines.writing import write_output
from reelfleet.contract.errors import OutOfMemory
from reelfleet.contract.job import Phase
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.spec import GenerationSpec

GIB = 1024**3
SHARE_OF_DEVICE = 0.85
"""Of the device's memory that warm weights may hold when no setting says otherwise; the rest is for computing."""


class Engine:
    """Everything that a GPU stage needs: one device, its warm models, one job at a time.

    Args:
        settings: cache folder, memory bound, threads.
        catalogue: the models that can be asked for.
        device: where they run.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, device: DeviceInfo) -> None:
        configure_torch(settings.torch_threads)
        self._settings, self._catalogue, self._device = settings, catalogue, device
        gib = settings.model_memory_gib
        self._models = ModelCache(int(gib * GIB if gib is not None else SHARE_OF_DEVICE * device.memory_bytes))
        self._matting = MattingEngine(settings, catalogue, device, self._models)
        self._busy = threading.RLock()

    @property
    def device(self) -> DeviceInfo:
        """The device of this engine."""
        return self._device

    @property
    def warm_models(self) -> tuple[str, ...]:
        """The models in memory, the most recently used last."""
        return self._models.names

    def warm(self, name: str) -> None:
        """Load a model now, so that the next job need not.

        Raises:
            UnknownModel, ModelLoadFailed, InvalidConfig, OutOfMemory, DeviceLost: as loading does.
        """
        with self._busy:
            self._loaded(self._catalogue.entry(name), Ladder(name, self._device))

    def unload(self, name: str | None = None) -> None:
        """Let a model go, or all of them, and give their memory back."""
        with self._busy:
            self._models.drop(*(self._models.names if name is None else (name,)))

    def leaked_bytes(self) -> int:
        """Return the bytes of the GPU that tensors hold between jobs and no warm model explains; 0 on a CPU.

        More than 0, and still so after every model was let go, is memory that does not come back.
        """
        with self._busy:
            return unexplained_bytes([module for model in self._models.all() for module in model.modules()], self._device)

    def generate(
        self, spec: GenerationSpec, inputs: Mapping[str, Path], spool: Spool, observer: Observer, *, resume: Path | None = None
    ) -> GenerationReport:
        """Generate what a spec describes into a spool, which the caller closes afterwards.

        The same spec gives the same frames, whatever ran before it. After any error the engine is ready for the next job.
        When memory runs out, the job goes on with less speed for less memory, as :mod:`pipelines.ladder` has it, and the report
        says so; the next job starts as if that had not been.

        Args:
            spec: resolved against this catalogue's card.
            inputs: the files of ``spec.inputs`` by field.
            spool: gets the frames one by one as they are decoded, then the sound if there is some.
            observer: hears of phases, steps and frames; what it raises ends the job.
            resume: a checkpoint of this spec to go on from, to the same frames. One that cannot be used is refused with a
                note to the observer, and the job starts over.

        Raises:
            InvalidRequest: when the pipeline refuses an engine parameter or the sizes.
            InputUnreadable: when an input is no image.
            Numerical, OutOfMemory, DeviceLost, ModelLoadFailed, InvalidConfig, UnknownModel: see each.
        """
        with self._busy:
            entry = self._catalogue.entry(spec.model)
            family = family_of(entry)
            observer.phase(Phase.LOAD)
            was_warm = self._models.get(entry.name) is not None
            ladder = Ladder(entry.name, self._device, observer.note)
            model = self._loaded(entry, ladder)
            tries = RetryObserver(observer, model.pipeline)
            stages = Stages(tries, entry.name, torch_device(self._device))

            def run() -> None:
                resuming(lambda start: self._run(family, model, spec, inputs, spool, stages, start), tries.newest or resume, tries.refused)

            def step_down(degradation: Degradation) -> None:
                with translated(entry.name, lambda: "making room"):
                    stages.finish()
                    observer.phase(Phase.LOAD)
                    spool.restart()
                    self._step_down(degradation, model, tries)

            try:
                ladder.climbing(model.pipeline, run, step_down)
            except OutOfMemory:
                # Whoever comes next gets all the memory that this engine can give.
                self._models.free(keep=None)
                raise
            finally:
                with translated(entry.name, lambda: "clearing up"):
                    self._step_up(ladder, model)
            timings = {"load_s": 0.0 if was_warm else model.load_s, "warm_up_s": 0.0 if was_warm else model.warm_up_s, **stages.timings}
            return build_report(model, self._device, timings, ladder.used)

    def matte(
        self, spec: MattingSpec, inputs: Mapping[str, Path], alphas: AlphaWriter, observer: Observer, *, resume: Path | None = None
    ) -> GenerationReport:
        """Matte what a spec describes; the same spec gives the same alphas, whatever ran before it.

        Args:
            spec: complete: every mask has its input.
            inputs: the files of ``spec.inputs`` by name.
            alphas: gets every target's alpha of every frame; the caller finishes it afterwards.
            observer: hears of every group of frames; what it raises ends the job.
            resume: a checkpoint of this spec to go on from, to the same bits; its segments lie in the folder of ``alphas``. One that
                cannot be used is refused with a note to the observer, and the job starts over.

        Raises:
            InputUnreadable: when the source or a mask does not decode as far as the spec says.
            Numerical, OutOfMemory, DeviceLost, ModelLoadFailed, InvalidConfig, UnknownModel, DiskFull, EncodeFailed: see each.
        """
        with self._busy:
            return self._matting.matte(spec, inputs, alphas, observer, resume=resume)

    def make_masks(self, spec: MattingSpec, inputs: Mapping[str, Path], observer: Observer) -> dict[int, Mask]:
        """Return the masks that a spec leaves to be made, of the source as it is viewed, by their place in the spec.

        Raises:
            InputUnreadable: when nothing is found, or the frame does not decode.
            InvalidRequest: when the model makes no masks of what is given.
            OutOfMemory, DeviceLost, ModelLoadFailed, InvalidConfig, UnknownModel: see each.
        """
        with self._busy:
            return self._matting.make_masks(spec, inputs, observer)

    def _run(
        self,
        family: Family,
        model: LoadedModel,
        spec: GenerationSpec,
        inputs: Mapping[str, Path],
        spool: Spool,
        stages: Stages,
        resume: Start | None,
    ) -> None:
        pipeline = model.fresh()
        with translated(spec.model, lambda: stages.phase.value if stages.phase else "preparing"):
            try:
                job = with_checkpoints(prepare_job(spec, model.entry, pipeline, inputs), model, self._device, resume)
                with closing(family.run(job, stages)) as output:
                    write_output(output, spec, spool, stages)
                stages.finish()
            finally:
                # Within the translation: on a lost device this fails as well, and must not hide why.
                pipeline.maybe_free_model_hooks()

    def _step_down(self, degradation: Degradation, model: LoadedModel, tries: RetryObserver) -> None:
        """Make a rung of the ladder true for a model that is loaded."""
        self._models.free(keep=model.entry.name)
        if degradation.rung is Rung.VAE_TILING:
            tries.tile(decoding_only=degradation.doing == Phase.DECODE.value)
        elif degradation.rung in OFFLOADS:
            move_off(model.pipeline, self._device, degradation.rung)

    def _step_up(self, ladder: Ladder, model: LoadedModel) -> None:
        """Leave nothing of this job's rungs to the next one."""
        if ladder.offload is not None and ladder.offload not in model.degraded:
            self._models.drop(model.entry.name)
        elif ladder.has(Rung.VAE_TILING):
            untile(model.pipeline)

    def _loaded(self, entry: ModelEntry, ladder: Ladder) -> LoadedModel:
        model = self._models.get(entry.name)
        if not isinstance(model, LoadedModel):
            model = ladder.climbing(
                pipeline_class(entry),
                lambda: load(entry, self._settings, self._device, self._models.make_room, ladder.offload),
                lambda _: self._models.free(keep=None),
            )
            self._models.add(entry.name, model)
        ladder.begin_with(model.degraded)
        self._models.leave_to(entry.name, int(entry.card.memory_gib * GIB), self._device.memory_bytes)
        return model
