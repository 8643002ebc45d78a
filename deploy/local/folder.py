"""The folder of a local fleet: what lies where, and the files that describe the fleet while it runs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from deploy.local.process import ProcessMark
from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import InvalidConfig


class ProcessEntry(Frozen):
    """One process of the fleet."""

    name: str
    role: str = Field(description="supervisor, redis, s3, flower, gpu or cpu")
    pid: int


class FleetDescription(Frozen):
    """``fleet.json``: there while the fleet is up, and only then."""

    broker_url: str
    store_url: str
    flower_url: str | None
    processes: tuple[ProcessEntry, ...]


class FleetFolder:
    """Paths below one folder. Files are readable by their owner alone: some hold credentials."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.lock = self.path / "lock"
        self.logs = self.path / "logs"
        self.redis = self.path / "redis"
        self.objects = self.path / "s3" / "objects"
        self.store = self.path / "store"
        self._fleet = self.path / "fleet.json"
        self._environment = self.path / "env.json"
        self._processes = self.path / "processes.json"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            InvalidConfig: when they cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise InvalidConfig(f"{self.path} cannot hold a fleet: {error}; choose another folder with --dir") from error

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    def describe(self, description: FleetDescription) -> None:
        """Write ``fleet.json``: the fleet is up."""
        _write(self._fleet, description.model_dump(mode="json"))

    def description(self) -> FleetDescription | None:
        """Return what ``fleet.json`` says, or none when no fleet is up here."""
        data = _read(self._fleet)
        try:
            return None if data is None else FleetDescription.model_validate(data)
        except ValidationError as error:
            raise InvalidConfig(f"{self._fleet} was not written by this program: {error}") from error

    def keep_environment(self, environment: dict[str, str]) -> None:
        """Write the variables with which clients and workers find the fleet, credentials included."""
        _write(self._environment, environment)

    def environment(self) -> dict[str, str]:
        """Return those variables.

        Raises:
            InvalidConfig: when no fleet is up here.
        """
        data = _read(self._environment)
        if data is None:
            raise InvalidConfig(f"no fleet is up in {self.path}; start one with `python -m deploy.local up --dir {self.path}`")
        return {str(name): str(value) for name, value in data.items()}

    def keep_marks(self, marks: dict[str, ProcessMark]) -> None:
        """Write which processes belong to the fleet, so that ``down`` finds them after a crash."""
        _write(self._processes, {name: mark.model_dump() for name, mark in marks.items()})

    def marks(self) -> dict[str, ProcessMark]:
        """Return the processes that were recorded; they may be gone."""
        return {name: ProcessMark.model_validate(mark) for name, mark in (_read(self._processes) or {}).items()}

    def forget(self) -> None:
        """Remove the files that describe a running fleet; data and logs stay."""
        for path in (self._fleet, self._environment, self._processes):
            path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InvalidConfig(f"{path} cannot be read: {error}; remove it") from error
    if not isinstance(data, dict):
        raise InvalidConfig(f"{path} was not written by this program; remove it")
    return data


def _write(path: Path, data: dict[str, Any]) -> None:
    """Replace a file atomically; ``mkstemp`` makes it readable by its owner alone."""
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
        file.write("\n")
    Path(scratch).replace(path)
