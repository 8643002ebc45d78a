"""Options that say what is to be matted: masks, clicks, boxes and words, each for a target and a frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FORMS = {
    "mask": ("[TARGET=]FILE|URI[@FRAME]", "such as mask.png, cat=mask.png or cat=mask.png@25"),
    "point": ("[TARGET=]X,Y[,-][@FRAME]", "such as 320,180, or 40,12,- for what is not the target, or cat=320,180@25"),
    "box": ("[TARGET=]LEFT,TOP,RIGHT,BOTTOM[@FRAME]", "such as 100,60,420,350 or cat=100,60,420,350@25"),
    "text": ("[TARGET=]WORDS[@FRAME]", "such as 'the red kite' or 'cat=the grey cat@25'"),
}
"""How a value of each option is written, and what it may look like."""
_HELP = {
    "mask": "An image or a video in which the target is bright; a local file is uploaded.",
    "point": "A click on the target; with ,- on what does not belong to it.",
    "box": "A box around the target, in pixels.",
    "text": "What the target is, in words.",
}
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_COORDINATES = {"point": re.compile(rf"({_NUMBER}),({_NUMBER})(?:,([-+]))?"), "box": re.compile(",".join([rf"({_NUMBER})"] * 4))}


class _Named(NamedTuple):
    target: str | None
    text: str
    frame: int | None


def mask_options(prefix: str = "") -> Callable[[F], F]:
    """Add ``--mask``, ``--point``, ``--box`` and ``--text`` with a prefix; the command gets them for :func:`masks_of`."""

    def add(command: F) -> F:
        for kind in reversed(FORMS):
            text = f"{_HELP[kind]} May be given several times."
            command = click.option(f"--{prefix}{kind}", metavar=FORMS[kind][0], multiple=True, help=text)(command)
        return command

    return add


def masks_of(options: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Return what was given as ``masks`` of a request; points, a box and words for one target at one frame make one mask.

    Raises:
        click.UsageError: for a value of another form, telling the form.
    """
    masks: list[dict[str, Any]] = []
    prompts: dict[tuple[str | None, int | None], dict[str, Any]] = {}
    for kind in FORMS:
        for value in options[f"{prefix}{kind}".replace("-", "_")]:
            named = _named(kind, value, prefix)
            place = {name: part for name, part in (("target", named.target), ("frame", named.frame)) if part is not None}
            if kind == "mask":
                masks.append({**place, "mask": named.text})
                continue
            prompt = prompts.setdefault((named.target, named.frame), place)
            if kind == "point":
                prompt.setdefault("points", []).append(_point(value, named.text, prefix))
                continue
            if kind in prompt:
                raise click.UsageError(
                    f"--{prefix}{kind} {value!r}: there is one for this target and frame already; name a TARGET or a @FRAME"
                )
            prompt[kind] = named.text if kind == "text" else _box(value, named.text, prefix)
    return [*masks, *prompts.values()]


def _named(kind: str, value: str, prefix: str) -> _Named:
    """Split a value into target, what is between, and frame. A path or a sentence may hold an = or @ of its own."""
    text, frame, target = value, None, None
    body, at, number = value.rpartition("@")
    if at and number.isascii() and number.isdigit():
        text, frame = body, int(number)
    elif at and kind != "text" and not re.search(r"[/\\.]", number):
        raise _misspelt(kind, value, prefix)
    name, equals, rest = text.partition("=")
    if equals and re.fullmatch(r"[A-Za-z0-9-]*" if kind == "text" else r"[^/\\.:]*", name):
        text, target = rest, name
    if not text.strip():
        raise _misspelt(kind, value, prefix)
    return _Named(target, text, frame)


def _point(value: str, text: str, prefix: str) -> dict[str, Any]:
    found = _COORDINATES["point"].fullmatch(text)
    if found is None:
        raise _misspelt("point", value, prefix)
    point: dict[str, Any] = {"x": found[1], "y": found[2]}
    return {**point, "on_target": False} if found[3] == "-" else point


def _box(value: str, text: str, prefix: str) -> dict[str, Any]:
    found = _COORDINATES["box"].fullmatch(text)
    if found is None:
        raise _misspelt("box", value, prefix)
    return dict(zip(("left", "top", "right", "bottom"), found.groups(), strict=True))


def _misspelt(kind: str, value: str, prefix: str) -> click.UsageError:
    form, examples = FORMS[kind]
    return click.UsageError(f"--{prefix}{kind} {value!r}: write {form}, {examples}")
