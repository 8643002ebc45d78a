"""``python -m benchmarks.matting.quality``: mattes every scene, scores the alphas, prints one table."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.matting.quality.matters import BACKENDS, Source, blindfolded, references
from benchmarks.matting.quality.scenes.registry import SCENES
from benchmarks.matting.quality.scoring import Row, means, score
from benchmarks.matting.quality.table import MEAN, as_text
from reelfleet.contract.errors import FleetError

NONE = "none"
FRAMES = 31
"""Enough for MatAnyone's memory to fill and to forget its oldest frames."""
BAD_INPUT = 2
NOISE = (
    "These are random weights, made on the spot: the rows of {backend} tell nothing of quality, only that the way through it works. "
    "Name a published checkpoint with --weights."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what was asked for and return the exit status: 0, or 2 where weights cannot be used."""
    options = _options(arguments)
    try:
        sources = _sources(options)
    except FleetError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    scenes = [SCENES[name] for name in dict.fromkeys(options.scene or SCENES)]
    rows = list(score(scenes, options.frames, sources))
    print(as_text(rows))
    if _is_noise(options):
        print("\n" + NOISE.format(backend=options.backend))
    if options.json is not None:
        options.json.write_text(json.dumps(_result(options, rows), indent=2) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matting.quality", description=__doc__)
    parser.add_argument("--weights", type=Path, help="a checkpoint of the backend; without it, random weights show that the way works")
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="matte this one alone; may be given again")
    parser.add_argument("--backend", choices=[*BACKENDS, NONE], default=next(iter(BACKENDS)), help=f"{NONE}: the references alone")
    parser.add_argument("--frames", type=_count, default=FRAMES, help="of each scene (default: %(default)s)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where the backend computes (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, too")
    options = parser.parse_args(arguments)
    if options.weights is not None and options.backend == NONE:
        parser.error(f"--weights needs a backend to load them, and --backend is {NONE}")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device is cuda, and torch finds no such device; leave the option out to compute on the CPU")
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"--json names a file in {options.json.parent}, which is no folder; make it first")
    return options


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} frames; it must be 1 or more")
    return value


def _sources(options: argparse.Namespace) -> dict[str, Source]:
    if options.backend == NONE:
        return references()
    return {options.backend: blindfolded(BACKENDS[options.backend](options.weights, options.device)), **references()}


def _is_noise(options: argparse.Namespace) -> bool:
    return options.backend != NONE and options.weights is None


def _result(options: argparse.Namespace, rows: list[Row]) -> dict[str, Any]:
    weights = None
    if options.weights is not None:
        with options.weights.open("rb") as file:
            weights = {"name": options.weights.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    return {
        "backend": options.backend,
        "weights": weights,
        "random_weights": _is_noise(options),
        "frames": options.frames,
        "rows": [asdict(row) for row in rows],
        "means": [asdict(row) for row in means(rows, MEAN)],
    }


if __name__ == "__main__":
    sys.exit(main())
