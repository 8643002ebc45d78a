"""``make run``: a fleet, one clip generated and matted through the command line as a user would, manifests and files, and nothing left running."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.fleet import FleetPlan, LocalFleet
from deploy.local.folder import FleetFolder
from deploy.local.up import running_fleet
from reelfleet.contract.errors import Internal

GENERATE = ("generate", "--model", "tiny-wan", "--prompt", "a red kite over the sea", "--seed", "7")
MATTE = ("--model", "tiny-matanyone", "--mask-model", "tiny-sam2", "--point", "32,32", "--save-masks", "--output-type", "greenscreen")


def run_demo(folder: FleetFolder, plan: FleetPlan, *, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Generate a clip with a model of random weights and matte it with another; the files stay in ``folder/output``.

    Raises:
        Internal: when the command line reports a failure.
    """
    output = folder.path / "output"
    matted = output / "matted"
    for leftover in (output, folder.redis, folder.objects.parent, folder.store):
        shutil.rmtree(leftover, ignore_errors=True)
    with running_fleet(folder, plan, tell=tell) as fleet:
        _reel(fleet, [*GENERATE, "-o", str(output)], tell)
        _reel(fleet, ["matte", str(next(output.glob("*.mp4"))), *MATTE, "-o", str(matted)], tell)
    for place in (output, matted):
        manifest = json.loads((place / "manifest.json").read_text("utf-8"))
        show(json.dumps(manifest, indent=2))
        for artifact in manifest["predicate"]["artifacts"]:
            show(f"{artifact['role']:<16} {place / artifact['name']}")
    for scratch in (folder.redis, folder.objects.parent, folder.store, folder.path / "spool", folder.logs):
        shutil.rmtree(scratch, ignore_errors=True)
    tell(f"the clip, what was cut out of it, and their manifests are in {output}")


def _reel(fleet: LocalFleet, words: Sequence[str], tell: Callable[[str], None]) -> None:
    reel = str(Path(sys.executable).with_name("reel"))
    tell(f"$ {shlex.join(['reel', *words])}")
    # Paths that the command prints come after the manifests again; here only its progress is of interest.
    status = subprocess.run(
        [reel, *words], env={**os.environ, **fleet.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    if status.returncode:
        raise Internal(f"`reel {words[0]}` ended with status {status.returncode}; the workers' logs are in the fleet's folder")
