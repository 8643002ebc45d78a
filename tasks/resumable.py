"""Where a job can be stopped and go on later without losing what it has done."""

from __future__ import annotations

from reelfleet.contract.job import Phase
from reelfleet.contract.names import Stage

RESUMABLE_STAGES = frozenset({Stage.GENERATE, Stage.MATTE})
"""Stages that go on in the middle, from a checkpoint."""
STEPPED_PHASES = frozenset({Phase.DENOISE, Phase.MATTE})
"""Phases whose every step is told and may be followed by a checkpoint."""
