"""The public record of trades: prints and candles, as the market's own tape has them.

A candle starts with the first trade of its coin; an interval without trades repeats the last close
with no volume.
"""

from typing import Any

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import CoinConfig, SpotPairConfig
from venues.sandbox.hyperliquid.market.tape import INTERVALS, Candle
from venues.sandbox.hyperliquid.order import Fill, Trade
from venues.sandbox.hyperliquid.state import Exchange


def trade_view(state: Exchange, trade: Trade) -> dict[str, Any]:
    """Return a print."""
    spec = state.market(trade.coin).spec
    return {
        "coin": trade.coin,
        "side": text.side(is_buy=trade.taker_is_buy),
        "px": text.price(trade.price, spec),
        "sz": text.size(trade.size, spec),
        "time": trade.time_ms,
        "hash": trade.action_hash,
        "tid": trade.trade_id,
        "users": [trade.buyer, trade.seller],
    }


def recent_trades(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `recentTrades`, newest first; a coin nobody lists has none."""
    market = request.market_of(state, asked)
    if market is None:
        return []
    newest = reversed(market.tape.recent)
    return [trade_view(state, _trade(taken, made.account)) for made, taken in newest]


def candle_snapshot(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `candleSnapshot`; the newest ones if there are too many."""
    inner = request.mapping(asked.get("req"))
    interval = interval_of(inner)
    market = request.market_of(state, inner)
    start_ms, end_ms = request.window(state, inner)
    if market is None:
        return []
    candles = market.tape.candles(interval, start_ms=start_ms, end_ms=end_ms)
    return [candle_view(candle, market.spec, interval) for candle in candles]


def interval_of(asked: Request) -> str:
    """Return the interval that is meant."""
    interval = request.text(asked.get("interval"))
    if interval not in INTERVALS:
        raise MalformedError
    return interval


def candle_view(candle: Candle, spec: CoinConfig | SpotPairConfig, interval: str) -> dict[str, Any]:
    """Return a candle."""
    return {
        "t": candle.start_ms,
        "T": candle.end_ms,
        "s": spec.name,
        "i": interval,
        "o": text.price(candle.opened, spec),
        "c": text.price(candle.closed, spec),
        "h": text.price(candle.high, spec),
        "l": text.price(candle.low, spec),
        "v": text.size(candle.volume, spec),
        "n": candle.trade_count,
    }


def _trade(taken: Fill, maker: str) -> Trade:
    parties = (taken.account, maker) if taken.is_buy else (maker, taken.account)
    return Trade(
        coin=taken.coin,
        taker_is_buy=taken.is_buy,
        price=taken.price,
        size=taken.size,
        time_ms=taken.time_ms,
        trade_id=taken.trade_id,
        action_hash=taken.action_hash,
        buyer=parties[0],
        seller=parties[1],
    )
