"""Which models of the catalogue a worker on this machine serves."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from config.weights import candidate, found_weights, missing
from reelfleet.contract.errors import InvalidConfig

if TYPE_CHECKING:
    from config.catalogue import Catalogue
    from config.entries import AnyEntry, Weights
    from config.settings import Settings

GLOB_CHARACTERS = frozenset("*?[")


def served_models(catalogue: Catalogue, settings: Settings) -> tuple[AnyEntry, ...]:
    """Return what this machine serves, in the catalogue's order.

    ``models = auto`` and globs choose among the models whose weights are here (or may be downloaded, when a glob or
    name asks for them and ``allow_download`` is on); a name must be servable. Weights that users supply themselves are never downloaded.

    Raises:
        InvalidConfig: for a name that the catalogue does not have, a name whose weights are missing, or a glob that matches nothing here.
    """
    patterns = settings.served_patterns
    if not patterns:
        entries = (entry for entry in catalogue.values() if settings.tiny_models or not entry.tiny)
        return tuple(entry for entry in entries if is_here(entry))
    chosen: set[str] = set()
    problems: list[str] = []
    for pattern in patterns:
        names = [name for name in catalogue if fnmatchcase(name, pattern)]
        if not names:
            problems.append(f"{pattern}: no model of the catalogue has this name; there are {', '.join(catalogue)}")
        servable = [name for name in names if is_here(catalogue[name]) or may_be_downloaded(catalogue[name], settings)]
        if names and not servable:
            exact = not GLOB_CHARACTERS & set(pattern)
            problems.append(why_absent(catalogue[pattern]) if exact else f"{pattern}: none of {', '.join(names)} is on this machine")
        chosen.update(servable)
    if problems:
        raise InvalidConfig(f"models (REEL_MODELS): {'; '.join(problems)}", details={"problems": problems})
    return tuple(entry for name, entry in catalogue.items() if name in chosen)


def is_here(entry: AnyEntry) -> bool:
    """Return whether the model can be loaded without a download; a tiny model is made on the spot."""
    return not _absent(entry)


def may_be_downloaded(entry: AnyEntry, settings: Settings) -> bool:
    """Return whether a worker may fetch what is not here."""
    return settings.allow_download and all(weights.source.kind == "hub" and not weights.source.user_supplied for weights in _absent(entry))


def why_absent(entry: AnyEntry) -> str:
    """Say what keeps a model from being served on this machine, and how to mend it."""
    return f"{entry.name}: {'; '.join(_why(weights, entry) for weights in _absent(entry))}"


def unpinned_note(entry: AnyEntry) -> str | None:
    """Return the note that a report carries when the catalogue does not pin the weights, else ``None``."""
    moving = [f"{weights.source.repo} at {weights.source.revision!r}" for weights in entry.weights if not weights.source.pinned]
    if not moving:
        return None
    return f"weights of {entry.name} are not pinned: {' and '.join(moving)} can change; only the recorded hashes tell"


def how_to_get(weights: Weights, entry: AnyEntry) -> str:
    """Say what to do so that weights that are not on this machine are found there."""
    source = weights.source
    if source.path is not None:
        return f"put the weights there, or change {'tracker' if weights.part == 'sam2' else 'source'}.path in the catalogue"
    fetch = f"`hf download {source.repo}{f' {source.file}' if source.file else ''} --revision {source.revision}`"
    if source.user_supplied:
        licence = f"{entry.card.licence}{f' ({entry.card.licence_url})' if entry.card.licence_url else ''}"
        return (
            f"reelfleet neither ships nor downloads them: if you accept their licence, {licence}, run {fetch}, "
            "or name your copy in a catalogue file of your own"
        )
    return f"run {fetch} or set REEL_ALLOW_DOWNLOAD=1"


def _absent(entry: AnyEntry) -> list[Weights]:
    return [weights for weights in entry.weights if weights.source.kind != "tiny" and found_weights(weights) is None]


def _why(weights: Weights, entry: AnyEntry) -> str:
    place, its = candidate(weights), f"its weights{f' of {weights.part}' if weights.part else ''}"
    if place is not None and place.is_dir():
        return f"{its} in {place} are incomplete: {', '.join(missing(weights))}"
    if weights.source.kind in {"folder", "file"}:
        return f"there is no {weights.source.kind} {place}; {how_to_get(weights, entry)}"
    return f"{its} are not on this machine; {how_to_get(weights, entry)}"
