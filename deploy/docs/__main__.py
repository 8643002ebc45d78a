"""``python -m deploy.docs``: writes the reference pages from the code."""

from __future__ import annotations

import click

from deploy.docs.pages import write_pages


@click.command()
def main() -> None:
    """Write docs/reference/*.md from the code and print what changed."""
    for path in write_pages():
        click.echo(str(path))


if __name__ == "__main__":
    main()
