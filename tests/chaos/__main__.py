"""``make chaos``: the long run."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from pathlib import Path

from tests.chaos.driver import Driver
from tests.chaos.faults import KINDS
from tests.chaos.options import Options


def main() -> int:
    """Run and return the exit status: 0 when nothing was lost, doubled, different or left."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--fault-every", type=float, default=3.0, help="mean seconds between two faults")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop submitting after so long, however many jobs there are")
    parser.add_argument("--window", type=int, default=40, help="open jobs at a time")
    parser.add_argument("--store", choices=["rclone", "moto"], default="rclone", help="moto has conditional writes, and is not killed")
    parser.add_argument("--appendfsync", choices=["everysec", "always"], default="always")
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), default=[], help="kinds of fault")
    parser.add_argument("--without", nargs="+", choices=sorted(KINDS), default=[])
    parser.add_argument("--dir", type=Path, default=Path(".reel/chaos"), help="logs and the report go to a folder here")
    given = parser.parse_args()
    folder = given.dir.resolve() / f"{given.seed}-{secrets.token_hex(3)}"
    options = Options(
        seed=given.seed,
        jobs=given.jobs,
        folder=folder,
        cache_dir=given.dir.resolve() / "models",
        fault_every_s=given.fault_every,
        longest_storm_s=given.minutes * 60,
        window=given.window,
        store=given.store,
        appendfsync=given.appendfsync,
        only=tuple(given.only),
        without=tuple(given.without),
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell that put it in the background has them ignored
        signal.signal(number, signal.default_int_handler)
    _say(f"seed {given.seed}, logs in {folder}")
    report = Driver(options, _say).run()
    _say(report.text())
    return 0 if report.passed else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
