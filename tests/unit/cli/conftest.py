"""Runs ``reel`` in this process, against the test's own Redis and store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from reelfleet.cli.main import run
from tests.fixtures.producers import working


@dataclass(frozen=True)
class Ran:
    """What a run of ``reel`` left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def documents(self) -> list[Any]:
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.lines]

    @property
    def document(self) -> Any:
        """The one JSON document on stdout, however it is laid out."""
        return json.loads(self.out)


@pytest.fixture
def nobody_configured(tmp_path, monkeypatch):
    """No variable and no file of the machine that runs the tests plays a part."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("REEL_BROKER_URL", "REEL_STORE_URL", "REEL_CONNECT_TIMEOUT_S", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def reel_alone(nobody_configured, capsys):
    """Run ``reel`` without a fleet."""

    def invoke(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(int(code), captured.out, captured.err)

    return invoke


@pytest.fixture
def reel(reel_alone, redis_url, store_url, monkeypatch):
    """Run ``reel`` against the test's fleet."""
    monkeypatch.setenv("REEL_BROKER_URL", redis_url)
    monkeypatch.setenv("REEL_STORE_URL", store_url)
    return reel_alone


@pytest.fixture
def works(ledger, alive, worker):
    """A worker that takes every job that is submitted, until the test ends."""
    with working(ledger, worker):
        yield
