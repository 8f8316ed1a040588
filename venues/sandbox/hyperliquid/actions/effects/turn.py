"""One action being applied: the venue, who acts, when; and the shapes of its answer."""

from dataclasses import dataclass
from typing import Any

from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import LedgerUpdated, Stamp
from venues.sandbox.hyperliquid.state import Exchange

Answer = dict[str, Any]

NOT_REGISTERED = "Sub-account {} is not registered to {}"


@dataclass(frozen=True, slots=True)
class Turn:
    """An accepted action's moment.

    Attributes
    ----------
    account : Account
        Who acts: the owner of the key, or the sub-account or vault it named.
    is_agent : bool
        The key that signed is an agent of the account's owner.
    """

    state: Exchange
    matching: Matching
    registry: Registry
    account: Account
    signer: str
    is_agent: bool
    stamp: Stamp

    @property
    def owner(self) -> Account:
        """Return the account whose key acts, which a sub-account or vault belongs to."""
        master = self.account.master
        return self.account if master is None else self.state.account(master)

    def record(self, account: Account, delta: dict[str, object]) -> None:
        """Write a row into an account's history of money that moved without a trade."""
        update = LedgerUpdated(
            account=account.address,
            delta=delta,
            time_ms=self.stamp.time_ms,
            action_hash=self.stamp.action_hash,
        )
        account.ledger_updates.append(update)
        self.state.events.append(update)


def done() -> Answer:
    """Return the answer to an action that has nothing to tell."""
    return {"status": "ok", "response": {"type": "default"}}


def refused(text: str) -> Answer:
    """Return the answer to a request that was refused as a whole."""
    return {"status": "err", "response": text}


def done_unless(complaint: str | None) -> Answer:
    """Return the answer to an action that either works or does not."""
    return done() if complaint is None else refused(complaint)


def told(kind: str, data: object) -> Answer:
    """Return the answer that carries data."""
    return {"status": "ok", "response": {"type": kind, "data": data}}
