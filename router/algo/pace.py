"""How much of an order may have traded by now, and when to look again: one answer for every algo.

An algo never sends: it says up to which cumulative quantity the joint optimiser may plan. Refuses
to release more than the order, or less than has filled.
"""

from dataclasses import replace

from router.algo import iceberg, limit_until, pov, shortfall, twap
from router.algo.progress import Pace, Progress
from router.domain.algo import Algo, Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.order import ParentOrder
from router.domain.units import Amount, TimestampNs


def begins_at(order: ParentOrder) -> TimestampNs:
    """Return from when on an order may trade."""
    match order.algo:
        case Twap() | Pov() | Shortfall():
            return order.algo.start_at
        case Sweep() | Iceberg() | LimitUntil():
            return order.submitted_at


def shape(order: ParentOrder) -> Algo:
    """Return an order's algo with its moments counted from when it was submitted."""
    algo, since = order.algo, order.submitted_at
    match algo:
        case Twap() | Pov() | Shortfall():
            start, end = TimestampNs(algo.start_at - since), TimestampNs(algo.end_at - since)
            return replace(algo, start_at=start, end_at=end)
        case Iceberg():
            return replace(algo, cross_at=TimestampNs(algo.cross_at - since))
        case Sweep() | LimitUntil():
            return algo


def pace(order: ParentOrder, progress: Progress, at: TimestampNs) -> Pace:
    """Return how much may have traded by `at`, and when more may be released."""
    found = _pace(order, progress, at)
    atoms = min(max(found.released.atoms, progress.filled.atoms), order.quantity.atoms)
    return replace(found, released=Amount(order.quantity.asset, atoms))


def _pace(order: ParentOrder, progress: Progress, at: TimestampNs) -> Pace:
    match order.algo:
        case Sweep():
            return Pace(order.quantity, None)
        case Twap():
            return twap.pace(order, order.algo, progress, at=at)
        case Pov():
            return pov.pace(order, order.algo, progress, at=at)
        case Shortfall():
            return shortfall.pace(order, order.algo, progress, at=at)
        case Iceberg():
            return iceberg.pace(order, order.algo, progress, at=at)
        case LimitUntil():
            return limit_until.pace(order, order.algo, progress, at=at)
