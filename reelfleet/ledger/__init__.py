"""The truth about jobs, in Redis. `Ledger` is the way in; `docs/architecture/30-ledger.md` draws the state machine."""

from reelfleet.ledger.ledger import Ledger

__all__ = ["Ledger"]
