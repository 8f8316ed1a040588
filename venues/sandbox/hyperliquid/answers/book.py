"""Books, touches and mids as the venue shows them.

Bids are grouped downwards and asks upwards, so a grouped book never looks better than it is. A mid
that does not exist is the last trade, or where nobody has traded the oracle, as in `allMids`.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.state import Exchange

LEVELS = 20
LEVELS_FAST = 5

Level = tuple[int, int, int]
"""Price, size, number of orders."""


def view(
    market: Market | SpotMarket,
    time_ms: int,
    *,
    grouping: tuple[int | None, int | None] = (None, None),
    level_count: int = LEVELS,
) -> dict[str, Any]:
    """Return a book of at most `level_count` levels a side, grouped as asked."""
    sides = [
        list(islice(levels(market, is_buy=is_buy, grouping=grouping), level_count))
        for is_buy in (True, False)
    ]
    shown: dict[str, Any] = {
        "coin": market.spec.name,
        "time": time_ms,
        "levels": [[_row(level, market) for level in side] for side in sides],
    }
    if grouping[0] is not None and all(sides):
        shown["spread"] = text.price(sides[1][0][0] - sides[0][0][0], market.spec)
    return shown


def bbo(market: Market | SpotMarket, time_ms: int) -> dict[str, Any]:
    """Return best bid and best ask, each a level or null."""
    sides = view(market, time_ms, level_count=1)["levels"]
    return {
        "coin": market.spec.name,
        "time": time_ms,
        "bbo": [rows[0] if rows else None for rows in sides],
    }


def l2_book(state: Exchange, asked: Request) -> dict[str, Any] | None:
    """Answer `l2Book`; a coin nobody lists has none."""
    grouping = request.grouping(asked)
    market = request.market_of(state, asked)
    return None if market is None else view(market, state.now_ms, grouping=grouping)


def mids(state: Exchange, dex: str) -> dict[str, str]:
    """Return the mid of every coin of a dex or all; spot pairs come with the first one."""
    markets: list[Market | SpotMarket] = [*state.markets.values(), *state.spot_markets.values()]
    return {
        market.spec.name: text.between(_mid_or_stand_in(market), market.spec)
        for market in markets
        if request.is_on(state, market.spec.name, dex)
    }


def all_mids(state: Exchange, asked: Request) -> dict[str, str]:
    """Answer `allMids`."""
    return mids(state, request.dex(state, asked))


def _mid_or_stand_in(market: Market | SpotMarket) -> Fraction:
    mid = market.mid()
    if mid is not None:
        return mid
    if market.last is not None:
        return Fraction(market.last)
    return Fraction(market.oracle if isinstance(market, Market) else market.opening)


def _row(level: Level, market: Market | SpotMarket) -> dict[str, Any]:
    price, size, count = level
    return {
        "px": text.price(price, market.spec),
        "sz": text.size(size, market.spec),
        "n": count,
    }


def levels(
    market: Market | SpotMarket,
    *,
    is_buy: bool,
    grouping: tuple[int | None, int | None] = (None, None),
) -> Iterator[Level]:
    """Yield the levels of a side, best first, grouped by figures and mantissa as asked."""
    group: Level | None = None
    for price, orders in market.book.levels(is_buy=is_buy):
        size = sum(order.leaves for order in orders.values())
        step = _step(price, grouping)
        shown = price // step * step if is_buy else -(-price // step) * step
        if group is not None and group[0] == shown:
            group = (shown, group[1] + size, group[2] + len(orders))
            continue
        if group is not None:
            yield group
        group = (shown, size, len(orders))
    if group is not None:
        yield group


def _step(price: int, grouping: tuple[int | None, int | None]) -> int:
    figures, mantissa = grouping
    if figures is None:
        return 1
    power: int = 10 ** max(0, len(str(price)) - figures)
    return power * (mantissa or 1)
