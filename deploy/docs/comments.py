"""What the source says beside a name: ``#:`` above an enum's member, a comment above a group of fields."""

from __future__ import annotations

import inspect
import re
from enum import Enum

_MEMBER = re.compile(r"\s+([A-Z][A-Z0-9_]*) = ")
_FIELD = re.compile(r"    ([a-z]\w*): ")
_GROUP = re.compile(r"    # (\S.*)\.$")


def member_comments(enum: type[Enum]) -> dict[str, str]:
    """Return the ``#:`` comment of every member by the member's name.

    Raises:
        LookupError: when a member has none.
    """
    found: dict[str, str] = {}
    pending: list[str] = []
    for line in inspect.getsource(enum).splitlines():
        if line.strip().startswith("#:"):
            pending.append(line.strip().removeprefix("#:").strip())
        elif (match := _MEMBER.match(line)) is not None:
            found[match[1]] = " ".join(pending)
            pending = []
    missing = [name for name in enum.__members__ if not found.get(name)]
    if missing:
        raise LookupError(f"{enum.__name__} has members without a #: comment: {', '.join(missing)}")
    return found


def field_groups(cls: type) -> dict[str, list[str]]:
    """Return the fields that a class body declares, by the one-line comment that begins their group; ``""`` before the first."""
    groups: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.getsource(cls).splitlines():
        if (match := _GROUP.fullmatch(line)) is not None:
            current = match[1]
            groups[current] = []
        elif (match := _FIELD.match(line)) is not None:
            groups[current].append(match[1])
    return {name: fields for name, fields in groups.items() if fields}
