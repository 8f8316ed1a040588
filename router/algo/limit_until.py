"""LimitUntil: stub. Pure."""

from router.algo.progress import Pace, Progress
from router.domain.algo import LimitUntil
from router.domain.order import ParentOrder
from router.domain.units import TimestampNs


def pace(order: ParentOrder, algo: LimitUntil, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what may have traded by now."""
    raise NotImplementedError
