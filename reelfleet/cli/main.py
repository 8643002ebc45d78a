"""``reel``: the command line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from reelfleet import __version__
from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.lazy_group import LazyGroup
from reelfleet.cli.output import say
from reelfleet.cli.session import Session, common_options

MAKE, LOOK, STEER, KNOW, LATER = "Make", "Look", "Steer", "Know", "Later"
COMPLETION = "_REEL_COMPLETE"
"""The variable by which a shell asks for completions."""
_VERBS = "reelfleet.cli.verbs"

VERBS: dict[str, tuple[str, str, str]] = {
    "generate": (f"{_VERBS}.generate:generate", "Generate a clip or an image and wait for it.", MAKE),
    "matte": (f"{_VERBS}.matte:matte", "Cut a target out of a clip or an image and wait for it.", MAKE),
    "submit": (f"{_VERBS}.submit:submit", "Submit a request from a JSON file or stdin.", MAKE),
    "retry": (f"{_VERBS}.retry:retry", "Make a new job of an old one's request.", MAKE),
    "fetch": (f"{_VERBS}.fetch:fetch", "Bring a job's artifacts here, every hash checked.", MAKE),
    "watch": (f"{_VERBS}.watch:watch", "Follow a job until it ends.", LOOK),
    "status": (f"{_VERBS}.status:status", "Show a job, or the fleet.", LOOK),
    "jobs": (f"{_VERBS}.jobs:jobs", "List jobs, the newest first.", LOOK),
    "logs": (f"{_VERBS}.logs:logs", "Show everything that happened to a job.", LOOK),
    "history": (f"{_VERBS}.history:history", "List delivered jobs from the store.", LOOK),
    "workers": (f"{_VERBS}.workers:workers", "List the living workers.", LOOK),
    "queues": (f"{_VERBS}.queues:queues", "List the queues.", LOOK),
    "models": (f"{_VERBS}.models:models", "List the models that workers have published.", LOOK),
    "pause": (f"{_VERBS}.pause:pause", "Pause a job, a queue, a worker or the fleet.", STEER),
    "resume": (f"{_VERBS}.resume:resume", "Let what was paused go on.", STEER),
    "abort": (f"{_VERBS}.abort:abort", "Stop jobs for good.", STEER),
    "drain": (f"{_VERBS}.drain:drain", "Let a worker finish and exit.", STEER),
    "priority": (f"{_VERBS}.priority:priority", "Change how soon a job is taken.", STEER),
    "doctor": (f"{_VERBS}.doctor:doctor", "Check everything that a fleet stands on.", KNOW),
    "config": (f"{_VERBS}.config:config", "Show the settings and where they come from.", KNOW),
    "schema": (f"{_VERBS}.schema:schema", "Write the JSON Schemas of the contract.", KNOW),
    "loras": (f"{_VERBS}.later:loras", "Not in this version: LoRA adapters.", LATER),
    "verify": (f"{_VERBS}.later:verify", "Not in this version: verification of results.", LATER),
    "replay": (f"{_VERBS}.later:replay", "Not in this version: replays.", LATER),
}


@click.group(cls=LazyGroup, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reel")
@common_options
def reel() -> None:
    """Generate and matte media on a fleet of GPU workers, and steer it.

    Data goes to stdout, talk to stderr. Settings come from options, REEL_* variables, ./reel.toml and
    ~/.config/reelfleet/config.toml, in this order.

    \b
    Exit status: 0 done, 1 job failed, 2 usage or invalid request, 3 broker or store unreachable,
    4 not found, 5 aborted, 6 refused at admission, 124 wait timed out, 130 interrupted.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


def main() -> None:
    """Run ``reel`` and exit."""
    if COMPLETION in os.environ:
        reel.main(prog_name="reel", complete_var=COMPLETION)
    code = run(sys.argv[1:])
    # Ctrl-C while the interpreter shuts down would only leave a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if code == ExitCode.INTERRUPTED:
        # CPython remembers a Ctrl-C that came inside exec() of text, as dataclasses do it, and would end by the signal although it was caught.
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run ``reel`` with arguments and return its exit status."""
    session = Session()
    as_json = "--json" in arguments
    try:
        # Not click's main(): it would turn a reader that went away into a failure.
        with reel.make_context("reel", list(arguments), obj=session) as context:
            outcome = reel.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _usage(error, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(session)
    except BrokenPipeError:
        # The reader went away, as `reel jobs | head` does; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the outermost place: everything is told to the user, and a defect as such
        return _failure(error, as_json=as_json or session.json)
    finally:
        # What there was to tell was told: Ctrl-C changes nothing any more.
        with suppress(KeyboardInterrupt):
            session.close()
    return int(outcome) if isinstance(outcome, int) else ExitCode.DONE


def _interrupted(session: Session) -> ExitCode:
    try:
        from reelfleet.cli.interruption import tell_interrupted  # noqa: PLC0415 - loaded only when there is something to tell

        tell_interrupted(session)
    except KeyboardInterrupt:
        say("reel: interrupted")
    return ExitCode.INTERRUPTED


def _usage(error: click.UsageError, *, as_json: bool) -> ExitCode:
    from reelfleet.cli.reporting import report_usage  # noqa: PLC0415 - loaded only when there is something to tell

    hint = error.ctx.command_path if error.ctx is not None else "reel"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return ExitCode.USAGE
    report_usage(error.format_message(), hint=hint, as_json=as_json)
    return ExitCode.USAGE


def _failure(error: Exception, *, as_json: bool) -> ExitCode:
    from reelfleet.cli.exit_codes import exit_code_of  # noqa: PLC0415 - as above
    from reelfleet.cli.reporting import report_error  # noqa: PLC0415 - as above
    from reelfleet.contract.errors import as_fleet_error  # noqa: PLC0415 - as above

    ours = as_fleet_error(error)
    report_error(ours, as_json=as_json)
    return exit_code_of(ours)


if __name__ == "__main__":
    main()
