"""Facts that came in. Closed: the engine's match over them is exhaustive.

Every event here is durable before anything is done about it. Market data is not among them: what a
decision saw of it comes as an `Observation`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.account import AccountSnapshot
from router.domain.amend import Amendment
from router.domain.basket import Basket, BasketPlan
from router.domain.control import Finding
from router.domain.funding import FundingSample
from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Observation
from router.domain.order import (
    Fill,
    GasPaid,
    OrderStatus,
    ParentOrder,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.plan import NoRouteReason, RoutePlan
from router.domain.risk import Assessment
from router.domain.schedule import Schedule
from router.domain.switch import SwitchSetting
from router.domain.units import (
    BasketId,
    ChildId,
    ParentId,
    TimestampNs,
)


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """The first event of every run; carries all configuration that decisions depend on."""

    journal_id: str
    instruments: tuple[Instrument, ...]
    limits: Limits
    build: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ParentSubmitted:
    """A client's order was accepted for consideration."""

    order: ParentOrder
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class BasketSubmitted:
    """Orders of one basket were accepted for consideration, all or none."""

    basket: Basket
    orders: tuple[ParentOrder, ...]
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """A client wants an order to trade no more."""

    parent: ParentId
    request: str
    by: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class AmendRequested:
    """A client wants other terms for an order."""

    parent: ParentId
    request: str
    amendment: Amendment
    by: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A moment has come that a parent asked to be woken at, or a little later."""

    parent: ParentId
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class MarketObserved:
    """Fresh state for one decision."""

    parent: ParentId
    observation: Observation
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ObservationFailed:
    """No fresh state could be had."""

    parent: ParentId
    reason: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class RouteSolved:
    """The optimiser's answer."""

    parent: ParentId
    plan: RoutePlan
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class RouteRefused:
    """The optimiser found no plan, and says why."""

    parent: ParentId
    reason: NoRouteReason
    message: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class BasketSolved:
    """The optimiser's answer for a basket."""

    basket: BasketId
    plan: BasketPlan
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class BasketRefused:
    """The optimiser found no plan for a basket, and says why."""

    basket: BasketId
    reason: NoRouteReason
    message: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ScheduleSolved:
    """When to release how much of an order."""

    parent: ParentId
    schedule: Schedule
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ScheduleRefused:
    """No schedule keeps to the order's bounds, and why."""

    parent: ParentId
    reason: NoRouteReason
    message: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildSigned:
    """The bytes exist; from here on they may have been sent."""

    child: ChildId
    signed: SignedChild
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildNotSent:
    """It cannot have happened; the nonce is free again."""

    child: ChildId
    reason: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildAcknowledged:
    """The venue has it."""

    child: ChildId
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildWentSilent:
    """Sent, and no answer that settles it."""

    child: ChildId
    reason: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildProgressed:
    """News of a transaction whose outcome is not final."""

    child: ChildId
    state: TransactionState
    detail: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildStuck:
    """The venue wants the transaction replaced, or it may hold up those behind it."""

    child: ChildId
    wanted: Replacement
    detail: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildReplaced:
    """Another transaction of the same nonce exists; from here on it may have been sent."""

    child: ChildId
    signed: SignedChild
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildCancelRefused:
    """The venue will not cancel a child, and says why; what became of it is asked as ever."""

    child: ChildId
    reason: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildFilled:
    """One execution; a repeated one is dropped by its id."""

    child: ChildId
    fill: Fill
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class FillVoided:
    """A fill on record never was, or was another: the venue, or a reorg, took it back.

    Attributes
    ----------
    fill : str
        The identity of the fill.
    corrected : Fill | None
        What it was instead, under an identity of its own; None: nothing.
    """

    child: ChildId
    fill: str
    corrected: Fill | None
    reason: str
    by: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """The venue's last word on a child: every fill came before it."""

    child: ChildId
    status: OrderStatus
    reason: str
    gas: GasPaid | None
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class AccountsObserved:
    """Balances and positions, asked for at `epoch` of the ledger."""

    accounts: tuple[AccountSnapshot, ...]
    epoch: int
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A parent's deadline is over; what waits for it waits no longer."""

    parent: ParentId
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class HourStruck:
    """Time for another look at balances and positions, also where nothing trades."""

    at: TimestampNs


@dataclass(frozen=True, slots=True)
class BaselineAccepted:
    """Somebody answers for a difference: what the venues say now is the ledger's new baseline."""

    reason: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class RiskAssessed:
    """What was found of every perp account, and what should be reduced."""

    assessment: Assessment


@dataclass(frozen=True, slots=True)
class FundingObserved:
    """What venues pay and will pay of funding."""

    samples: tuple[FundingSample, ...]
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class SwitchSet:
    """Somebody, or what watches, changed what may still be traded."""

    setting: SwitchSetting
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """Limits were read anew while the engine ran; they hold from here on."""

    limits: Limits
    by: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class ControlTripped:
    """A control said no; told once, with what it looked at."""

    parent: ParentId
    finding: Finding
    at: TimestampNs


Event: TypeAlias = (
    EngineStarted
    | ParentSubmitted
    | BasketSubmitted
    | CancelRequested
    | AmendRequested
    | TimerFired
    | MarketObserved
    | ObservationFailed
    | RouteSolved
    | RouteRefused
    | BasketSolved
    | BasketRefused
    | ScheduleSolved
    | ScheduleRefused
    | ChildSigned
    | ChildNotSent
    | ChildAcknowledged
    | ChildWentSilent
    | ChildProgressed
    | ChildStuck
    | ChildReplaced
    | ChildCancelRefused
    | ChildFilled
    | FillVoided
    | ChildEnded
    | AccountsObserved
    | DeadlinePassed
    | HourStruck
    | BaselineAccepted
    | RiskAssessed
    | FundingObserved
    | SwitchSet
    | LimitsChanged
    | ControlTripped
)
