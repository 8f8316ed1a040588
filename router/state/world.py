"""The durable world: what the journal's events add up to. Immutable."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from immutables import Map

from router.domain.amend import NamedRequest, PendingRequest
from router.domain.basket import Basket
from router.domain.change import changed
from router.domain.difference import Difference, Identity, Noted
from router.domain.event import EngineStarted
from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Volume
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
from router.domain.schedule import Schedule
from router.domain.scope import Scope
from router.domain.switch import SwitchSetting
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    BasketId,
    ChildId,
    InstrumentId,
    ParentId,
    Price,
    Side,
    TimestampNs,
)
from router.state.counts import Activity
from router.state.funding import FundingMemory
from router.state.ledger import Ledger
from router.state.profit import Profit
from router.state.table import Table
from router.state.traded import Key, Traded

Flow: TypeAlias = tuple[AssetId, AssetId]  # bought, given
K = TypeVar("K")
V = TypeVar("V")


class Phase(enum.Enum):
    """Where a parent stands in the round of observe, solve, execute."""

    WAITING = "waiting"  # for its time
    QUEUED = "queued"  # another parent is being planned
    OBSERVING = "observing"
    SOLVING = "solving"
    EXECUTING = "executing"
    RECONCILING = "reconciling"
    DONE = "done"


_WAITING: Final = frozenset({Phase.WAITING, Phase.EXECUTING})
PLANNING: Final = frozenset({Phase.OBSERVING, Phase.SOLVING})


@dataclass(frozen=True, slots=True)
class ChildState:
    """A child order and what is known of it; `execution.order_machine` alone sets the status.

    Attributes
    ----------
    attempts : tuple of SignedChild
        All that was signed for it, oldest first; at most one of them can take effect.
    transaction : TransactionState | None
        Chains only: the last news of it while its outcome was not final.
    beneath : OrderStatus | None
        While it is asked to end: the status it would have otherwise.
    voided : tuple of str
        Fills that were on record and never were, or were others; told again, they change nothing.
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
    beneath: OrderStatus | None = None
    voided: tuple[str, ...] = ()

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
    released : Amount | None
        How much of the order may have traded by now, in all; None before the first slice.
    slices : int
        How often a quantity was released.
    wake_at : TimestampNs | None
        When more may be released; None: never.
    schedule : Schedule | None
        Of an order that is spread by the optimiser.
    volumes : tuple of Volume
        Of the order's markets when it began.
    pending : PendingRequest | None
        What a client asked for and waits for what is in flight.
    requests : tuple of str
        The client's requests so far, each taken once.
    refusals : tuple of str
        Those of the requests that were refused.
    asked : tuple of PendingRequest
        What the others asked for: a name stands for one thing.
    first_order : ParentOrder | None
        As it came in, where it has other terms by now.
    quiet_from : int
        While it reconciles: the ledger's epoch from which on its accounts are looked at.
    unchecked : tuple of AccountId
        While it reconciles: the accounts that have not agreed or differed since.
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
    released: Amount | None = None
    slices: int = 0
    wake_at: TimestampNs | None = None
    schedule: Schedule | None = None
    volumes: tuple[Volume, ...] = ()
    pending: PendingRequest | None = None
    requests: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    asked: tuple[PendingRequest, ...] = ()
    first_order: ParentOrder | None = None
    quiet_from: int = 0
    unchecked: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison of our ledger with what venues and chains say."""

    at: TimestampNs
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything decisions depend on, besides the observation they are given."""

    started: EngineStarted | None = None
    parents: Table[ParentId, ParentState] = field(default_factory=Table)
    children: Table[ChildId, ChildState] = field(default_factory=Table)
    going: Table[ParentId, ParentState] = field(default_factory=Table)  # parents that are not done
    queued: Table[ParentId, ParentState] = field(default_factory=Table)
    planning: Table[ParentId, ParentState] = field(default_factory=Table)  # observed or solved
    settling: Table[ParentId, ParentState] = field(default_factory=Table)  # reconciling
    open: Table[ChildId, ChildState] = field(default_factory=Table)  # children that have not ended
    transactions: Table[ChildId, ChildState] = field(default_factory=Table)  # those of chains
    unsigned: Table[ChildId, ChildState] = field(default_factory=Table)  # those that are intents
    families: Map[ParentId, tuple[ChildId, ...]] = field(default_factory=Map)  # by their own word
    flows: Map[Flow, Table[ParentId, None]] = field(default_factory=Map)  # parents not done
    timers: Map[ParentId, TimestampNs] = field(default_factory=Map)  # to be woken at
    named: Map[str, NamedRequest] = field(default_factory=Map)  # requests, by client and name
    baskets: Table[BasketId, Basket] = field(default_factory=Table)
    nonces: Mapping[AccountId, int] = field(default_factory=dict)  # the next one not yet used
    ledger: Ledger | None = None
    epoch: int = 0  # counts what changed the ledger, and what may change it next
    moved: Mapping[AccountId, int] = field(default_factory=dict)  # each account's newest epoch
    filled_at: Mapping[AccountId, TimestampNs] = field(default_factory=dict)  # at perp venues
    is_looking: bool = False  # whether the accounts were asked for and have not answered
    based: frozenset[AccountId] = frozenset()  # given a new baseline by the last look
    unread: frozenset[AccountId] = frozenset()  # not looked at since the last start
    mined: Mapping[AccountId, int] = field(default_factory=dict)  # newest block that has ours
    is_ready: bool = False  # whether the accounts were looked at since the last start
    reconciliation: Reconciliation | None = None
    noted: Mapping[AccountId, Mapping[Identity, Noted]] = field(default_factory=dict)
    limits_now: Limits | None = None  # where they were read anew since the start
    switches: Mapping[Scope, SwitchSetting] = field(default_factory=dict)
    assessment: Assessment | None = None  # since the start
    activity: Activity = field(default_factory=Activity)
    funding: FundingMemory = field(default_factory=FundingMemory)
    profit: Profit = field(default_factory=Profit)
    traded: Map[Key, Traded] = field(default_factory=Map)

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
        """The parent being planned, or None; of a basket, the first."""
        return next(self.planning.rows(), None)

    def open_children(self) -> Iterator[ChildState]:
        """Yield the children that have not ended, oldest first."""
        return self.open.rows()

    @property
    def in_flight(self) -> tuple[ChildState, ...]:
        """The children of all parents that have not ended."""
        return tuple(self.open.rows())

    def children_of(self, parent: ParentId) -> tuple[ChildState, ...]:
        """Return the children of a parent, oldest first."""
        return tuple(map(self.children.__getitem__, self.parents[parent].children))

    def request(self, client: str, name: str) -> NamedRequest | None:
        """Return what a client's name of a request stands for; None where it has none."""
        return self.named.get(f"{client}\n{name}")

    def with_request(self, client: str, name: str, request: NamedRequest) -> "World":
        """Return the world with a request named; what had the name before keeps it."""
        key = f"{client}\n{name}"
        return self if key in self.named else changed(self, named=self.named.set(key, request))

    def with_parent(self, parent: ParentState) -> "World":
        """Return the world with one parent put in."""
        name, phase = parent.order.id, parent.phase
        is_over, was_there = phase is Phase.DONE, name in self.going
        flows = self.flows if is_over is not was_there else _flowing(self.flows, parent)
        return changed(
            self,
            parents=self.parents.put(name, parent),
            flows=flows,
            timers=_timed(self.timers, parent),
            going=_held(self.going, name, parent, holds=not is_over),
            queued=_held(self.queued, name, parent, holds=phase is Phase.QUEUED),
            planning=_held(self.planning, name, parent, holds=phase in PLANNING),
            settling=_held(self.settling, name, parent, holds=phase is Phase.RECONCILING),
        )

    def with_child(self, child: ChildState) -> "World":
        """Return the world with one child put in."""
        name, goes_on = child.order.id, not child.is_terminal
        on_chain = goes_on and child.order.legs[0].instrument.is_on_chain
        return changed(
            self,
            children=self.children.put(name, child),
            open=_held(self.open, name, child, holds=goes_on),
            transactions=_held(self.transactions, name, child, holds=on_chain),
            unsigned=_held(self.unsigned, name, child, holds=goes_on and not child.attempts),
            families=self.families if name in self.children else _joined(self.families, child),
        )


