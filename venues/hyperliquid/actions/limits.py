"""What the venue would refuse for the action alone, refused before a nonce is spent on it. Pure.

The venue answers some of these with one error for a whole batch; here every reason names the order.
What depends on the account or the book is left to the venue. Refuses by `NotSentError`.

Source: the venue's documentation pages on prices and sizes, orders, errors and builder codes, read
22 Aug 2026. They do not state the side rule of market triggers: it is what other clients keep to.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from router.domain.error import NotSentError
from router.domain.units import Side
from venues.hyperliquid.actions.change import CancelByCloid, CancelByOid, Modify
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.actions.order import (
    Builder,
    Grouping,
    Order,
    Priority,
    TimeInForce,
    Together,
    Trigger,
)
from venues.hyperliquid.actions.twap import Twap
from venues.hyperliquid.spec import SIGNIFICANT_FIGURES_MAX, VENUE

ORDER_UNITS_MIN: Final = 10  # of the quote
TWAP_UNITS_MIN: Final = 100
TWAP_MINUTES_MIN: Final = 5
TWAP_MINUTES_MAX: Final = 7 * 24 * 60
CANCEL_AHEAD_MS_MIN: Final = 5_000
BUILDER_TENTH_BPS_MAX: Final = 100
BUILDER_TENTH_BPS_SPOT_MAX: Final = 1_000
NAME_MAX: Final = 16
LIMIT_VALUE_FACTOR: Final = 10  # a resting order may be so much larger than one that takes
_BAND_PERCENT: Final = 80
_PERCENT: Final = 100

# The largest order that takes, in units of the quote, by the most leverage the market allows.
_TAKER_UNITS_MAX: Final = ((25, 30_000_000), (20, 5_000_000), (10, 2_000_000), (0, 500_000))
_TAKES: Final = frozenset({TimeInForce.IMMEDIATE, TimeInForce.FRONTEND_MARKET})
_CLOID = re.compile(r"0x[0-9a-f]{32}\Z")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")


def price_fits(market: Market, ticks: int) -> bool:
    """Tell whether a price is whole, or has few enough significant figures."""
    if ticks % 10**market.price_decimals == 0:
        return True
    return len(str(ticks).rstrip("0")) <= SIGNIFICANT_FIGURES_MAX


def check_placing(
    orders: Sequence[Order],
    *,
    grouping: Together = Grouping.NONE,
    builder: Builder | None = None,
    references: Mapping[int, int] | None = None,
) -> None:
    """Require that orders may be placed together.

    Parameters
    ----------
    references : mapping of int to int, optional
        By asset, the price in ticks that limits are measured from; unknown ones are not.
    """
    if not orders:
        raise _refused("orders is empty: name at least one")
    known = references or {}
    for order in orders:
        check_order(order, reference_ticks=known.get(order.market.asset))
    names = [order.cloid for order in orders if order.cloid is not None]
    if len(set(names)) != len(names):
        raise _refused("orders name the same cloid twice: each order has its own")
    if builder is not None:
        _check_builder(builder, orders)
    if isinstance(grouping, Priority):
        _check_priority(grouping, orders)
    elif grouping is not Grouping.NONE:
        _check_exits(grouping, orders)


def check_order(order: Order, *, reference_ticks: int | None = None) -> None:
    """Require that an order keeps to its market's grids and the venue's limits."""
    _check_price(order.market, order.ticks, "limit price")
    if order.lots < 0 or (order.lots == 0 and not order.reduce_only):
        raise _refused(f"size must be positive, was {order.lots} lots")
    if order.cloid is not None:
        check_cloid(order.cloid)
    if isinstance(order.when, Trigger):
        _check_trigger(order, order.when)
    _check_value(order)
    if reference_ticks is not None:
        _check_band(order, reference_ticks)


def taker_value_max(market: Market) -> int | None:
    """Return what an order that takes may be worth at most, in the quote; None for no limit."""
    if market.leverage_max is None:
        return None
    return next(units for least, units in _TAKER_UNITS_MAX if market.leverage_max >= least)


def check_cloid(cloid: str) -> None:
    """Require the form of a client order id."""
    if not _CLOID.match(cloid):
        raise _refused(f"cloid must be 0x and 32 lower-case hex digits, was {cloid!r}")


def is_address(text: str) -> bool:
    """Tell whether a text has the form of an account's address, in lower case."""
    return _ADDRESS.match(text) is not None


def check_address(address: str) -> None:
    """Require the form of an account's address."""
    if not is_address(address):
        raise _refused(f"address must be 0x and 40 lower-case hex digits, was {address!r}")


def check_cancels(cancels: Sequence[CancelByOid | CancelByCloid]) -> None:
    """Require that there is something to cancel, named in the venue's form."""
    if not cancels:
        raise _refused("cancels is empty: name at least one order")
    for one in cancels:
        if isinstance(one, CancelByCloid):
            check_cloid(one.cloid)


def check_modifies(
    changes: Sequence[Modify],
    *,
    always_place: bool = False,
    references: Mapping[int, int] | None = None,
) -> None:
    """Require that orders may take the place of others."""
    if not changes:
        raise _refused("modifies is empty: name at least one order")
    for change in changes:
        if isinstance(change.target, str):
            check_cloid(change.target)
        rests = change.order.when in {TimeInForce.POST_ONLY, TimeInForce.RESTING}
        if not rests and not always_place:
            raise _refused("a modify must give a resting limit order, unless always_place is set")
    check_placing([change.order for change in changes], references=references)


def check_leverage(market: Market, leverage: int) -> None:
    """Require a leverage the market allows for small positions."""
    if market.leverage_max is None:
        raise _refused(f"asset {market.asset} has no leverage to set")
    if not 1 <= leverage <= market.leverage_max:
        raise _refused(f"leverage must be 1 to {market.leverage_max}, was {leverage}")


