"""The jobs of a run: few distinct requests, each made once undisturbed, then again and again in the storm."""

from __future__ import annotations

import io
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from reelfleet.store import Store

TENANT = "chaos"
START_KEY = "inputs-of-chaos/start.png"

QUICK: dict[str, dict[str, Any]] = {
    "flux": {"model": "tiny-flux", "size": "32x32", "steps": 2},
    "flux-64": {"model": "tiny-flux", "size": "64x64", "steps": 4},
    "wan": {"model": "tiny-wan", "size": "64x64", "frames": 5, "steps": 2},
    "ltx2-sound": {"model": "tiny-ltx2", "size": "64x64", "frames": 9, "steps": 2, "output": {"save_audio": True}},
    "wan-i2v": {"model": "tiny-wan-i2v", "size": "64x64", "frames": 5, "steps": 2, "image_start": "start"},
}
LONG: dict[str, dict[str, Any]] = {
    "flux-long": {"model": "tiny-flux", "size": "64x64", "steps": 150},
    "wan-long": {"model": "tiny-wan", "size": "64x64", "frames": 9, "steps": 200},
    "ltx-long": {"model": "tiny-ltx", "size": "64x64", "frames": 9, "steps": 100},
    "ltx2-long": {"model": "tiny-ltx2", "size": "64x64", "frames": 9, "steps": 40, "output": {"save_audio": True}},
}
"""With enough steps that a fault finds them in the denoise loop."""
REQUESTS = QUICK | LONG
SHARE_OF_LONG = 0.3


def put_inputs(store: Store) -> None:
    """Store the start image that the image-to-video job reads."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    store.put_bytes(START_KEY, picture.getvalue(), media_type="image/png")


def names(seeds: int) -> list[str]:
    """Return every distinct job, as ``request/seed``."""
    return [f"{name}/{seed}" for name in REQUESTS for seed in range(seeds)]


def request_of(name: str, store: Store, *, priority: int) -> dict[str, Any]:
    """Return the request of a distinct job."""
    request, _, seed = name.partition("/")
    fields = {
        "prompt": f"a lighthouse in a storm, {request}",
        "seed": int(seed),
        "tenant": TENANT,
        "priority": priority,
        **REQUESTS[request],
    }
    if "image_start" in fields:
        fields["image_start"] = store.uri(START_KEY)
    return fields


def draw(random: Random, seeds: int) -> tuple[str, int]:
    """Return a distinct job and a priority."""
    group = LONG if random.random() < SHARE_OF_LONG else QUICK
    return f"{random.choice(list(group))}/{random.randrange(seeds)}", random.choice((3, 4, 5, 6, 7, 8, 9))
