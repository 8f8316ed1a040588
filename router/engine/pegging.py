"""At which price a child waits at a book. Pure arithmetic in whole ticks."""

from router.algo.iceberg import peg_ticks
from router.domain.instrument import Instrument
from router.domain.market import BookSnapshot
from router.domain.units import Price, Side
from router.optimiser.market.tick import limit_ticks, valid_limit_ticks


def target_ticks(
    instrument: Instrument,
    book: BookSnapshot,
    side: Side,
    *,
    limit: Price,
    behind: int,
    further: int = 0,
    ours: tuple[tuple[int, int], ...] = (),
) -> int | None:
    """Return where to wait: behind the best of others, within the limit, and never crossing.

    Parameters
    ----------
    limit : Price
        The worst price that is agreed, fees included.
    behind : int, [ticks]
    further : int
        By how many prices the venue takes it is further away: it said no to those before.
    ours : tuple of (int, int)
        Our own prices in ticks and lots, which the book shows too.
    """
    buying = side is Side.BUY
    ticks = peg_ticks(book, side, behind=behind, ours=ours)
    if ticks is None:
        return None
    opposite = book.asks if buying else book.bids
    agreed = limit_ticks(instrument, side, limit=limit)
    if opposite:
        nearest = opposite[0][0]
        ticks = min(ticks, nearest - 1) if buying else max(ticks, nearest + 1)
    ticks = _valid(min(ticks, agreed) if buying else max(ticks, agreed), instrument, side)
    for _ in range(further):
        ticks = _valid(ticks - 1 if buying else ticks + 1, instrument, side)
    return ticks if ticks > 0 else None


def _valid(ticks: int, instrument: Instrument, side: Side) -> int:
    return valid_limit_ticks(ticks, side, tick_decimals=instrument.tick_decimals)
