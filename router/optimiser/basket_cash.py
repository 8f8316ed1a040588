"""The quantities of several orders of which some fix the cash.

Each such order's quantity follows its own cash by Newton's method, all at once: what one order
moves hardly depends on the others. Every quantity that is tried is one of whole atoms, so that the
proof of the last is of what a certificate can tell. Refuses to round: the exact cash is made of
atoms later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.error import SolverError
from router.domain.plan import QuantityKind
from router.optimiser.cash import TOLERANCE, marginal_cash, moved, ordered_cash
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import most_filled
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import Selection
from router.optimiser.market.scaling import scale_all
from router.optimiser.refusal import FILLED, HAIR

_STEPS_MAX: Final = 40
_NEARLY: Final = 1.0 - 1e-8  # of what the accounts allow
_ENOUGH: Final = 1e-7  # of the cash: missing at the edge of what the accounts allow
_ATOMS_MISSED: Final = 2.0  # of base: nearer to its cash a quantity of whole atoms need not come


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """Each order's base, the problem of all of them and its certified split.

    Attributes
    ----------
    split : Split | None
        None: the accounts do not bear the orders.
    """

    quantities: tuple[float, ...]
    scaled: ScaledProblem
    split: Split | None


def solve_quantities(selections: Sequence[Selection], *, effort: Effort) -> Sized:
    """Return the orders at the quantities that their cash trades for, split where they fit.

    Raises
    ------
    SolverError
        If the cash is not met in the steps allowed, or no split was found before it was late.
    """
    by_cash = np.array([s.market.problem.kind is QuantityKind.CASH for s in selections])
    first = quantities = _whole(selections, np.array([_first_guess(s) for s in selections]))
    best, low = Sized((), scale_all(selections, first.tolist()), None), np.zeros(len(selections))
    lacking = low
    for _ in range(_STEPS_MAX):
        scaled = scale_all(selections, quantities.tolist())
        split = _split(selections, quantities, scaled, effort=effort)
        if split is None:
            fewer = _fewer(scaled, quantities, low) if by_cash.any() else quantities
            following = np.where(by_cash, _whole(selections, fewer), quantities)
            if np.all(quantities - following <= (1.0 - _NEARLY) * quantities):
                break
        else:
            steps, lacking = _steps(selections, scaled, split)
            best, low = Sized(tuple(quantities.tolist()), scaled, split), quantities
            if np.all(np.abs(lacking) <= _near(selections, TOLERANCE)):
                break
            following = np.where(by_cash, _whole(selections, quantities + steps), quantities)
        if np.array_equal(following, quantities):
            break
        quantities = following
    near = _near(selections, _ENOUGH)
    if best.split is None or np.any(lacking > near):
        return Sized(tuple(first.tolist()), scale_all(selections, first.tolist()), None)
    if np.any(lacking < -near):
        raise SolverError("the cash of the orders was not met in the steps allowed")
    return best


# None also where it is undecided: so near to the most that accounts allow, it is within what is
# kept free for whole atoms.
def _split(
    selections: Sequence[Selection], quantities: Floats, scaled: ScaledProblem, *, effort: Effort
) -> Split | None:
    try:
        return solve_continuous(scaled, effort=effort)
    except SolverError:
        if effort.is_late():
            raise SolverError("time was up before a plan was found") from None
        if most_filled(scale_all(selections, (quantities * HAIR).tolist())) >= FILLED:
            raise
        return None


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


# Whole atoms below, one at least, where the cash is fixed.
def _whole(selections: Sequence[Selection], quantities: Floats) -> Floats:
    whole = quantities.copy()
    for k, selection in enumerate(selections):
        if selection.market.problem.kind is QuantityKind.CASH:
            unit = 10.0**selection.market.pair.base.decimals
            whole[k] = max(np.floor(quantities[k] * unit), 1.0) / unit
    return whole


# How near each order's cash is near enough, as its share: some atoms of base make no difference.
def _near(selections: Sequence[Selection], tolerance: float) -> Floats:
    return np.array([max(tolerance, _atom_share(s)) for s in selections])


def _atom_share(selection: Selection) -> float:
    market = selection.market
    if market.problem.kind is QuantityKind.BASE:
        return 0.0
    atom = 10.0**-market.pair.base.decimals * market.mid
    return float(_ATOMS_MISSED * atom / ordered_cash(market))


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
