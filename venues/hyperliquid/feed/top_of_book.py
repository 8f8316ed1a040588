"""The best prices laid over a book that is older than they are. Pure.

A whole book may be five seconds old, and the best prices are told whenever they change. Where they
are newer, they are the top: levels of the book that would be better are gone, and those behind it
stay as they were. The result keeps the time at which the whole book was received, because that is
how old its depth is; its time at the venue is that of the best prices.
"""

from dataclasses import replace

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import BookSnapshot
from router.domain.units import TimestampNs
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import size_decimals

Level = tuple[int, int]
Top = tuple[TimestampNs, Level | None, Level | None]  # when, bid, ask


def read(told: wire.BestPrices, instrument: Instrument) -> Top:
    """Read the best prices; crossed ones are malformed."""
    bid, ask = (
        None if level is None else _level(level, instrument) for level in (told.bid, told.ask)
    )
    if bid is not None and ask is not None and bid[0] >= ask[0]:
        raise MalformedDataError(f"{told.coin}: best bid must be below best ask")
    return translate.to_ns(told.time_ms), bid, ask


def overlay(book: BookSnapshot, top: Top | None) -> BookSnapshot:
    """Return the book with newer best prices; itself where they are not newer."""
    if top is None or top[0] <= book.at_venue:
        return book
    at_venue, bid, ask = top
    bids = () if bid is None else (bid, *(level for level in book.bids if level[0] < bid[0]))
    asks = () if ask is None else (ask, *(level for level in book.asks if level[0] > ask[0]))
    return replace(book, bids=bids, asks=asks, at_venue=at_venue)


def _level(told: wire.Level, instrument: Instrument) -> Level:
    ticks = translate.exact(told.price, instrument.tick_decimals, "px")
    lots = translate.exact(told.size, size_decimals(instrument), "sz")
    if ticks <= 0 or lots <= 0:
        raise MalformedDataError(f"{instrument.symbol}: prices and sizes must be positive")
    return ticks, lots