def check_twap(twap: Twap, *, reference_ticks: int | None = None) -> None:
    """Require that an order may be sliced by the venue."""
    if not TWAP_MINUTES_MIN <= twap.minutes <= TWAP_MINUTES_MAX:
        raise _refused(
            f"minutes must be {TWAP_MINUTES_MIN} to {TWAP_MINUTES_MAX}, was {twap.minutes}"
        )
    if twap.lots <= 0:
        raise _refused(f"size must be positive, was {twap.lots} lots")
    if twap.trigger is not None:
        _check_price(twap.market, twap.trigger.ticks, "trigger price")
    if twap.stop_ticks is not None:
        _check_price(twap.market, twap.stop_ticks, "stop price")
    value = None if reference_ticks is None else twap.lots * reference_ticks
    if value is not None and value < TWAP_UNITS_MIN * 10**twap.market.value_decimals:
        raise _refused(f"value of a sliced order must be at least {TWAP_UNITS_MIN}")


def check_schedule(at_ms: int | None, *, now_ms: int) -> None:
    """Require that a switch is set far enough ahead."""
    if at_ms is not None and at_ms < now_ms + CANCEL_AHEAD_MS_MIN:
        raise _refused(f"time must be at least {CANCEL_AHEAD_MS_MIN} ms ahead of now")


def check_name(name: str) -> None:
    """Require a name for a sub-account."""
    if not 1 <= len(name) <= NAME_MAX:
        raise _refused(f"name must have 1 to {NAME_MAX} characters, was {name!r}")


def check_positive(value: int, name: str) -> None:
    """Require that something is moved or bought at all."""
    if value <= 0:
        raise _refused(f"{name} must be positive, was {value}")


def _check_price(market: Market, ticks: int, name: str) -> None:
    if ticks <= 0:
        raise _refused(f"{name} must be positive, was {ticks} ticks")
    if not price_fits(market, ticks):
        raise _refused(
            f"{name} must be whole or have {SIGNIFICANT_FIGURES_MAX} significant figures, "
            f"was {market.price_text(ticks)}"
        )
    if market.is_outcome and ticks > 10**market.price_decimals:
        raise _refused(f"{name} of an outcome must be at most 1, was {market.price_text(ticks)}")


def _check_trigger(order: Order, trigger: Trigger) -> None:
    _check_price(order.market, trigger.ticks, "trigger price")
    if not trigger.is_market:
        return  # it may rest at any price once it lives
    is_buy = order.side is Side.BUY
    if (order.ticks < trigger.ticks) if is_buy else (order.ticks > trigger.ticks):
        raise _refused(
            f"limit price of a {order.side.value} must be at {'or above' if is_buy else 'or below'}"
            f" its trigger price {order.market.price_text(trigger.ticks)}, "
            f"was {order.market.price_text(order.ticks)}"
        )


def _check_value(order: Order) -> None:
    unit = 10**order.market.value_decimals
    value = order.ticks * order.lots
    if value < ORDER_UNITS_MIN * unit and not order.reduce_only:
        raise _refused(f"value of an order must be at least {ORDER_UNITS_MIN}")
    units = taker_value_max(order.market)
    if units is None:
        return
    takes = order.when in _TAKES or (isinstance(order.when, Trigger) and order.when.is_market)
    units *= 1 if takes else LIMIT_VALUE_FACTOR
    if value > units * unit:
        raise _refused(f"value of such an order must be at most {units}: split it")


# A bid far below or an offer far above is refused too: the band has two sides.
def _check_band(order: Order, reference_ticks: int) -> None:
    distance, text = abs(order.ticks - reference_ticks), order.market.price_text
    if distance * _PERCENT > _BAND_PERCENT * reference_ticks:
        raise _refused(
            f"limit price must be within {_BAND_PERCENT} % of "
            f"{text(reference_ticks)}, was {text(order.ticks)}"
        )


def _check_builder(builder: Builder, orders: Sequence[Order]) -> None:
    check_address(builder.address)
    only_spot = all(order.market.is_spot for order in orders)
    most = BUILDER_TENTH_BPS_SPOT_MAX if only_spot else BUILDER_TENTH_BPS_MAX
    if not 0 <= builder.tenth_bps <= most:
        raise _refused(f"builder fee must be 0 to {most} tenth_bps, was {builder.tenth_bps}")


def _check_priority(priority: Priority, orders: Sequence[Order]) -> None:
    check_positive(priority.rate_e8, "priority rate_e8")
    if any(order.market.is_outcome for order in orders):
        raise _refused("an outcome has no priority fee: leave it out")
    take = all(order.when is TimeInForce.IMMEDIATE for order in orders)
    make = all(order.when is TimeInForce.POST_ONLY and not order.reduce_only for order in orders)
    if not take and not make:
        raise _refused(
            "a priority fee needs immediate orders only, or post-only ones that do not reduce only"
        )


def _check_exits(grouping: Grouping, orders: Sequence[Order]) -> None:
    exits = orders[1:] if grouping is Grouping.WITH_EXITS else orders
    if not exits or any(not isinstance(o.when, Trigger) or not o.reduce_only for o in exits):
        raise _refused(f"exits of grouping {grouping.value} must be reduce-only triggers")
    if len({order.market.asset for order in orders}) != 1:
        raise _refused(f"orders of grouping {grouping.value} must be in one market")
    if grouping is Grouping.WITH_EXITS and any(o.side is orders[0].side for o in exits):
        raise _refused("exits must be on the other side of the order they belong to")


def _refused(reason: str) -> NotSentError:
    return NotSentError(VENUE, reason)
