"""``make run``: a fleet, one clip through the command line as a user would, its manifest, and nothing left running."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.fleet import FleetPlan, LocalFleet
from deploy.local.folder import FleetFolder
from deploy.local.up import running_fleet
from reelfleet.contract.errors import Internal

MODEL = "tiny-wan"
PROMPT = "a red kite over the sea"
SEED = 7


def run_demo(folder: FleetFolder, plan: FleetPlan, *, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Generate a clip with a model of random weights; the files stay in ``folder/output``.

    Raises:
        Internal: when the command line reports a failure.
    """
    output = folder.path / "output"
    for leftover in (output, folder.redis, folder.objects.parent, folder.store):
        shutil.rmtree(leftover, ignore_errors=True)
    with running_fleet(folder, plan, tell=tell) as fleet:
        _generate(fleet, output, tell)
    show(json.dumps(json.loads((output / "manifest.json").read_text("utf-8")), indent=2))
    for path in sorted(output.iterdir()):
        show(str(path))
    for scratch in (folder.redis, folder.objects.parent, folder.store, folder.path / "spool", folder.logs):
        shutil.rmtree(scratch, ignore_errors=True)
    tell(f"the clip and its manifest are in {output}")


def _generate(fleet: LocalFleet, output: Path, tell: Callable[[str], None]) -> None:
    reel = str(Path(sys.executable).with_name("reel"))
    command = [reel, "generate", "--model", MODEL, "--prompt", PROMPT, "--seed", str(SEED), "-o", str(output)]
    tell(f"$ {' '.join(command[:1])} {' '.join(repr(part) if ' ' in part else part for part in command[1:])}")
    # Paths that the command prints come after the manifest again; here only its progress is of interest.
    status = subprocess.run(
        command, env={**os.environ, **fleet.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    if status.returncode:
        raise Internal(f"`reel generate` ended with status {status.returncode}; the workers' logs are in the fleet's folder")
