"""Every page that is written from the code."""

from __future__ import annotations

from pathlib import Path

from deploy.docs.cli_page import cli_page
from deploy.docs.errors_page import errors_page
from deploy.docs.models_page import models_page
from deploy.docs.names_page import names_page
from deploy.docs.settings_page import settings_page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "models.md": models_page,
    "names.md": names_page,
    "settings.md": settings_page,
}


def write_pages(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Write every page into ``folder`` and return the paths of those that changed."""
    changed = []
    for name, make in PAGES.items():
        path, text = folder / name, make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    return tuple(changed)
