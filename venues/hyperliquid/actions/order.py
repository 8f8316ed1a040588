"""Orders, and the action that places them. Pure.

Prices and sizes are integers on the market's grids. Refuses nothing: `limits` does, before anything
is signed.

Source: hyperliquid-python-sdk 0.24.0, ``utils/signing.py``; the order of keys is signed too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from router.domain.units import Side
from venues.hyperliquid.actions.market import Market


class TimeInForce(StrEnum):
    """What becomes of an order that does not trade at once."""

    POST_ONLY = "Alo"  # refused if it would trade
    IMMEDIATE = "Ioc"
    RESTING = "Gtc"
    FRONTEND_MARKET = "FrontendMarket"  # an immediate one, shown as a market order


class TriggerKind(StrEnum):
    """On which side of the mark price a trigger waits."""

    TAKE_PROFIT = "tp"
    STOP_LOSS = "sl"


@dataclass(frozen=True, slots=True)
class Trigger:
    """An order that waits for the mark price; a market one trades at up to 10 % away."""

    kind: TriggerKind
    ticks: int
    is_market: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes
    ----------
    ticks : int
        Limit price, also of a trigger.
    lots : int
        Zero on a reduce-only order closes the whole position.
    cloid : str or None
        Our own name for it: 0x and 32 lower-case hex digits.
    """

    market: Market
    side: Side
    ticks: int
    lots: int
    when: TimeInForce | Trigger
    reduce_only: bool = False
    cloid: str | None = None


class Grouping(StrEnum):
    """How the orders of one action belong together."""

    NONE = "na"
    WITH_EXITS = "normalTpsl"  # the first order, and exits that wait until it has filled
    EXITS = "positionTpsl"  # exits that follow the size of the position


@dataclass(frozen=True, slots=True)
class Priority:
    """A fee, in 1e-8 of the notional, for being processed earlier."""

    rate_e8: int


@dataclass(frozen=True, slots=True)
class Builder:
    """Who is paid for having brought the order, and how much on top of the fee."""

    address: str
    tenth_bps: int


Together: TypeAlias = Grouping | Priority


def place(
    orders: Sequence[Order],
    *,
    grouping: Together = Grouping.NONE,
    builder: Builder | None = None,
) -> dict[str, object]:
    """Return the action that places orders."""
    action: dict[str, object] = {
        "type": "order",
        "orders": [order_wire(order) for order in orders],
        "grouping": {"p": grouping.rate_e8} if isinstance(grouping, Priority) else grouping.value,
    }
    if builder is not None:
        action["builder"] = {"b": builder.address, "f": builder.tenth_bps}
    return action


def order_wire(order: Order) -> dict[str, object]:
    """Return an order as actions carry it."""
    told: dict[str, object] = {
        "a": order.market.asset,
        "b": order.side is Side.BUY,
        "p": order.market.price_text(order.ticks),
        "s": order.market.size_text(order.lots),
        "r": order.reduce_only,
        "t": _when_wire(order),
    }
    if order.cloid is not None:
        told["c"] = order.cloid
    return told


def _when_wire(order: Order) -> dict[str, object]:
    if isinstance(order.when, TimeInForce):
        return {"limit": {"tif": order.when.value}}
    trigger = order.when
    return {
        "trigger": {
            "isMarket": trigger.is_market,
            "triggerPx": order.market.price_text(trigger.ticks),
            "tpsl": trigger.kind.value,
        }
    }
