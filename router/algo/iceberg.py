"""Iceberg: a part of the order waits at a perp book, is followed, and what is left crosses. Pure.

Says how much is shown and at which price; posting it and taking it back is the engine's.
"""

from router.algo.progress import Pace, Progress
from router.domain.algo import Iceberg
from router.domain.market import BookSnapshot
from router.domain.order import ParentOrder
from router.domain.units import PIPS_PER_UNIT, Amount, Rounding, Side, TimestampNs, divide


def crosses(algo: Iceberg, *, moves: int, at: TimestampNs) -> bool:
    """Tell whether what is left waits no longer: its time is over, or it was followed enough."""
    return at >= algo.cross_at or moves > algo.reprices_max


def pace(order: ParentOrder, algo: Iceberg, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what is shown beside what has filled; once it crosses, all of the order.

    What could not cross is tried again at every interval until the deadline.
    """
    again = TimestampNs(at + algo.interval)
    if crosses(algo, moves=progress.moves, at=at):
        return Pace(order.quantity, min(again, order.deadline_at))
    shown = divide(order.quantity.atoms * algo.display_pips, PIPS_PER_UNIT, Rounding.UP)
    released = Amount(order.quantity.asset, progress.filled.atoms + shown)
    return Pace(released, min(again, algo.cross_at))


def peg_ticks(
    book: BookSnapshot, side: Side, *, behind: int, ours: tuple[tuple[int, int], ...] = ()
) -> int | None:
    """Return the price `behind` ticks behind the best of others on our own side.

    Parameters
    ----------
    ours : tuple of (int, int)
        Our own prices in ticks and lots, which the book shows too.

    Returns
    -------
    int | None, [ticks]
        None where nobody else waits on that side, or no price is so far behind.
    """
    buying, own = side is Side.BUY, dict(ours)
    levels = book.bids if buying else book.asks
    others = (price for price, lots in levels if lots > own.get(price, 0))
    best = next(others, None)
    if best is None:
        return None
    ticks = best - behind if buying else best + behind
    return ticks if ticks > 0 else None
