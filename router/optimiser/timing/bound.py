"""How far at most a schedule is from the best: arithmetic alone, whoever made the schedule.

Refuses to trust a solver: nothing but the problem and the schedule goes in.
"""

import numpy as np

from router.liquidity.curve import Floats
from router.optimiser.timing.path import Path
from router.optimiser.timing.terms import Terms


def gap(terms: Terms, path: Path, shares: Floats) -> float:
    """Return a bound of the objective above its least, as a rate; zero at the optimum.

    Notes
    -----
    A convex objective lies above its tangent: f(y) >= f(x) + g (y - x) for each schedule y. What
    the tangent can fall over all schedules is a linear problem over slices, each bounded, whose
    running sums are bounded: a polymatroid, on which filling the cheapest slices first is best.
    """
    slopes = terms.gradient(shares)
    return max(0.0, float(slopes @ (shares - cheapest(slopes, path))))


def cheapest(slopes: Floats, path: Path) -> Floats:
    """Return the schedule that costs least where each share costs its slope."""
    total = path.most[-1]
    room = np.array(path.most, dtype=object) if total > 2**62 else np.array(path.most)
    filled = [0] * len(path.most)
    for k in np.argsort(slopes, kind="stable").tolist():
        taken = min(path.step_max[k], int(room[k:].min()))
        filled[k] = taken
        room[k:] -= taken
    assert sum(filled) == total, "a path that can be met holds the whole order"
    return np.array([atoms / total for atoms in filled])
