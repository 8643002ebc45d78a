"""``python -m tasks.worker gpu|cpu``: pins the device, takes its lease, and becomes a Celery worker."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from config.settings import Settings, load_settings
from reelfleet.contract.errors import FleetError
from reelfleet.contract.worker import WorkerRole
from reelfleet.ledger import Ledger
from tasks.identity import WorkerIdentity
from tasks.worker.device_keeper import holder_name, take_device
from tasks.worker.queues import queues_of
from tasks.worker.slot import device_of_slot, pin, slot_from_environment

EXIT_REFUSED = 78
"""sysexits.h EX_CONFIG: a supervisor should not restart into the same refusal at once."""


def main(argv: list[str] | None = None) -> int:
    """Run one worker until it is stopped; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tasks.worker", description="Run one reelfleet worker.")
    parser.add_argument(
        "role",
        choices=[role.value for role in WorkerRole],
        help="gpu: one device, one job at a time; cpu: inputs, encoding, upload, steward",
    )
    parser.add_argument(
        "--slot", type=int, default=None, help="which worker of this role on this host, from 0 (default: honcho's process number)"
    )
    parser.add_argument("--concurrency", type=int, default=None, help="jobs at a time of a cpu worker (default: REEL_CPU_CONCURRENCY)")
    options = parser.parse_args(argv)
    try:
        return _run(WorkerRole(options.role), options.slot, options.concurrency)
    except FleetError as error:
        sys.stderr.write(f"reelfleet {options.role} worker: {error.message}\n")
        return EXIT_REFUSED


def _run(role: WorkerRole, slot: int | None, concurrency: int | None) -> int:
    slot = slot_from_environment() if slot is None else slot
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    identity = WorkerIdentity(role=role, name=f"{role.value}{slot}@{settings.host}", host=settings.host)
    # Before the device: a wrong catalogue is told at once, and not after waiting for another worker's device.
    queues = queues_of(role, settings)
    if role is WorkerRole.GPU:
        settings = _take_device(settings, identity, slot)
    identity.export()

    from tasks.app import app  # noqa: PLC0415 - Celery reads the settings, which pinning has just changed
    from tasks.worker.bootsteps import ObeyStep, ParentStep  # noqa: PLC0415 - as above

    app.steps["worker"].add(ParentStep)
    app.steps["consumer"].add(ObeyStep)
    processes = 1 if role is WorkerRole.GPU else concurrency or settings.cpu_concurrency
    app.worker_main(
        [
            "worker",
            f"--hostname={identity.name}",
            f"--queues={','.join(queues)}",
            f"--concurrency={processes}",
            f"--loglevel={settings.log_level}",
            "--without-mingle",
            "--without-gossip",
        ]
    )
    return 0


def _take_device(settings: Settings, identity: WorkerIdentity, slot: int) -> Settings:
    """Pin this process and its children to one device and take the device's lease; return the settings as the children will read them."""
    device = device_of_slot(settings.device, slot)
    pin(device)
    take_device(Ledger.connect(settings.broker_url), device, holder_name(identity.name, os.getpid()), settings)
    return load_settings()


if __name__ == "__main__":
    sys.exit(main())
