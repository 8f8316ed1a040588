"""How much of an order the accounts allow: where a refusal comes from, exactly.

Each source draws on one account, so the most that can be traded is the sum of what each account
allows alone. Refuses to weigh costs.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from router.optimiser.convex.scaled import Floats, Row, ScaledCurve, ScaledProblem

_POINTS: Final = 65
_ROUNDS: Final = 6  # each narrows 64 times: 1e-11 of the range in the end
FILL_TOLERANCE: Final = 1e-12  # of the order; atoms are made whole by `rounding`
_PRICE_MIN: Final = 1e-6
_PRICE_MAX: Final = 64.0  # far above any rate at which a unit of margin is used


def most(scaled: ScaledProblem) -> Floats | None:
    """Return the shares at which each account trades as much as it can, shape (n_curves,).

    None if an account cannot keep its room whatever it trades. The sum may be above 1.
    """
    shares = np.array([curve.cap for curve in scaled.curves])
    for i, row in enumerate(scaled.rows):
        own = [c for c, curve in enumerate(scaled.curves) if curve.row == i]
        if not own:
            continue
        found = _most_of_account([scaled.curves[c] for c in own], row)
        if found is None:
            return None
        shares[own] = found
    return shares


def enough(scaled: ScaledProblem) -> Floats | None:
    """Return shares within every room that sum to at least 1, or None; cheaper than `most`.

    Where the chains alone can carry the order, no book needs to be asked.
    """
    if least(scaled) > 1.0 + FILL_TOLERANCE:
        return None
    nothing = scaled.use(np.zeros(len(scaled.curves)))
    if all(nothing[i] <= row.room for i, row in enumerate(scaled.rows) if row.is_margin):
        spot = [c for c in scaled.curves if c.row >= 0 and not scaled.rows[c.row].is_margin]
        found = most(ScaledProblem(tuple(spot), scaled.rows))
        if found is not None and float(np.sum(found)) >= 1.0:
            return np.concatenate((found, np.zeros(len(scaled.curves) - len(spot))))
    every = most(scaled)
    if every is None or float(np.sum(every)) < 1.0 - FILL_TOLERANCE:
        return None
    return every


def least(scaled: ScaledProblem) -> float:
    """Return a sum of shares below which some account in breach stays in breach.

    Notes
    -----
    A bound by weak duality, as in `certificate`: trading less than it is proved not to suffice.
    """
    nothing = scaled.use(np.zeros(len(scaled.curves)))
    total = 0.0
    for i, row in enumerate(scaled.rows):
        own = [c for c in scaled.curves if c.row == i]
        if row.is_margin and own and nothing[i] > row.room:
            total += max(_least_of_account(own, row), 0.0)
    return total


def _least_of_account(curves: Sequence[ScaledCurve], row: Row) -> float:
    low, high, found = _PRICE_MIN, _PRICE_MAX, 0.0
    for _ in range(_ROUNDS):
        prices = np.geomspace(low, high, _POINTS)
        mixes = np.array([_best_at(curve, -prices) for curve in curves])
        bounds = mixes.sum(axis=0) + (_use(curves, mixes) - row.room) / prices
        best = int(np.argmax(bounds))
        found = max(found, float(bounds[best]))
        low, high = float(prices[max(best - 1, 0)]), float(prices[min(best + 1, _POINTS - 1)])
    return found


def _most_of_account(curves: Sequence[ScaledCurve], row: Row) -> Floats | None:
    low, high = _path_start(curves), np.array([c.cap for c in curves])
    if _use(curves, high[:, None])[0] <= row.room:
        return high
    if len(curves) > 1:
        low, high = _bracket_by_price(curves, row)
    return _last_within(curves, row, low=low, high=high)


# Where a single source uses least is found on the way; zero is always on its path.
def _path_start(curves: Sequence[ScaledCurve]) -> Floats:
    return np.zeros(len(curves))


# Several books of one account: for a price of a unit of share each book goes where share minus
# use is best, and the mixes met as the price rises are the ones that trade most for their use.
def _bracket_by_price(curves: Sequence[ScaledCurve], row: Row) -> tuple[Floats, Floats]:
    low, high = -_PRICE_MAX, _PRICE_MAX
    for _ in range(_ROUNDS + 2):
        prices = np.linspace(low, high, _POINTS)
        mixes = np.array([_best_at(curve, prices) for curve in curves])
        within = np.flatnonzero(_use(curves, mixes) <= row.room)
        last = int(within[-1]) if within.size else 0
        following = min(last + 1, _POINTS - 1)
        low, high = float(prices[last]), float(prices[following])
    mixes = np.array([_best_at(curve, np.array([low, high])) for curve in curves])
    return mixes[:, 0], mixes[:, 1]


def _best_at(curve: ScaledCurve, prices: Floats) -> Floats:
    kink = min(max(-curve.position, 0.0), curve.cap)
    rate = prices - curve.row_linear
    reducing = np.minimum(curve.share_at((rate + curve.row_position) / curve.row_cost), kink)
    adding = curve.share_at((rate - curve.row_position) / curve.row_cost)
    return np.where(adding > kink, adding, reducing)


# The use is convex along the way from `low` to `high`, so what is within the room is one stretch.
def _last_within(
    curves: Sequence[ScaledCurve], row: Row, *, low: Floats, high: Floats
) -> Floats | None:
    left, right = 0.0, 1.0
    found: float | None = None
    for _ in range(_ROUNDS):
        steps = np.linspace(left, right, _POINTS)
        used = _use(curves, low[:, None] + np.outer(high - low, steps))
        within = np.flatnonzero(used <= row.room)
        middle = int(within[-1]) if within.size else int(np.argmin(used))
        if within.size:
            found = float(steps[middle])
        before = middle if within.size else max(middle - 1, 0)
        left, right = float(steps[before]), float(steps[min(middle + 1, _POINTS - 1)])
    return None if found is None else low + found * (high - low)


def _use(curves: Sequence[ScaledCurve], shares: Floats) -> Floats:
    used: Floats = np.sum([c.use(x) for c, x in zip(curves, shares, strict=True)], axis=0)
    return used
