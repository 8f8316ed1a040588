"""The joint solve: the programme's chords are refined where the answer lies, until it is proved.

Accounts whose orders only reduce positions pass without margin, which is not convex: such an
account is solved twice, with its margin row and reducing only, and the bound is the lower one.
"""

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from router.domain.error import SolverError
from router.optimiser.convex import programme
from router.optimiser.convex.certificate import (
    GAP_MAX,
    REDUCES,
    Prices,
    Split,
    cheapest,
    gap_allowed,
    is_feasible,
    lower_bound,
    multipliers,
    to_prices,
    without_rows,
)
from router.optimiser.convex.reach import FILL_TOLERANCE, enough
from router.optimiser.convex.scaled import Floats, ScaledCurve, ScaledProblem, tightened
from router.optimiser.convex.split import normalised, separable, solve_separable

_ROUNDS_MAX: Final = 24
_WIDTH_START: Final = 15e-4  # how far around the expected rate the first chords are dense
_WIDTH_MIN: Final = 1e-9
_NARROWER: Final = 0.15
_LADDER: Final = (np.arange(1, 6) / 5.0) ** 2
_BRANCHES_MAX: Final = 16
_ALL_ROWS: Final = "rows"  # the branch without accounts that only reduce


@dataclass(frozen=True, slots=True, eq=False)
class _Proof:
    shares: Floats
    upper: float
    lower: float
    prices: Prices


def solve_continuous(scaled: ScaledProblem) -> Split | None:
    """Return the certified split of shares, or None if cash or margin forbid every one.

    Raises
    ------
    SolverError
        If no certificate within 0.01 bp is found within the rounds allowed.
    """
    if sum(curve.cap for curve in scaled.curves) < 1.0 - FILL_TOLERANCE:
        return None
    fast = solve_separable(scaled)
    if fast is not None and fast.gap <= GAP_MAX:
        return fast
    found: list[tuple[str, ScaledProblem, _Proof]] = []
    for name, branch in _branches(scaled):
        proof = _solve_branch(branch)
        if proof is not None:
            found.append((name, branch, proof))
    if not found:
        return None
    found.sort(key=lambda item: item[2].upper)
    name, branch, best = found[0]
    method = "joint" if name == _ALL_ROWS else f"joint, {name}"
    named = multipliers(branch.rows, best.prices)
    for other, losing, proof in found[1:]:
        named += multipliers(losing.rows, proof.prices, branch=other)
    lower = min(proof.lower for _, _, proof in found)
    allowed = max(gap_allowed(branch, proof.prices) for _, branch, proof in found)
    return Split(best.shares, best.upper, min(lower, best.upper), named, method, allowed)


def _branches(scaled: ScaledProblem) -> list[tuple[str, ScaledProblem]]:
    choices: list[tuple[bool, ...]] = []
    nothing = scaled.use(np.zeros(len(scaled.curves)))
    for i, row in enumerate(scaled.rows):
        reduces = any(c.position < 0.0 for c in scaled.curves if c.row == i)
        either = row.is_margin and (reduces or nothing[i] > row.room)
        choices.append((False, True) if either else (False,))
    branches = []
    for choice in product(*choices):
        dropped = frozenset(i for i, drops in enumerate(choice) if drops)
        name = "+".join(f"{REDUCES}{scaled.rows[i].name}" for i in sorted(dropped)) or _ALL_ROWS
        branches.append((name, without_rows(scaled, dropped)))
    if len(branches) > _BRANCHES_MAX:
        raise SolverError(f"{len(branches)} margin branches are more than {_BRANCHES_MAX}")
    return branches


# None where the branch holds no plan.
def _solve_branch(scaled: ScaledProblem) -> _Proof | None:
    inner = tightened(scaled)
    reach = enough(inner)
    if reach is None:
        return None
    relaxed, demand = separable(scaled)
    best = _Proof(relaxed, math.inf, -math.inf, to_prices(demand, [0.0] * len(scaled.rows)))
    centre, shares = _rates(scaled, best.prices), relaxed
    width = np.full(len(scaled.curves), _WIDTH_START)
    for _ in range(_ROUNDS_MAX):
        points = _points(scaled, shares, centre=centre, width=width, reach=reach)
        answer = programme.solve(inner, points)
        if answer is None:
            break
        shares = normalised(answer.shares, scaled)
        prices = to_prices(answer.demand, answer.rows)
        best = _better(best, scaled, shares=shares, prices=prices)
        if best.upper - best.lower <= gap_allowed(scaled, best.prices):
            return best
        centre, width = _recentred(scaled, prices, centre=centre, width=width)
    raise SolverError(
        f"gap is {(best.upper - best.lower) * 1e4:.4f} bps, above {GAP_MAX * 1e4:.4f}, "
        f"after {_ROUNDS_MAX} rounds"
    )


def _better(best: _Proof, scaled: ScaledProblem, *, shares: Floats, prices: Prices) -> _Proof:
    lower = lower_bound(scaled, prices)
    if lower > best.lower:
        best = replace(best, lower=lower, prices=prices)
    upper = scaled.cost(shares)
    if upper < best.upper and is_feasible(tightened(scaled), shares):
        best = replace(best, shares=shares, upper=upper)
    return best


# Where each curve's units cost what the multipliers say one is worth.
def _rates(scaled: ScaledProblem, prices: Prices) -> Floats:
    rates = []
    for curve in scaled.curves:
        row = prices.rows[curve.row] / 1e12 if curve.row >= 0 else 0.0
        demand = prices.demand / 1e12
        share, _ = cheapest(curve, demand=demand, row=row)
        direction = 1.0 if curve.position + share > 0.0 else -1.0
        linear = curve.adder + row * (curve.row_linear + direction * curve.row_position)
        rates.append((demand - linear) / (1.0 + row * curve.row_cost))
    return np.array(rates)


def _recentred(
    scaled: ScaledProblem, prices: Prices, *, centre: Floats, width: Floats
) -> tuple[Floats, Floats]:
    following = _rates(scaled, prices)
    moved = np.abs(following - centre)
    narrower = np.maximum(width * _NARROWER, _WIDTH_MIN)
    return following, np.where(moved < width / 2.0, np.maximum(narrower, 2.0 * moved), 2.0 * moved)


def _points(
    scaled: ScaledProblem, shares: Floats, *, centre: Floats, width: Floats, reach: Floats
) -> Floats:
    rows = [
        _curve_points(curve, share=shares[c], centre=centre[c], width=width[c], reach=reach[c])
        for c, curve in enumerate(scaled.curves)
    ]
    return np.array(rows)


# Dense around the expected rate, then one chord to each end. The last answer and the most the
# account allows are among the points, so that no refinement loses a plan that was there.
def _curve_points(
    curve: ScaledCurve, *, share: float, centre: float, width: float, reach: float
) -> Floats:
    below = curve.share_below(np.concatenate(([centre], centre - width * _LADDER)))
    above = curve.share_at(np.concatenate(([centre], centre + width * _LADDER)))
    kink = -curve.position if curve.position < 0.0 else 0.0
    own = np.array([0.0, kink, share, reach, curve.cap])
    points = np.sort(np.clip(np.concatenate((own, below, above)), 0.0, curve.cap))
    assert points.size == programme.PIECES + 1
    return points
