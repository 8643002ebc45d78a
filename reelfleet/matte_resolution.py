"""From a request for a matting and what was found of its source to a spec: a pure function, as :mod:`reelfleet.resolution` is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte import KeyMask, MatteOptions
from reelfleet.contract.matte_request import MASK_FIELD, MatteRequest
from reelfleet.contract.matting_card import MaskMakerCard, MattingCard
from reelfleet.contract.matting_spec import MattingSpec, PlacedMask, resolved_output
from reelfleet.contract.problems import Problem
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.contract.source import SourceFacts


def resolve_matte(
    request: MatteRequest, card: MattingCard, inputs: Mapping[str, ResolvedInput], source: SourceFacts, size: tuple[int, int]
) -> MattingSpec:
    """Fill what the request leaves open and check it against its source.

    Args:
        request: as it was admitted.
        card: of its matting model.
        inputs: the source and the masks as they lie in the store, by field.
        source: what was found of the source.
        size: width and height in pixels of what is matted and delivered.

    Raises:
        InvalidRequest: with every problem at once.
    """
    problems = [
        *find_matte_problems(request, card),
        *find_source_problems(request, source.frames, (source.width, source.height)),
        *find_size_problems(card, size),
    ]
    if problems:
        raise InvalidRequest.of(problems)
    return MattingSpec(
        model=card.name,
        family=card.family,
        mask_model=request.mask_maker if request.prompted else None,
        inputs=dict(inputs),
        source=source,
        masks=tuple(_placed(request, index) for index in range(len(request.masks))),
        start_frame=request.start_frame,
        end_frame=min(source.frames, request.end_frame or source.frames),
        width=size[0],
        height=size[1],
        output=resolved_output(request),
        **request.model_dump(
            include={
                "select", "output_type", "erode", "dilate", "warmup", "precision", "save_masks", "audio", "allow_truncated", "metadata_mode",
            }
        ),
    )  # fmt: skip


def find_matte_problems(options: MatteOptions, card: MattingCard) -> list[Problem]:
    """Return what the model cannot do whatever the source is."""
    if len(options.targets) > card.max_targets:
        return [{"field": MASK_FIELD, "problem": f"{len(options.targets)} targets; {card.name} takes at most {card.max_targets} at a time"}]
    return []


def find_prompt_problems(options: MatteOptions, card: MaskMakerCard) -> list[Problem]:
    """Return the prompts that the mask maker does not take."""
    takes = ", ".join(card.prompts)
    return [
        {"field": f"{MASK_FIELD}.{index}.{prompt}", "problem": f"{card.name} makes no masks of it; it takes {takes}"}
        for index, mask in enumerate(options.masks)
        for prompt in _prompts(mask)
        if prompt not in card.prompts
    ]


def find_source_problems(options: MatteOptions, frames: int, size: tuple[int, int]) -> list[Problem]:
    """Return what the source does not have: frames of the range and of the masks, and the places of points and boxes.

    Args:
        options: what is asked for.
        frames: how many the source has.
        size: width and height of the source in pixels, as it is viewed.
    """
    told = f"the source has {frames} frame{'s' if frames != 1 else ''}, numbered from 0"
    problems: list[Problem] = []
    if options.start_frame >= frames:
        problems.append({"field": "start_frame", "problem": f"{options.start_frame}: {told}"})
    if options.end_frame is not None and options.end_frame > frames and not options.allow_truncated:
        problems.append({"field": "end_frame", "problem": f"{options.end_frame}: {told}"})
    for index, mask in enumerate(options.masks):
        field = f"{MASK_FIELD}.{index}"
        if mask.frame is not None and mask.frame >= frames:
            problems.append({"field": f"{field}.frame", "problem": f"{mask.frame}: {told}"})
        problems += [
            {"field": f"{field}.{place}", "problem": f"lies outside of the source, which is {size[0]}x{size[1]} as it is viewed"}
            for place in _places_outside(mask, *size)
        ]
    return problems


def find_size_problems(card: MattingCard, size: tuple[int, int]) -> list[Problem]:
    """Return whether ``size``, width and height of what is matted, is more than the model takes."""
    pixels = size[0] * size[1]
    if pixels <= card.max_pixels:
        return []
    text = f"{size[0]}x{size[1]} is {pixels} pixels; {card.name} takes at most {card.max_pixels}, make it smaller with resize"
    return [{"field": "resize", "problem": text}]


def _prompts(mask: KeyMask) -> Iterator[str]:
    given = {"points": bool(mask.points), "box": mask.box is not None, "text": mask.text is not None}
    yield from (prompt for prompt, is_given in given.items() if is_given)


def _places_outside(mask: KeyMask, width: int, height: int) -> Iterator[str]:
    yield from (f"points.{number}" for number, point in enumerate(mask.points) if point.x >= width or point.y >= height)
    if mask.box is not None and (mask.box.right > width or mask.box.bottom > height):
        yield "box"


def _placed(request: MatteRequest, index: int) -> PlacedMask:
    mask = request.masks[index]
    return PlacedMask(
        target=mask.target,
        frame=request.start_frame if mask.frame is None else mask.frame,
        input=None if mask.prompted else f"{MASK_FIELD}.{index}",
        points=mask.points,
        box=mask.box,
        text=mask.text,
    )