def _joined(
    families: Map[ParentId, tuple[ChildId, ...]], child: ChildState
) -> Map[ParentId, tuple[ChildId, ...]]:
    parent = child.order.parent
    return families.set(parent, (*families.get(parent, ()), child.order.id))


# Orders that are not done, by what they buy and what they give for it.
def _flowing(
    flows: Map[Flow, Table[ParentId, None]], parent: ParentState
) -> Map[Flow, Table[ParentId, None]]:
    flow, holds = flow_of(parent.order), parent.phase is not Phase.DONE
    return flows.set(flow, _held(flows.get(flow, Table()), parent.order.id, None, holds=holds))


def _timed(timers: Map[ParentId, TimestampNs], parent: ParentState) -> Map[ParentId, TimestampNs]:
    name = parent.order.id
    if parent.wake_at is not None and parent.phase in _WAITING:
        return timers.set(name, parent.wake_at)
    return timers.delete(name) if name in timers else timers


def flow_of(order: ParentOrder) -> Flow:
    """Return what an order buys, and what it gives for it."""
    return (order.base, order.quote) if order.side is Side.BUY else (order.quote, order.base)


def _held(table: Table[K, V], key: K, row: V, *, holds: bool) -> Table[K, V]:
    return table.put(key, row) if holds else table.without(key)
