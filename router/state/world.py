"""The durable world: what the journal's events add up to. Immutable."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from router.domain.event import EngineStarted, Limits
from router.domain.instrument import Instrument
from router.domain.order import (
    TERMINAL,
    ChildOrder,
    Fill,
    GasPaid,
    OrderStatus,
    ParentOrder,
    SignedChild,
    TransactionState,
)
from router.domain.plan import RoutePlan, RoutingProblem
from router.domain.risk import Assessment
from router.domain.scope import Scope
from router.domain.switch import SwitchSetting
from router.domain.units import AccountId, ChildId, InstrumentId, ParentId, Price, TimestampNs
from router.state.counts import Activity
from router.state.funding import FundingMemory
from router.state.ledger import Difference, Ledger
from router.state.profit import Profit


class Phase(enum.Enum):
    """Where a parent stands in the round of observe, solve, execute."""

    QUEUED = "queued"  # another parent is being worked
    OBSERVING = "observing"
    SOLVING = "solving"
    EXECUTING = "executing"
    RECONCILING = "reconciling"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ChildState:
    """A child order and what is known of it; `execution.order_machine` alone sets the status.

    Attributes
    ----------
    attempts : tuple of SignedChild
        All that was signed for it, oldest first; at most one of them can take effect.
    transaction : TransactionState | None
        Chains only: the last news of it while its outcome was not final.
    """

    order: ChildOrder
    status: OrderStatus
    attempts: tuple[SignedChild, ...] = ()
    transaction: TransactionState | None = None
    fills: tuple[Fill, ...] = ()
    gas: GasPaid | None = None
    reason: str = ""
    sent_at: TimestampNs | None = None
    ended_at: TimestampNs | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the venue has said its last word."""
        return self.status in TERMINAL

    @property
    def signed(self) -> SignedChild | None:
        """The newest of the attempts, None before the first."""
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True, slots=True)
class ParentState:
    """A parent order and its progress.

    Attributes
    ----------
    round : int
        How often it was planned over all venues.
    stage : int
        Only venues of this stage or later may be used for the rest of the round.
    outcome : OrderStatus | None
        The status it will end with once its accounts are reconciled.
    """

    order: ParentOrder
    status: OrderStatus
    phase: Phase
    arrival_mid: Price | None = None
    gas_price: Price | None = None  # the chain's coin in the quote asset, at arrival
    reference: Price | None = None  # what independent sources said before the last plan
    round: int = 1
    stage: int = 0
    problem: RoutingProblem | None = None  # while it is solved, under limits that still hold
    plans: tuple[RoutePlan, ...] = ()
    children: tuple[ChildId, ...] = ()
    outcome: OrderStatus | None = None
    reason: str = ""
    ended_at: TimestampNs | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison of our ledger with what venues and chains say."""

    at: TimestampNs
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything decisions depend on, besides the observation they are given."""

    started: EngineStarted | None = None
    parents: Mapping[ParentId, ParentState] = field(default_factory=dict)
    children: Mapping[ChildId, ChildState] = field(default_factory=dict)
    nonces: Mapping[AccountId, int] = field(default_factory=dict)  # the next one not yet used
    ledger: Ledger | None = None
    epoch: int = 0  # counts what changed the ledger, and what may change it next
    mined: Mapping[AccountId, int] = field(default_factory=dict)  # newest block that has ours
    is_ready: bool = False  # whether the accounts were looked at since the last start
    reconciliation: Reconciliation | None = None
    limits_now: Limits | None = None  # where they were read anew since the start
    switches: Mapping[Scope, SwitchSetting] = field(default_factory=dict)
    assessment: Assessment | None = None  # since the start
    activity: Activity = field(default_factory=Activity)
    funding: FundingMemory = field(default_factory=FundingMemory)
    profit: Profit = field(default_factory=Profit)

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """The configured instruments by id."""
        return {i.id: i for i in self.configured}

    @property
    def configured(self) -> tuple[Instrument, ...]:
        """The configured instruments, in the file's order."""
        assert self.started is not None, "the first event is EngineStarted"
        return self.started.instruments

    @property
    def limits(self) -> Limits:
        """The limits of this run."""
        assert self.started is not None, "the first event is EngineStarted"
        return self.limits_now or self.started.limits

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """The configured accounts, in a fixed order."""
        return tuple(dict.fromkeys(i.account for i in self.configured))

    @property
    def halt_reason(self) -> str | None:
        """Why no new order is taken, or None."""
        if self.reconciliation is None or not self.reconciliation.differences:
            return None
        return self.reconciliation.differences[0].sentence

    @property
    def active(self) -> ParentState | None:
        """The parent being worked, or None."""
        busy = (p for p in self.parents.values() if p.phase not in {Phase.QUEUED, Phase.DONE})
        return next(busy, None)

    def open_children(self) -> Iterator[ChildState]:
        """Yield the children that have not ended, oldest first."""
        return (c for c in self.children.values() if not c.is_terminal)

    @property
    def in_flight(self) -> tuple[ChildState, ...]:
        """The children of all parents that have not ended."""
        return tuple(self.open_children())

    def children_of(self, parent: ParentId) -> tuple[ChildState, ...]:
        """Return the children of a parent, oldest first."""
        return tuple(self.children[c] for c in self.parents[parent].children)

    def with_parent(self, parent: ParentState) -> "World":
        """Return the world with one parent put in."""
        return replace(self, parents={**self.parents, parent.order.id: parent})

    def with_child(self, child: ChildState) -> "World":
        """Return the world with one child put in."""
        return replace(self, children={**self.children, child.order.id: child})
