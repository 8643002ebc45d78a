"""Fixtures that every test may ask for; each lives in a file of its own."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures.fleet",
    "tests.fixtures.disk",
    "tests.fixtures.faulty_s3",
    "tests.fixtures.listening",
    "tests.fixtures.producers",
    "tests.fixtures.redis",
    "tests.fixtures.s3",
]
