"""``python -m benchmarks``: measures, prints one table, writes benchmarks/results/latest.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, as_markdown, as_text
from benchmarks.machine import Bystanders, machine_facts
from benchmarks.surroundings import Surroundings, surroundings
from benchmarks.workloads import CLIPS, IMAGES
from deploy.local.up import StopRequested

INTERRUPTED = 130
RESULT = Path(__file__).parent / "results" / "latest.json"
Measurement = Callable[[Surroundings], list[Figure]]


def measurements(*, quick: bool) -> Mapping[str, Measurement]:
    """Return what can be measured, by the name that ``--only`` takes; quick ones tell whether it works, not how fast it is."""
    pairs = 1 if quick else 3

    def latency(around: Surroundings) -> list[Figure]:
        from benchmarks.latency import measure_latency  # noqa: PLC0415 - Celery reads the settings of the fleet, which is up by now

        return measure_latency(around, count=10 if quick else 120)

    def step_hook(around: Surroundings) -> list[Figure]:
        from benchmarks.step_hook import measure_step_hook  # noqa: PLC0415 - as above

        return measure_step_hook(around, pairs=2 if quick else 7)

    def clips(around: Surroundings) -> list[Figure]:
        from benchmarks.throughput import measure_throughput  # noqa: PLC0415 - as above

        return measure_throughput(around, CLIPS, jobs=2 if quick else 5, pairs=pairs)

    def images(around: Surroundings) -> list[Figure]:
        from benchmarks.throughput import measure_throughput  # noqa: PLC0415 - as above

        return measure_throughput(around, IMAGES, jobs=4 if quick else 20, pairs=pairs)

    def orders(around: Surroundings) -> list[Figure]:
        from benchmarks.orders import measure_orders  # noqa: PLC0415 - as above

        return measure_orders(around, count=4 if quick else 40, deaf=1 if quick else 3)

    def recovery(around: Surroundings) -> list[Figure]:
        from benchmarks.recovery import measure_recovery  # noqa: PLC0415 - as above

        return measure_recovery(around, kills=1 if quick else 5)

    def checkpoints(around: Surroundings) -> list[Figure]:
        from benchmarks.recovery import measure_checkpoints  # noqa: PLC0415 - as above

        return measure_checkpoints(around, pairs=pairs, steps=10 if quick else 90)

    def matting(around: Surroundings) -> list[Figure]:
        from benchmarks.matting.measure import measure_matting  # noqa: PLC0415 - as above

        return measure_matting(around, quick=quick)

    return {
        "latency": latency,
        "step-hook": step_hook,
        "clips": clips,
        "images": images,
        "checkpoints": checkpoints,
        "orders": orders,
        "recovery": recovery,
        "matting": matting,
    }


def main() -> None:
    """Measure what was asked for."""
    names = list(measurements(quick=True))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, help="measure this alone; may be given again")
    parser.add_argument("--quick", action="store_true", help="few jobs: tells whether everything works, not how fast it is")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/performance.md has it")
    options = parser.parse_args()
    facts = machine_facts()
    figures: list[Figure] = []
    busy: dict[str, float] = {}
    try:
        with surroundings() as around:
            for name, measure in measurements(quick=options.quick).items():
                if name in (options.only or names):
                    bystanders = Bystanders()
                    figures += measure(around)
                    busy[name] = bystanders.share()
    except StopRequested:
        sys.exit(INTERRUPTED)
    facts["used by others"] = ", ".join(f"{name} {share:.0%}" for name, share in busy.items()) + " of the processor time meanwhile"
    RESULT.parent.mkdir(exist_ok=True)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": facts,
        "figures": [asdict(figure) for figure in figures],
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("\n".join(f"{'- ' if options.markdown else ''}{name}: {fact}" for name, fact in facts.items()), end="\n\n")
    print((as_markdown if options.markdown else as_text)(figures))


if __name__ == "__main__":
    main()
