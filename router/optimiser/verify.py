"""A plan's proof checked from the problem alone: no solver, and nothing taken on trust.

Legs are quoted again by exact integers, the bounds are computed again from the stored multipliers,
and the parts are counted through: together they must hold every plan there is. Refuses to repair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from router.domain.certificate import Certificate, PartBound
from router.domain.error import CertificateError
from router.domain.plan import (
    BookCandidate,
    Leg,
    NetworkCandidate,
    NoRouteReason,
    PlannedRoute,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutePlan,
    RoutingProblem,
    Uncertainty,
)
from router.domain.units import PICO_PER_UNIT, Rounding, divide
from router.optimiser.convex.certificate import ROOM_TOLERANCE, lower_bound
from router.optimiser.convex.parts import holds_every_plan, part_of
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.leg import to_legs
from router.optimiser.exact.network import requoted
from router.optimiser.exact.trade import (
    Swapped,
    Trade,
    book_trade,
    broken_account,
    pool_trade,
    swapped,
)
from router.optimiser.gas.bound import Cases
from router.optimiser.market.market import Selection, prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.proof import prices_of
from router.optimiser.robust.band import sent_worth
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import DepthCurve, depth_curves, outcomes
from router.optimiser.robust.outlook import Outlook, is_tail, outlook_of
from router.optimiser.robust.search import INCLUSION, read_tail
from router.optimiser.robust.views import views
from router.optimiser.sharpen import as_proved

_TOLERANCE: Final = 1e-11  # of the notional: stored numbers are whole millionths of a millionth
_Bound: TypeAlias = Callable[[ScaledProblem, PartBound], float]
_Candidate: TypeAlias = PoolCandidate | BookCandidate | RouteCandidate | NetworkCandidate


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what came of it."""

    name: str
    holds: bool
    sentence: str


def verify_plan(planned: PlannedRoute) -> tuple[Check, ...]:
    """Check all that a plan and its certificate say, one thing whatever came of the others."""
    problem, plan = planned.problem, planned.plan
    certificate = plan.certificate
    checks: list[tuple[str, Callable[[], str]]] = [
        ("legs", lambda: _check_legs(problem, plan)),
        ("order", lambda: _check_order(problem, plan)),
        ("upper bound", lambda: _check_upper(planned, _scaled(planned))),
        ("lower bound", lambda: _check_lower(planned, _scaled(planned))),
        ("gas", lambda: _check_gas(*_selected(planned), certificate)),
    ]
    return tuple(_run(name, check) for name, check in checks)


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, holds=True, sentence=check())
    except CertificateError as error:
        return Check(name, holds=False, sentence=str(error))


def _scaled(planned: PlannedRoute) -> ScaledProblem:
    selection, scaled = _selected(planned)
    return as_proved([selection], scaled, planned.plan.certificate)


def _selected(planned: PlannedRoute) -> tuple[Selection, ScaledProblem]:
    problem, certificate = planned.problem, planned.plan.certificate
    if len(certificate.quantities) != 1 or certificate.quantities[0] <= 0:
        raise CertificateError("the certificate must say for how much base it was made")
    market = prepare(problem)
    quantity = certificate.quantities[0] / 10.0**market.pair.base.decimals
    selection = select(market, range(len(market.pools)))
    return selection, scale(selection, quantity)


def _check_legs(problem: RoutingProblem, plan: RoutePlan) -> str:
    trades = [_traded(problem, leg) for leg in plan.legs]
    again = to_legs(problem, trades)
    for told, made in zip(plan.legs, again, strict=True):
        if told != made:
            raise CertificateError(f"{told.instrument.id} quotes differently: {made}, told {told}")
    broken = broken_account(problem, trades)
    if broken is not None:
        raise CertificateError(f"the accounts cannot bear the legs together: {broken.value}")
    return f"{len(again)} legs quoted again to the atom; every account bears them"


