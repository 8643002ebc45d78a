"""A fleet to measure, on this machine, in a folder that is removed afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bare_process import BareProcess
from benchmarks.models import make_models, weights_folder
from benchmarks.workloads import CLIPS, IMAGES, Workload
from deploy.local.fleet import BUCKET, FleetPlan, LocalFleet
from deploy.local.folder import FleetFolder
from deploy.local.up import running_fleet
from reelfleet import Fleet

LATENCY_MODEL = "tiny-wan"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "REEL_TORCH_THREADS": "1"}


@dataclass(frozen=True)
class Surroundings:
    """A fleet of one GPU-role worker and one cpu worker with an S3 store, its client, and the models' folder."""

    folder: Path
    local: LocalFleet
    client: Fleet

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a process finds the fleet's Redis and S3."""
        return self.local.environment

    @property
    def gpu_worker(self) -> int:
        """The process id of the GPU-role worker, the parent of the process that computes."""
        assert self.local.description is not None
        return next(process.pid for process in self.local.description.processes if process.role == "gpu")

    def bare(self, workload: Workload) -> BareProcess:
        """Return the bare loop of a workload, uploading to the fleet's own S3 server."""
        log = self.folder / f"bare-{workload.name}.log"
        return BareProcess(workload, weights_folder(self.folder / "models", workload), BUCKET, {**self.environment, **ONE_THREAD}, log)


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Make the models and bring the fleet up, with the settings that a fleet has when nobody sets any, but one thread for torch."""
    folder = Path(tempfile.mkdtemp(prefix="reelfleet-bench-"))
    try:
        tell("making models")
        catalogue = make_models(folder / "models")
        for name in [name for name in os.environ if name.startswith(("REEL_", "AWS_"))]:
            del os.environ[name]
        models = f"{LATENCY_MODEL},{CLIPS.model},{IMAGES.model}"
        os.environ.update({**ONE_THREAD, "REEL_DEVICE": "cpu", "REEL_MODEL_DIRS": str(catalogue), "REEL_MODELS": models})
        with running_fleet(FleetFolder(folder / "fleet"), FleetPlan(flower=False), tell=tell) as local:
            os.environ.update(local.environment)
            with Fleet() as client:
                yield Surroundings(folder, local, client)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tell(line: str) -> None:
    """Say on standard error what goes on."""
    print(line, file=sys.stderr, flush=True)
