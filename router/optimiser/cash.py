"""Orders that fix the cash: the quantity that exactly so much cash trades for.

The cash a plan moves rises with its quantity, so a bounded Newton search inside a bracket finds
it; `rounding` then makes the cash exact.
"""

from collections.abc import Sequence
from typing import Final

from router.domain.error import NoRouteError
from router.domain.plan import BookCandidate, NoRouteReason
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import most_filled
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import Market, Selection, whole_curves
from router.optimiser.market.scaling import scale
from router.optimiser.refusal import HELD_TOLERANCE, refuse_accounts

_STEPS_MAX: Final = 40
_TOLERANCE: Final = 1e-9  # of the cash; atoms are made whole by `rounding`
_FAR: Final = 1.5  # times the quantity at the arrival mid: more than the cash can be worth
_EDGE: Final = 1e-8  # so near the most the accounts allow, the quantity is that


def solve_cash(selection: Selection) -> tuple[ScaledProblem, Split]:
    """Return the problem at the quantity the order's cash trades for, and its certified split.

    Raises
    ------
    NoRouteError
        If the markets or the accounts do not allow so much cash.
    """
    market = selection.market
    cash = _ordered_cash(market)
    _check_liquidity(selection, cash)
    capacity = sum(curve.capacity for curve in selection.curves)
    most = min(capacity, _FAR * cash / market.mid)
    low, high = 0.0, most_filled(scale(selection, most)) * most
    quantity = min(cash / market.mid, high)
    best: tuple[ScaledProblem, Split] | None = None
    for _ in range(_STEPS_MAX):
        if quantity <= 0.0:
            break
        scaled = scale(selection, quantity)
        split = solve_continuous(scaled)
        if split is None:
            high = quantity
            quantity = 0.5 * (low + high) if high - low > _EDGE * high else low
            continue
        best = (scaled, split)
        missing = cash - moved(market, scaled, split)
        if abs(missing) <= _TOLERANCE * cash or (missing > 0.0 and high - quantity < _EDGE * high):
            break
        low, high = (quantity, high) if missing > 0.0 else (low, quantity)
        newton = quantity + missing / _marginal(market, split)
        quantity = newton if low < newton < high else 0.5 * (low + high)
    if best is None:
        raise refuse_accounts(market, scale(selection, cash / market.mid))
    if cash - moved(market, *best) > 2.0 * _EDGE * cash:
        raise refuse_accounts(market, scale(selection, cash / market.mid))
    return best


def moved(market: Market, scaled: ScaledProblem, split: Split) -> float:
    """Return the cash a split moves: pool fees inside, taker fees on top, [quote]."""
    problem = market.problem
    factors = [1.0] * (len(scaled.curves) - len(problem.books))
    factors += [_gross_up(market, book) for book in problem.books]
    total = 0.0
    for curve, share, factor in zip(scaled.curves, split.shares, factors, strict=True):
        quantity = min(float(share) * curve.quantity, curve.curve.capacity)
        total += abs(float(curve.curve.cost(quantity))) / factor
    return total


def _ordered_cash(market: Market) -> float:
    return float(market.problem.quantity.atoms / 10.0**market.pair.quote.decimals)


# What one more unit of base moves; only guides the search.
def _marginal(market: Market, split: Split) -> float:
    demand = split.multipliers[0].value / PICO_PER_UNIT
    return max(1.0 + market.sign * demand, 0.1) * market.mid


def _check_liquidity(selection: Selection, cash: float) -> None:
    market = selection.market
    within = _cash_held(market, selection.curves)
    if cash <= within * HELD_TOLERANCE:
        return
    held = _cash_held(market, whole_curves(market))
    asset = market.problem.quantity.asset
    if cash > held * HELD_TOLERANCE:
        raise NoRouteError(
            NoRouteReason.NO_LIQUIDITY,
            f"all instruments together move {held:.6g} {asset}, {cash:.6g} asked; "
            f"nearest feasible cash {within:.6g} {asset}",
        )
    raise NoRouteError(
        NoRouteReason.LIMIT_PRICE,
        f"limit price leaves {within:.6g} of {cash:.6g} {asset}; trade less or widen it",
    )


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
