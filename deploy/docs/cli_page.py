"""``docs/reference/cli.md``: the help of every verb, as the terminal shows it."""

from __future__ import annotations

import click

from deploy.docs.markdown import console, page
from reelfleet.cli.main import reel

WIDTH = 100

INTRODUCTION = """
What follows is what `reel VERB --help` prints. `--broker-url`, `--store-url` and `--json` may stand before or after the verb.
A job may be named by any beginning of its id that no other job has, from four characters on.

Data goes to stdout, talk and progress to stderr, so that `reel … --json | jq` always works. With `--json` a list is one JSON array, a stream is
NDJSON (one event a line), and a command that waits prints the job object last. An error is `{"error": {"code", …}}` on stdout;
[errors.md](errors.md) lists codes and exit statuses. The shape of every object is a JSON Schema: `reel schema`, or [schemas/](schemas/).
"""


def cli_page() -> str:
    """Return the page."""
    root = click.Context(reel, info_name="reel", **{**reel.context_settings, "terminal_width": WIDTH})
    parts = [INTRODUCTION, "## `reel`", console(reel.get_help(root))]
    for verb in reel.list_commands(root):
        parts += _of(reel, verb, root)
    return page("Command line", *parts)


def _of(group: click.Group, name: str, parent: click.Context) -> list[str]:
    command = group.get_command(parent, name)
    if command is None:
        raise LookupError(f"{parent.command_path} lists {name} and has no such command")
    context = click.Context(command, info_name=name, parent=parent)
    parts = [f"## `{context.command_path}`", console(command.get_help(context))]
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            parts += _of(command, each, context)
    return parts
