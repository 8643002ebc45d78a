"""What every verb shares: the global options and the fleet that they name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from reelfleet.client.fleet import Fleet
    from reelfleet.client.job import Job

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """One run of ``reel``."""

    def __init__(self) -> None:
        self.json = False
        """Whether data is written as JSON."""
        self.overrides: dict[str, str] = {}
        """Settings that were given as options."""
        self.making_id = ""
        """The id of a job that this run submits; the job may be there before the answer is."""
        self.making: dict[str, Any] = {}
        """The request of that job."""
        self.job_id: str | None = None
        """The job that this run made or waits for."""
        self.job_has_ended = False
        """Whether the wait for that job is over."""

    @cached_property
    def fleet(self) -> Fleet:
        """The fleet; nothing is connected before it is used."""
        from reelfleet.client.fleet import Fleet  # noqa: PLC0415 - celery and redis are loaded only by verbs that need them

        return Fleet(**self.overrides)  # type: ignore[arg-type]  # the options below name arguments of Fleet

    def job(self, job_id: str) -> Job:
        """Return a job by its id or a unique beginning of it."""
        return self.fleet.job(job_id)

    def close(self) -> None:
        """Close what was opened."""
        if "fleet" in self.__dict__:
            self.fleet.close()


pass_session = click.make_pass_decorator(Session)


def common_options(command: F) -> F:
    """Add the options that every verb takes, before or after its name."""
    for option in (_json_option, _setting_option("store_url"), _setting_option("broker_url")):
        command = option(command)
    return command


def _json_option(command: F) -> F:
    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(Session).json = True

    return click.option("--json", is_flag=True, expose_value=False, callback=remember, help="Write data as JSON, streams as NDJSON.")(
        command
    )


def _setting_option(name: str) -> Callable[[F], F]:
    def remember(context: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.ensure_object(Session).overrides[name] = value

    flag = f"--{name.replace('_', '-')}"
    what = {"broker_url": "Redis", "store_url": "the store"}[name]
    return click.option(
        flag, metavar="URL", expose_value=False, callback=remember, help=f"Where {what} is, instead of REEL_{name.upper()}."
    )
