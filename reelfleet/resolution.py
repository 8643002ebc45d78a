"""From a request and a model card to a spec: a pure function, so that whoever runs it first gets the same answer."""

from __future__ import annotations

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte_request import FOLLOW_UP
from reelfleet.contract.model_card import Modality, ModelCard
from reelfleet.contract.problems import Problem
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.contract.spec import GenerationSpec

"""The field of the job that follows; its masks are no inputs of the generation."""


def resolve(request: GenerateRequest, card: ModelCard, inputs: dict[str, ResolvedInput] | None = None) -> GenerationSpec:
    """Fill what the request leaves open from the card's defaults and check it against the card's limits.

    Args:
        request: a request whose seed is drawn.
        card: the model's published card.
        inputs: the request's inputs as they lie in the store; ``None`` before they were fetched.

    Raises:
        InvalidRequest: with every problem at once.
        ValueError: when the seed was not drawn (a caller's mistake).
    """
    if request.seed is None:
        raise ValueError("draw the seed before resolving")
    problems = find_problems(request, card)
    if problems:
        raise InvalidRequest.of(problems)
    width, height = wanted_size(request, card)
    image = card.modality is Modality.IMAGE
    defaults = card.defaults
    return GenerationSpec(
        model=card.name,
        family=card.family,
        modality=card.modality,
        prompt=request.prompt,
        negative_prompt=defaults.negative_prompt if request.negative_prompt is None else request.negative_prompt,
        width=width,
        height=height,
        frames=wanted_frames(request, card),
        fps=None if image else request.fps or defaults.fps,
        steps=request.steps or defaults.steps,
        guidance=defaults.guidance if request.guidance is None else request.guidance,
        guidance_2=defaults.guidance_2 if request.guidance_2 is None else request.guidance_2,
        seed=request.seed,
        inputs=inputs or {},
        metadata_mode=request.metadata_mode,
        output=request.output,
        engine_params=request.engine_params,
    )


def find_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    """Return everything in the request that the model cannot do; an empty list means that it resolves."""
    return [
        *_size_problems(request, card),
        *_length_problems(request, card),
        *_step_problems(request, card),
        *_input_problems(request, card),
        *_engine_problems(request, card),
    ]


def wanted_size(request: GenerateRequest, card: ModelCard) -> tuple[int, int]:
    """Return width and height in pixels: what is asked for, or the model's default."""
    width, height = (request.size or card.defaults.size).split("x")
    return int(width), int(height)


def wanted_frames(request: GenerateRequest, card: ModelCard) -> int:
    """Return how many frames are made: as many as are asked for, or the model's default."""
    return request.frames or card.defaults.frames


def _size_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    width, height = wanted_size(request, card)
    limits, problems = card.limits, []
    if width % limits.size_multiple or height % limits.size_multiple:
        near = "x".join(str(max(1, round(side / limits.size_multiple)) * limits.size_multiple) for side in (width, height))
        problems.append(f"{width}x{height}: sides of {card.name} are multiples of {limits.size_multiple}; {near} is near")
    if min(width, height) < limits.min_side:
        problems.append(f"{width}x{height}: a side of {card.name} has at least {limits.min_side} pixels")
    if width * height > limits.max_pixels:
        problems.append(f"{width}x{height} is {width * height} pixels; {card.name} makes at most {limits.max_pixels}")
    return [{"field": "size", "problem": text} for text in problems]


def _length_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    problems: list[Problem] = []
    frames = request.frames
    if card.modality is Modality.IMAGE:
        if frames not in {None, 1}:
            problems.append({"field": "frames", "problem": f"{card.name} makes one image; leave frames out"})
        if request.fps is not None:
            problems.append({"field": "fps", "problem": f"{card.name} makes an image; leave fps out"})
        return problems
    rule = card.frame_rule_parts()
    if frames is None or rule is None:
        return problems
    multiple, offset = rule
    if (frames - offset) % multiple or frames < offset:
        lower = max(0, (frames - offset) // multiple) * multiple + offset
        text = f"{frames}: {card.name} makes {card.limits.frame_rule} frames; {lower} and {lower + multiple} are near"
        problems.append({"field": "frames", "problem": text})
    if frames > card.limits.max_frames:
        problems.append({"field": "frames", "problem": f"{frames}: {card.name} makes at most {card.limits.max_frames}"})
    return problems


def _step_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    problems = []
    if request.steps is not None and request.steps > card.limits.max_steps:
        problems.append({"field": "steps", "problem": f"{request.steps}: {card.name} takes at most {card.limits.max_steps}"})
    if request.guidance_2 is not None and card.defaults.guidance_2 is None:
        problems.append({"field": "guidance_2", "problem": f"{card.name} has one expert; leave guidance_2 out"})
    return problems


def _input_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    given = {field.split(".")[0] for field in request.input_uris()} - {FOLLOW_UP}
    takes = ", ".join(card.inputs) or "no inputs"
    problems = [{"field": field, "problem": f"{card.name} does not use it; it takes {takes}"} for field in sorted(given - set(card.inputs))]
    missing = sorted(set(card.required_inputs) - given)
    return problems + [{"field": field, "problem": f"{card.name} needs it"} for field in missing]


def _engine_problems(request: GenerateRequest, card: ModelCard) -> list[Problem]:
    allowed = ", ".join(card.engine_params) or "none"
    unknown = sorted(set(request.engine_params) - set(card.engine_params))
    return [{"field": f"engine_params.{name}", "problem": f"{card.name} does not take it; it takes {allowed}"} for name in unknown]
