"""``docs/reference/models.md``: the shipped catalogue."""

from __future__ import annotations

from config.catalogue import load_catalogue
from config.entries import ModelEntry
from deploy.docs.markdown import code, listed, page, table

INTRODUCTION = """
One file per model in `config/models/`; `reel models` lists those that the workers of a fleet have published.
[Add a model](../howto/operators/add-a-model.md) tells what the keys mean. Memory is an estimate for one generation at the defaults, with all weights on the device.
A request may leave out whatever has a default here, and is refused, with every problem at once, when it leaves the limits.
"""


def models_page() -> str:
    """Return the page."""
    entries = list(load_catalogue().values())
    real, tiny = [entry for entry in entries if not entry.tiny], [entry for entry in entries if entry.tiny]
    return page(
        "Models",
        INTRODUCTION,
        "## Weights and licences",
        "Weights are pinned to a commit of their repository. Look at a licence before you use its model.",
        table(("model", "title", "source", "revision", "memory", "licence"), (_source(entry) for entry in real)),
        "## Defaults and limits",
        "*Resumes*: whether a run that was stopped between two steps goes on from its checkpoint, bit for bit; one that does not starts over.",
        table(_LIMIT_HEADERS, (_limits(entry) for entry in real)),
        "## Inputs and engine parameters",
        "Inputs in bold are required. Engine parameters are the names that `engine_params` (`--param`) may hold.",
        table(("model", "inputs", "engine parameters"), (_inputs(entry) for entry in real)),
        "## Tiny models",
        "Random weights, made on the spot in a second: for tests, demonstrations and trying out a fleet. They load through exactly the path that real weights take.",
        table(_LIMIT_HEADERS, (_limits(entry) for entry in tiny)),
        table(("model", "inputs", "engine parameters"), (_inputs(entry) for entry in tiny)),
    )


_LIMIT_HEADERS = ("model", "makes", "size", "frames", "fps", "steps", "guidance", "size limit", "frame limit", "step limit", "resumes")


def _source(entry: ModelEntry) -> tuple[str, ...]:
    card, source = entry.card, entry.source
    licence = f"[{card.licence}]({card.licence_url})" if card.licence_url else card.licence
    return code(entry.name), card.title, code(source.repo), code((source.revision or "")[:12]), f"{card.memory_gib:g} GiB", licence


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
        "yes" if card.step_resume else "no",
    )


def _inputs(entry: ModelEntry) -> tuple[str, str, str]:
    card = entry.card
    inputs = ", ".join(f"**{code(name)}**" if name in card.required_inputs else code(name) for name in card.inputs) or "-"
    return code(entry.name), inputs, listed(card.engine_params)
