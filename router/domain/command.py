"""Things to be done. Closed: the runtime's match over them is exhaustive.

A command is an effect asked for; its outcome comes back as an event, or not at all.
"""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.amend import Quantities
from router.domain.control import Finding
from router.domain.order import ChildOrder, OrderStatus, Replacement, SignedChild
from router.domain.plan import RoutingProblem
from router.domain.schedule import ScheduleProblem
from router.domain.units import (
    AccountId,
    AssetId,
    BasketId,
    InstrumentId,
    ParentId,
    TimestampNs,
)


@dataclass(frozen=True, slots=True)
class ObserveMarket:
    """Read fresh state of these instruments and accounts for a parent's next decision.

    Attributes
    ----------
    quote : AssetId
        What gas is to be priced in.
    blocks_min : tuple of (AccountId, int)
        Blocks that hold transactions of ours, which the answer must have seen.
    fills_at : tuple of (AccountId, TimestampNs)
        When each perp account last traded; it must have been read after that.
    """

    parent: ParentId
    instruments: tuple[InstrumentId, ...]
    accounts: tuple[AccountId, ...]
    quote: AssetId
    blocks_min: tuple[tuple[AccountId, int], ...] = ()
    fills_at: tuple[tuple[AccountId, TimestampNs], ...] = ()


@dataclass(frozen=True, slots=True)
class SolveRoute:
    """Plan this problem; answer with RouteSolved or RouteRefused."""

    problem: RoutingProblem


@dataclass(frozen=True, slots=True)
class SolveBasket:
    """Plan these problems together; answer with BasketSolved or BasketRefused."""

    basket: BasketId
    problems: tuple[RoutingProblem, ...]


@dataclass(frozen=True, slots=True)
class SolveSchedule:
    """Spread an order over time; answer with ScheduleSolved or ScheduleRefused."""

    problem: ScheduleProblem


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Answer with TimerFired once this moment has come; a later command takes its place."""

    parent: ParentId
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class SignChild:
    """Make the bytes of a child; sends nothing."""

    child: ChildOrder


@dataclass(frozen=True, slots=True)
class SubmitChild:
    """Send signed bytes; sending the same bytes again must not have a second effect."""

    child: ChildOrder
    signed: SignedChild


@dataclass(frozen=True, slots=True)
class ResolveChild:
    """Ask the venue what became of a child until it has ended; re-send its bytes if unknown.

    Attributes
    ----------
    attempts : tuple of SignedChild
        All that was signed for it, oldest first; at most one can take effect.
    """

    child: ChildOrder
    attempts: tuple[SignedChild, ...]


@dataclass(frozen=True, slots=True)
class ReplaceChild:
    """Sign another transaction of the child's nonce; sends nothing."""

    child: ChildOrder
    attempts: tuple[SignedChild, ...]
    replacement: Replacement


@dataclass(frozen=True, slots=True)
class CancelChild:
    """Have a venue cancel what waits at its book; asked for until the child has ended.

    Cancelling twice is harmless, so it may be sent before it is durable that it was asked for.
    """

    child: ChildOrder
    attempts: tuple[SignedChild, ...]


@dataclass(frozen=True, slots=True)
class ObserveAccounts:
    """Read balances and positions for reconciliation.

    The epoch comes back with the answer: if it has moved on since, the answer is too old to use.

    Attributes
    ----------
    blocks_min : tuple of (AccountId, int)
        Blocks that hold transactions of ours: a node behind them has not seen all we did.
    since : tuple of (AccountId, TimestampNs)
        Of each perp account, what traded before this is in the ledger's baseline, and not told.
    """

    accounts: tuple[AccountId, ...]
    epoch: int
    blocks_min: tuple[tuple[AccountId, int], ...]
    since: tuple[tuple[AccountId, TimestampNs], ...] = ()


@dataclass(frozen=True, slots=True)
class ReportParent:
    """Tell whoever watches that a parent changed its status.

    Attributes
    ----------
    quantities : Quantities | None
        None where nothing can have traded.
    """

    parent: ParentId
    status: OrderStatus
    message: str
    quantities: Quantities | None = None


@dataclass(frozen=True, slots=True)
class TellFinding:
    """Put what a control found on record; answer with ControlTripped."""

    parent: ParentId
    finding: Finding


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Tell the operator that something does not add up."""

    message: str


Command: TypeAlias = (
    ObserveMarket
    | SolveRoute
    | SolveBasket
    | SolveSchedule
    | WakeAt
    | SignChild
    | SubmitChild
    | ResolveChild
    | ReplaceChild
    | CancelChild
    | ObserveAccounts
    | ReportParent
    | TellFinding
    | RaiseAlarm
)
