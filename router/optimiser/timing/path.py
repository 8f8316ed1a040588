"""Which cumulative quantities a schedule may have, to the atom, and the way from shares to them.

Refuses, with the reason, what no schedule can keep to.
"""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from router.domain.error import NoRouteError
from router.domain.plan import NoRouteReason
from router.domain.schedule import ScheduleProblem
from router.liquidity.curve import Floats


@dataclass(frozen=True, slots=True)
class Path:
    """Bounds of the cumulative quantity after each slice, in atoms, each of which can be met.

    Attributes
    ----------
    least, most : tuple of int
        No schedule that keeps to its bounds is outside; both rise.
    step_max : tuple of int
        Of each slice.
    """

    least: tuple[int, ...]
    most: tuple[int, ...]
    step_max: tuple[int, ...]

    def whole(self, shares: Floats) -> tuple[int, ...]:
        """Return the cumulative quantities nearest to the shares that keep to every bound."""
        total, done, found = self.most[-1], 0, []
        for k, share in enumerate(np.cumsum(shares).tolist()):
            low = max(self.least[k], done)
            high = min(self.most[k], done + self.step_max[k])
            done = min(max(int(share * total), low), high)
            found.append(done)
        return tuple(found)


def path_of(problem: ScheduleProblem) -> Path:
    """Return the bounds of a problem.

    Raises
    ------
    NoRouteError
        If the order does not fit into its intervals, or beyond its margin.
    """
    total = problem.quantity.atoms
    steps = tuple(min(max(each.quantity_max.atoms, 0), total) for each in problem.intervals)
    caps = [min(max(amount.atoms, 0), total) for amount in problem.margin_max]
    caps = caps or [total] * len(steps)
    if sum(steps) < total:
        raise NoRouteError(
            NoRouteReason.NO_LIQUIDITY,
            f"its {len(steps)} slices give {sum(steps)} of {total} atoms within the price limit;"
            " allow more time, a wider limit or less quantity",
        )
    if caps[-1] < total:
        raise NoRouteError(
            NoRouteReason.INSUFFICIENT_MARGIN,
            f"the accounts have room for {caps[-1]} of {total} atoms by the end;"
            " add cash or collateral, or order less",
        )
    # Nothing traded is given back, so a later bound binds before, too.
    caps = list(accumulate(reversed(caps), min))[::-1]
    most: list[int] = []
    least = [total]
    for step, cap in zip(steps, caps, strict=True):
        most.append(min(cap, (most[-1] if most else 0) + step))
    for step in reversed(steps[1:]):
        least.append(max(0, least[-1] - step))
    least.reverse()
    late = next((k for k in range(len(steps)) if least[k] > most[k]), None)
    if late is not None:
        raise NoRouteError(
            NoRouteReason.INSUFFICIENT_MARGIN,
            f"by slice {late + 1} the accounts have room for {most[late]} atoms, and no less than"
            f" {least[late]} must be done to end in time; allow more time, or add collateral",
        )
    return Path(tuple(least), tuple(most), steps)
