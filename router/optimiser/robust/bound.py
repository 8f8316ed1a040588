"""The bound of the robust mode: from prices of demands and rows, and the weights of one tail.

For weights q of any tail, any prices alpha of the demands and any multipliers beta >= 0 of the
rows, with pi_k = p_k + a q_k, every plan that keeps the rows satisfies

    F(x) >= sum_k pi_k cost_k(x)
         >= sum_d alpha_d share_d - sum_r beta_r room_r + sum_k pi_k move_k
            + sum_c min over x_c of [ sum_k pi_k slip_c^k(x_c) + sum_r beta_r use_rc(x_c)
                                      + (1 + a) adder_c x_c - alpha_d(c) x_c ]

The first step is the definition of the tail, the second weak duality. Every minimum is of one
number and convex: two tangents beside it bound it from below, however it was found. Refuses to
trust a solver; its duals only choose which bound is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.certificate import Bend, Prices, bends_of, size_of
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.robust.depth import DepthCurve
from router.optimiser.robust.outlook import Outlook

_STEPS_MAX: Final = 200
_BISECTED: Final = 3  # of so many steps one halves the bracket; the others are secants
_NEGLIGIBLE: Final = 1e-9  # of the notional: what a minimum may lie below the best point found
_FLOAT_SLACK: Final = 1e-12  # of the numbers added up: what the evaluation itself may be off


@dataclass(frozen=True, slots=True)
class Bound:
    """A cost that no plan can beat, and where every curve is best at its prices."""

    value: float
    shares: tuple[float, ...]


def robust_bound(
    part: ScaledProblem,
    depths: Sequence[DepthCurve],
    outlook: Outlook,
    *,
    prices: Prices,
    tail: Sequence[Pico],
) -> Bound:
    """Return the bound that follows from prices and the weights of a tail."""
    masses = outlook.masses(tail)
    rooms = part.rooms()
    demands = zip(prices.demands, part.demands, strict=True)
    value = sum(price / PICO_PER_UNIT * demand.share for price, demand in demands)
    value -= sum(price / PICO_PER_UNIT * float(rooms[row]) for row, price in prices.rows)
    value += float(masses @ outlook.moves) - _FLOAT_SLACK * size_of(part, prices)
    shares = []
    charged = charges(part, prices, mass=1.0 + outlook.aversion)
    for curve, depth, bends in zip(part.curves, depths, charged, strict=True):
        share, least = _least(depth, bends, depth.of_depths(masses), cap=curve.cap)
        value += least
        shares.append(share)
    return Bound(value, tuple(shares))


def charges(part: ScaledProblem, prices: Prices, *, mass: float) -> list[list[Bend]]:
    """Return what prices charge every curve; its adder counts `mass` times.

    Slips weigh as they were seen, by the rows that bear them.
    """
    rows = {row: price / PICO_PER_UNIT for row, price in prices.rows}
    weights = [0.0] * len(part.curves)
    slopes = [mass * c.adder - prices.demands[c.demand] / PICO_PER_UNIT for c in part.curves]
    for row, cash in enumerate(part.cash):
        for c in cash.members:
            slopes[c] += rows.get(row, 0.0)
            weights[c] += rows.get(row, 0.0) if cash.pays_quote else 0.0
    bends = [[Bend(0.0, slope, weight)] for slope, weight in zip(slopes, weights, strict=True)]
    for first, account in zip(part.first_rows, part.accounts, strict=True):
        own = [(r, rows[first + r]) for r in range(len(account.names)) if first + r in rows]
        if not own:
            continue
        for member, c in enumerate(account.members):
            bends[c] = bends_of(account, own, member, after=bends[c][0], cap=part.curves[c].cap)
    return bends


# Where a curve is best, and a number that its charged cost is nowhere below: in the first straight
# part whose end is not better than its inside.
def _least(
    curve: DepthCurve, bends: Sequence[Bend], masses: Floats, *, cap: float
) -> tuple[float, float]:
    charged, best, weight = 0.0, _Minimum(0.0, 0.0, is_end=False), bends[0].weight
    depths = [float(masses[0]) + weight, *masses[1:].tolist()]
    for i, bend in enumerate(bends):
        end = bends[i + 1].start if i + 1 < len(bends) else cap
        if bend.weight > weight:
            more = bend.weight - weight
            charged -= curve.least_cost(bend.start, [more, *[0.0] * (len(depths) - 1)])
            depths[0], weight = depths[0] + more, bend.weight
        best = _minimum(curve, depths, bend.slope, between=(bend.start, end))
        charged += bend.slope * (best.share - bend.start)
        if not best.is_end:
            break
    return best.share, curve.least_cost(best.share, depths) + charged - best.under


# Where a straight part is best, and how far below that it may be nearby.
@dataclass(frozen=True, slots=True)
class _Minimum:
    share: float
    under: float
    is_end: bool


# Two tangents bound what lies between them; the flatter one does it better.
def _minimum(
    curve: DepthCurve, weights: Sequence[float], slope: float, *, between: tuple[float, float]
) -> _Minimum:
    low, high = curve.narrowed(between, weights, rate=-slope)
    falls = curve.least_rate(low, weights) + slope
    if falls >= 0.0 or high <= low:
        return _Minimum(low, 0.0, is_end=low >= between[1])
    rises = curve.least_rate(high, weights) + slope
    if rises <= 0.0:
        return _Minimum(high, 0.0, is_end=high >= between[1])
    for step in range(_STEPS_MAX):
        if min(-falls, rises) * (high - low) <= _NEGLIGIBLE:
            break
        middle = low - falls * (high - low) / (rises - falls)
        if step % _BISECTED == 0 or not low < middle < high:
            middle = 0.5 * (low + high)
        at = curve.least_rate(middle, weights) + slope
        if at < 0.0:
            low, falls = middle, at
        else:
            high, rises = middle, at
    share, flatter = (low, -falls) if -falls < rises else (high, rises)
    return _Minimum(share, flatter * (high - low), is_end=False)