def _traded(problem: RoutingProblem, leg: Leg) -> Trade:
    name = leg.instrument.id
    amount = _ordered(problem, base=leg.quantity.atoms, quote=leg.notional.atoms)
    candidates: list[_Candidate] = [*problem.pools, *problem.books]
    candidates += [*problem.routes, *problem.networks]
    match next((c for c in candidates if c.instrument.id == name), None):
        case PoolCandidate() as pool:
            return _whole(name, pool_trade(problem, pool, amount=amount, kind=problem.kind))
        case BookCandidate() as book:
            lots = leg.quantity.atoms // book.instrument.lot_atoms
            return _whole(name, book_trade(problem, book, lots=lots))
        case NetworkCandidate() as network:
            return _whole(name, requoted(problem, network, leg.hops))
        case RouteCandidate() as route:
            return _routed(problem, leg, route)
        case None:
            raise CertificateError(f"{name} is in the plan and not among the candidates")


def _routed(problem: RoutingProblem, leg: Leg, route: RouteCandidate) -> Trade:
    return Trade(
        candidate=route,
        kind=problem.kind,
        base=leg.quantity.atoms,
        quote=leg.notional.atoms,
        fee=leg.cost.fees,
        gas_units=sum(_hop(problem, leg, pool) for pool in route.pools),
        hops=leg.hops,
    )


# What a pool of a route adds to the gas, after its hop was quoted again.
def _hop(problem: RoutingProblem, leg: Leg, pool: PoolCandidate) -> int:
    hop = next((h for h in leg.hops if h.instrument.id == pool.instrument.id), None)
    if hop is None:
        return 0
    amounts = {hop.paid.asset: hop.paid.atoms, hop.received.asset: hop.received.atoms}
    base, quote = (amounts[a.id] for a in (pool.instrument.base, pool.instrument.quote))
    amount = _ordered(problem, base=base, quote=quote)
    done = swapped(pool, problem.side, kind=problem.kind, amount=amount)
    if not isinstance(done, Swapped) or (done.base, done.quote) != (base, quote):
        raise CertificateError(f"{pool.instrument.id} quotes differently: {done}, told {hop}")
    return pool.gas_units


# What is filled of what the order fixes.
def _ordered(problem: RoutingProblem, *, base: int, quote: int) -> int:
    return base if problem.kind is QuantityKind.BASE else quote


def _whole(name: str, trade: Trade | NoRouteReason) -> Trade:
    if isinstance(trade, NoRouteReason):
        raise CertificateError(f"{name} cannot trade its leg: {trade.value}")
    return trade


def _check_order(problem: RoutingProblem, plan: RoutePlan) -> str:
    filled = sum(
        _ordered(problem, base=g.quantity.atoms, quote=g.notional.atoms) for g in plan.legs
    )
    if filled + plan.unfilled.atoms != problem.quantity.atoms:
        raise CertificateError(
            f"legs fill {filled} and leave {plan.unfilled.atoms} of {problem.quantity.atoms} atoms"
        )
    total = sum(leg.cost.total for leg in plan.legs)
    base, mid = sum(leg.quantity.atoms for leg in plan.legs), problem.arrival_mid
    if total != plan.cost.total:
        raise CertificateError(f"legs cost {total}, the plan says {plan.cost.total}")
    rate = divide(total * mid.base_atoms * PICO_PER_UNIT, base * mid.quote_atoms, Rounding.UP)
    if problem.is_robust:
        selection, _ = _selected(PlannedRoute(problem, plan))
        rate = sent_worth(plan.legs, selection, _uncertainty(problem))
    if rate != plan.certificate.rounded_cost:
        raise CertificateError(f"legs cost {rate}, the certificate says otherwise (1e-12)")
    return "legs and what is left add up to the order, and their costs to what is told"


