"""All dealings with jobs in one object."""

from __future__ import annotations

from reelfleet.ledger.jobs.claims import Claims
from reelfleet.ledger.jobs.endings import Endings
from reelfleet.ledger.jobs.findings import Findings
from reelfleet.ledger.jobs.lookup import Lookup
from reelfleet.ledger.jobs.orders import Orders
from reelfleet.ledger.jobs.submission import Submission


class Jobs(Submission, Claims, Findings, Endings, Orders, Lookup):
    """Jobs: taken in, claimed, kept, ended, ordered about and looked up. Everything raises ``BrokerUnavailable`` when Redis does not answer."""
