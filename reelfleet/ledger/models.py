"""The catalogue as workers publish it, so that producers need none of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from reelfleet.contract.errors import ContractMismatch
from reelfleet.contract.matting_card import AnyCard
from reelfleet.ledger.connection import Connection

_ANY: TypeAdapter[AnyCard] = TypeAdapter(AnyCard)


class Models:
    """Published model cards. They stay when their worker goes: a model without a worker is known, only not served."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, cards: Iterable[AnyCard], worker: str) -> None:
        """Publish cards; a card of the same name is replaced."""
        key = self._connection.keys.models
        commands = [("HSET", key, card.name, json.dumps({"worker": worker, "card": card.model_dump(mode="json")})) for card in cards]
        self._connection.pipeline(commands)

    def get(self, name: str) -> AnyCard | None:
        """Return a model's card.

        Raises:
            ContractMismatch: when another version of reelfleet published it.
        """
        text: bytes | None = self._connection.command("HGET", self._connection.keys.models, name)
        return None if text is None else _card(name, text)

    def all(self) -> list[AnyCard]:
        """Return every card by name.

        Raises:
            ContractMismatch: when another version of reelfleet published one.
        """
        found: dict[bytes, bytes] = self._connection.command("HGETALL", self._connection.keys.models)
        return [_card(name.decode(), text) for name, text in sorted(found.items())]


def _card(name: str, text: bytes) -> AnyCard:
    document = json.loads(text)
    try:
        return _ANY.validate_python(document["card"])
    except ValidationError as error:
        raise ContractMismatch(
            f"the card of {name} was published by {document['worker']} with another version of reelfleet: {error}; upgrade the older side"
        ) from error
