"""A plan's proof checked from the problem alone: no solver, and nothing taken on trust.

Legs are quoted again by exact integers, the bounds are computed again from the stored multipliers,
and the parts are counted through: together they must hold every plan there is. Refuses to repair.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Final

from router.domain.error import CertificateError, RouterError
from router.domain.plan import BookCandidate, Leg, QuantityKind, RoutePlan, RoutingProblem
from router.domain.units import Rounding
from router.optimiser.bounds import check_gas, check_lower, check_upper
from router.optimiser.exact.atoms import keeps_limit
from router.optimiser.exact.leg import slippage, to_legs
from router.optimiser.exact.rooms import Used, rooms_of
from router.optimiser.exact.rounding import least_lots
from router.optimiser.exact.trade import Trade, ordered, used_by
from router.optimiser.market.market import Selection
from router.optimiser.order import newest_block, rate_of, worst_cash
from router.optimiser.robust.band import band, sent_worth
from router.optimiser.told import Planned, Told, told_by
from router.optimiser.traded import check_once, traded

_LEFT_PARTS: Final = 10_000  # of the order: what is less than one may be left by a drained pool
# What a forged plan may break of our arithmetic: it is not true of its problem then.
_FORGED: Final = (RouterError, ArithmeticError, LookupError, ValueError, AssertionError)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what came of it."""

    name: str
    holds: bool
    sentence: str


def verify_plan(planned: Planned) -> tuple[Check, ...]:
    """Check all that a plan and its certificate say, one thing whatever came of the others."""
    told = told_by(planned)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("legs", lambda: _check_legs(told)),
        ("order", lambda: _check_orders(told)),
        ("upper bound", lambda: check_upper(told)),
        ("lower bound", lambda: check_lower(told)),
        ("gas", lambda: check_gas(told)),
    ]
    return tuple(_run(name, check) for name, check in checks)


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, holds=True, sentence=check())
    except _FORGED as error:
        told = str(error) or f"the plan breaks the check itself: {type(error).__name__}"
        return Check(name, holds=False, sentence=told)


def _check_legs(told: Told) -> str:
    _check_plans(told)
    every = [leg for plan in told.plans for leg in plan.legs]
    check_once(every)
    pairs = list(zip(told.problems, told.plans, strict=True))
    trades = [traded(problem, plan.legs) for problem, plan in pairs]
    for selection, own in zip(told.selections, trades, strict=True):
        _check_limit(selection, own)
    again = _legs_again(told.problems, trades)
    for leg, made in zip(every, again, strict=True):
        if leg != made:
            raise CertificateError(f"{leg.instrument.id} quotes differently: {made}, told {leg}")
    used = [used_by(problem, own) for problem, own in zip(told.problems, trades, strict=True)]
    broken = rooms_of(told.problems).broken(reduce(add, used))
    if broken is not None:
        raise CertificateError(f"the accounts cannot bear the legs together: {broken.value}")
    for problem, plan, own in zip(told.problems, told.plans, trades, strict=True):
        if plan.block != newest_block(own):
            raise CertificateError(f"the plan of {problem.parent} is not of the block it names")
    return f"{len(again)} legs quoted again to the atom; every account bears them"


# A book's levels are quoted within the limit price; of pools, the last unit must keep it, too.
def _check_limit(selection: Selection, trades: Sequence[Trade]) -> None:
    sources = {source.instrument.id: source for source in selection.sources}
    for trade in trades:
        if isinstance(trade.candidate, BookCandidate):
            continue
        if not keeps_limit(sources[trade.instrument.id], trade):
            raise CertificateError(f"{trade.instrument.id} trades beyond the limit price")


# Order after order beside the others, as the plans were made: what the bounds of the earlier legs
# may take is not there for the bounds of the later ones.
def _legs_again(problems: Sequence[RoutingProblem], trades: Sequence[Sequence[Trade]]) -> list[Leg]:
    rooms, found = rooms_of(problems), list[Leg]()
    used = [used_by(problem, own) for problem, own in zip(problems, trades, strict=True)]
    for k, (problem, own) in enumerate(zip(problems, trades, strict=True)):
        others = reduce(add, used[:k] + used[k + 1 :], Used())
        legs = to_legs(problem, own, rooms=rooms.with_beside(others))
        used[k] = replace(used[k], cash=worst_cash(problem, legs))
        found += legs
    return found


