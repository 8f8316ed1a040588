"""Limit with deadline: all of it, as often as the markets are looked at, until time is up. Pure.

What keeps it within its price is the order's limit: the optimiser leaves unfilled what no market
gives for it, and the rest waits for the next look.
"""

from router.algo.intervals import next_at
from router.algo.progress import Pace, Progress
from router.domain.algo import LimitUntil
from router.domain.order import ParentOrder
from router.domain.units import TimestampNs


def pace(order: ParentOrder, algo: LimitUntil, _progress: Progress, *, at: TimestampNs) -> Pace:
    """Return all of the order, and when the markets are looked at again."""
    wake_at = next_at(order.submitted_at, algo.interval, at)
    return Pace(order.quantity, min(wake_at, order.deadline_at))
