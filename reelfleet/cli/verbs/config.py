"""``reel config show``."""

from __future__ import annotations

import click

from reelfleet.cli.output import write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session


@click.group()
@common_options
def config() -> None:
    """Show the settings and where they come from."""


@config.command()
@common_options
@pass_session
def show(session: Session) -> None:
    """Show every setting with its value and its origin; passwords are masked."""
    from reelfleet.redaction import redacted_url  # noqa: PLC0415 - loaded only by verbs that need it
    from reelfleet.settings import load_client_settings, setting_origins  # noqa: PLC0415 - as above

    settings = load_client_settings(**session.overrides)
    origins = setting_origins(type(settings), **session.overrides)
    values = {name: redacted_url(value) if isinstance(value, str) else value for name, value in settings.model_dump(mode="json").items()}
    if session.json:
        write_json({name: {"value": value, "origin": origins[name]} for name, value in values.items()})
        return
    write_table(("SETTING", "VALUE", "FROM"), [(name, value, origins[name]) for name, value in values.items()])
