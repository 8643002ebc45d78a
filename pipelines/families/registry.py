"""The families by the name that catalogue entries use."""

from __future__ import annotations

from config.catalogue import ModelEntry
from pipelines.families.base import Family
from pipelines.families.flux import Flux
from pipelines.families.generic import Generic
from pipelines.families.ltx import Ltx
from pipelines.families.ltx2 import Ltx2
from pipelines.families.wan import Wan
from reelfleet.contract.errors import InvalidConfig


def family_of(entry: ModelEntry) -> Family:
    """Return the family that runs a model. Entries of LTX-2 may name the family ``ltx`` too.

    Raises:
        InvalidConfig: when the entry names a family that does not exist.
    """
    families: dict[str, type[Family]] = {family.name: family for family in (Wan, Ltx, Ltx2, Flux, Generic)}
    name = entry.card.family
    if name == Ltx.name and entry.pipeline.pipeline_class.startswith("LTX2"):
        name = Ltx2.name
    if name not in families:
        raise InvalidConfig(
            f"{entry.name}.toml: family: {name!r} does not exist; there are {', '.join(families)}; "
            "'generic' runs any other pipeline of diffusers",
            details={"model": entry.name, "key": "family"},
        )
    return families[name]()
