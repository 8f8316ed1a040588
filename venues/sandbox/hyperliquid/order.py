"""Orders, fills and the facts the matching core reports.

Plain data with integer prices (10^-price_decimals USD) and sizes (10^-size_decimals coins). Events
are snapshots: nothing in them changes after they were reported.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias


class TimeInForce(StrEnum):
    """How long an order may live, in the venue's own words."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for, after the payload was understood but before any rule was applied."""

    asset: int
    is_buy: bool
    price_text: str
    size_text: str
    reduce_only: bool
    time_in_force: TimeInForce | None
    """None stands for a trigger order, which the sandbox refuses."""
    cloid: str | None


@dataclass(slots=True)
class Order:
    """An order the venue has given an id; `leaves` shrinks and `status` moves."""

    oid: int
    account: str
    coin: str
    is_buy: bool
    price: int
    size: int
    leaves: int
    reduce_only: bool
    time_in_force: TimeInForce
    cloid: str | None
    placed_ms: int
    status: str
    status_ms: int


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution seen from one of its two accounts; money in micro-USD."""

    coin: str
    account: str
    oid: int
    cloid: str | None
    is_buy: bool
    price: int
    size: int
    time_ms: int
    start_position: int
    direction: str
    closed_pnl: int
    fee: int
    crossed: bool
    trade_id: int
    action_hash: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One public print; the side is the aggressor's."""

    coin: str
    taker_is_buy: bool
    price: int
    size: int
    time_ms: int
    trade_id: int
    action_hash: str
    buyer: str
    seller: str


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order got a new status or size."""

    order: Order


@dataclass(frozen=True, slots=True)
class FillMade:
    """An account traded."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class TradePrinted:
    """A market traded."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class MarketMoved:
    """The book or a reference price of a market changed."""

    coin: str


@dataclass(frozen=True, slots=True)
class FundingSettled:
    """An account paid funding (negative: received), in micro-USD."""

    account: str
    coin: str
    paid: int
    size: int
    rate: Fraction
    time_ms: int


@dataclass(frozen=True, slots=True)
class NonUserCancelled:
    """The venue, not its owner, took an order out of the book."""

    account: str
    coin: str
    oid: int


Event: TypeAlias = (
    OrderChanged | FillMade | TradePrinted | MarketMoved | FundingSettled | NonUserCancelled
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by which action something happened."""

    time_ms: int
    action_hash: str


NO_ACTION_HASH = "0x" + "00" * 32
