"""Fixtures that every test may ask for; each lives in a file of its own."""

from __future__ import annotations

import signal

pytest_plugins = [
    "tests.fixtures.fleet",
    "tests.fixtures.disk",
    "tests.fixtures.faulty_s3",
    "tests.fixtures.listening",
    "tests.fixtures.producers",
    "tests.fixtures.redis",
    "tests.fixtures.s3",
]


def pytest_configure() -> None:
    """Let a run that is told to end tear its fixtures down: servers and workers of a test must not outlive it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell's background jobs ignore SIGINT, and so would all that they start, which some tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