def _check_upper(planned: PlannedRoute, scaled: ScaledProblem) -> str:
    certificate = planned.plan.certificate
    told = {(s.order, s.curve): s.value / PICO_PER_UNIT for s in certificate.shares}
    names = [(scaled.demands[c.demand].name, c.name) for c in scaled.curves]
    if set(told) != set(names):
        raise CertificateError("the shares are not of the problem's curves")
    shares = np.array([told[name] for name in names])
    totals = np.zeros(len(scaled.demands))
    np.add.at(totals, [c.demand for c in scaled.curves], shares)
    for total, demand in zip(totals.tolist(), scaled.demands, strict=True):
        if abs(total - demand.share) > ROOM_TOLERANCE:
            raise CertificateError(f"shares of {demand.name} sum to {total}, not {demand.share}")
    cost = scaled.cost(shares)
    if planned.problem.is_robust:
        outlook, curves = _outlook(planned, scaled)
        cost = outlook.worth(outcomes(scaled.curves, curves, shares, outlook=outlook))
    if abs(cost - certificate.upper_bound / PICO_PER_UNIT) > _TOLERANCE:
        raise CertificateError(f"the split costs {cost:.13f}, the certificate says otherwise")
    part = part_of(scaled, certificate.parts[0].assumptions)
    excess = part.uses(shares) - part.rooms()
    worst = int(np.argmax(excess))
    if excess[worst] > 2.0 * ROOM_TOLERANCE:
        raise CertificateError(f"the split goes beyond {part.name(worst)} by {excess[worst]:.3g}")
    return "the split meets its rooms and costs what is told"


def _check_lower(planned: PlannedRoute, scaled: ScaledProblem) -> str:
    certificate = planned.plan.certificate
    parts, bound_of = certificate.parts, _bound(planned, scaled)
    for told in parts:
        bound = bound_of(part_of(scaled, told.assumptions), told)
        if told.lower_bound / PICO_PER_UNIT > bound + _TOLERANCE:
            raise CertificateError(
                f"multipliers of {_named(told)} prove {bound:.13f}, not {told.lower_bound}e-12"
            )
    if not holds_every_plan(scaled, parts):
        raise CertificateError("the parts bounded leave some plans out")
    if certificate.lower_bound > min(part.lower_bound for part in parts):
        raise CertificateError("the bound told is above that of a part")
    return f"{len(parts)} parts bounded again from their multipliers; they hold every plan"


# What a part's multipliers prove: of the cost, or of the outlook a robust plan was made for.
def _bound(planned: PlannedRoute, scaled: ScaledProblem) -> _Bound:
    if not planned.problem.is_robust:
        return lambda part, told: lower_bound(part, prices_of(part, told.multipliers))
    outlook, curves = _outlook(planned, scaled)

    def bound(part: ScaledProblem, told: PartBound) -> float:
        tail = read_tail(outlook, told.multipliers)
        if not is_tail(outlook, tail):
            raise CertificateError("the weights of the tail are more than its scenarios have")
        own = [m for m in told.multipliers if not m.row.startswith(f"{INCLUSION}:")]
        prices = prices_of(part, own)
        return robust_bound(part, curves, outlook, prices=prices, tail=tail).value

    return bound


def _outlook(
    planned: PlannedRoute, scaled: ScaledProblem
) -> tuple[Outlook, tuple[DepthCurve, ...]]:
    selection, _ = _selected(planned)
    outlook = outlook_of(_uncertainty(planned.problem))
    return outlook, depth_curves(scaled.curves, views(scaled, [selection]), outlook)


def _check_gas(selection: Selection, scaled: ScaledProblem, certificate: Certificate) -> str:
    if not certificate.gas:
        return "nothing is said of gas: it has no price here"
    cases = Cases(selection, scaled)
    for case in certificate.gas:
        bound = cases.bound(case, prices_of(scaled, case.multipliers))
        if case.lower_bound / PICO_PER_UNIT > bound + _TOLERANCE:
            name = case.pool or f"{case.pools_min} pools or more"
            raise CertificateError(
                f"multipliers of {name} prove {bound:.13f}, not {case.lower_bound}e-12"
            )
    if not cases.covers(certificate.gas):
        raise CertificateError("the cases of gas leave some plans out")
    return f"{len(certificate.gas)} cases bounded again with gas; they hold every plan"


def _uncertainty(problem: RoutingProblem) -> Uncertainty:
    assert problem.uncertainty is not None, "only a robust plan is asked for its uncertainty"
    return problem.uncertainty


def _named(part: PartBound) -> str:
    assumed = (f"{a.kind.value} {a.name}" for a in part.assumptions)
    return " and ".join(assumed) or "the whole problem"
