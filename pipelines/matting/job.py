"""One matting: every run of the plan, frame after frame, to the alpha spool, stoppable and resumable at any group of frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from persistence.alphas.writer import AlphaWriter
from persistence.source.frames import SourceFrame
from pipelines.checkpoint import Snapshot
from pipelines.matting.backend import Alphas, ClipMatting, MattingModel
from pipelines.matting.checkpoint import MattingStart, snapshot_of
from pipelines.matting.media import ClipMedia
from pipelines.matting.plan import Run, locate, plan_runs, total
from pipelines.matting.prefetch import prefetched
from pipelines.matting.preview import alpha_preview
from pipelines.observer import Observer
from reelfleet.contract.errors import Numerical
from reelfleet.contract.matting_spec import MattingSpec

AHEAD = 4
"""Frames that are decoded ahead of the network, beside the group that it works on."""
FULL = 255.0


@dataclass(frozen=True)
class MattingJob:
    """What a matting needs; nothing of it changes.

    Attributes:
        spec: what is asked for.
        model: loaded.
        media: the pictures.
        alphas: where they go.
        observer: hears of every group of frames; what it raises ends the matting.
        fingerprint: of this matting on this stack.
    """

    spec: MattingSpec
    model: MattingModel
    media: ClipMedia
    alphas: AlphaWriter
    observer: Observer
    fingerprint: Mapping[str, str]


def run_matting(job: MattingJob, start: MattingStart) -> None:
    """Matte what is not done yet.

    Raises:
        InputUnreadable: when the source gives fewer frames than the spec says.
        Numerical: for NaN or infinity in an alpha.
        CheckpointRefused: when the state to go on from is not one of the model's; nothing was done then.
        DiskFull, EncodeFailed: when alphas cannot be written.
    """
    runs = plan_runs(job.spec)
    first, inside = locate(runs, start.done)
    options: dict[str, Any] = {"warmup": job.spec.warmup, "precision": job.spec.precision}
    under_way = job.model.resume(start.state, **options) if inside else None
    progress = _Progress(job, runs, start.done)
    if start.done:
        job.observer.note(f"resumed after frame {start.done}/{total(runs)}")
    for run in runs[first:]:
        _do_run(job, run, under_way or job.model.start(**options), inside, progress)
        under_way, inside = None, 0
    job.alphas.close_segment()


def _do_run(job: MattingJob, run: Run, matting: ClipMatting, done: int, progress: _Progress) -> None:
    with prefetched(job.media.frames(run, done), AHEAD + job.model.batch) as frames:
        if not done:
            for frame in islice(frames, 1):
                alphas = matting.begin(frame.rgb, job.media.masks(run))
                if not run.backward:
                    progress.made(run, matting, [(frame, alphas)])
        for group in _groups(frames, job.model.batch):
            made = matting.advance([frame.rgb for frame in group])
            progress.made(run, matting, list(zip(group, made, strict=True)))


class _Progress:
    """Takes what a run made to the spool and tells how far the matting is."""

    def __init__(self, job: MattingJob, runs: Sequence[Run], done: int) -> None:
        self._job, self._runs, self._of, self._done = job, runs, total(runs), done

    def made(self, run: Run, matting: ClipMatting, group: list[tuple[SourceFrame, Alphas]]) -> None:
        job = self._job
        for frame, alphas in group:
            _require_finite(alphas, job.spec.model, frame.number)
            for target, alpha in zip(run.targets, alphas, strict=True):
                job.alphas.write(target, frame.number, _in_bytes(alpha))
        self._done += len(group)
        if job.observer.preview_due():
            frame, alphas = group[-1]
            image = alpha_preview(frame.rgb, _in_bytes(alphas.max(axis=0)))
            job.observer.preview(image.data, image.media_type)
        job.observer.advance(self._done, self._of, lambda: self._snapshot(matting))

    def _snapshot(self, matting: ClipMatting) -> Snapshot:
        job = self._job
        _, inside = locate(self._runs, self._done)
        start = MattingStart(self._done, job.alphas.close_segment(), matting.state() if inside else {})
        return snapshot_of(start, self._of, job.fingerprint, job.alphas.folder)


def _groups(frames: Iterator[SourceFrame], size: int) -> Iterator[list[SourceFrame]]:
    while group := list(islice(frames, size)):
        yield group


def _in_bytes(alpha: Alphas) -> npt.NDArray[np.uint8]:
    alphas: npt.NDArray[np.uint8] = np.rint(alpha * FULL).astype(np.uint8)
    return alphas


def _require_finite(alphas: Alphas, model: str, number: int) -> None:
    if not np.isfinite(alphas).all():
        raise Numerical(
            f"{model}: NaN or infinity in the alpha of frame {number}; try precision parity, or another model",
            details={"model": model, "where": f"frame {number}", "step": number},
        )
