"""What a run found, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.histories import History

SHOWN = 30


@dataclass
class Report:
    """The verdict and its figures."""

    seed: int
    settings: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)
    """By state."""
    attempts: dict[int, int] = field(default_factory=dict)
    """Jobs by number of attempts."""
    lost_attempts: int = 0
    lost_without_cause: int = 0
    resumes: int = 0
    resumed_steps: int = 0
    preemptions: int = 0
    refused_submissions: int = 0
    worker_starts: int = 0
    unacknowledged: int = 0
    """Messages that Celery keeps for a day because their worker was killed between taking and acknowledging them."""
    faults: dict[str, int] = field(default_factory=dict)
    superseded_objects: dict[str, int] = field(default_factory=dict)
    """Objects of attempts that came to nothing, by the state of their job."""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.problems

    def count(self, found: dict[str, History]) -> None:
        """Take the figures of all jobs."""
        self.jobs = dict(sorted(Counter(history.row.state.value for history in found.values()).items()))
        self.attempts = dict(sorted(Counter(history.row.attempt for history in found.values()).items()))
        self.lost_attempts = sum(len(history.lost) for history in found.values())
        self.resumes = sum(len(history.resumed) for history in found.values())
        self.resumed_steps = sum(sum(history.resumed) for history in found.values())
        self.preemptions = sum(history.row.preemptions for history in found.values())

    def text(self) -> str:
        """Return the summary."""
        jobs = ", ".join(f"{count} {state}" for state, count in self.jobs.items())
        lines = [
            f"seed {self.seed}: {sum(self.jobs.values())} jobs ({jobs}) in {self.seconds.get('total', 0):.0f} s",
            f"faults: {sum(self.faults.values())} — " + ", ".join(f"{kind} {count}" for kind, count in self.faults.items()),
            f"attempts: {self.attempts}; {self.lost_attempts} lost, {self.lost_without_cause} of them without a cause that is known",
            f"resumed {self.resumes} times, {self.resumed_steps} steps spared; preempted {self.preemptions} times",
            f"submissions refused and repeated: {self.refused_submissions}; worker processes started: {self.worker_starts}",
            f"objects of attempts that came to nothing: {self.superseded_objects or 'none'}; tickets in Celery's keeping: {self.unacknowledged}",
        ]
        lines += [f"PROBLEM {problem}" for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"and {len(self.problems) - SHOWN} more problems")
        lines.append(
            "PASSED: none lost, none twice, none different, nothing left" if self.passed else f"FAILED: {len(self.problems)} problems"
        )
        return "\n".join(lines)

    def write(self, path: Path, faults: list[dict[str, Any]]) -> None:
        """Write everything as JSON."""
        path.write_text(json.dumps({"passed": self.passed, **asdict(self), "journal": faults}, indent=1), encoding="utf-8")
