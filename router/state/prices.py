"""What markets say of their pair's price, and whose word it is.

All pools of a chain are one voice: one node tells them, and one trader can move several. A perp
venue has two: its book, which is its own traders, and its oracle, which is the markets of other
venues. Its mark is made of both and has no voice of its own.
"""

from router.domain.instrument import Instrument
from router.domain.market import AnyPoolSnapshot, BookSnapshot, PerpContext
from router.domain.price import PriceKind, SourcePrice
from router.domain.units import Price, TimestampNs
from router.liquidity.mid import has_mid, pool_mid


def told_by_pool(instrument: Instrument, pool: AnyPoolSnapshot) -> tuple[SourcePrice, ...]:
    """Return a pool's mid, if it has one."""
    if not has_mid(pool):
        return ()
    mid = pool_mid(instrument, pool)
    return (
        SourcePrice(
            instrument.account, PriceKind.POOL_MID, instrument.id, mid, at=pool.received_at
        ),
    )


def told_by_book(instrument: Instrument, book: BookSnapshot) -> tuple[SourcePrice, ...]:
    """Return the mid of a book that has two sides."""
    mid = book_mid(instrument, book)
    if mid is None:
        return ()
    source, at = _book_of(instrument), book.received_at
    return (SourcePrice(source, PriceKind.BOOK_MID, instrument.id, mid, at),)


def told_by_context(instrument: Instrument, context: PerpContext) -> tuple[SourcePrice, ...]:
    """Return the mark and the oracle of a perpetual."""
    at = context.received_at
    told = (
        (_book_of(instrument), PriceKind.MARK, context.mark_ticks),
        (f"{instrument.venue} oracle", PriceKind.ORACLE, context.oracle_ticks),
    )
    return tuple(
        SourcePrice(source, kind, instrument.id, instrument.tick_price(ticks), at)
        for source, kind, ticks in told
        if ticks > 0
    )


def averaged(instrument: Instrument, mean: Price, at: TimestampNs) -> SourcePrice:
    """Return a mean price as its market's word."""
    if instrument.is_on_chain:
        return SourcePrice(instrument.account, PriceKind.POOL_TWAP, instrument.id, mean, at)
    return SourcePrice(_book_of(instrument), PriceKind.BOOK_TWAP, instrument.id, mean, at)


def book_mid(instrument: Instrument, book: BookSnapshot) -> Price | None:
    """Return the exact mid of a book; None where it lacks a side."""
    if not book.bids or not book.asks:
        return None
    two = instrument.tick_price(book.bids[0][0] + book.asks[0][0])
    return Price(two.base, two.quote, two.quote_atoms, 2 * two.base_atoms)


def _book_of(instrument: Instrument) -> str:
    return f"{instrument.venue} book"
