"""Orders that the venue itself slices over time. Pure.

A slice trades at up to 3 % from the mark; slices are at least 30 s apart.
"""

from dataclasses import dataclass

from router.domain.units import Side
from venues.hyperliquid.actions.market import Market


@dataclass(frozen=True, slots=True)
class TwapTrigger:
    """The mark price at which slicing begins: reached from below, or from above."""

    ticks: int
    is_above: bool


@dataclass(frozen=True, slots=True)
class Twap:
    """One sliced order.

    Attributes
    ----------
    randomise : bool
        Whether slices vary in size, by up to 20 %.
    stop_ticks : int or None
        The price at which it ends early.
    """

    market: Market
    side: Side
    lots: int
    minutes: int
    randomise: bool
    reduce_only: bool = False
    trigger: TwapTrigger | None = None
    stop_ticks: int | None = None


def twap_order(twap: Twap) -> dict[str, object]:
    """Return the action."""
    action: dict[str, object] = {
        "type": "twapOrder",
        "twap": {
            "a": twap.market.asset,
            "b": twap.side is Side.BUY,
            "s": twap.market.size_text(twap.lots),
            "r": twap.reduce_only,
            "m": twap.minutes,
            "t": twap.randomise,
        },
    }
    if twap.trigger is None and twap.stop_ticks is None:
        return action
    price, trigger = twap.market.price_text, twap.trigger
    begin = None if trigger is None else {"p": price(trigger.ticks), "a": trigger.is_above}
    end = None if twap.stop_ticks is None else price(twap.stop_ticks)
    return action | {"details": {"t": begin, "s": end}}


def twap_cancel(market: Market, *, twap: int) -> dict[str, object]:
    """Return the action that ends a sliced order, by the venue's number."""
    return {"type": "twapCancel", "a": market.asset, "t": twap}
