"""A process of its own that goes on from checkpoints: ``python resuming_process.py ORDER.json`` in a fresh interpreter.

The order names settings, catalogue entries and jobs; the process leaves a spool for each job, and the notes of all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from config.catalogue import Catalogue, ModelEntry, load_catalogue
from config.settings import Settings
from persistence.spool import SpoolWriter
from pipelines.device import detect_device
from pipelines.engine import Engine
from reelfleet.contract.spec import GenerationSpec
from tests.fixtures.observer import RecordingObserver


class ResumeJob(BaseModel):
    """One job and the checkpoint that it goes on from."""

    spec: GenerationSpec
    inputs: dict[str, Path]
    checkpoint: Path
    spool: Path


class Order(BaseModel):
    """What the process does."""

    cache_dir: Path
    entries: list[ModelEntry]
    jobs: list[ResumeJob]
    notes: Path


def main(order: Order) -> None:
    """Do all jobs in one engine."""
    catalogue = Catalogue({**load_catalogue(), **{entry.name: entry for entry in order.entries}})
    engine = Engine(Settings(cache_dir=order.cache_dir, torch_threads=1), catalogue, detect_device("cpu"))
    notes = []
    for job in order.jobs:
        observer = RecordingObserver()
        with SpoolWriter(job.spool) as spool:
            engine.generate(job.spec, job.inputs, spool, observer, resume=job.checkpoint)
        notes.append(observer.notes)
    order.notes.write_text(json.dumps(notes), "utf-8")


if __name__ == "__main__":
    main(Order.model_validate_json(Path(sys.argv[1]).read_text("utf-8")))
