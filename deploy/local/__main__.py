"""``python -m deploy.local``: the command line of the local fleet."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from deploy.local.down import take_down
from deploy.local.fleet import FleetPlan
from deploy.local.folder import FleetDescription, FleetFolder
from deploy.local.up import StopRequested, detach, stay_up
from reelfleet.contract.errors import FleetError
from reelfleet.redaction import redacted_url

DEFAULT_FOLDER = Path(".reel/fleet")
GRACE_S = 10.0
DETACH_SLACK_S = 60.0

folder_option = click.option(
    "--dir", "path", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_FOLDER, show_default=True, help="The fleet's folder."
)
grace_option = click.option(
    "--grace-s", type=click.FloatRange(0), default=GRACE_S, show_default=True, help="Seconds that workers have to end."
)
wait_option = click.option("--wait-s", type=click.FloatRange(1), default=180, show_default=True, help="Seconds that the start may take.")


def tell(line: str) -> None:
    """Say something to people."""
    click.echo(f"fleet: {line}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run a whole fleet on this machine: Redis, a store, workers and Flower, on loopback and free ports."""


@main.command()
@folder_option
@click.option(
    "--gpu-workers", type=click.IntRange(0), default=1, show_default=True, help="Workers that generate; on the CPU where there is no GPU."
)
@click.option("--cpu-workers", type=click.IntRange(0), default=1, show_default=True, help="Workers that prepare, encode and upload.")
@click.option("--store", type=click.Choice(["file", "s3"]), default="s3", show_default=True, help="A folder, or an S3 server.")
@click.option("--flower/--no-flower", default=True, show_default=True, help="The web page with workers and tasks.")
@click.option("--detach", "detached", is_flag=True, help="Return when the fleet is up and leave it running.")
@click.option("--json", "as_json", is_flag=True, help="Print fleet.json when the fleet is up.")
@wait_option
@grace_option
def up(path: Path, *, detached: bool, as_json: bool, wait_s: float, grace_s: float, **plan: Any) -> None:
    """Bring a fleet up and keep it up until Ctrl-C, SIGTERM or `down`."""
    folder = FleetFolder(path)

    def ready(description: FleetDescription) -> None:
        if as_json:
            click.echo(description.model_dump_json())
        tell(f"up: broker {redacted_url(description.broker_url)}, store {description.store_url}, Flower {description.flower_url or 'off'}")
        tell(f'use it: eval "$({shlex.quote(sys.executable)} -m deploy.local env --dir {shlex.quote(str(folder.path))})"')

    if not detached:
        stay_up(folder, FleetPlan(start_limit_s=wait_s, grace_s=grace_s, **plan), tell=tell, ready=ready)
        return
    arguments = [f"--gpu-workers={plan['gpu_workers']}", f"--cpu-workers={plan['cpu_workers']}", f"--store={plan['store']}"]
    arguments += ["--flower" if plan["flower"] else "--no-flower", f"--wait-s={wait_s}", f"--grace-s={grace_s}"]
    ready(detach(folder, arguments, limit_s=wait_s + DETACH_SLACK_S))


@main.command()
@folder_option
def env(path: Path) -> None:
    """Print the variables of a running fleet for a shell's `eval`, credentials included."""
    for name, value in FleetFolder(path).environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@main.command()
@folder_option
@grace_option
def down(path: Path, grace_s: float) -> None:
    """Stop a fleet, also one that crashed; its data stays in the folder."""
    folder = FleetFolder(path)
    tell(f"stopped the fleet in {folder.path}" if take_down(folder, grace_s=grace_s) else f"no fleet runs in {folder.path}")


@main.command()
@click.option("--dir", "path", type=click.Path(path_type=Path, file_okay=False), default=Path(".reel/run"), show_default=True)
@wait_option
@grace_option
def demo(path: Path, wait_s: float, grace_s: float) -> None:
    """Bring a fleet up, generate a clip, print its manifest and files, and stop everything."""
    from deploy.local.demo import run_demo  # noqa: PLC0415 - only this command needs it

    run_demo(FleetFolder(path), FleetPlan(start_limit_s=wait_s, grace_s=grace_s), tell=tell, show=click.echo)


def run() -> int:
    """Run the command line and return its exit status; errors go to stderr in one line."""
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, StopRequested):
        tell("interrupted")
        return 130
    except FleetError as error:
        tell(error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
