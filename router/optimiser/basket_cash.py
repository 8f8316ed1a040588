"""The quantities of several orders of which some fix the cash.

Each such order's quantity follows its own cash by Newton's method, all at once: what one order
moves hardly depends on the others. Refuses to round: the exact cash is made of atoms later.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from router.domain.error import SolverError
from router.domain.plan import QuantityKind
from router.optimiser.cash import TOLERANCE, marginal_cash, moved, ordered_cash, solve_within
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import most_filled
from router.optimiser.convex.scaled import Floats, ScaledProblem
from router.optimiser.market.market import Selection
from router.optimiser.market.scaling import scale_all
from router.optimiser.refusal import refuse_basket

_STEPS_MAX: Final = 40
_NEARLY: Final = 1.0 - 1e-8  # of what the accounts allow
_ENOUGH: Final = 1e-7  # of the cash: missing at the edge of what the accounts allow


def solve_quantities(
    selections: Sequence[Selection], *, effort: Effort
) -> tuple[tuple[float, ...], ScaledProblem, Split]:
    """Return each order's base, the problem of all of them and its certified split.

    Raises
    ------
    NoRouteError
        If the accounts do not bear the orders.
    SolverError
        If the cash is not met in the steps allowed.
    """
    quantities, low = np.array([_first_guess(s) for s in selections]), np.zeros(len(selections))
    solver = partial(solve_continuous, effort=effort)
    by_cash = np.array([s.market.problem.kind is QuantityKind.CASH for s in selections])
    best: tuple[Floats, ScaledProblem, Split] | None = None
    for _ in range(_STEPS_MAX):
        scaled = scale_all(selections, quantities.tolist())
        split = solve_within(scaled, solver=solver) if by_cash.any() else solver(scaled)
        if split is None:
            fewer = _fewer(scaled, quantities, low) if by_cash.any() else quantities
            if np.all(quantities - fewer <= (1.0 - _NEARLY) * quantities):
                break
            quantities = np.where(by_cash, fewer, quantities)
            continue
        best, low = (quantities, scaled, split), quantities
        steps, missing = _steps(selections, scaled, split)
        if np.all(np.abs(missing) <= TOLERANCE):
            break
        quantities = quantities + steps
    if best is None or np.any(_steps(selections, *best[1:])[1] > _ENOUGH):
        raise refuse_basket(selections, scale_all(selections, quantities.tolist()))
    if np.any(_steps(selections, *best[1:])[1] < -_ENOUGH):
        raise SolverError("the cash of the orders was not met in the steps allowed")
    return tuple(best[0].tolist()), best[1], best[2]


# Quantities that the accounts may bear: what they allow of these at first, then half the way back.
def _fewer(scaled: ScaledProblem, quantities: Floats, low: Floats) -> Floats:
    if np.any(low):
        return np.asarray(0.5 * (low + quantities))
    return quantities * (most_filled(scaled) * _NEARLY)


def _first_guess(selection: Selection) -> float:
    market = selection.market
    if market.problem.kind is QuantityKind.BASE:
        return float(market.problem.quantity.atoms / 10.0**market.pair.base.decimals)
    held = sum(curve.capacity for curve in selection.curves)
    return min(ordered_cash(market) / market.mid, held)


# What each order lacks: the base to add, and its share of the order's cash; zero where base is
# fixed.
def _steps(
    selections: Sequence[Selection], scaled: ScaledProblem, split: Split
) -> tuple[Floats, Floats]:
    steps, lacking = np.zeros(len(selections)), np.zeros(len(selections))
    first = 0
    for k, selection in enumerate(selections):
        market = selection.market
        after = first + len(selection.chains) + len(market.book_curves)
        if market.problem.kind is QuantityKind.CASH:
            cash = ordered_cash(market)
            missing = cash - moved(market, scaled.curves[first:after], split.shares[first:after])
            steps[k] = missing / marginal_cash(market, split, demand=k)
            lacking[k] = missing / cash
        first = after
    return steps, lacking
