"""Lots of a book in exact quote atoms."""

from router.domain.instrument import Instrument
from router.domain.plan import BookCandidate
from router.domain.units import Price, Rounding, divide


def mark_value(book: BookCandidate, lots: int, *, rounding: Rounding) -> int:
    """Value lots at the mark price, [quote atoms]."""
    return lots_value(book.instrument, lots * book.mark_ticks, rounding=rounding)


def lots_value(instrument: Instrument, ticks_lots: int, *, rounding: Rounding) -> int:
    """Value ticks times lots, [quote atoms]."""
    tick: Price = instrument.tick_price(1)
    return divide(ticks_lots * instrument.lot_atoms * tick.quote_atoms, tick.base_atoms, rounding)
