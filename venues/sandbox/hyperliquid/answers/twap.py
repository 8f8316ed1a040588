"""TWAP orders: how far they are, and what became of them."""

from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import SPOT_DECIMALS_SUM
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import MICRO_DECIMALS, to_text
from venues.sandbox.hyperliquid.order import Twap
from venues.sandbox.hyperliquid.state import Exchange

RUNNING = "activated"


def view(state: Exchange, twap: Twap) -> dict[str, Any]:
    """Return a TWAP's state; none has a stop price or a trigger here."""
    market = state.market(twap.coin)
    decimals = SPOT_DECIMALS_SUM if isinstance(market, SpotMarket) else MICRO_DECIMALS
    return {
        "coin": twap.coin,
        "user": twap.account,
        "side": text.side(is_buy=twap.is_buy),
        "sz": text.size(twap.size, market.spec),
        "executedSz": text.size(twap.executed_size, market.spec),
        "executedNtl": to_text(twap.executed_notional, decimals),
        "minutes": twap.minutes,
        "reduceOnly": twap.reduce_only,
        "randomize": twap.randomise,
        "timestamp": twap.started_ms,
        "stopPx": None,
        "trigger": None,
    }


def running(state: Exchange, user: str, dex: str) -> list[list[Any]]:
    """Return the TWAPs of an account that run on a dex or all, with their numbers."""
    return [
        [twap.twap_id, view(state, twap)]
        for twap in state.twaps.values()
        if twap.account == user and twap.status == RUNNING and request.is_on(state, twap.coin, dex)
    ]


def row(state: Exchange, twap: Twap) -> dict[str, Any]:
    """Return a TWAP as its history tells it; its time is in seconds."""
    status = {"status": twap.status}
    if twap.status == "error":
        status["description"] = twap.description
    return {
        "time": (twap.status_ms or twap.started_ms) // 1000,
        "state": view(state, twap),
        "status": status,
        "twapId": twap.twap_id,
    }


def history(state: Exchange, user: str) -> list[dict[str, Any]]:
    """Return all TWAPs of an account, newest first, each with the status it has now."""
    return [row(state, twap) for twap in reversed(state.twaps.values()) if twap.account == user]


def twap_history(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `twapHistory`."""
    return history(state, request.user(asked))
