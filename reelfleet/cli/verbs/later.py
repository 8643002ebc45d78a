"""Verbs of later versions: they say so, instead of pretending."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from reelfleet.cli.session import common_options

_SETTINGS = {"ignore_unknown_options": True}


def _refuse(verb: str, what: str) -> NoReturn:
    from reelfleet.contract.errors import Unsupported  # noqa: PLC0415 - loaded only when it is raised

    raise Unsupported(f"`reel {verb}` is not in this version: it does no {what} yet")


def _later(verb: str, what: str) -> click.Command:
    @click.command(name=verb, context_settings=_SETTINGS, help=f"Not in this version: {what}.")
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @common_options
    def command(arguments: Any) -> None:  # noqa: ARG001 - whatever was meant, it is refused
        _refuse(verb, what)

    return command


loras = _later("loras", "LoRA adapters")
verify = _later("verify", "verification of results")
replay = _later("replay", "replays")
