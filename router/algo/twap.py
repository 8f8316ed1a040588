"""TWAP: the same quantity in each interval, catching up within a limit. Pure."""

from router.algo.progress import Pace, Progress
from router.domain.algo import Twap
from router.domain.order import ParentOrder
from router.domain.units import PIPS_PER_UNIT, Amount, Rounding, TimestampNs, divide


def pace(order: ParentOrder, algo: Twap, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what the clock says should have traded by the end of the interval that is running.

    A slice makes up for what earlier ones left, by `catch_up_pips` of a regular slice at most; in
    the last interval all that is left is released.
    """
    count = max(1, -(-(algo.end_at - algo.start_at) // algo.interval))
    running = min(max((at - algo.start_at) // algo.interval + 1, 1), count)
    asset, total = order.quantity.asset, order.quantity.atoms
    if running >= count:
        return Pace(order.quantity, None)
    due = divide(total * running, count, Rounding.DOWN)
    regular = divide(total, count, Rounding.UP)
    most = regular + divide(regular * algo.catch_up_pips, PIPS_PER_UNIT, Rounding.DOWN)
    released = min(due, progress.filled.atoms + most)
    wake_at = TimestampNs(algo.start_at + running * algo.interval)
    return Pace(Amount(asset, released), wake_at)