def _check_plans(told: Told) -> None:
    if len(told.plans) != len(told.problems):
        raise CertificateError(f"{len(told.plans)} plans are told of {len(told.problems)} orders")
    for problem, plan in zip(told.problems, told.plans, strict=True):
        said = (plan.parent, plan.side, plan.arrival_mid)
        if said != (problem.parent, problem.side, problem.arrival_mid):
            raise CertificateError(
                f"the plan of {plan.parent} is not of the order {problem.parent}"
            )
        if plan.certificate != told.certificate:
            raise CertificateError(f"the plan of {plan.parent} carries another certificate")


def _check_orders(told: Told) -> str:
    _check_plans(told)
    for problem, plan in zip(told.problems, told.plans, strict=True):
        _check_order(problem, plan)
    whole = reduce(add, (plan.cost for plan in told.plans))
    if whole != told.cost:
        raise CertificateError(f"plans cost {whole}, together they are said to {told.cost}")
    rate = rate_of(
        whole.total,
        [(plan.arrival_mid, sum(leg.quantity.atoms for leg in plan.legs)) for plan in told.plans],
    )
    if told.uncertainty is not None:
        (selection,), (plan,) = told.selections, told.plans
        rate = sent_worth(plan.legs, selection, told.uncertainty)
    _check_band(told)
    if rate != told.certificate.rounded_cost:
        raise CertificateError(f"legs cost {rate}, the certificate says otherwise (1e-12)")
    return "legs and what is left add up to the order, and their costs to what is told"


# Networks were searched longer for a plan than who checks it does; baskets have no band.
def _check_band(told: Told) -> None:
    for problem, plan, selection in zip(told.problems, told.plans, told.selections, strict=True):
        if problem.uncertainty is None or problem.networks or len(told.plans) > 1:
            continue
        if plan.band != band(plan.legs, selection, problem.uncertainty):
            raise CertificateError("the band is not what the legs cost in the scenarios")


def _check_order(problem: RoutingProblem, plan: RoutePlan) -> None:
    filled = sum(ordered(problem, base=g.quantity.atoms, quote=g.notional.atoms) for g in plan.legs)
    if plan.unfilled.atoms < 0 or filled + plan.unfilled.atoms != problem.quantity.atoms:
        raise CertificateError(
            f"legs fill {filled} and leave {plan.unfilled.atoms} of {problem.quantity.atoms} atoms"
        )
    if plan.unfilled.asset != problem.quantity.asset:
        raise CertificateError(
            f"what is left is of {plan.unfilled.asset}, not of the order's asset"
        )
    if _base_left(problem, plan) > _left_at_most(problem):
        raise CertificateError(f"{plan.unfilled.atoms} atoms are left, more than a book's least")
    base = sum(leg.quantity.atoms for leg in plan.legs)
    if base <= 0 or any(leg.quantity.atoms <= 0 or leg.notional.atoms <= 0 for leg in plan.legs):
        raise CertificateError(f"the plan of {plan.parent} trades nothing")
    cost = reduce(add, (leg.cost for leg in plan.legs))
    if cost != plan.cost:
        raise CertificateError(f"legs cost {cost}, the plan says {plan.cost}")
    if slippage(problem, cost=cost.total, base=base) != plan.slippage:
        raise CertificateError(f"the plan's slippage is not {plan.slippage} pips")


def _base_left(problem: RoutingProblem, plan: RoutePlan) -> int:
    if problem.kind is QuantityKind.BASE:
        return plan.unfilled.atoms
    return problem.arrival_mid.quantity(plan.unfilled, Rounding.DOWN).atoms


# Less than a venue takes, or what the floats of a drained pool are off, stays over: [base atoms].
def _left_at_most(problem: RoutingProblem) -> int:
    least = (least_lots(problem, book) * book.instrument.lot_atoms for book in problem.books)
    if problem.kind is QuantityKind.BASE:
        ordered_base = problem.quantity.atoms
    else:
        ordered_base = problem.arrival_mid.quantity(problem.quantity, Rounding.UP).atoms
    return max([ordered_base // _LEFT_PARTS, *least])
