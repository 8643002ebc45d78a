"""The bare loop in a process of its own, so that it has the same torch to itself that a worker's child has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.workloads import Workload
from deploy.local.child import ROOT


@dataclass(frozen=True)
class BareRun:
    """What one run of the bare loop took."""

    seconds: float
    parts: dict[str, float]
    """Seconds of generate, encode, hash and upload."""
    content: dict[int, str]
    """Hash of the pixels by seed."""


class BareProcess:
    """A context manager around ``python -m benchmarks.bare``; the model is loaded by the first run.

    Args:
        workload: what is made.
        weights: folder of its model.
        bucket: where results go.
        environment: how S3 is reached, and how many threads there are.
        log: gets what the process says beside its answers.
    """

    def __init__(self, workload: Workload, weights: Path, bucket: str, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.bare", workload.name, str(weights), bucket],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # As the workers are: where the kernel shares out processor time by session, both sides get the same.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def run(self, seeds: list[int]) -> BareRun:
        """Make one result per seed.

        Raises:
            RuntimeError: when the process has ended; the end of its log is in the message.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(seeds) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bare loop ended:\n{self._log.read_text(errors='replace')[-4000:]}")
        answer = json.loads(line)
        return BareRun(answer["seconds"], answer["parts"], {int(seed): content for seed, content in answer["content"].items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
