"""The fleet, as producers and operators hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from reelfleet.admission import check
from reelfleet.client.connections import Connections
from reelfleet.client.diagnosis import Check, diagnose
from reelfleet.client.following import follow_fleet
from reelfleet.client.job import Job
from reelfleet.client.orders import Orders
from reelfleet.client.overview import FleetStatus, PauseStatus, QueueStatus, read_queues
from reelfleet.client.plain_requests import plain_request
from reelfleet.client.submissions import Submissions
from reelfleet.contract.errors import InvalidRequest, NoWorker
from reelfleet.contract.job import JobState, JobStatus
from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.model_card import ModelCard
from reelfleet.control import ANSWER_TIMEOUT_S
from reelfleet.resolution import resolve
from reelfleet.settings import ClientSettings, load_client_settings
from reelfleet.store.history import read_history
from reelfleet.submission import DEFAULT_MAX_OPEN_JOBS

if TYPE_CHECKING:
    from types import TracebackType

    from reelfleet.contract.event import Event
    from reelfleet.contract.matting_card import AnyCard
    from reelfleet.contract.request import AnyRequest, GenerateRequest
    from reelfleet.contract.spec import GenerationSpec
    from reelfleet.contract.worker import WorkerInfo
    from reelfleet.ledger import Ledger

Answers = dict[str, dict[str, Any]]


class Fleet:
    """A fleet of workers, reached through its broker and its store.

    Nothing is opened before it is needed, and nothing outside is touched: the Celery app is a private one, and a
    host application may have its own app and its own modules ``tasks`` and ``config``. Usable as a context manager.
    """

    def __init__(
        self,
        broker_url: str | None = None,
        store_url: str | None = None,
        *,
        connect_timeout_s: float | None = None,
        outage_s: float = 60,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        max_open_jobs: int = DEFAULT_MAX_OPEN_JOBS,
    ) -> None:
        """Choose the fleet.

        Args:
            broker_url: Redis; else ``REEL_BROKER_URL``, the configuration files, the default.
            store_url: where inputs and results lie; else ``REEL_STORE_URL`` and so on.
            connect_timeout_s: seconds to wait for a connection.
            outage_s: how long a wait sits through an outage of Redis before it raises.
            answer_timeout_s: how long an order waits for the workers' answers; it stands without them.
            max_open_jobs: how many open jobs of one tenant are taken before ``QuotaExceeded``.

        Raises:
            InvalidConfig: when a setting has no known form.
        """
        self.settings: ClientSettings = load_client_settings(
            broker_url=broker_url, store_url=store_url, connect_timeout_s=connect_timeout_s
        )
        self._connections = Connections(self.settings)
        self.orders = Orders(self._connections, answer_timeout_s=answer_timeout_s)
        """The same orders as the methods below give, with what was recorded beside what the workers answered."""
        self._outage_s = outage_s
        self._submissions = Submissions(self._connections, max_open_jobs=max_open_jobs)

    def generate(
        self,
        request: GenerateRequest | Mapping[str, Any] | None = None,
        *,
        queue_anyway: bool = False,
        job_id: str | None = None,
        **fields: Any,
    ) -> Job:
        """Ask for a clip or an image and return its job at once.

        Local inputs (a ``Path``, or text without ``://``) are put into the store under their hash; URIs are passed on.

        Args:
            request: the whole request; or give its fields by name.
            queue_anyway: let the job wait although no living worker serves its model.
            job_id: a chosen id; asking twice with one id makes one job.
            **fields: fields of :class:`~reelfleet.GenerateRequest`, such as ``model``, ``prompt``, ``seed``, ``idempotency_key``.

        Raises:
            InvalidRequest: with every problem at once.
            UnknownModel, NoWorker, QuotaExceeded, IdempotencyConflict: refused at admission.
            InputMissing: when local inputs cannot be read.
            BrokerUnavailable, StoreUnavailable: when a side does not answer.
        """
        return self._made(plain_request(request, fields, kind="generate"), queue_anyway=queue_anyway, job_id=job_id)

    def matte(
        self,
        request: MatteRequest | Mapping[str, Any] | None = None,
        *,
        queue_anyway: bool = False,
        job_id: str | None = None,
        **fields: Any,
    ) -> Job:
        """Ask for the alphas of a clip or an image and return the job at once.

        Local files (a ``Path``, or text without ``://``) are put into the store under their hash; URIs are passed on.

        Args:
            request: the whole request; or give its fields by name.
            queue_anyway: let the job wait although no living worker serves its models.
            job_id: a chosen id; asking twice with one id makes one job.
            **fields: fields of :class:`~reelfleet.MatteRequest`, such as ``source``, ``masks``, ``model``, ``output_type``;
                ``mask=FILE`` is short for ``masks=[{"mask": FILE}]``.

        Raises:
            FleetError: what :meth:`generate` raises.
        """
        return self._made(plain_request(request, fields, kind="matte"), queue_anyway=queue_anyway, job_id=job_id)

    def submit(self, request: AnyRequest | Mapping[str, Any], *, queue_anyway: bool = False, job_id: str | None = None) -> Job:
        """Ask for what a whole request describes, whatever its kind; see :meth:`generate` and :meth:`matte`."""
        return self._made(plain_request(request, {}), queue_anyway=queue_anyway, job_id=job_id)

    def resolve(self, request: AnyRequest | Mapping[str, Any] | None = None, **fields: Any) -> GenerationSpec | MatteRequest:
        """Return what a request would run as, from the published catalogue; nothing is written anywhere, nobody need be alive.

        A seed that is left open is drawn for this answer alone. Inputs stay out of the spec: they are fetched by a worker. What
        a matting runs as depends on its source, which a worker opens: of one, the checked request is returned, with every default filled in.

        Raises:
            InvalidRequest, UnknownModel, NoWorker, InputMissing: as :meth:`generate` does.
        """
        data, _ = self._submissions.name_inputs(plain_request(request, fields))
        admission = check(self.ledger, data)
        if isinstance(admission.request, MatteRequest):
            return admission.request
        if not isinstance(admission.card, ModelCard):  # pragma: no cover - check() refuses unknown models and those of another kind
            raise NoWorker
        return resolve(admission.request.settle(), admission.card)

    def job(self, job_id: str) -> Job:
        """Return a job by its id or by a beginning of it that no other job has (at least four characters).

        Raises:
            JobNotFound: when none, or more than one, is meant.
        """
        return self._job(self.ledger.jobs.find(job_id))

    def jobs(self, *, state: JobState | str | None = None, tenant: str | None = None, limit: int = 50) -> list[JobStatus]:
        """Return jobs, the newest first."""
        return self.ledger.jobs.list(state=None if state is None else _state(state), tenant=tenant, limit=limit)

    def retry(self, job_id: str, *, from_scratch: bool = False, queue_anyway: bool = False, new_id: str | None = None) -> Job:
        """Make a new job of an old one's request, with the seed that it ran with.

        A job that failed or was quarantined may have left a checkpoint; the new job goes on from it. ``status().checkpoint``
        of the new job tells from which step; without one it begins at the beginning.

        Args:
            job_id: the old job, or a beginning of its id that no other job has.
            from_scratch: leave the checkpoint alone.
            queue_anyway: as for :meth:`generate`.
            new_id: a chosen id for the new job.

        Raises:
            JobNotFound: when none, or more than one, is meant.
            FleetError: what :meth:`generate` raises.
        """
        return self.job(job_id).retry(from_scratch=from_scratch, queue_anyway=queue_anyway, new_id=new_id)

    def status(self) -> FleetStatus:
        """Return the fleet at a glance."""
        ledger = self.ledger
        return FleetStatus(
            jobs={str(state): count for state, count in ledger.jobs.count_by_state().items()},
            queues=read_queues(ledger),
            workers=tuple(ledger.workers.all()),
            pauses={
                scope: PauseStatus(by=pause.by, reason=pause.reason, at=pause.at, keep_warm=pause.keep_warm)
                for scope, pause in ledger.pauses.all().items()
            },
        )

    def workers(self) -> list[WorkerInfo]:
        """Return the living workers."""
        return self.ledger.workers.all()

    def queues(self) -> list[QueueStatus]:
        """Return the queues."""
        return list(read_queues(self.ledger))

    def models(self) -> list[AnyCard]:
        """Return the models that workers have published."""
        return sorted(self.ledger.models.all(), key=lambda card: card.name)

    def events(self, after: str = "0") -> Iterator[Event]:
        """Yield the events of all jobs and workers after an offset, waiting for new ones for ever."""
        return follow_fleet(self._connections, after=after, outage_s=self._outage_s)

    def pause(
        self, *, queue: str | None = None, worker: str | None = None, fleet: bool = False, reason: str = "", keep_warm: bool = False
    ) -> Answers:
        """Pause a queue, a worker or the whole fleet: nothing new is taken, running jobs give their device back at the next step.

        Args:
            queue: a queue, as :meth:`queues` names it.
            worker: a worker, as :meth:`workers` names it.
            fleet: everything.
            reason: why; it is on record beside who gave the order.
            keep_warm: leave the models in memory. Without it they are unloaded, and the first jobs after the pause load them again.

        Returns:
            Each concerned worker's answer; the order stands whatever they say, and for workers that start later.
        """
        return self.orders.pause(queue=queue, worker=worker, fleet=fleet, reason=reason, keep_warm=keep_warm).workers

    def resume(self, *, queue: str | None = None, worker: str | None = None, fleet: bool = False) -> Answers:
        """End such a pause."""
        return self.orders.resume(queue=queue, worker=worker, fleet=fleet).workers

    def abort(self, job_id: str | None = None, *, queue: str | None = None, fleet: bool = False, reason: str = "") -> Answers:
        """Abort a job, the open jobs of a queue, or with ``fleet=True`` every open job."""
        return self.orders.abort(job_id=job_id, queue=queue, fleet=fleet, reason=reason).workers

    def drain(self, worker: str, reason: str = "") -> Answers:
        """Let a worker give its job back at the next step (or finish a delivery), take nothing new, and exit."""
        return self.orders.drain(worker, reason).workers

    def history(self, *, limit: int = 50) -> list[dict[str, Any]]:
        """Return records of delivered jobs, the newest first, read from the store alone; see :func:`reelfleet.store.history.read_history`."""
        records = sorted(read_history(self._connections.store), key=itemgetter("created"), reverse=True)
        return records[:limit]

    def diagnose(self) -> Iterator[Check]:
        """Check everything that the fleet stands on; each finding comes as it is known."""
        return diagnose(self._connections)

    @property
    def ledger(self) -> Ledger:
        """The ledger itself, for what this class does not offer."""
        return self._connections.ledger

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _made(self, data: dict[str, Any], *, queue_anyway: bool, job_id: str | None) -> Job:
        return self._job(self._submissions.make(data, queue_anyway=queue_anyway, job_id=job_id))

    def _job(self, job_id: str) -> Job:
        return Job(self._connections, job_id, orders=self.orders, submissions=self._submissions, outage_s=self._outage_s)


def _state(state: JobState | str) -> JobState:
    try:
        return JobState(state)
    except ValueError:
        raise InvalidRequest.of([{"field": "state", "problem": f"{state!r} is none of {', '.join(JobState)}"}]) from None
