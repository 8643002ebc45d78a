"""``reel schema``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reelfleet.cli.output import write_json, write_line
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("name", required=False)
@click.option(
    "-o", "--output", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Write every schema into DIR."
)
@common_options
@pass_session
def schema(session: Session, name: str | None, folder: Path | None) -> None:
    """Write the JSON Schema NAME, or list the names."""
    from reelfleet.admission import close_names  # noqa: PLC0415 - the contract is loaded only by verbs that read it
    from reelfleet.schemas import schema_names, schema_of  # noqa: PLC0415 - as above

    names = schema_names()
    if name is not None and name not in names:
        close = close_names(name, names)
        raise click.UsageError(
            f"no schema {name!r}; " + (f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}")
        )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for each in [name] if name else names:
            (folder / f"{each}.json").write_text(json.dumps(schema_of(each), indent=2) + "\n", "utf-8")
        return
    if name is None:
        write_json(list(names)) if session.json else write_line("\n".join(names))
        return
    write_json(schema_of(name), indent=None if session.json else 2)
