"""Several parts of a model that are saved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Folder:
    """What is saved under which name within a model's folder; under no name, into the folder itself."""

    parts: Mapping[str, Sequence[Any]]

    def save_pretrained(self, folder: str, **options: object) -> None:
        """Save every part as its library does."""
        for name, parts in self.parts.items():
            for part in parts:
                part.save_pretrained(str(Path(folder) / name), **options)
