"""Several orders at once, sharing cash and margin: baskets, and the two legs of a hedge.

One convex programme for all, so that what one order uses of an account is weighed against what
another would save with it. Whole lots and atoms are made order by order beside the others, and held
against every account together. Refuses orders that would trade one instrument twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import Final, TypeAlias

from router.domain.basket import BasketPlan
from router.domain.certificate import Certificate
from router.domain.error import OrderError, RoutingError, SolverError
from router.domain.plan import (
    BookCandidate,
    CostSplit,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import PICO_PER_UNIT, Amount
from router.optimiser.basket_cash import Sized, solve_quantities
from router.optimiser.cash import check_cash, ordered_cash
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort, IsLate
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.rooms import Rooms, Used, rooms_of
from router.optimiser.exact.rounding import Draft, provisional, round_shares
from router.optimiser.exact.single import singles
from router.optimiser.exact.trade import used_by
from router.optimiser.gas.search import Solved, worth_their_gas
from router.optimiser.market.market import Market, Selection, prepare, select
from router.optimiser.market.scaling import scale, scale_all
from router.optimiser.order import alone, base_atoms, cost_rate, route_plan, worst_cash
from router.optimiser.proof import certify
from router.optimiser.refusal import (
    check_candidates,
    check_liquidity,
    refuse_basket,
    refuse_rounding,
)
from router.optimiser.sharpen import has_network, proved_by_bounds
from router.optimiser.solve import accepted
from router.optimiser.whole import Books, in_whole_lots, with_lots_free

_PASSES: Final = 2  # over the orders, each beside what the others have become
_ROUNDING_MAX: Final = 10**7  # pico: 0.1 bp of the notional; more is worth another look
_Drafts: TypeAlias = tuple[Draft, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    selections: tuple[Selection, ...]
    quantities: tuple[float, ...]
    scaled: ScaledProblem
    split: Split

    # Each order's own part of the split.
    def orders(self) -> Iterator[Solved]:
        first = 0
        for k, (selection, quantity) in enumerate(
            zip(self.selections, self.quantities, strict=True)
        ):
            after = first + len(selection.chains) + len(selection.market.book_curves)
            shares = self.split.shares[first:after] / self.scaled.demands[k].share
            yield alone(selection, quantity, self.split, shares=shares)
            first = after

    # Every book with its curve.
    def books(self) -> Books:
        found: list[tuple[int, RoutingProblem, BookCandidate]] = []
        first = 0
        for selection in self.selections:
            problem, first = selection.market.problem, first + len(selection.chains)
            found += [(first + i, problem, book) for i, book in enumerate(problem.books)]
            first += len(problem.books)
        return found


def solve_basket(
    problems: Sequence[RoutingProblem], *, is_late: IsLate = lambda: False
) -> BasketPlan:
    """Return the cheapest plans found for orders that share accounts, with one proof for all.

    Parameters
    ----------
    problems : Sequence[RoutingProblem]
        Of one quote asset and no common instrument. They state the same scenarios and
        reservations, and the same of every account two of them name, where `elsewhere` is beyond
        the books of all.
    is_late : Callable
        As in `solve`.

    Raises
    ------
    NoRouteError
        If no plans keep the orders' limits and the accounts' rooms; says what binds.
    OrderError
        If the orders cannot be planned together, being of other accounts, quotes or scenarios.
    SolverError
        If no certificate within tolerance was found in the rounds allowed.
    """
    if not problems:
        raise OrderError("a basket must hold an order at least")
    effort = Effort(is_late=is_late)
    selections = _selections(problems)
    sized = solve_quantities(selections, effort=effort)
    if sized.split is None:
        bears = partial(_bears, problems, effort=effort)
        raise refuse_basket(selections, sized.scaled, bears=bears)
    full = _together(selections, sized, sized.split)
    split = accepted(full.split, effort)
    rooms = rooms_of(problems)
    chosen = _cheapest(full, rooms, effort)
    certificate = certify(
        full.scaled,
        split,
        rounded_cost=cost_rate(list(zip(problems, chosen, strict=True))),
        quantities=[
            base_atoms(selection.market, quantity)
            for selection, quantity in zip(selections, full.quantities, strict=True)
        ],
    )
    plans = tuple(_plans(full, chosen, certificate, rooms=rooms))
    cost = sum((plan.cost for plan in plans), CostSplit(0, 0, 0, 0))
    return BasketPlan(plans=plans, cost=cost, certificate=certificate)


def _selections(problems: Sequence[RoutingProblem]) -> tuple[Selection, ...]:
    selections = []
    for problem in problems:
        check_candidates(problem)
        if problem.is_robust:
            raise OrderError(
                "orders planned together are planned on the state as seen; set aversion to 0"
            )
        market = prepare(problem)
        selection = select(market, range(len(market.pools)))
        if problem.kind is QuantityKind.BASE:
            check_liquidity(selection, problem.quantity.atoms / 10.0**market.pair.base.decimals)
        else:
            check_cash(selection, ordered_cash(market))
        selections.append(selection)
    return tuple(selections)


def _together(selections: tuple[Selection, ...], sized: Sized, split: Split) -> _Together:
    scaled = sized.scaled
    if any(has_network(selection) for selection in selections):
        scaled, split = proved_by_bounds(selections, scaled, split)
    return _Together(selections, sized.quantities, scaled, split)


# Whether so large a part of every order is planned.
def _bears(problems: Sequence[RoutingProblem], part: float, *, effort: Effort) -> bool:
    fewer = [
        replace(p, quantity=Amount(p.quantity.asset, int(p.quantity.atoms * part)))
        for p in problems
    ]
    try:
        selections = _selections(fewer)
        sized = solve_quantities(selections, effort=effort)
        if sized.split is not None:
            _cheapest(_together(selections, sized, sized.split), rooms_of(fewer), effort)
    except RoutingError:
        return False
    return sized.split is not None


def _cheapest(full: _Together, rooms: Rooms, effort: Effort) -> _Drafts:
    found = [_rounded(full, rooms)]
    if not effort.is_late():
        found += [_rounded(other, rooms) for other in _fewer_pools(full, effort)]
    if not effort.is_late() and all(_rounds_badly(full, drafts) for drafts in found):
        splits = [*in_whole_lots(full.scaled, full.split, full.books(), effort=effort)]
        found += [_rounded(replace(full, split=split), rooms) for split in splits]
    whole = [drafts for drafts in found if not isinstance(drafts, NoRouteReason)]
    if not whole:
        free = with_lots_free(full.scaled, full.books(), effort=effort)
        last = found[0] if free is None else _rounded(replace(full, split=free), rooms)
        if isinstance(last, NoRouteReason):
            raise refuse_rounding(full.selections[0].market, last)
        whole.append(last)
    return _with_single(full, min(whole, key=_regret), rooms=rooms)


# Every order with the pools that would be worth their gas if it were alone.
def _fewer_pools(full: _Together, effort: Effort) -> Iterator[_Together]:
    selections = []
    for selection, quantity in zip(full.selections, full.quantities, strict=True):
        market = selection.market

        def solve_with(
            pools: tuple[int, ...], market: Market = market, quantity: float = quantity
        ) -> Solved | None:
            return _solved_alone(select(market, pools), quantity, effort=effort)

        own = solve_with(selection.pools) if market.problem.gas_fee_wei else None
        selections.append(selection if own is None else worth_their_gas(own, solve_with).selection)
    if all(s.pools == own.pools for s, own in zip(selections, full.selections, strict=True)):
        return
    scaled = scale_all(selections, full.quantities)
    split = _solved(scaled, effort)
    if split is not None:
        yield _Together(tuple(selections), full.quantities, scaled, split)


def _solved_alone(selection: Selection, quantity: float, *, effort: Effort) -> Solved | None:
    if effort.is_late() or (not selection.sources and not selection.market.problem.books):
        return None
    scaled = scale(selection, quantity)
    split = _solved(scaled, effort)
    return None if split is None else Solved(selection, scaled, split)


def _solved(scaled: ScaledProblem, effort: Effort) -> Split | None:
    try:
        return solve_continuous(scaled, effort=effort)
    except SolverError:
        return None


# Order by order beside the others, until all accounts bear all of them.
def _rounded(together: _Together, rooms: Rooms) -> _Drafts | NoRouteReason:
    orders = list(together.orders())
    problems = [order.selection.market.problem for order in orders]
    used = [provisional(o.selection, o.scaled, o.split.shares) for o in orders]
    drafts: list[Draft] = []
    broken: NoRouteReason | None = None
    for _ in range(_PASSES):
        drafts = []
        for k, order in enumerate(orders):
            beside = rooms.with_beside(_sum(used[:k] + used[k + 1 :]))
            found = round_shares(order.selection, order.scaled, order.split.shares, rooms=beside)
            if isinstance(found, NoRouteReason):
                return found
            used[k] = used_by(problems[k], found.trades)
            drafts.append(found)
        broken = rooms.broken(_sum(used))
        if broken is None:
            return tuple(drafts)
    return broken or tuple(drafts)


# A single instrument for an order, where that is cheaper than its split and the accounts agree.
def _with_single(full: _Together, chosen: _Drafts, *, rooms: Rooms) -> _Drafts:
    drafts = list(chosen)
    problems = [s.market.problem for s in full.selections]
    for k, selection in enumerate(full.selections):
        used = [used_by(p, d.trades) for p, d in zip(problems, drafts, strict=True)]
        others = _sum(used[:k] + used[k + 1 :])
        _, whole = singles(selection, rooms=rooms.with_beside(others))
        better = [d for d in whole if d.regret < drafts[k].regret]
        for draft in sorted(better, key=lambda d: d.regret):
            if rooms.broken(others + used_by(problems[k], draft.trades)) is None:
                drafts[k] = draft
                break
    return tuple(drafts)


def _plans(
    full: _Together, chosen: _Drafts, certificate: Certificate, *, rooms: Rooms
) -> Iterator[RoutePlan]:
    problems = [s.market.problem for s in full.selections]
    used = [used_by(p, d.trades) for p, d in zip(problems, chosen, strict=True)]
    for k, (problem, draft) in enumerate(zip(problems, chosen, strict=True)):
        beside = rooms.with_beside(_sum(used[:k] + used[k + 1 :]))
        venues, _ = singles(full.selections[k], rooms=beside)
        plan = route_plan(problem, draft, certificate, singles=venues, rooms=beside)
        # What the bounds of its legs may take is no longer there for those after it.
        used[k] = replace(used[k], cash=worst_cash(problem, plan.legs))
        yield plan


def _rounds_badly(full: _Together, drafts: _Drafts | NoRouteReason) -> bool:
    if isinstance(drafts, NoRouteReason) or any(draft.unfilled for draft in drafts):
        return True
    problems = [s.market.problem for s in full.selections]
    rate = cost_rate(list(zip(problems, drafts, strict=True)))
    return rate - full.split.upper * PICO_PER_UNIT > _ROUNDING_MAX


def _regret(drafts: _Drafts) -> int:
    return sum(draft.regret for draft in drafts)


def _sum(used: Sequence[Used]) -> Used:
    return reduce(add, used, Used())
