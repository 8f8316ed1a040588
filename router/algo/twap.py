"""TWAP: the same quantity in each interval, catching up within a limit. Pure.

An interval that was slept through is made up for like one that traded too little: within the limit.
"""

from router.algo.intervals import count, next_at, running
from router.algo.progress import Pace, Progress
from router.domain.algo import Twap
from router.domain.order import ParentOrder
from router.domain.units import PIPS_PER_UNIT, Amount, Rounding, TimestampNs, divide


def pace(order: ParentOrder, algo: Twap, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what the clock says should have traded by the end of the interval that is running.

    A slice makes up for what earlier ones left, by `catch_up_pips` of a regular slice at most; in
    the last interval all that is left is released, and what that could not trade is tried once more
    at the end.
    """
    intervals = count(algo.start_at, algo.end_at, algo.interval)
    current = running(algo.start_at, algo.interval, at)
    asset, total = order.quantity.asset, order.quantity.atoms
    if current >= intervals:
        return Pace(order.quantity, algo.end_at if at < algo.end_at else None)
    due = due_by(total, current, intervals)
    regular = divide(total, intervals, Rounding.UP)
    most = regular + divide(regular * algo.catch_up_pips, PIPS_PER_UNIT, Rounding.DOWN)
    released = min(due, progress.filled.atoms + most)
    return Pace(Amount(asset, released), next_at(algo.start_at, algo.interval, at))


def due_by(total: int, current: int, intervals: int) -> int:
    """Return what should have traded by the end of an interval, in atoms, rounded down."""
    return divide(total * min(current, intervals), intervals, Rounding.DOWN)
