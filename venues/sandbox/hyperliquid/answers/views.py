"""How the venue shows things: orders, fills, books, contexts and accounts as JSON values.

Shapes follow the venue's info and WebSocket documentation (read August 2026) and frames recorded in
September 2026: numbers are decimal strings with at least one decimal. Nothing here changes
anything.
"""

from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.config import CoinConfig
from venues.sandbox.hyperliquid.ledger.account import (
    Account,
    Markets,
    account_value,
    exposure,
    maintenance,
    position_initial,
    usd,
)
from venues.sandbox.hyperliquid.margin import liquidation_price, transfer_requirement
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import (
    MICRO_DECIMALS,
    fraction_text,
    to_text,
)
from venues.sandbox.hyperliquid.order import Fill, FundingSettled, Order, Trade

BOOK_LEVELS = 20
BOOK_LEVELS_FAST = 5
_RATE_DECIMALS = 10
_SHOWN_DECIMALS = 8


def side(*, is_buy: bool) -> str:
    """Return the venue's letter for a side."""
    return "B" if is_buy else "A"


def money(micro: int) -> str:
    """Return micro-USD as text."""
    return to_text(micro, MICRO_DECIMALS)


def rate_text(rate: Fraction) -> str:
    """Return a rate as a fraction with ten decimals at most."""
    return fraction_text(rate, _RATE_DECIMALS)


def placement_view(order: Order, spec: CoinConfig, *, size: int, notional: int) -> dict[str, Any]:
    """Return the status of an accepted order: resting, or filled as far as it went."""
    named = {"cloid": order.cloid} if order.cloid is not None else {}
    if order.status == "open":
        return {"resting": {"oid": order.oid, **named}}
    average = usd(notional) / Fraction(size, 10**spec.size_decimals)
    filled = {
        "totalSz": to_text(size, spec.size_decimals),
        "avgPx": fraction_text(average, MICRO_DECIMALS),
        "oid": order.oid,
    }
    return {"filled": {**filled, **named}}


def order_brief(order: Order, spec: CoinConfig) -> dict[str, Any]:
    """Return an order as `openOrders` and `orderUpdates` show it."""
    shown = {
        "coin": order.coin,
        "side": side(is_buy=order.is_buy),
        "limitPx": to_text(order.price, spec.price_decimals),
        "sz": to_text(order.leaves, spec.size_decimals),
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "origSz": to_text(order.size, spec.size_decimals),
    }
    if order.cloid is not None:
        shown["cloid"] = order.cloid
    if order.reduce_only:
        shown["reduceOnly"] = True
    return shown


def order_full(order: Order, spec: CoinConfig) -> dict[str, Any]:
    """Return an order as `frontendOpenOrders` and `orderStatus` show it."""
    return {
        **order_brief(order, spec),
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": order.reduce_only,
        "orderType": "Limit",
        "tif": order.time_in_force.value,
        "cloid": order.cloid,
    }


def fill_view(fill: Fill, spec: CoinConfig) -> dict[str, Any]:
    """Return a fill as its owner sees it."""
    shown = {
        "coin": fill.coin,
        "px": to_text(fill.price, spec.price_decimals),
        "sz": to_text(fill.size, spec.size_decimals),
        "side": side(is_buy=fill.is_buy),
        "time": fill.time_ms,
        "startPosition": to_text(fill.start_position, spec.size_decimals),
        "dir": fill.direction,
        "closedPnl": money(fill.closed_pnl),
        "hash": fill.action_hash,
        "oid": fill.oid,
        "crossed": fill.crossed,
        "fee": money(fill.fee),
        "tid": fill.trade_id,
        "feeToken": "USDC",
        "twapId": None,
    }
    if fill.cloid is not None:
        shown["cloid"] = fill.cloid
    return shown


def trade_view(trade: Trade, spec: CoinConfig) -> dict[str, Any]:
    """Return a public print."""
    return {
        "coin": trade.coin,
        "side": side(is_buy=trade.taker_is_buy),
        "px": to_text(trade.price, spec.price_decimals),
        "sz": to_text(trade.size, spec.size_decimals),
        "time": trade.time_ms,
        "hash": trade.action_hash,
        "tid": trade.trade_id,
        "users": [trade.buyer, trade.seller],
    }


def _levels(rows: Iterable[tuple[int, int, int]], spec: CoinConfig) -> list[dict[str, Any]]:
    return [
        {
            "px": to_text(price, spec.price_decimals),
            "sz": to_text(size, spec.size_decimals),
            "n": count,
        }
        for price, size, count in rows
    ]


def book_view(
    market: Market,
    time_ms: int,
    *,
    significant_figures: int | None = None,
    mantissa: int | None = None,
    level_count: int = BOOK_LEVELS,
) -> dict[str, Any]:
    """Return an aggregated book."""
    sides = [
        list(
            islice(
                market.depth(
                    is_buy=is_buy,
                    significant_figures=significant_figures,
                    mantissa=mantissa or 1,
                ),
                level_count,
            )
        )
        for is_buy in (True, False)
    ]
    spec = market.spec
    shown: dict[str, Any] = {
        "coin": spec.name,
        "time": time_ms,
        "levels": [_levels(rows, spec) for rows in sides],
    }
    if significant_figures is not None and all(sides):
        shown["spread"] = to_text(sides[1][0][0] - sides[0][0][0], spec.price_decimals)
    return shown


