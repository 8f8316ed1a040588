"""What is told of an order after each of its slices. Pure."""

from router.algo.intervals import count, running
from router.domain.algo import Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.order import ParentOrder
from router.domain.units import PIPS_PER_UNIT, Amount, Rounding, TimestampNs, divide

_PIPS_PER_BP = 100


def slice_told(
    order: ParentOrder, *, released: Amount, filled: Amount, slices: int, at: TimestampNs
) -> str:
    """Say which slice is over, what was released and filled so far, and how far that is behind.

    Parameters
    ----------
    released, filled : Amount
        In all, in the asset the order fixes.
    slices : int
        How many slices there were, for algos that do not know how many there will be.
    """
    total = order.quantity
    behind = divide((released.atoms - filled.atoms) * PIPS_PER_UNIT, total.atoms, Rounding.UP)
    return (
        f"{_which(order, slices, at)}: released {released.atoms} of {total.atoms} atoms of"
        f" {total.asset}, filled {filled.atoms}, {behind / _PIPS_PER_BP:g} bps behind"
    )


def _which(order: ParentOrder, slices: int, at: TimestampNs) -> str:
    match order.algo:
        case Twap() | Pov() | Shortfall() as algo:
            most = count(algo.start_at, algo.end_at, algo.interval)
            return f"slice {min(running(algo.start_at, algo.interval, at), most)} of {most}"
        case Sweep() | Iceberg() | LimitUntil():
            return f"slice {slices}"
