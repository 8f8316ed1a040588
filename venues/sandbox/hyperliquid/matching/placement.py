"""What became of orders, and how the venue answers it.

Data and two texts; the answer is one JSON value an order, in the order of the request.
"""

from dataclasses import dataclass
from fractions import Fraction

from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import fraction_text, to_text
from venues.sandbox.hyperliquid.order import Order

AnyMarket = Market | SpotMarket

WAITING_FOR_FILL = "waitingForFill"
WAITING_FOR_TRIGGER = "waitingForTrigger"
_AVERAGE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one order was refused: the text for its sender, the status it is remembered with."""

    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of one order: refused, or traded `size` for `notional`, resting, or waiting.

    `waiting` is the word for the members of a group that are not in the book; a trigger order on
    its own is answered as a resting one, with its id.
    """

    order: Order
    market: AnyMarket
    size: int = 0
    notional: int = 0
    refusal: Rejection | None = None
    waiting: str | None = None
    is_resting: bool = False
    """It stayed open then; another order of its batch may have ended it since."""


@dataclass(frozen=True, slots=True)
class BatchRefused:
    """No order of the batch was looked at, because of `text`.

    `is_whole_request` tells the two shapes of answer apart: ``{"status": "err"}`` with the text, or
    one error among the statuses.
    """

    text: str
    is_whole_request: bool = False


def placement_status(placed: Placement) -> dict[str, object] | str:
    """Return the status of one order as `order` and `batchModify` answer it."""
    order, spec = placed.order, placed.market.spec
    if placed.refusal is not None:
        return {"error": f"{placed.refusal.text} asset={placed.market.asset}"}
    if placed.waiting is not None:
        return placed.waiting
    named = {} if order.cloid is None else {"cloid": order.cloid}
    if placed.is_resting:
        return {"resting": {"oid": order.oid, **named}}
    scale = 10 ** (spec.price_decimals)
    average = Fraction(placed.notional, placed.size * scale)
    filled = {
        "totalSz": to_text(placed.size, spec.size_decimals),
        "avgPx": fraction_text(average, max(_AVERAGE_DECIMALS, spec.price_decimals)),
        "oid": order.oid,
    }
    return {"filled": {**filled, **named}}
