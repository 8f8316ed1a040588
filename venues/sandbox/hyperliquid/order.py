"""Orders, fills and the facts the matching core reports.

Plain data with integer prices (10^-price_decimals USD) and sizes (10^-size_decimals coins). Events
are snapshots: nothing in them changes after they were reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias


class TimeInForce(StrEnum):
    """How long an order may live, in the venue's own words."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"
    FRONTEND_MARKET = "FrontendMarket"
    LIQUIDATION_MARKET = "LiquidationMarket"


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """When an order becomes live, as asked for."""

    is_market: bool
    price_text: str
    is_take_profit: bool


@dataclass(frozen=True, slots=True)
class BuilderFee:
    """Who gets how much of each fill on top of the fee, in tenths of a basis point."""

    address: str
    tenths_bp: int


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for, after the payload was understood but before any rule was applied."""

    asset: int
    is_buy: bool
    price_text: str
    size_text: str
    reduce_only: bool
    time_in_force: TimeInForce | None
    """None stands for a trigger order."""
    cloid: str | None
    trigger: TriggerRequest | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """The mark price at which an order becomes live."""

    is_market: bool
    price: int
    is_take_profit: bool


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
    time_in_force: TimeInForce | None
    """None while the order waits for its trigger."""
    cloid: str | None
    placed_ms: int
    status: str
    status_ms: int
    trigger: Trigger | None = None
    is_position_tpsl: bool = False
    children: tuple[int, ...] = ()
    """Ids of the take-profit and stop-loss that live only once this order has filled."""
    parent: int | None = None
    siblings: tuple[int, ...] = ()
    """The other take-profit or stop-loss of the same parent: one filled ends the other."""
    builder: BuilderFee | None = None
    priority_fee: int = 0
    """Of the notional, in 1e-8."""
    twap_id: int | None = None


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
    """In the smallest unit of the fee token (micro-USD on perpetuals); a rebate is negative."""
    crossed: bool
    trade_id: int
    action_hash: str
    fee_currency: str = "USDC"
    builder_fee: int = 0
    """Part of `fee`."""
    twap_id: int | None = None
    liquidation: "LiquidationMark | None" = None


@dataclass(frozen=True, slots=True)
class LiquidationMark:
    """What a fill of a liquidation says of it, to both sides; `method` is market or backstop."""

    liquidated_user: str
    mark_price: int
    method: str


@dataclass(slots=True)
class Twap:
    """An order that the venue works itself, slice by slice."""

    twap_id: int
    account: str
    coin: str
    is_buy: bool
    size: int
    reduce_only: bool
    minutes: int
    randomise: bool
    started_ms: int
    action_hash: str
    slice_count: int
    next_slice_ms: int
    slices_sent: int = 0
    executed_size: int = 0
    executed_notional: int = 0
    """Price times size of what was filled (micro-USD on perpetuals)."""
    status: str = "activated"
    """activated, finished, terminated or error; `description` says which error."""
    description: str = ""
    status_ms: int = 0


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
    samples: int = 0
    """How many premium samples the rate is the mean of; zero for a rate that was set."""


@dataclass(frozen=True, slots=True)
class NonUserCancelled:
    """The venue, not its owner, took an order out of the book."""

    account: str
    coin: str
    oid: int


@dataclass(frozen=True, slots=True)
class AccountLiquidated:
    """An account fell below its maintenance margin; USD amounts in micro-USD."""

    account: str
    liquidation_id: int
    liquidator: str
    notional: int
    account_value: int
    is_cross: bool
    positions: tuple[tuple[str, int], ...]
    """(coin, signed size) of what was liquidated."""
    time_ms: int


@dataclass(frozen=True, slots=True)
class LedgerUpdated:
    """Money moved without a trade; `delta` is the venue's JSON object, its `type` included."""

    account: str
    delta: Mapping[str, object]
    time_ms: int
    action_hash: str


@dataclass(frozen=True, slots=True)
class TwapChanged:
    """A TWAP order was started, progressed, finished or stopped."""

    account: str
    twap_id: int


Event: TypeAlias = (
    OrderChanged
    | FillMade
    | TradePrinted
    | MarketMoved
    | FundingSettled
    | NonUserCancelled
    | AccountLiquidated
    | LedgerUpdated
    | TwapChanged
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by which action something happened."""

    time_ms: int
    action_hash: str


NO_ACTION_HASH = "0x" + "00" * 32
