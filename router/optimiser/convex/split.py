"""The fast path: without cash and margin rows the cheapest split needs one price.

Every source is filled until its next unit costs that price. If the answer also keeps every
account within its room it is the answer to the whole problem, proved with multipliers of zero.
"""

from typing import Final

import numpy as np

from router.optimiser.convex.certificate import (
    Split,
    is_feasible,
    lower_bound,
    multipliers,
    to_prices,
)
from router.optimiser.convex.scaled import Floats, ScaledProblem, tightened

_POINTS: Final = 65
_NARROWINGS: Final = 6  # each 64 times
_MARGIN: Final = 1e-9  # of the notional; the ends of the range are known to rounding only


def separable(scaled: ScaledProblem) -> tuple[Floats, float]:
    """Return the shares that cost least if no row existed, and the price of the demand.

    The curves together must hold the order.

    Notes
    -----
    Each narrowing looks at the supply at 65 prices at once. In the end the bracket is below 1e-11
    of the notional wide, so that any mix of its ends costs the same to that accuracy: also across
    a book level, where the supply jumps.
    """
    held = [curve for curve in scaled.curves if curve.cap > 0.0]
    low = min(curve.rate(0.0) + curve.adder for curve in held)
    high = max(curve.rate(curve.cap) + curve.adder for curve in held)
    low, high = low - _MARGIN, high + _MARGIN
    shares, total = np.zeros((len(scaled.curves), 2)), np.zeros(2)
    for _ in range(_NARROWINGS):
        prices = np.linspace(low, high, _POINTS)
        supply = _supply(scaled, prices)
        last = int(np.clip(np.searchsorted(supply.sum(axis=0), 1.0), 1, _POINTS - 1))
        low, high = float(prices[last - 1]), float(prices[last])
        shares = supply[:, last - 1 : last + 1]
        total = shares.sum(axis=0)
    part = (1.0 - total[0]) / (total[1] - total[0]) if total[1] > total[0] else 0.0
    part = min(max(float(part), 0.0), 1.0)
    mixed = shares[:, 0] + part * (shares[:, 1] - shares[:, 0])
    return normalised(mixed, scaled), low + part * (high - low)


# What each curve gives at each price of a share, funding included; shape (n_curves, n_prices).
def _supply(scaled: ScaledProblem, prices: Floats) -> Floats:
    return np.array([curve.share_at(prices - curve.adder) for curve in scaled.curves])


def normalised(shares: Floats, scaled: ScaledProblem) -> Floats:
    """Return the shares summing to 1 to the last digit: the widest source takes the dust."""
    caps = np.array([c.cap for c in scaled.curves])
    clipped = np.clip(shares, 0.0, caps)
    rest = 1.0 - float(np.sum(clipped))
    room = caps - clipped if rest > 0.0 else clipped
    widest = int(np.argmax(room))
    clipped[widest] += rest
    return clipped


def solve_separable(scaled: ScaledProblem) -> Split | None:
    """Return the certified split, or None if a cash or margin row stands against it."""
    shares, demand = separable(scaled)
    if not _passes(tightened(scaled), shares):
        return None
    prices = to_prices(demand, [0.0] * len(scaled.rows))
    return Split(
        shares=shares,
        upper=scaled.cost(shares),
        lower=lower_bound(scaled, prices),
        multipliers=multipliers(scaled.rows, prices),
        method="separable",
    )


# A margin row that is broken does not matter where every order of the account reduces.
def _passes(scaled: ScaledProblem, shares: Floats) -> bool:
    if is_feasible(scaled, shares):
        return True
    room = np.array([row.room for row in scaled.rows])
    broken = np.flatnonzero(scaled.use(shares) > room)
    return all(
        scaled.rows[int(i)].is_margin and _only_reduces(scaled, shares, row=int(i)) for i in broken
    )


def _only_reduces(scaled: ScaledProblem, shares: Floats, *, row: int) -> bool:
    pairs = zip(scaled.curves, shares, strict=True)
    return all(x <= max(-c.position, 0.0) for c, x in pairs if c.row == row)
