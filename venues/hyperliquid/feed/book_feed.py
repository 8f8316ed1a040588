"""The books of one instrument, from the wire to the domain, at the rate a stream tells them.

`read` is the plain way and says what is wrong; `BookFeed` gives the same snapshot of the same book
several times faster, and leaves whatever it is not sure of to `read`. Refuses prices and sizes off
the instrument's grid, levels out of order and crossed books.
"""

from collections.abc import Mapping
from operator import lt
from typing import Final, TypeAlias, cast

import orjson

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import BookSnapshot
from router.domain.units import TimestampNs
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import size_decimals

_Levels: TypeAlias = tuple[tuple[int, int], ...]

_PRICES_MAX: Final = 16_384  # remembered, of one instrument
_LOTS_EXACT_MAX: Final = 2**48  # a float this large still tells a tenth from a whole


def read(told: wire.Book, instrument: Instrument, received_at: TimestampNs) -> BookSnapshot:
    """Read a book; one that is crossed, or whose levels are out of order, is malformed."""
    bids = _levels(told.bids, instrument)
    asks = _levels(told.asks, instrument)
    if any(bids[i][0] <= bids[i + 1][0] for i in range(len(bids) - 1)):
        raise MalformedDataError(f"{told.coin}: bids must fall from level to level")
    if any(asks[i][0] >= asks[i + 1][0] for i in range(len(asks) - 1)):
        raise MalformedDataError(f"{told.coin}: asks must rise from level to level")
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise MalformedDataError(f"{told.coin}: best bid must be below best ask")
    return BookSnapshot(instrument.id, bids, asks, translate.to_ns(told.time_ms), received_at)


def _levels(told: tuple[tuple[str, str], ...], instrument: Instrument) -> _Levels:
    lot_decimals = size_decimals(instrument)
    levels = tuple(
        (
            translate.exact(px, instrument.tick_decimals, "px"),
            translate.exact(sz, lot_decimals, "sz"),
        )
        for px, sz in told
    )
    if any(ticks <= 0 or lots <= 0 for ticks, lots in levels):
        raise MalformedDataError(f"{instrument.symbol}: prices and sizes must be positive")
    return levels


class BookFeed:
    """Reads one instrument's books."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._ticks = _Ticks(instrument.tick_decimals)
        # Sizes are read together, as one array of numbers that an exponent makes lots.
        self._exponent = f"e{size_decimals(instrument)}"

    def fold(self, data: object, received_at: TimestampNs) -> BookSnapshot:
        """Return the snapshot that the data of an `l2Book` frame or answer says.

        Raises
        ------
        MalformedDataError
            If the book is none, is off the grid, or is out of order.
        """
        try:
            return self._fold(data, received_at)
        except (_UnsureError, MalformedDataError, LookupError, TypeError, ValueError):
            return read(wire.read_book(data), self._instrument, received_at)

    def _fold(self, data: object, received_at: TimestampNs) -> BookSnapshot:
        fields = wire.table(data, "l2Book")
        # What is not of this shape raises on the way.
        bids, asks = cast("list[list[Mapping[str, str]]]", fields["levels"])
        levels, depth = bids + asks, len(bids)
        known = self._ticks
        ticks = [known[level["px"]] for level in levels]
        lots = self._lots([level["sz"] for level in levels])
        rising = ticks[:depth]
        rising.reverse()
        rising += ticks[depth:]
        if not all(map(lt, rising, rising[1:])):
            raise _UnsureError
        pairs = tuple(zip(ticks, lots, strict=True))
        return BookSnapshot(
            self._instrument.id,
            pairs[:depth],
            pairs[depth:],
            translate.to_ns(wire.integer(fields, "time")),
            received_at,
        )

    # A size is on the grid if the number it becomes is whole. Up to the maximum that tells even one
    # decimal too many; what is finer than any float can tell, no venue writes.
    def _lots(self, sizes: list[str]) -> list[int]:
        text = f"{self._exponent},".join(sizes)
        if " " in text or not text.isprintable():
            raise _UnsureError  # white space would be passed over
        numbers: list[float] = orjson.loads(f"[{text}{self._exponent}]")
        lots = list(map(int, numbers))
        if lots != numbers or min(lots) <= 0 or max(lots) > _LOTS_EXACT_MAX:
            raise _UnsureError
        return lots


class _UnsureError(Exception):
    """The fast way cannot say what the book is."""


# Prices come again and again, so their texts are remembered with what they mean.
class _Ticks(dict[str, int]):
    def __init__(self, decimals: int) -> None:
        super().__init__()
        self._decimals = decimals

    def __missing__(self, text: str) -> int:
        ticks = translate.exact(text, self._decimals, "px")
        if ticks <= 0:
            raise _UnsureError
        if len(self) >= _PRICES_MAX:
            self.clear()
        self[text] = ticks
        return ticks
