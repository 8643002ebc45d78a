"""What the fleet and the bare loop are both asked to make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reelfleet.contract.output import OutputOptions

PROMPT = "a red kite over the sea, long shadows, film grain"
OUTPUT = OutputOptions()
"""Both sides write what a request gets that asks for nothing in particular: H.264 in mp4, PNG."""


@dataclass(frozen=True)
class Workload:
    """A row of jobs that differ in their seeds alone."""

    name: str
    model: str
    width: int
    height: int
    frames: int
    fps: float | None
    """None for images."""
    steps: int
    guidance: float
    aim: float
    """The ratio of the fleet's time to the bare loop's that is aimed at."""

    def request(self, seed: int) -> dict[str, Any]:
        """Return one job as a producer asks for it."""
        clip = {} if self.fps is None else {"frames": self.frames, "fps": self.fps}
        return {
            "model": self.model,
            "prompt": PROMPT,
            "size": f"{self.width}x{self.height}",
            "steps": self.steps,
            "guidance": self.guidance,
            "seed": seed,
            **clip,
        }


CLIPS = Workload("clips", "bench-clip", width=832, height=480, frames=13, fps=16.0, steps=8, guidance=5.0, aim=1.05)
IMAGES = Workload("images", "bench-image", width=1024, height=1024, frames=1, fps=None, steps=4, guidance=3.5, aim=1.0)
WORKLOADS = {workload.name: workload for workload in (CLIPS, IMAGES)}
