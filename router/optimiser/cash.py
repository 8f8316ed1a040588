"""Orders that fix the cash: the quantity that exactly so much cash trades for.

The cash a plan moves rises with its quantity, so a bounded Newton search inside a bracket finds
it; `rounding` then makes the cash exact.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from router.domain.error import NoRouteError, SolverError
from router.domain.plan import BookCandidate, NoRouteReason
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import IsLate
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import most_filled
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem
from router.optimiser.market.market import Market, Selection, whole_curves
from router.optimiser.market.scaling import scale
from router.optimiser.refusal import HELD_TOLERANCE, refuse_accounts, rounded_down

Solver: TypeAlias = Callable[[ScaledProblem], Split | None]

_STEPS_MAX: Final = 40
TOLERANCE: Final = 1e-9  # of the cash; atoms are made whole by `rounding`
_FAR: Final = 1.5  # times the quantity at the arrival mid: more than the cash can be worth
_SAME: Final = 1e-14  # of the quantity: nearer ones are the same to a float
_SAFE: Final = 1.0 - 1e-4  # of the most that is found: whole atoms still fit
_TOO_LATE: Final = "time was up before a plan was found"
_EDGE: Final = 1e-8  # so near the most the accounts allow, the quantity is that


def solve_cash(
    selection: Selection,
    *,
    solver: Solver = solve_continuous,
    is_late: IsLate = lambda: False,
) -> tuple[ScaledProblem, Split]:
    """Return the problem at the quantity the order's cash trades for, and its certified split.

    Parameters
    ----------
    solver : Callable
        Splits a quantity that is tried.

    Raises
    ------
    NoRouteError
        If the markets or the accounts do not allow so much cash.
    SolverError
        If it was late before the quantity was found.
    """
    market = selection.market
    cash = ordered_cash(market)
    found = _search(selection, cash, solver=solver, is_late=is_late)
    most = 0.0 if found is None else moved(market, found[0].curves, found[1].shares)
    nearest = f"cash {rounded_down(most * _SAFE, market.pair.quote)}"
    check_cash(selection, cash, nearest=nearest)
    if found is not None and abs(cash - most) <= 2.0 * _EDGE * cash:
        return _in_whole_atoms(selection, found, solver=solver)
    if is_late():
        raise SolverError(_TOO_LATE)
    raise refuse_accounts(selection, scale(selection, cash / market.mid), nearest=nearest)


# The quantity the cash trades for, or the largest that markets and accounts allow.
def _search(
    selection: Selection, cash: float, *, solver: Solver, is_late: IsLate
) -> tuple[ScaledProblem, Split] | None:
    market = selection.market
    low, high = 0.0, min(sum(c.capacity for c in selection.curves), _FAR * cash / market.mid)
    quantity, is_bounded = min(cash / market.mid, high), False
    if high <= 0.0:
        return None
    best: tuple[ScaledProblem, Split] | None = None
    for _ in range(_STEPS_MAX):
        scaled = scale(selection, quantity)
        split = solve_within(scaled, solver=solver)
        if split is None:
            if is_late():
                raise SolverError(_TOO_LATE)
            # Asked only once accounts stand against it: it takes as long as several splits.
            high = quantity if is_bounded else quantity * most_filled(scaled)
            quantity = 0.5 * (low + high) if is_bounded else high * (1.0 - _EDGE)
            is_bounded = True
            if high - low <= _EDGE * high:
                break
            continue
        best = (scaled, split)
        missing = cash - moved(market, scaled.curves, split.shares)
        at_edge = high - quantity <= 2.0 * _EDGE * high
        if abs(missing) <= TOLERANCE * cash or (missing > 0.0 and at_edge):
            break
        low, high = (quantity, high) if missing > 0.0 else (low, quantity)
        newton = quantity + missing / marginal_cash(market, split, demand=0)
        quantity = newton if low < newton < high else 0.5 * (low + high)
    return best


def solve_within(scaled: ScaledProblem, *, solver: Solver) -> Split | None:
    """Return the certified split of a quantity that is tried; None also where it is undecided.

    So near to the most that accounts allow, it is within what is kept free for whole atoms.
    """
    try:
        return solver(scaled)
    except SolverError:
        return None


def moved(market: Market, curves: Sequence[ScaledCurve], shares: Floats) -> float:
    """Return the cash an order's shares move: pool fees inside, taker fees on top, [quote]."""
    problem = market.problem
    factors = [1.0] * (len(curves) - len(problem.books))
    factors += [_gross_up(market, book) for book in problem.books]
    total = 0.0
    for curve, share, factor in zip(curves, shares.tolist(), factors, strict=True):
        total += abs(curve.point.cost(min(share * curve.quantity, curve.curve.capacity))) / factor
    return total


def ordered_cash(market: Market) -> float:
    """Return the cash that an order fixes, [quote]."""
    return float(market.problem.quantity.atoms / 10.0**market.pair.quote.decimals)


def marginal_cash(market: Market, split: Split, *, demand: int) -> float:
    """Return about what one more unit of base moves; only guides a search."""
    price = split.multipliers[demand].value / PICO_PER_UNIT
    uncertainty = market.problem.uncertainty
    if uncertainty is not None:  # the price is of the tail, too, as often as that is weighed in
        price /= 1.0 + uncertainty.aversion_pips / PIPS_PER_UNIT
    return max(1.0 + market.sign * price, 0.1) * market.mid


# At the whole atoms of base below, so that a certificate can tell the quantity it is of.
def _in_whole_atoms(
    selection: Selection, found: tuple[ScaledProblem, Split], *, solver: Solver
) -> tuple[ScaledProblem, Split]:
    quantity, unit = found[0].curves[0].quantity, 10.0**selection.market.pair.base.decimals
    whole = math.floor(quantity * unit) / unit
    if whole <= 0.0 or quantity - whole <= _SAME * quantity:
        return found
    scaled = scale(selection, whole)
    split = solve_within(scaled, solver=solver)
    return found if split is None else (scaled, split)


def check_cash(selection: Selection, cash: float, *, nearest: str | None = None) -> None:
    """Refuse more cash than the markets move, or move within the limit price.

    Parameters
    ----------
    nearest : str | None
        What would do, if that is known.
    """
    market = selection.market
    within = _cash_held(market, selection.curves)
    if cash <= within * HELD_TOLERANCE:
        return
    held, quote = _cash_held(market, whole_curves(market)), market.pair.quote
    asked = rounded_down(cash, quote)
    if cash > held * HELD_TOLERANCE:
        reason = NoRouteReason.NO_LIQUIDITY
        told = f"all instruments together move {rounded_down(held, quote)}, {asked} asked"
    else:
        reason = NoRouteReason.LIMIT_PRICE
        left = rounded_down(within, quote)
        told = f"limit price leaves {left} of {asked}; trade less or widen it"
    raise NoRouteError(reason, f"{told}; nearest feasible {nearest}" if nearest else told)


# What changes hands if every curve is taken whole: pool fees inside, taker fees on top.
def _cash_held(market: Market, curves: Sequence[CostCurve]) -> float:
    books = market.problem.books
    factors = [1.0] * (len(curves) - len(books))
    factors += [_gross_up(market, book) for book in books]
    pairs = zip(curves, factors, strict=True)
    return sum(abs(float(c.cost(c.capacity))) / factor for c, factor in pairs)


# A buyer pays the taker fee on top of what changes hands, a seller out of it.
def _gross_up(market: Market, book: BookCandidate) -> float:
    return 1.0 + market.sign * book.instrument.fee_pips / PIPS_PER_UNIT
