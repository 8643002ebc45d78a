"""How a wait looks: a bar on a terminal, lines in a log, NDJSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from reelfleet.cli.describing import describe_event
from reelfleet.cli.output import say, talk_console, write_json
from reelfleet.contract.event import EventKind

if TYPE_CHECKING:
    from rich.console import Console

    from reelfleet.contract.event import Event


UNTOLD = frozenset({EventKind.PREVIEW, EventKind.FINISHED})
"""Events that say nothing new to a person: how a job ended is told after the wait."""


AT_REST = frozenset({EventKind.PAUSED, EventKind.YIELDED, EventKind.RETRYING})
"""Events after which nobody works on the job, so that a bar must not look as if somebody did."""


class View(Protocol):
    """Shows events while a job runs."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: Event) -> None:
        """Show one event."""


class JsonView:
    """Every event on stdout, as NDJSON."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Write the event."""
        write_json(event)


class LineView:
    """Plain lines on stderr; of a phase's progress, its beginning and its end."""

    def __init__(self) -> None:
        self._phase = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Say the event, unless it is one more step of the same phase."""
        if event.kind in UNTOLD:
            return
        if event.kind is EventKind.PROGRESS and event.progress is not None:
            known, self._phase = self._phase, f"{event.attempt} {event.progress.phase.value}"
            if known == self._phase and (not event.progress.of or event.progress.step < event.progress.of):
                return
        say(describe_event(event))


class BarView:
    """A bar on a terminal; what is worth keeping scrolls above it."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - only terminals need it

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("queued", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Move the bar, or print a line above it."""
        if event.kind in UNTOLD:
            return
        if event.kind is EventKind.PROGRESS and event.progress is not None:
            progress = event.progress
            self._progress.update(self._task, description=describe_event(event), total=progress.of or None, completed=progress.step)
            return
        if event.kind in AT_REST:
            self._progress.update(self._task, description=describe_event(event), total=None, completed=0)
        self._progress.console.print(describe_event(event))


def view_for(*, as_json: bool) -> View:
    """Return the view that fits who is looking."""
    if as_json:
        return JsonView()
    console = talk_console()
    return BarView(console) if console.is_terminal and not console.is_dumb_terminal else LineView()
