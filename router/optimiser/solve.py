"""The optimiser's entry: a `RoutingProblem` in, a certified `RoutePlan` out, or a refusal.

Pure and deterministic: the same problem gives the same plan, whatever was solved before.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from router.domain.error import NoRouteError, SolverError
from router.domain.plan import (
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
    SingleVenue,
)
from router.optimiser.cash import solve_cash
from router.optimiser.convex import programme
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort, IsLate
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.leg import to_legs
from router.optimiser.exact.rooms import Rooms, rooms_of
from router.optimiser.exact.rounding import Draft
from router.optimiser.exact.single import singles
from router.optimiser.gas.bound import prove_gas
from router.optimiser.gas.search import Solved, worth_their_gas
from router.optimiser.market.market import Market, Selection, prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.order import (
    base_atoms,
    by_one_source,
    cost_rate,
    drafts,
    rounds_badly,
    route_plan,
)
from router.optimiser.proof import certify
from router.optimiser.refusal import (
    check_candidates,
    check_liquidity,
    refuse_accounts,
    refuse_rounding,
    undecided,
)
from router.optimiser.robust.band import band, sent_worth
from router.optimiser.robust.solve import solve_robust
from router.optimiser.robust.views import views
from router.optimiser.sharpen import Found, sharpened
from router.optimiser.whole import Books, in_whole_lots, with_lots_free

LATE: Final = "stopped late"


def solve(problem: RoutingProblem, *, is_late: IsLate = lambda: False) -> RoutePlan:
    """Return the cheapest plan found, with the proof of how far it can be from the best.

    Parameters
    ----------
    is_late : Callable
        Once it is true, what was found so far is taken: its certificate tells the gap as it is,
        and its method that the search was stopped.

    Raises
    ------
    NoRouteError
        If no plan keeps the order's limits and the accounts' rooms; says what binds.
    SolverError
        If no certificate within tolerance was found in the rounds allowed, or no plan before it
        was late.
    """
    check_candidates(problem)
    market = prepare(problem)
    effort = Effort(is_late=is_late)
    full = _solve_all(market, effort)
    split = accepted(full.split, effort)
    quantity, rooms = full.scaled.curves[0].quantity, rooms_of([market.problem])

    def solve_with(pools: tuple[int, ...]) -> Solved | None:
        return None if is_late() else _solve_selection(market, pools, quantity, effort=effort)

    best = worth_their_gas(full, solve_with)
    found = _drafts(full, best, rooms=rooms, effort=effort)
    if isinstance(found[0], NoRouteReason) or found[0].unfilled:
        with_one = (solve_with(source.pools) for source in full.selection.sources)
        found += drafts((s for s in with_one if s is not None), rooms=rooms)
    venues, whole_alone = singles(full.selection, rooms=rooms)
    whole = [d for d in (*found, *whole_alone) if isinstance(d, Draft)]
    if not whole and is_late():
        raise SolverError("time was up before a plan in whole lots and atoms was found")
    if not whole:
        raise refuse_rounding(market, next(r for r in found if isinstance(r, NoRouteReason)))
    if problem.is_robust:
        return _robust_plan(full, split, whole, singles=venues, rooms=rooms)
    chosen = min(whole, key=lambda d: d.regret)
    certificate = certify(
        full.scaled,
        split,
        rounded_cost=cost_rate([(problem, chosen)]),
        quantities=(base_atoms(market, quantity),),
        gas=prove_gas(full, best),
    )
    plan = route_plan(market.problem, chosen, certificate, singles=venues, rooms=rooms)
    return _with_band(plan, full.selection)


def warm_up() -> None:
    """Load the solvers and compile the usual programmes, so that no order waits for it."""
    programme.warm_up()


def accepted(split: Split, effort: Effort) -> Split:
    """Return a split whose gap is small enough, or that says that there was no more time.

    Raises
    ------
    SolverError
        If the gap is too wide though there was time.
    """
    if split.gap <= split.gap_max:
        return split
    if effort.is_late():
        return replace(split, method=f"{split.method}, {LATE}")
    raise SolverError(f"gap is {split.gap * 1e4:.4f} bps, above {split.gap_max * 1e4:.4f}")


# The draft whose worth over the scenarios is best, with its band; a bound with gas is of the cost
# as it is seen, and says nothing of that worth.
def _robust_plan(
    full: Solved,
    split: Split,
    whole: Sequence[Draft],
    *,
    singles: Sequence[SingleVenue],
    rooms: Rooms,
) -> RoutePlan:
    market, uncertainty = full.selection.market, full.selection.market.problem.uncertainty
    assert uncertainty is not None, "a robust plan is of an uncertainty"
    legs = [to_legs(market.problem, d.trades, rooms=rooms) for d in whole]
    seen = _as_checked(full.selection)
    worths = [sent_worth(own, seen, uncertainty) for own in legs]
    place = min(range(len(whole)), key=lambda i: (whole[i].unfilled, worths[i]))
    certificate = certify(
        full.scaled,
        split,
        rounded_cost=worths[place],
        quantities=(base_atoms(market, full.scaled.curves[0].quantity),),
    )
    plan = route_plan(market.problem, whole[place], certificate, singles=singles, rooms=rooms)
    return _with_band(plan, full.selection)


# A network knows more of itself the longer it was searched; who checks a plan knows the problem.
def _as_checked(selection: Selection) -> Selection:
    market = selection.market
    return select(market, range(len(market.pools))) if market.networks else selection


def _with_band(plan: RoutePlan, selection: Selection) -> RoutePlan:
    uncertainty = selection.market.problem.uncertainty
    if uncertainty is None:
        return plan
    return replace(plan, band=band(plan.legs, selection, uncertainty))


# The certified split of least cost, or of least expected cost and tail.
def _split_of(selection: Selection, scaled: ScaledProblem, effort: Effort) -> Split | None:
    problem = selection.market.problem
    uncertainty = problem.uncertainty
    if uncertainty is None or not problem.is_robust:
        return solve_continuous(scaled, effort=effort)
    return solve_robust(scaled, uncertainty, views(scaled, [selection]), effort=effort)


def _solve_all(market: Market, effort: Effort) -> Solved:
    problem = market.problem
    selection = select(market, range(len(market.pools)))
    if problem.kind is QuantityKind.CASH:
        return _sharpened(selection, _solved_cash(selection, effort), effort)
    quantity = problem.quantity.atoms / 10.0**market.pair.base.decimals
    check_liquidity(selection, quantity)
    scaled = scale(selection, quantity)
    try:
        found = _split_of(selection, scaled, effort)
    except SolverError as error:
        raise undecided(selection, scaled, error, is_late=effort.is_late) from error
    if found is None:
        raise refuse_accounts(selection, scaled)
    return _sharpened(selection, (scaled, found), effort)


def _solved_cash(selection: Selection, effort: Effort) -> Found:
    return solve_cash(
        selection,
        solver=lambda scaled: _split_of(selection, scaled, effort),
        is_late=effort.is_late,
    )


def _sharpened(selection: Selection, found: Found, effort: Effort) -> Solved:
    quantity = found[0].curves[0].quantity

    def again(sharper: Selection) -> Found | None:
        try:
            if sharper.market.problem.kind is QuantityKind.CASH:
                return _solved_cash(sharper, effort)
            scaled = scale(sharper, quantity)
            split = _split_of(sharper, scaled, effort)
        except (NoRouteError, SolverError):
            return None
        return None if split is None else (scaled, split)

    return Solved(*sharpened(selection, found, again=again))


def _solve_selection(
    market: Market, pools: tuple[int, ...], quantity: float, *, effort: Effort
) -> Solved | None:
    selection = select(market, pools)
    if not selection.sources and not market.problem.books:
        return None
    scaled = scale(selection, quantity)
    try:
        split = _split_of(selection, scaled, effort)
    except SolverError:
        return None
    return None if split is None else Solved(selection, scaled, split)


# The split worth its gas first, then others, as far as whole lots and atoms make them needed.
def _drafts(
    full: Solved, best: Solved, *, rooms: Rooms, effort: Effort
) -> list[Draft | NoRouteReason]:
    tried = [best, full] if best is not full else [full]
    found = drafts([*tried, *by_one_source(full)], rooms=rooms)
    if effort.is_late():
        return found
    if rounds_badly(found[0], best):
        found += drafts((s for t in tried for s in _in_lots(t, effort)), rooms=rooms)
    if not any(isinstance(d, Draft) for d in found):
        found += drafts(_with_slack(tried, effort), rooms=rooms)
    return found


def _in_lots(solved: Solved, effort: Effort) -> list[Solved]:
    splits = in_whole_lots(solved.scaled, solved.split, _books(solved), effort=effort)
    return [Solved(solved.selection, solved.scaled, split) for split in splits]


def _with_slack(tried: Sequence[Solved], effort: Effort) -> list[Solved]:
    splits = [with_lots_free(s.scaled, _books(s), effort=effort) for s in tried]
    pairs = zip(tried, splits, strict=True)
    return [Solved(s.selection, s.scaled, split) for s, split in pairs if split is not None]


def _books(solved: Solved) -> Books:
    problem, first = solved.selection.market.problem, len(solved.selection.chains)
    return [(first + i, problem, book) for i, book in enumerate(problem.books)]
