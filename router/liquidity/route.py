"""Two markets one after the other as one cost curve: base for a middle token, that for quote.

Refuses shifted curves: a cost added to every unit of base or middle token is not of the form that
composes. Longer routes are compositions of compositions.
"""

from collections.abc import Callable

import numpy as np

from router.liquidity.curve import CostCurve, Floats, Places
from router.liquidity.oracle import LiquidityError


def compose(inner: CostCurve, outer: CostCurve) -> CostCurve:
    """Return the exact curve of a route: the outer market's cost of the inner market's cost.

    Parameters
    ----------
    inner : CostCurve
        Base priced in the middle token.
    outer : CostCurve
        The middle token priced in quote; of the same side.

    Raises
    ------
    LiquidityError
        If the sides differ or a curve is shifted.

    Notes
    -----
    A buyer of q base pays m = inner.cost(q) of the middle token and buys just that outside; a
    seller receives m = -inner.cost(q) and sells just that.

    Let both be within one segment, of depths D1 and D2, from roots a1 and a2 where both begin to
    roots r1 and r2. When buying, ``m = D1 * (r1 - a1)`` inside and ``m = D2 * (1/a2 - 1/r2)``
    outside, so ``1/r2 = 1/a2 - D1 * (r1 - a1) / D2``. The root of the route's price is s = r1 * r2,
    starting from s0 = a1 * a2, and

        1/s0 - 1/s = 1/(a1*a2) - 1/(r1*a2) + (D1/D2) * (1 - a1/r1)
                   = (1/a1 - 1/r1) * (1/a2 + a1 * D1/D2)
                   = q * (1/(a2 * D1) + a1/D2),

    for q = D1 * (1/a1 - 1/r1). That is the equation of a segment of depth D with ``1/D = 1/(a2 *
    D1) + a1/D2``. When selling, all differences change sign and the result is the same. A book
    level is the limit of infinite depth: one of the two terms is then zero, or both.

    Segments overlap in amounts of the middle token, so the route has a segment between any two
    neighbouring ends of either, at most as many as both together; it ends where either does.

    In floats ``compose(inner, outer).cost(q)`` is the outer cost of the inner cost up to 2 epsilon
    times (segments of both + 4) times what q costs at the route's highest marginal price.
    """
    if inner.side is not outer.side:
        raise LiquidityError("inner and outer must be curves of the same side")
    if inner.shift or outer.shift:
        raise LiquidityError("inner and outer must not be shifted to compose")
    paid = np.append(0.0, np.cumsum(inner.quantity * inner.root_start * inner.root_end))
    taken = np.append(0.0, np.cumsum(outer.quantity))
    ends = np.union1d(paid, taken)
    ends = ends[ends <= min(paid[-1], taken[-1])]
    a1, b1, depth1 = _within(inner, paid, ends, root_after=_root_paid)
    a2, b2, depth2 = _within(outer, taken, ends, root_after=_root_taken)
    inverse_depth = 1.0 / (a2 * depth1) + a1 / depth2
    flat = inverse_depth == 0.0
    return CostCurve(
        side=inner.side,
        root_start=a1 * a2,
        root_end=b1 * b2,
        depth=np.where(flat, np.inf, 1.0 / np.where(flat, 1.0, inverse_depth)),
        # The mean price of a segment is the product of its end roots.
        quantity=np.diff(ends) / (a1 * b1),
    )


# The roots where each part between two neighbouring `ends` begins and ends, and its depth. What the
# curve has moved of the middle token by the end of each of its own segments is in `moved`.
def _within(
    curve: CostCurve,
    moved: Floats,
    ends: Floats,
    *,
    root_after: Callable[[CostCurve, Places, Floats], Floats],
) -> tuple[Floats, Floats, Floats]:
    begin, end = ends[:-1], ends[1:]
    place = np.searchsorted(moved, begin, "right") - 1
    first = root_after(curve, place, begin - moved[place])
    last = root_after(curve, place, end - moved[place])
    whole = end == moved[place + 1]
    return first, np.where(whole, curve.root_end[place], last), curve.depth[place]


# Where the price of the first market stands after `amount` of the middle token within segments.
def _root_paid(curve: CostCurve, place: Places, amount: Floats) -> Floats:
    return _between(
        curve, place, curve.root_start[place] + curve.sign * amount / curve.depth[place]
    )


# Where that of the second stands.
def _root_taken(curve: CostCurve, place: Places, amount: Floats) -> Floats:
    start = curve.root_start[place]
    return _between(curve, place, start / (1.0 - curve.sign * amount * start / curve.depth[place]))


def _between(curve: CostCurve, place: Places, root: Floats) -> Floats:
    start, end = curve.root_start[place], curve.root_end[place]
    return np.clip(root, np.minimum(start, end), np.maximum(start, end))
