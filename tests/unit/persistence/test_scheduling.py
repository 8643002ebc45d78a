from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# In a process of its own: one that became real-time would take the tests' machine with it.
SCRIPT = """
import os, sys
from pathlib import Path
import numpy as np
from persistence.writers.video import VideoJob, write_video
from reelfleet.contract.output import OutputOptions, VideoCodec, VideoContainer

def policies():
    return {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}

frames = np.zeros((3, 64, 64, 3), np.uint8)
job = VideoJob(64, 64, 8, OutputOptions(container=VideoContainer.MP4, video_codec=VideoCodec(sys.argv[1])))
seen = set()
write_video(Path(sys.argv[2]), job, frames, lambda _: seen.update(policies()))
seen.update(policies())
print(sorted(seen))
"""


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies")
@pytest.mark.parametrize("codec", ["av1", "h264"])
def test_encoding_makes_no_thread_a_real_time_one(codec: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, codec, str(tmp_path / "clip.mp4")], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == f"[{os.SCHED_OTHER}]"
