"""The fast path: without cash and margin rows the cheapest split of an order needs one price.

Every source is filled until its next unit costs that price. If the answer also keeps every row
within its room it is the answer to the whole problem, proved with multipliers of zero.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np

from router.optimiser.convex.certificate import (
    Split,
    is_feasible,
    lower_bound,
    part_bound,
    to_prices,
)
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem

_STEPS_MAX: Final = 100  # either Newton's step or a bisection: the bracket always shrinks
_EXACT: Final = 1e-15  # of the order
_PRICE_NOISE: Final = 4e-15  # a rate is a price over the mid, less one: nearer are the same


def separable(scaled: ScaledProblem) -> tuple[Floats, Floats]:
    """Return the shares that cost least if no row existed, and the price of each demand.

    The curves of a demand together must hold it. Shapes (n_curves,) and (n_demands,).
    """
    shares, prices = np.zeros(len(scaled.curves)), np.zeros(len(scaled.demands))
    for d, demand in enumerate(scaled.demands):
        own = [c for c, curve in enumerate(scaled.curves) if curve.demand == d]
        found, price = filled([scaled.curves[c] for c in own], demand.share)
        shares[own], prices[d] = found, price
    return shares, prices


def filled(curves: Sequence[ScaledCurve], wanted: float) -> tuple[list[float], float]:
    """Return the cheapest shares of curves that sum to `wanted`, and the price of one more.

    Notes
    -----
    Supply jumps at the levels of books, so these are looked through first; between two of them it
    is smooth and concave in pieces, and Newton's step, kept inside the bracket, ends the search.
    """
    low, high, jumped = _bracket(curves, wanted)
    if jumped:
        below, above = _around(curves, high)
        return _mixed(below, above, wanted), high
    price = 0.5 * (low + high)
    for _ in range(_STEPS_MAX):
        supply = _supply(curves, price)
        missing = wanted - sum(supply)
        if abs(missing) <= _EXACT * wanted or high - low <= _PRICE_NOISE:
            break
        low, high = (price, high) if missing > 0.0 else (low, price)
        growing = (c for c, x in zip(curves, supply, strict=True) if x < c.cap)
        growth = sum(c.growth_inside(price - c.adder) for c in growing)
        newton = price + missing / growth if growth > 0.0 else low
        price = newton if low < newton < high else 0.5 * (low + high)
    below, above = _around(curves, price)
    return _mixed(below, above, wanted), price


def normalised(shares: Floats, scaled: ScaledProblem) -> Floats:
    """Return the shares meeting every demand to the last digit; the widest takes the dust."""
    pairs = zip(scaled.curves, shares.tolist(), strict=True)
    clipped = [min(max(share, 0.0), curve.cap) for curve, share in pairs]
    for d, demand in enumerate(scaled.demands):
        own = [c for c, curve in enumerate(scaled.curves) if curve.demand == d]
        rest = demand.share - sum(clipped[c] for c in own)
        rooms = [scaled.curves[c].cap - clipped[c] if rest > 0.0 else clipped[c] for c in own]
        widest = own[rooms.index(max(rooms))]
        clipped[widest] = min(max(clipped[widest] + rest, 0.0), scaled.curves[widest].cap)
    return np.array(clipped)


def solve_separable(scaled: ScaledProblem) -> Split | None:
    """Return the certified split, or None if a row stands against it."""
    shares, demands = separable(scaled)
    if not is_feasible(scaled, shares, rooms=scaled.kept_rooms()):
        return None
    return certified(scaled, shares, demands)


def certified(scaled: ScaledProblem, shares: Floats, demands: Floats) -> Split:
    """Return shares that no row stands against, with the bound of the demands' prices."""
    prices = to_prices(demands.tolist(), ())
    lower = lower_bound(scaled, prices)
    return Split(
        shares=shares,
        upper=scaled.cost(shares),
        lower=lower,
        parts=(part_bound(scaled, prices, lower=lower),),
        method="separable",
    )


# Prices between which the supply passes what is wanted, or the level of a book at which it jumps.
def _bracket(curves: Sequence[ScaledCurve], wanted: float) -> tuple[float, float, bool]:
    held = [c for c in curves if c.cap > 0.0]
    low = min(c.rate(0.0) + c.adder for c in held) - _PRICE_NOISE
    high = max(c.rate(c.cap) + c.adder for c in held) + _PRICE_NOISE
    levels = _levels(held, low=low, high=high).data
    place = bisect_left(
        levels, wanted, key=lambda price: sum(_supply(curves, price + _PRICE_NOISE))
    )
    if place < len(levels) and sum(_supply(curves, levels[place] - _PRICE_NOISE)) <= wanted:
        return low, levels[place], True
    low = levels[place - 1] if place > 0 else low
    high = levels[place] if place < len(levels) else high
    return low, high, False


def _levels(curves: Sequence[ScaledCurve], *, low: float, high: float) -> Floats:
    found = [np.zeros(0)]
    for c in curves:
        flat = np.isinf(c.curve.depth)
        if flat.any():
            roots = c.curve.root_start[flat]
            prices = c.curve.sign * roots * roots + c.curve.shift
            found.append(prices / c.mid - c.curve.sign + c.adder)
    levels = np.sort(np.concatenate(found))
    return levels[levels.searchsorted(low) : levels.searchsorted(high, "right")]


def _supply(curves: Sequence[ScaledCurve], price: float) -> list[float]:
    return [c.share_at(price - c.adder) for c in curves]


# Just below and just above a price: on either side of a level that is there.
def _around(curves: Sequence[ScaledCurve], price: float) -> tuple[list[float], list[float]]:
    return _supply(curves, price - _PRICE_NOISE), _supply(curves, price + _PRICE_NOISE)


# Between two supplies of nearly the same price, any mix costs the same.
def _mixed(below: list[float], above: list[float], wanted: float) -> list[float]:
    least, most = sum(below), sum(above)
    part = (wanted - least) / (most - least) if most > least else 0.0
    part = min(max(part, 0.0), 1.0)
    mixed = [b + part * (a - b) for b, a in zip(below, above, strict=True)]
    rest = wanted - sum(mixed)
    widest = max(range(len(mixed)), key=lambda c: above[c] - mixed[c] if rest > 0.0 else mixed[c])
    mixed[widest] = max(mixed[widest] + rest, 0.0)
    return mixed
