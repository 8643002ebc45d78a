"""How a clip or an image is matted: whose mask, which frames, what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from reelfleet.contract.base import Frozen
from reelfleet.contract.inputs import InputUri
from reelfleet.contract.job_request import ModelName
from reelfleet.contract.output import (
    CODECS_OF_CONTAINER,
    H26X_CRF_MAX,
    AudioFormat,
    MetadataMode,
    VideoCodec,
    VideoContainer,
)
from reelfleet.contract.problems import Problems

DEFAULT_MATTING_MODEL = "matanyone"
DEFAULT_MASK_MODEL, DEFAULT_TEXT_MASK_MODEL = "sam2", "sam3"
"""What makes masks of clicks and boxes, and of words, when the request names nothing."""
TARGET = r"^[a-z0-9][a-z0-9-]{0,31}$"
FIRST_TARGET = "subject"
MAX_TARGETS = 8
MAX_KERNEL = 255

TargetName = Annotated[str, StringConstraints(pattern=TARGET)]
OutputType = Literal["foreground", "greenscreen", "alpha"]
"""``foreground``: the selection over black. ``greenscreen``: over green. ``alpha``: untouched colours with the alpha beside them (RGBA)."""
ALPHA_CODECS: dict[VideoContainer, VideoCodec] = {VideoContainer.MOV: VideoCodec.PRORES, VideoContainer.WEBM: VideoCodec.VP9}
"""What keeps an alpha channel in which container: ProRes 4444, and VP9 with alpha."""


class Point(Frozen):
    """A click: on the target, or with ``on_target`` false on what does not belong to it."""

    x: float = Field(ge=0, description="pixels of the source from its left edge, as it is viewed")
    y: float = Field(ge=0, description="pixels from its upper edge")
    on_target: bool = True


class Box(Frozen):
    """A rectangle around the target, in pixels of the source as it is viewed."""

    left: float = Field(ge=0)
    top: float = Field(ge=0)
    right: float = Field(gt=0)
    bottom: float = Field(gt=0)

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("a box is left,top,right,bottom with right beyond left and bottom below top")
        return self


class KeyMask(Frozen):
    """Where one target is at one frame: as a mask, or as clicks, a box or words of which a mask is made."""

    target: TargetName = Field(default=FIRST_TARGET, description="each target gets an alpha of its own")
    frame: int | None = Field(default=None, ge=0, description="number of the source's frame, from 0; none: the first frame of the range")
    mask: InputUri | None = Field(
        default=None, description="an image, or a video of masks of which the frame's own is taken; bright is the target"
    )
    points: tuple[Point, ...] = Field(default=(), max_length=64)
    box: Box | None = None
    text: str | None = Field(default=None, min_length=1, max_length=1000, description="what the target is, in words")

    @property
    def prompted(self) -> bool:
        """Whether the mask is still to be made."""
        return self.mask is None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        prompts = bool(self.points) or self.box is not None or self.text is not None
        if (self.mask is not None) == prompts:
            raise ValueError("give either a mask, or what to make one of: points, box or text")
        if self.text is not None and not self.text.strip():
            raise ValueError("text must not be blank")
        return self


class MatteOutput(Frozen):
    """How the files of a matting are written; what is left open follows from the output type."""

    container: VideoContainer | None = Field(default=None, description="default: mp4; mov for output_type alpha")
    video_codec: VideoCodec | None = Field(
        default=None, description="default: the container's first codec; ProRes 4444 or VP9 for output_type alpha"
    )
    video_crf: int | None = Field(default=None, ge=0, le=63, description="constant rate factor, lower is better; none for prores")
    audio_format: AudioFormat = AudioFormat.WAV
    save_audio: bool = Field(default=False, description="also write every track of sound as an artifact of its own")


class MatteOptions(Frozen):
    """Everything about a matting but its source."""

    model: ModelName = Field(default=DEFAULT_MATTING_MODEL, description="a matting model of the catalogue; `reel models` lists them")
    # Not min_length: that would be told of a list, too, whose masks are all wrong.
    masks: tuple[KeyMask, ...] = Field(
        max_length=256, json_schema_extra={"minItems": 1}, description="at least one for each target; each is propagated both ways"
    )
    mask_model: ModelName | None = Field(
        default=None, description="what makes masks of points, boxes and words; default: sam2, for words sam3"
    )
    start_frame: int = Field(default=0, ge=0, description="first frame, in order of presentation")
    end_frame: int | None = Field(default=None, ge=1, description="first frame that is left out; none: to the end")
    resize: Literal["480p", "720p", "1080p"] | None = Field(
        default=None, description="canvas of 854x480, 1280x720 or 1920x1080, upright if the source is"
    )
    fit: Literal["inside", "outer"] = Field(
        default="inside", description="inside: no side is longer than the canvas'; outer: none is shorter"
    )
    select: Literal["foreground", "background"] = Field(default="foreground", description="keep the target, or everything but the target")
    output_type: OutputType = "foreground"
    erode: int = Field(
        default=0, ge=0, le=MAX_KERNEL, description="diameter of the ellipse that the mask loses, after it was dilated; pixels; 0: none"
    )
    dilate: int = Field(default=0, ge=0, le=MAX_KERNEL, description="diameter of the ellipse that the mask grows by; pixels; 0: none")
    warmup: int = Field(default=10, ge=0, le=100, description="how often the frame of a mask is refined before the clip goes on")
    precision: Literal["parity", "fast"] = Field(
        default="parity", description="float32; or half precision where that is known to be harmless"
    )
    save_masks: bool = Field(default=False, description="also archive every alpha as PNG, and for output_type alpha every RGBA frame")
    audio: bool = Field(default=True, description="carry the source's sound along, cut to the range")
    allow_truncated: bool = Field(default=False, description="deliver what could be decoded of a damaged source instead of failing")
    metadata_mode: MetadataMode = "metadata"
    output: MatteOutput = MatteOutput()

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets in the order in which they are named first."""
        return tuple(dict.fromkeys(mask.target for mask in self.masks))

    @property
    def prompted(self) -> bool:
        """Whether any mask is still to be made."""
        return any(mask.prompted for mask in self.masks)

    @property
    def mask_maker(self) -> str:
        """The model that makes masks: the one asked for, or the default for what they are made of."""
        words = any(mask.text is not None for mask in self.masks)
        return self.mask_model or (DEFAULT_TEXT_MASK_MODEL if words else DEFAULT_MASK_MODEL)

    @property
    def container(self) -> VideoContainer:
        """The container that is used."""
        return self.output.container or (VideoContainer.MOV if self.output_type == "alpha" else VideoContainer.MP4)

    @property
    def codec(self) -> VideoCodec:
        """The codec that is used for colours."""
        if self.output.video_codec is not None:
            return self.output.video_codec
        return ALPHA_CODECS[self.container] if self.output_type == "alpha" else CODECS_OF_CONTAINER[self.container][0]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._range_problems(), *self._target_problems(), *self._output_problems()]
        if problems:
            raise Problems(problems)
        return self

    def _range_problems(self) -> Iterator[tuple[str, str]]:
        first, end = self.start_frame, self.end_frame
        if end is not None and end <= first:
            yield "end_frame", f"{end}: the range [{first}, {end}) holds no frame"
            return
        for index, mask in enumerate(self.masks):
            if mask.frame is not None and not (first <= mask.frame and (end is None or mask.frame < end)):
                yield f"masks.{index}.frame", f"{mask.frame} is outside of the range [{first}, {'' if end is None else end})"

    def _target_problems(self) -> Iterator[tuple[str, str]]:
        if not self.masks:
            yield "masks", "say what the target is: at least one mask, or points, a box or words to make one of"
        if len(self.targets) > MAX_TARGETS:
            yield "masks", f"{len(self.targets)} targets; at most {MAX_TARGETS} are taken"
        seen: set[tuple[str, int]] = set()
        for index, mask in enumerate(self.masks):
            place = mask.target, self.start_frame if mask.frame is None else mask.frame
            if place in seen:
                yield f"masks.{index}", f"a second mask of target {place[0]} at frame {place[1]}; one frame has one"
            seen.add(place)

    def _output_problems(self) -> Iterator[tuple[str, str]]:
        container, crf = self.container, self.output.video_crf
        if self.output_type == "alpha" and container not in ALPHA_CODECS:
            text = f"{container.value} holds no alpha channel; output_type alpha takes mov (ProRes 4444) or webm (VP9)"
            yield "output.container", text
            return
        codec = self.codec
        if self.output_type == "alpha" and codec is not ALPHA_CODECS[container]:
            yield "output.video_codec", f"{codec.value} keeps no alpha in {container.value}; {ALPHA_CODECS[container].value} does"
        elif codec not in CODECS_OF_CONTAINER[container]:
            holds = ", ".join(CODECS_OF_CONTAINER[container])
            yield "output.video_codec", f"{container.value} does not hold {codec.value}; it holds {holds}"
        if crf is not None and codec is VideoCodec.PRORES:
            yield "output.video_crf", "prores has none"
        elif crf is not None and crf > H26X_CRF_MAX and codec in {VideoCodec.H264, VideoCodec.H265}:
            yield "output.video_crf", f"{crf}: it goes from 0 to {H26X_CRF_MAX} for {codec.value}"
