"""Funding: what an hour cost, what an account paid, and what the running hour would cost."""

from fractions import Fraction
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.funding import HOUR_MS, eight_hour_rate
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, FundingSettled
from venues.sandbox.hyperliquid.state import Exchange

ROWS_MAX = 500
_HOURS_ELSEWHERE = 8


def fields(state: Exchange, settled: FundingSettled) -> dict[str, Any]:
    """Return what every message about a settlement has in common; a payment is negative."""
    return {
        "coin": settled.coin,
        "usdc": text.money(-settled.paid),
        "szi": text.size(settled.size, state.market(settled.coin).spec),
        "fundingRate": text.rate(settled.rate),
        "nSamples": settled.samples or None,
    }


def row(state: Exchange, settled: FundingSettled) -> dict[str, Any]:
    """Return a settlement as a stream tells it."""
    return {"time": settled.time_ms, **fields(state, settled)}


def newest(state: Exchange, account: Account) -> list[dict[str, Any]]:
    """Return an account's latest settlements, newest first."""
    return [row(state, settled) for settled in islice(reversed(account.fundings), ROWS_MAX)]


def funding_history(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `fundingHistory`; hours before the opening show the configured rate."""
    coin = request.coin(asked)
    start_ms, end_ms = request.window(state, asked)
    market = state.markets.get(coin)
    if market is None:
        return []
    first_ms = -(-start_ms // HOUR_MS) * HOUR_MS
    hours = islice(range(first_ms, end_ms + 1, HOUR_MS), ROWS_MAX)
    configured = Fraction(market.spec.funding_rate)
    return [
        {
            "coin": coin,
            "fundingRate": text.rate(state.settled_rates.get((coin, hour), configured)),
            "premium": text.rate(state.settled_premiums.get((coin, hour), Fraction(0))),
            "time": hour,
        }
        for hour in hours
    ]


def user_funding(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userFunding`, oldest first, so that the last time is where the next page starts."""
    start_ms, end_ms = request.window(state, asked, needs_start=False)
    within = (
        settled
        for settled in request.account(state, asked).fundings
        if start_ms <= settled.time_ms <= end_ms
    )
    return [
        {
            "time": settled.time_ms,
            "hash": NO_ACTION_HASH,
            "delta": {"type": "funding", **fields(state, settled)},
        }
        for settled in islice(within, ROWS_MAX)
    ]


def predicted_fundings(state: Exchange, _: Request) -> list[list[Any]]:
    """Answer `predictedFundings`: this venue's rates, and others' where their prices are known."""
    return [
        [
            market.spec.name,
            [
                ["BinPerp", _predicted_elsewhere(state, market, "Binance")],
                ["HlPerp", _predicted(state, market.funding_rate, hours=1)],
                ["BybitPerp", _predicted_elsewhere(state, market, "Bybit")],
            ],
        ]
        for market in state.perps(DEFAULT_DEX)
    ]


def _predicted_elsewhere(state: Exchange, market: Market, venue: str) -> dict[str, Any] | None:
    # Its premium at this moment stands for its average over the interval, which nobody keeps here.
    price = market.reference.perps.get(venue)
    if price is None:
        return None
    rate = eight_hour_rate(Fraction(price, market.oracle) - 1)
    return _predicted(state, rate, hours=_HOURS_ELSEWHERE)


def _predicted(state: Exchange, rate: Fraction, *, hours: int) -> dict[str, Any]:
    interval_ms = hours * HOUR_MS
    return {
        "fundingRate": text.rate(rate),
        "nextFundingTime": (state.now_ms // interval_ms + 1) * interval_ms,
        "fundingIntervalHours": hours,
    }
