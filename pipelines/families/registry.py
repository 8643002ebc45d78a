"""The families by the name that catalogue entries use."""

from __future__ import annotations

from config.catalogue import ModelEntry
from pipelines.families.base import Family
from pipelines.families.wan import Wan
from reelfleet.contract.errors import InvalidConfig


def family_of(entry: ModelEntry) -> Family:
    """Return the family that runs a model.

    Raises:
        InvalidConfig: when the entry names a family that does not exist.
    """
    families: dict[str, type[Family]] = {family.name: family for family in (Wan,)}
    try:
        return families[entry.card.family]()
    except KeyError:
        raise InvalidConfig(
            f"{entry.name}.toml: family: {entry.card.family!r} does not exist; there are {', '.join(families)}; "
            "'generic' runs any other pipeline of diffusers",
            details={"model": entry.name, "key": "family"},
        ) from None
