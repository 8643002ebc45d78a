"""Settings, verbs, options and targets that the documentation names exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from config.settings import Settings
from reelfleet import __version__
from reelfleet.cli.main import reel
from tests.docs.documents import ROOT, commands_shown, pages

PLACEHOLDER = "…"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def problem_of_reel_call(words: list[str]) -> str | None:
    """Return what is wrong with the verb and the long options of a call of ``reel``; arguments may be placeholders."""
    command: click.Command = reel
    options = {option for parameter in reel.params for option in parameter.opts}
    for word in words:
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z]+", word):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"no verb {word}"
            command = found
            options |= {option for parameter in command.params for option in parameter.opts}
        elif word.startswith("--") and word.partition("=")[0] not in {*options, "--help", "--version"}:
            return f"{command.name} has no {word}"
    return None


def calls_of_reel(text: str) -> list[list[str]]:
    """Return the words after each ``reel`` that begins a command in a line of shell."""
    calls = []
    for part in re.split(r"[|;]|&&|\$\(", text.replace(")", " ")):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            words = part.split()
        if words[:1] == ["reel"] and PLACEHOLDER not in words[1:2] and "VERB" not in words:
            calls.append(words[1:])
    return calls


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_calls_of_reel_name_verbs_and_options_that_exist(page):
    problems = [
        f"{text}: {problem}" for text in commands_shown(page) for call in calls_of_reel(text) if (problem := problem_of_reel_call(call))
    ]

    assert problems == []


@pytest.mark.parametrize("page", [*pages(), ROOT / "deploy/systemd/fleet.env.example", ROOT / "Procfile"], ids=name_of)
def test_settings_that_are_named_exist(page):
    known = {f"REEL_{name.upper()}" for name in Settings.model_fields}

    named = set(re.findall(r"\bREEL_[A-Z0-9_]*[A-Z0-9]\b", page.read_text("utf-8")))

    assert named - known == set()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_make_targets_that_are_named_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    named = {match for text in commands_shown(page) for match in re.findall(r"^make ([a-z]+)", text)}

    assert named - targets == set()


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert next(version for version in versions if version != "Unreleased") == __version__
