"""``docs/reference/models.md``: the shipped catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from config.catalogue import load_catalogue
from config.entries import AnyEntry, MaskMakerEntry, MattingEntry, ModelEntry
from deploy.docs.markdown import code, listed, page, table

INTRODUCTION = """
One file per model in `config/models/`; `reel models` lists those that the workers of a fleet have published.
[Add a model](../howto/operators/add-a-model.md) tells what the keys mean. Memory is an estimate: for one generation at the defaults with all weights on the device,
or for matting one target at 1080p. A request may leave out whatever has a default here, and is refused, with every problem at once, when it leaves the limits.
"""

WEIGHTS = """
Weights are pinned to a commit of their repository, unless the revision is a branch. Look at a licence before you use its model. *Fetched by*: a worker downloads what it
lacks when `REEL_ALLOW_DOWNLOAD=1`; what is fetched by you it never does, since the licence has to be accepted by whoever uses the weights. `hf download SOURCE [FILE] --revision REVISION` fetches either.
"""

RESUMES = (
    "*Resumes*: whether a run that was stopped between two steps goes on from its checkpoint, bit for bit; one that does not starts over."
)

MATTING = """
For `reel matte`, and for `matte` in a request for a generation. *Resumes*: the same for a run that was stopped between two frames.
"""

MASKS = "They make the mask of a target from clicks on it, a box around it, or words."

TINY = (
    "Random weights, made on the spot in a second: for tests, demonstrations and trying out a fleet. "
    "They load through exactly the path that real weights take."
)


def models_page() -> str:
    """Return the page."""
    entries = list(load_catalogue().values())
    real, tiny = [entry for entry in entries if not entry.tiny], [entry for entry in entries if entry.tiny]
    return page(
        "Models",
        INTRODUCTION,
        "## Weights and licences",
        WEIGHTS,
        table(
            ("model", "title", "source", "file", "revision", "fetched by", "memory", "licence"),
            (row for entry in real for row in _sources(entry)),
        ),
        "## Defaults and limits",
        RESUMES,
        table(_LIMIT_HEADERS, map(_limits, _generating(real))),
        "## Inputs and engine parameters",
        "Inputs in bold are required. Engine parameters are the names that `engine_params` (`--param`) may hold.",
        table(_INPUT_HEADERS, map(_inputs, _generating(real))),
        "## Models that matte",
        MATTING,
        table(_MATTING_HEADERS, map(_matting, _mattings(real))),
        "## Models that make masks",
        MASKS,
        table(_MASK_HEADERS, map(_masks, _mask_makers(real))),
        "## Tiny models",
        TINY,
        table(_LIMIT_HEADERS, map(_limits, _generating(tiny))),
        table(_INPUT_HEADERS, map(_inputs, _generating(tiny))),
        table(_MATTING_HEADERS, map(_matting, _mattings(tiny))),
        table(_MASK_HEADERS, map(_masks, _mask_makers(tiny))),
    )


_LIMIT_HEADERS = ("model", "makes", "size", "frames", "fps", "steps", "guidance", "size limit", "frame limit", "step limit", "resumes")
_INPUT_HEADERS = ("model", "inputs", "engine parameters")
_MATTING_HEADERS = ("model", "family", "size limit", "targets", "memory", "resumes")
_MASK_HEADERS = ("model", "family", "made of", "memory")


def _generating(entries: Sequence[AnyEntry]) -> Iterable[ModelEntry]:
    return (entry for entry in entries if isinstance(entry, ModelEntry))


def _mattings(entries: Sequence[AnyEntry]) -> Iterable[MattingEntry]:
    return (entry for entry in entries if isinstance(entry, MattingEntry))


def _mask_makers(entries: Sequence[AnyEntry]) -> Iterable[MaskMakerEntry]:
    return (entry for entry in entries if isinstance(entry, MaskMakerEntry))


def _sources(entry: AnyEntry) -> Iterator[tuple[str, ...]]:
    """Yield a row for each set of weights that the model needs."""
    card = entry.card
    licence = f"[{card.licence}]({card.licence_url})" if card.licence_url else card.licence
    for weights in entry.weights:
        source = weights.source
        yield (
            code(entry.name),
            f"{card.title}: {weights.part}" if len(entry.weights) > 1 else card.title,
            code(source.repo),
            code(source.file),
            code((source.revision or "")[:12]),
            "you" if source.user_supplied else "you, or a worker",
            f"{card.memory_gib:g} GiB",
            licence,
        )


def _limits(entry: ModelEntry) -> tuple[object, ...]:
    card = entry.card
    defaults, limits = card.defaults, card.limits
    guidance = f"{defaults.guidance:g}" + ("" if defaults.guidance_2 is None else f", {defaults.guidance_2:g}")
    frames = f"{limits.frame_rule}, at most {limits.max_frames}" if limits.frame_rule else "one image"
    return (
        code(entry.name),
        card.modality.value.replace("_", " "),
        defaults.size,
        defaults.frames,
        "-" if defaults.fps is None else f"{defaults.fps:g}",
        defaults.steps,
        guidance,
        f"multiples of {limits.size_multiple}, sides from {limits.min_side}, at most {limits.max_pixels} pixels",
        frames,
        limits.max_steps,
        _yes(card.step_resume),
    )


def _inputs(entry: ModelEntry) -> tuple[str, str, str]:
    card = entry.card
    inputs = ", ".join(f"**{code(name)}**" if name in card.required_inputs else code(name) for name in card.inputs) or "-"
    return code(entry.name), inputs, listed(card.engine_params)


def _matting(entry: MattingEntry) -> tuple[object, ...]:
    card = entry.card
    limit = f"at most {card.max_pixels} pixels"
    return code(entry.name), card.family, limit, f"at most {card.max_targets}", f"{card.memory_gib:g} GiB", _yes(card.step_resume)


def _masks(entry: MaskMakerEntry) -> tuple[object, ...]:
    card = entry.card
    return code(entry.name), card.family, ", ".join(card.prompts), f"{card.memory_gib:g} GiB"


def _yes(truth: object) -> str:
    return "yes" if truth else "no"
