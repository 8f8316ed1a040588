"""Books, best prices, public trades, mids and candles, as the venue writes them.

Refuses to compare prices: whether a book is in order is not a question of its form.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    flag,
    integer,
    is_buy,
    items,
    many,
    optional,
    optional_text,
    pair,
    string,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Book:
    """A whole book: (price, size) levels, best first, and how many orders are at each."""

    coin: str
    time_ms: int
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    bid_orders: tuple[int, ...] = ()
    ask_orders: tuple[int, ...] = ()
    spread: str | None = None  # told with aggregated books
    is_fast: bool = False  # five levels, told more often


@dataclass(frozen=True, slots=True)
class Level:
    """A price, the size at it, and how many orders make it up."""

    price: str
    size: str
    orders: int


@dataclass(frozen=True, slots=True)
class BestPrices:
    """The top of a book; None for an empty side."""

    coin: str
    time_ms: int
    bid: Level | None
    ask: Level | None


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade; `is_buy` is the taker's side."""

    coin: str
    is_buy: bool
    price: str
    size: str
    hash: str
    time_ms: int
    trade_id: int
    buyer: str | None = None
    seller: str | None = None


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices and volume of a coin within an interval, as in "1h"."""

    coin: str
    interval: str
    opened_ms: int
    closed_ms: int
    open_price: str
    high_price: str
    low_price: str
    close_price: str
    volume: str
    trades: int


def read_book(value: object) -> Book:
    """Read `l2Book`."""
    fields = table(value, "l2Book")
    sides = items(fields.get("levels"), "levels")
    if len(sides) != 2:  # noqa: PLR2004 - bids and asks
        raise MalformedDataError(f"levels must be bids and asks, was {len(sides)} sides")
    bids, asks = (many(side, "levels", _price_and_size) for side in sides)
    bid_orders, ask_orders = (_orders(side) for side in sides)
    return Book(
        coin=text(fields, "coin"),
        time_ms=integer(fields, "time"),
        bids=bids,
        asks=asks,
        bid_orders=bid_orders,
        ask_orders=ask_orders,
        spread=optional_text(fields, "spread"),
        is_fast=flag(fields, "fast"),
    )


def _price_and_size(value: object) -> tuple[str, str]:
    fields = table(value, "level")
    return text(fields, "px"), text(fields, "sz")


def _orders(side: object) -> tuple[int, ...]:
    return many(side, "levels", lambda level: integer(table(level, "level"), "n"))


def read_best_prices(value: object) -> BestPrices:
    """Read `bbo`."""
    fields = table(value, "bbo")
    bid, ask = pair(fields.get("bbo"), "bbo")
    return BestPrices(
        coin=text(fields, "coin"),
        time_ms=integer(fields, "time"),
        bid=optional(bid, _level),
        ask=optional(ask, _level),
    )


def _level(value: object) -> Level:
    fields = table(value, "level")
    return Level(text(fields, "px"), text(fields, "sz"), integer(fields, "n"))


def read_trades(value: object) -> tuple[Trade, ...]:
    """Read `trades` and `recentTrades`."""
    return many(value, "trades", _trade)


def _trade(value: object) -> Trade:
    fields = table(value, "trade")
    buyer, seller = _users(fields)
    return Trade(
        coin=text(fields, "coin"),
        is_buy=is_buy(fields),
        price=text(fields, "px"),
        size=text(fields, "sz"),
        hash=text(fields, "hash"),
        time_ms=integer(fields, "time"),
        trade_id=integer(fields, "tid"),
        buyer=buyer,
        seller=seller,
    )


def _users(fields: Fields) -> tuple[str, str] | tuple[None, None]:
    if fields.get("users") is None:
        return None, None
    buyer, seller = pair(fields["users"], "users")
    return string(buyer, "users"), string(seller, "users")


def read_mids(value: object) -> Mapping[str, str]:
    """Read `allMids`: price by coin; of an empty book the last trade's price."""
    return {coin: string(mid, coin) for coin, mid in table(value, "allMids").items()}


def read_candles(value: object) -> tuple[Candle, ...]:
    """Read `candleSnapshot`."""
    return many(value, "candles", read_candle)


def read_candle(value: object) -> Candle:
    """Read one candle."""
    fields = table(value, "candle")
    return Candle(
        coin=text(fields, "s"),
        interval=text(fields, "i"),
        opened_ms=integer(fields, "t"),
        closed_ms=integer(fields, "T"),
        open_price=text(fields, "o"),
        high_price=text(fields, "h"),
        low_price=text(fields, "l"),
        close_price=text(fields, "c"),
        volume=text(fields, "v"),
        trades=integer(fields, "n"),
    )
