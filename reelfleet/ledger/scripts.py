"""Reading the Lua scripts that ship in the package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from reelfleet.ledger.retention import Retention

LIBRARY = "_lib"


@dataclass(frozen=True, slots=True)
class Script:
    """A script as Redis runs it, and the hash by which Redis remembers it."""

    name: str
    text: str
    sha: str


class ScriptShelf:
    """The scripts, each read once when it is first used."""

    def __init__(self, retention: Retention) -> None:
        self._prelude = retention.as_lua()
        self._scripts: dict[str, Script] = {}

    def script(self, name: str) -> Script:
        """Return a script by its file's name without ``.lua``, with the shared library in front."""
        found = self._scripts.get(name)
        if found is None:
            text = f"{self._prelude}{_read(LIBRARY)}\n{_read(name)}"
            found = Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
            self._scripts[name] = found
        return found


def script_names() -> list[str]:
    """Return the name of every script, without the shared library."""
    names = (entry.name for entry in resources.files(__package__).joinpath("scripts").iterdir())
    return sorted(name.removesuffix(".lua") for name in names if name.endswith(".lua") and name != f"{LIBRARY}.lua")


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