def bbo_view(market: Market, time_ms: int) -> dict[str, Any]:
    """Return best bid and ask, each a level or null."""
    levels = book_view(market, time_ms, level_count=1)["levels"]
    return {
        "coin": market.spec.name,
        "time": time_ms,
        "bbo": [rows[0] if rows else None for rows in levels],
    }


def mids_view(markets: Markets) -> dict[str, str]:
    """Return every coin's mid, or the stand-in for it."""
    return {
        coin: fraction_text(
            market.indicative() / 10**market.spec.price_decimals, market.spec.price_decimals + 1
        )
        for coin, market in markets.items()
    }


def context_view(market: Market, accounts: Iterable[Account]) -> dict[str, Any]:
    """Return the asset context; volumes count from the opening of the sandbox."""
    spec = market.spec
    decimals = spec.price_decimals
    longs = sum(max(a.positions[spec.name].size, 0) for a in accounts if spec.name in a.positions)
    mid, premium = market.mid(), market.premium()
    impact = [market.impact_price(is_buy=True), market.impact_price(is_buy=False)]
    return {
        "funding": rate_text(market.funding_rate),
        "openInterest": to_text(longs, spec.size_decimals),
        "prevDayPx": to_text(market.opening, decimals),
        "dayNtlVlm": money(market.volume_micro_usd),
        "premium": None if premium is None else rate_text(premium),
        "oraclePx": to_text(market.oracle, decimals),
        "markPx": to_text(market.mark(), decimals),
        "midPx": None if mid is None else fraction_text(mid / 10**decimals, decimals + 1),
        "impactPxs": None
        if None in impact
        else [to_text(round(price), decimals) for price in impact if price is not None],
        "dayBaseVlm": to_text(market.volume_size, spec.size_decimals),
    }


def _shown(value: Fraction) -> str:
    return fraction_text(value, MICRO_DECIMALS)


def _position_view(account: Account, markets: Markets, coin: str) -> dict[str, Any]:
    market = markets[coin]
    position = account.positions[coin]
    spec = market.spec
    leverage = account.leverage_of(market)
    value = usd(abs(position.size) * market.mark())
    profit = usd(position.size * market.mark() - position.cost)
    cost = usd(abs(position.cost))
    size = Fraction(abs(position.size), 10**spec.size_decimals)
    liquidation = liquidation_price(exposure(account, markets, coin), spec.margin_table)
    return {
        "coin": coin,
        "szi": to_text(position.size, spec.size_decimals),
        "leverage": {"type": "cross", "value": leverage},
        "entryPx": fraction_text(cost / size, spec.price_decimals + 1),
        "positionValue": _shown(value),
        "unrealizedPnl": _shown(profit),
        "returnOnEquity": fraction_text(profit * leverage / cost if cost else Fraction(0), 7),
        "liquidationPx": None
        if liquidation is None
        else fraction_text(liquidation, _SHOWN_DECIMALS),
        "marginUsed": _shown(position_initial(account, market, position.size)),
        "maxLeverage": spec.max_leverage,
        "cumFunding": {
            "allTime": money(position.funding_all_time),
            "sinceOpen": money(position.funding_since_open),
            "sinceChange": money(position.funding_since_change),
        },
    }


def clearinghouse_view(account: Account, markets: Markets, time_ms: int) -> dict[str, Any]:
    """Return the state of a cross-margin account.

    ``accountValue = totalRawUsd + sum(szi * mark)``; positions alone make `totalMarginUsed`, and
    `withdrawable` is what the transfer rule leaves.
    """
    held = {coin: p for coin, p in account.positions.items() if p.size}
    notional = sum(
        (usd(abs(p.size) * markets[coin].mark()) for coin, p in held.items()), Fraction(0)
    )
    initial = sum(
        (position_initial(account, markets[coin], p.size) for coin, p in held.items()), Fraction(0)
    )
    value = account_value(account, markets)
    summary = {
        "accountValue": _shown(value),
        "totalNtlPos": _shown(notional),
        "totalRawUsd": money(account.cash),
        "totalMarginUsed": _shown(initial),
    }
    free = max(value - transfer_requirement(initial, notional), Fraction(0))
    return {
        "assetPositions": [
            {"type": "oneWay", "position": _position_view(account, markets, coin)} for coin in held
        ],
        "marginSummary": summary,
        "crossMarginSummary": dict(summary),
        "crossMaintenanceMarginUsed": _shown(maintenance(account, markets)),
        "withdrawable": _shown(free),
        "time": time_ms,
    }


def funding_fields(settled: FundingSettled, size_decimals: int) -> dict[str, Any]:
    """Return what every message about a settlement of funding has in common."""
    return {
        "coin": settled.coin,
        "usdc": money(-settled.paid),
        "szi": to_text(settled.size, size_decimals),
        "fundingRate": rate_text(settled.rate),
    }
