"""The fleet against the bare loop, and how busy the GPU stage is meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.bare_process import BareProcess, BareRun
from benchmarks.figures import Figure
from benchmarks.fleet_runs import FleetRun, run_backlog
from benchmarks.machine import processor_seconds
from benchmarks.surroundings import Surroundings, tell
from benchmarks.workloads import Workload

BUSY_AIM = 0.95


@dataclass(frozen=True)
class Pair:
    """Both sides on the same seeds, one right after the other."""

    fleet: FleetRun
    bare: BareRun
    fleet_processor_s: float
    """Processor time of the GPU-role worker."""
    bare_processor_s: float

    @property
    def ratio(self) -> float:
        """The fleet's time in units of the bare loop's."""
        return self.fleet.seconds / self.bare.seconds


def measure_throughput(around: Surroundings, workload: Workload, *, jobs: int, pairs: int) -> list[Figure]:
    """Run both sides alternately, each warmed by one job that is not counted."""
    with around.bare(workload) as bare:
        tell(f"{workload.name}: warming both sides")
        bare.run([0])
        run_backlog(around.client, workload, [0])
        measured = [_pair(around, bare, workload, number, jobs, pairs) for number in range(pairs)]
    return list(_figures(workload, jobs, measured))


def _pair(around: Surroundings, bare: BareProcess, workload: Workload, number: int, jobs: int, pairs: int) -> Pair:
    seeds = [1 + number * jobs + index for index in range(jobs)]
    before = processor_seconds(around.gpu_worker), processor_seconds(bare.pid)
    # Every other pair the other way round, so that a machine that gets slower or faster favours nobody.
    if number % 2:
        on_fleet = run_backlog(around.client, workload, seeds)
        by_loop = bare.run(seeds)
    else:
        by_loop = bare.run(seeds)
        on_fleet = run_backlog(around.client, workload, seeds)
    pair = Pair(on_fleet, by_loop, processor_seconds(around.gpu_worker) - before[0], processor_seconds(bare.pid) - before[1])
    tell(
        f"{workload.name}: pair {number + 1} of {pairs}: bare {by_loop.seconds:.2f} s, fleet {on_fleet.seconds:.2f} s, "
        f"ratio {pair.ratio:.3f}, busy {on_fleet.busy:.3f}"
    )
    return pair


def _figures(workload: Workload, jobs: int, pairs: list[Pair]) -> Iterator[Figure]:
    name = f"{jobs} {workload.name}"
    ratios = [pair.ratio for pair in pairs]
    per_job = jobs * len(pairs)
    yield Figure(
        f"{workload.name}_ratio",
        f"{name}: fleet / bare loop, wall time",
        median(ratios),
        "",
        aim=f"{'<=' if workload.aim > 1 else '<'} {workload.aim:g}",
        met=median(ratios) <= workload.aim if workload.aim > 1 else median(ratios) < workload.aim,
        detail=f"{len(pairs)} pairs, {min(ratios):.3f} to {max(ratios):.3f}",
        samples=tuple(ratios),
    )
    for side, seconds, parts in (
        ("bare", [pair.bare.seconds for pair in pairs], _sum(pair.bare.parts for pair in pairs)),
        ("fleet", [pair.fleet.seconds for pair in pairs], _sum(pair.fleet.parts for pair in pairs)),
    ):
        told = ", ".join(f"{part.removesuffix('_s')} {total / per_job:.3f}" for part, total in parts.items() if total / per_job >= 5e-4)
        yield Figure(
            f"{workload.name}_{side}_s", f"{name}: {side}, one run", median(seconds), "s", detail=f"a job: {told} s", samples=tuple(seconds)
        )
    fleet_s, bare_s = (median(seconds) / jobs for seconds in zip(*((p.fleet_processor_s, p.bare_processor_s) for p in pairs), strict=True))
    yield Figure(
        f"{workload.name}_processor_ratio",
        f"{name}: processor time of the GPU worker / of the bare loop",
        fleet_s / bare_s,
        "",
        detail=f"a job: {fleet_s:.3f} s and {bare_s:.3f} s",
    )
    step = median(pair.fleet.parts["denoise_s"] for pair in pairs) / jobs / workload.steps
    yield Figure(f"{workload.name}_step_ms", f"{name}: one denoise step in the fleet", step * 1000, "ms")
    same = all(pair.fleet.content == pair.bare.content for pair in pairs)
    yield Figure(f"{workload.name}_same_pixels", f"{name}: pixels of both sides equal, seed by seed", float(same), "", aim="yes", met=same)
    busy = median(pair.fleet.busy for pair in pairs)
    computing = median(pair.fleet.computing for pair in pairs)
    gaps = [gap for pair in pairs for gap in pair.fleet.gaps_s]
    yield Figure(
        f"{workload.name}_busy",
        f"{name}: GPU stage busy during the backlog",
        busy,
        "",
        aim=f">= {BUSY_AIM:g}",
        met=busy >= BUSY_AIM,
        detail=f"computing {computing:.3f}; median gap between two jobs {median(gaps) * 1000:.1f} ms",
    )


def _sum(rows: Iterator[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            total[name] = total.get(name, 0.0) + value
    return total
