"""The whole network: frames per second, agreement and memory, ours against the plain baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure
from benchmarks.matting.side import Taken, Task, run
from benchmarks.surroundings import tell

AIM_RATIO = 1.5
AIM_ERROR = 1e-5
AIM_GROWTH = 1.05
HEIGHT, WIDTH = 352, 640
SMALL = (96, 160)
MIB = 1024**2


def speed(weights: Path, environment: dict[str, str], *, pairs: int, frames: int) -> Iterator[Figure]:
    """Yield frames per second of both sides, in pairs whose order alternates, each side in a fresh process."""
    tell(f"matting: {pairs} pairs of {frames} frames of {WIDTH}x{HEIGHT}")
    kept = {side: weights.with_name(f"{side}.npy") for side in ("ours", "baseline")}
    taken: dict[str, list[Taken]] = {side: [] for side in kept}
    for pair in range(pairs):
        for side in list(kept)[:: 1 if pair % 2 else -1]:
            task = Task(side, str(weights), HEIGHT, WIDTH, frames, alphas=str(kept[side]))
            taken[side].append(run(task, environment))
    yield from _rates(taken["ours"], taken["baseline"], frames - 1)
    alphas = [np.load(path) for path in kept.values()]
    difference = np.abs(alphas[0] - alphas[1])
    detail = f"{frames} frames; random weights amplify rounding at hard decisions, at most {difference.max():.1e}"
    yield Figure(
        "matting_same", "matting: pixels of that clip within 1e-5", float((difference <= AIM_ERROR).mean() * 100), "%", detail=detail
    )
    peaks = [median(one.peak_bytes for one in taken[side]) / MIB for side in kept]
    yield Figure("matting_peak", "matting: peak memory, ours", peaks[0], "MiB", detail=f"baseline {peaks[1]:.0f} MiB")


def _rates(ours: list[Taken], baseline: list[Taken], frames: int) -> Iterator[Figure]:
    """Yield what pairs of runs say of ``frames`` frames after the first."""
    ratios = tuple(b.others_cpu_s / o.others_cpu_s for o, b in zip(ours, baseline, strict=True))
    by_clock = [b.others_s / o.others_s for o, b in zip(ours, baseline, strict=True)]
    whole = [(b.first_s + b.others_s) / (o.first_s + o.others_s) for o, b in zip(ours, baseline, strict=True)]
    for key, what, side in (("matting_ours_fps", "ours", ours), ("matting_base_fps", "plain baseline", baseline)):
        rates = tuple(frames / one.others_cpu_s for one in side)
        detail = f"of processor time, after the first frame; by the clock {median(frames / one.others_s for one in side):.2f}"
        yield Figure(key, f"matting: frames per second, {what}", median(rates), "fps", detail=detail, samples=rates)
    detail = (
        f"{len(ratios)} pairs, {min(ratios):.2f} to {max(ratios):.2f}, of processor time, after the first frame; "
        f"by the clock {median(by_clock):.2f}, with loading and warm-up {median(whole):.2f}"
    )
    met = median(ratios) >= AIM_RATIO
    yield Figure("matting_ratio", "matting: ours over baseline", median(ratios), "x", f">= {AIM_RATIO} x", met, detail, ratios)


def agreement(weights: Path, environment: dict[str, str], *, frames: int) -> Figure:
    """Return the largest difference of the two sides on a small clip, where no hard decision lies within rounding."""
    tell("matting: agreement with the baseline")
    kept = {side: weights.with_name(f"{side}-small.npy") for side in ("ours", "baseline")}
    for side, path in kept.items():
        run(Task(side, str(weights), *SMALL, frames, alphas=str(path)), environment)
    error = float(np.abs(np.load(kept["ours"]) - np.load(kept["baseline"])).max() * 1e6)
    aim = AIM_ERROR * 1e6
    detail = f"{frames} frames of {SMALL[1]}x{SMALL[0]}, warm-up 2"
    return Figure(
        "matting_error", "matting: largest difference to the baseline, in millionths", error, "", f"<= {aim:g}", error <= aim, detail
    )


def memory_over_length(weights: Path, environment: dict[str, str], *, short: int, long: int) -> Figure:
    """Return by how much the peak memory of a long clip is larger than that of a short one."""
    tell(f"matting: peak memory over {short} and {long} frames")
    peaks = [run(Task("ours", str(weights), *SMALL, frames, warmup=0), environment).peak_bytes / MIB for frames in (short, long)]
    growth, detail = peaks[1] / peaks[0], f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB, {SMALL[1]}x{SMALL[0]}"
    what = f"matting: peak memory over {long} frames against {short}"
    return Figure("matting_memory_growth", what, growth, "x", f"<= {AIM_GROWTH} x", growth <= AIM_GROWTH, detail)


def batching(weights: Path, environment: dict[str, str], *, pairs: int, frames: int) -> Figure:
    """Return what encoding four frames together gains on this processor."""
    tell("matting: four frames encoded together")
    ratios = []
    for pair in range(pairs):
        taken = {
            batch: run(Task("ours", str(weights), HEIGHT, WIDTH, frames, batch=batch), environment) for batch in ((1, 4), (4, 1))[pair % 2]
        }
        ratios.append(taken[1].others_cpu_s / taken[4].others_cpu_s)
    detail = f"{pairs} pairs, {min(ratios):.2f} to {max(ratios):.2f}, of processor time"
    return Figure(
        "matting_batching",
        "matting: four frames encoded together over one by one",
        median(ratios),
        "x",
        detail=detail,
        samples=tuple(ratios),
    )
