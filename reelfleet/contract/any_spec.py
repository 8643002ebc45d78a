"""Whatever a worker may run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag, TypeAdapter

from reelfleet.contract.kinds import kind_of
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.spec import GenerationSpec

AnySpec = Annotated[Annotated[GenerationSpec, Tag("generate")] | Annotated[MattingSpec, Tag("matte")], Discriminator(kind_of)]
"""A generation or a matting; ``kind`` says which."""
_ANY: TypeAdapter[GenerationSpec | MattingSpec] = TypeAdapter(AnySpec)


def parse_spec(text: str) -> GenerationSpec | MattingSpec:
    """Read a spec as it was kept.

    Raises:
        pydantic.ValidationError: when it is none.
    """
    return _ANY.validate_json(text)
