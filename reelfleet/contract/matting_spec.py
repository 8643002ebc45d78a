"""What a worker runs of a matting: a request with nothing left open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reelfleet.contract.base import Frozen
from reelfleet.contract.canonical import canonical_sha256
from reelfleet.contract.matte import Box, MatteOptions, OutputType, Point, TargetName
from reelfleet.contract.names import CONTRACT_VERSION
from reelfleet.contract.output import AudioFormat, MetadataMode, VideoCodec, VideoContainer
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.contract.source import SourceFacts


class PlacedMask(Frozen):
    """A target's mask at a frame. Before the stage ``mask`` has run, ``input`` is none where points, a box or words are given."""

    target: TargetName
    frame: int = Field(ge=0, description="of the source, in order of presentation")
    input: str | None = Field(default=None, description="name in `inputs`, such as masks.0")
    points: tuple[Point, ...] = ()
    box: Box | None = None
    text: str | None = None


class ResolvedMatteOutput(Frozen):
    """How the files are written."""

    container: VideoContainer
    video_codec: VideoCodec
    video_crf: int | None
    audio_format: AudioFormat
    save_audio: bool


class MattingSpec(Frozen):
    """A frozen, complete description of one matting; the same spec on the same stack gives the same alphas."""

    kind: Literal["matte"] = "matte"
    contract_version: int = CONTRACT_VERSION
    model: str
    family: str
    mask_model: str | None = Field(default=None, description="what makes masks of points, boxes and words; none: no mask is to be made")
    inputs: dict[str, ResolvedInput] = Field(description="source, and masks.0, masks.1, …")
    source: SourceFacts
    masks: tuple[PlacedMask, ...] = Field(min_length=1)
    start_frame: int = Field(ge=0)
    end_frame: int = Field(ge=1, description="the first frame that is left out")
    width: int = Field(ge=1, description="pixels of what is matted and delivered")
    height: int = Field(ge=1, description="pixels")
    select: Literal["foreground", "background"]
    output_type: OutputType
    erode: int
    dilate: int
    warmup: int
    precision: Literal["parity", "fast"]
    save_masks: bool
    audio: bool
    allow_truncated: bool
    metadata_mode: MetadataMode
    output: ResolvedMatteOutput

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets in the order in which they are named first."""
        return tuple(dict.fromkeys(mask.target for mask in self.masks))

    @property
    def frames(self) -> int:
        """How many frames are matted, for each target."""
        return self.end_frame - self.start_frame

    @property
    def prompted(self) -> bool:
        """Whether a mask is still to be made."""
        return any(mask.input is None for mask in self.masks)

    def sha256(self) -> str:
        """Return the hash of the canonical form."""
        return canonical_sha256(self)


def resolved_output(options: MatteOptions) -> ResolvedMatteOutput:
    """Return how the files of a request are written, with container and codec decided."""
    wanted = options.output
    return ResolvedMatteOutput(
        container=options.container,
        video_codec=options.codec,
        video_crf=wanted.video_crf,
        audio_format=wanted.audio_format,
        save_audio=wanted.save_audio,
    )
