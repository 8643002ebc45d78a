"""The files of one target, all fed from the same composed pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from persistence.alphas.segment import Alpha
from persistence.content_hash import FrameHash
from persistence.matte.archive_output import ArchiveOutput
from persistence.matte.compose import compose, grey, selected_alpha
from persistence.matte.image_output import ImageOutput
from persistence.matte.output import Output
from persistence.matte.planned_track import PlannedTrack
from persistence.matte.timeline import Moment, Timeline
from persistence.matte.video_output import VideoOutput
from persistence.spool import Frame
from persistence.writers.video import VideoJob
from persistence.writers.video_encoders import ALPHA_ENCODERS, BESIDE_ALPHA_ENCODERS, VideoEncoder
from reelfleet.contract.manifest import Role
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.output import OutputOptions


class Layer(Enum):
    """What a file shows."""

    PICTURE = auto()
    """The composed picture: RGB or RGBA."""
    ALPHA = auto()
    """The alpha alone."""


@dataclass(frozen=True)
class Surroundings:
    """What the files of all targets have in common."""

    folder: Path
    timeline: Timeline
    tracks: Sequence[PlannedTrack]
    metadata: str | None
    """JSON that is embedded; none: nothing is."""


@dataclass(frozen=True)
class Strand:
    """One target."""

    target: str
    spec: MattingSpec
    outputs: Sequence[tuple[Layer, Output]]
    """In the order in which they are listed."""
    hashes: Mapping[Layer, FrameHash]
    """Of the composed pictures as they are, and of the alphas as grey RGB."""

    def write(self, rgb: Frame, alpha: Alpha, moment: Moment) -> None:
        """Compose one frame and hand it to every file.

        Raises:
            DiskFull, EncodeFailed: when a file cannot be written.
        """
        kept = selected_alpha(alpha, self.spec.select)
        shown = {Layer.PICTURE: compose(rgb, kept, self.spec.output_type), Layer.ALPHA: kept}
        self.hashes[Layer.PICTURE].add(shown[Layer.PICTURE])
        self.hashes[Layer.ALPHA].add(grey(kept))
        for layer, output in self.outputs:
            output.write(shown[layer], moment)


def plan_strand(target: str, spec: MattingSpec, stem: str, around: Surroundings) -> Strand:
    """Return a target with all of its files, none of them opened; ``stem`` begins their names."""
    hashes = {layer: FrameHash() for layer in Layer}
    plan = _Plan(spec, stem, around, hashes)
    outputs = [
        (Layer.PICTURE, plan.main(Layer.PICTURE, Role.MASK_FOREGROUND, "foreground")),
        (Layer.ALPHA, plan.main(Layer.ALPHA, Role.MASK_ALPHA, "alpha")),
    ]
    if spec.save_masks:
        outputs.append((Layer.ALPHA, plan.archive(Layer.ALPHA, Role.MASK_ARCHIVE, "alpha")))
    if spec.save_masks and spec.output_type == "alpha":
        outputs.append((Layer.PICTURE, plan.archive(Layer.PICTURE, Role.RGBA_ARCHIVE, "rgba")))
    return Strand(target, spec, outputs, hashes)


@dataclass(frozen=True)
class _Plan:
    """Makes one target's outputs."""

    spec: MattingSpec
    stem: str
    around: Surroundings
    hashes: Mapping[Layer, FrameHash]

    def main(self, layer: Layer, role: Role, ending: str) -> Output:
        """Return a video, or of an image an image."""
        spec, around = self.spec, self.around
        if spec.source.media == "image":
            path = around.folder / f"{self.stem}-{ending}.png"
            return ImageOutput(path, role, metadata=around.metadata, content=self.hashes[layer])
        path = around.folder / f"{self.stem}-{ending}.{spec.output.container.value}"
        tracks = around.tracks if layer is Layer.PICTURE else ()
        return VideoOutput(path, role, self._job(layer), tracks=tracks, content=self.hashes[layer])

    def archive(self, layer: Layer, role: Role, ending: str) -> Output:
        """Return an archive of frames."""
        path = self.around.folder / f"{self.stem}-{ending}.zip"
        return ArchiveOutput(path, role, metadata=self.around.metadata, content=self.hashes[layer])

    def _job(self, layer: Layer) -> VideoJob:
        spec, timeline, wanted = self.spec, self.around.timeline, self.spec.output
        return VideoJob(
            width=spec.width,
            height=spec.height,
            fps=timeline.fps,
            options=OutputOptions(container=wanted.container, video_codec=wanted.video_codec, video_crf=wanted.video_crf),
            comment=self.around.metadata,
            time_base=timeline.time_base,
            special_encoder=self._special_encoder(layer),
        )

    def _special_encoder(self, layer: Layer) -> VideoEncoder | None:
        if self.spec.output_type != "alpha":
            return None
        return (ALPHA_ENCODERS if layer is Layer.PICTURE else BESIDE_ALPHA_ENCODERS)[self.spec.output.video_codec]
