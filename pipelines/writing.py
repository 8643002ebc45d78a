"""Takes what a family yields to the spool, and holds it to what was asked for."""

from __future__ import annotations

import numpy as np

from pipelines.families.base import Audio, Output
from pipelines.spooling import Spool
from pipelines.stages import Stages
from reelfleet.contract.errors import InvalidConfig, Numerical
from reelfleet.contract.spec import GenerationSpec


def write_output(output: Output, spec: GenerationSpec, spool: Spool, stages: Stages) -> None:
    """Write frames as they come, and then the sound; report each frame.

    Raises:
        InvalidConfig: when the pipeline makes another size or number of frames, which is to say that the catalogue's limits are wrong.
        Numerical: for NaN or infinity in the sound.
        DiskFull: as the spool raises it.
    """
    written = 0
    for item in output:
        if isinstance(item, Audio):
            _write_audio(item, spec, spool)
            continue
        if written == 0:
            _require(item.shape, (spec.height, spec.width, 3), spec, "frames of the shape")
            spool.begin_frames(spec.width, spec.height, spec.fps)
        spool.write_frame(item)
        written += 1
        stages.frame(written, spec.frames)
    _require(written, spec.frames, spec, "a number of frames of")


def _write_audio(audio: Audio, spec: GenerationSpec, spool: Spool) -> None:
    if not np.isfinite(audio.samples).all():
        raise Numerical(
            f"{spec.model}: NaN or infinity in the sound; try another dtype or another seed",
            details={"model": spec.model, "where": "sound", "step": 0},
        )
    spool.write_audio(audio.samples, audio.sample_rate)


def _require(made: object, asked: object, spec: GenerationSpec, what: str) -> None:
    if made != asked:
        raise InvalidConfig(
            f"{spec.model}: asked for {what} {asked}, the pipeline made {made}; correct the limits in {spec.model}.toml",
            details={"model": spec.model, "asked": str(asked), "made": str(made)},
        )
