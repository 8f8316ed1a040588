"""What a certificate proves, computed again from what it stores: no solver, nothing on trust.

Refuses to repair.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from router.domain.certificate import PartBound
from router.domain.error import CertificateError
from router.domain.plan import QuantityKind, Uncertainty
from router.domain.units import PICO_PER_UNIT
from router.optimiser.cash import moved, ordered_cash
from router.optimiser.convex.certificate import ROOM_TOLERANCE, lower_bound
from router.optimiser.convex.parts import holds_every_plan, part_of, underpaid
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.gas.bound import Cases
from router.optimiser.market.market import Selection
from router.optimiser.proof import prices_of
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import DepthCurve, depth_curves, outcomes
from router.optimiser.robust.outlook import Outlook, is_tail, outlook_of
from router.optimiser.robust.search import INCLUSION, read_tail
from router.optimiser.robust.views import views
from router.optimiser.told import Told

_TOLERANCE: Final = 1e-11  # of the notional: stored numbers are whole millionths of a millionth
_CASH_TOLERANCE: Final = 1e-6  # of an order's cash: what a split may move beside it
_ATOMS_MISSED: Final = 3.0  # of base: a quantity of whole atoms need not come nearer to its cash
_Bound: TypeAlias = Callable[[ScaledProblem, PartBound], float]


def check_upper(told: Told) -> str:
    """Evaluate the stored shares on the exact curves, and ask every row of their part.

    Raises
    ------
    CertificateError
        If they are no plan, or do not cost what is told.
    """
    certificate, scaled = told.certificate, told.scaled
    shares = _shares(told, scaled)
    cost = scaled.cost(shares)
    if told.uncertainty is not None:
        outlook, curves = _outlook(told, told.uncertainty)
        cost = outlook.worth(outcomes(scaled.curves, curves, shares, outlook=outlook))
    if not abs(cost - certificate.upper_bound / PICO_PER_UNIT) <= _TOLERANCE:
        raise CertificateError(f"the split costs {cost:.13f}, the certificate says otherwise")
    part = _part_of_plan(told)
    for share, curve in zip(shares.tolist(), part.curves, strict=True):
        if not -_TOLERANCE <= share <= curve.cap + ROOM_TOLERANCE:
            raise CertificateError(f"the share of {curve.name} is {share}, its cap {curve.cap}")
    excess = part.uses(shares) - part.rooms()
    if excess.size and not (worst := float(excess.max())) <= 2.0 * ROOM_TOLERANCE:
        name = part.name(int(np.argmax(excess)))
        raise CertificateError(f"the split goes beyond {name} by {worst:.3g}")
    if underpaid(part, shares) is not None:
        raise CertificateError("the split cannot bear the margin of the tiers it reaches")
    return "the split meets its rooms and costs what is told"


# The part that the plan lies in is told first, with the multipliers that say what binds.
def _part_of_plan(told: Told) -> ScaledProblem:
    certificate = told.certificate
    if not certificate.parts:
        raise CertificateError("the certificate must say in which part of the problem the plan is")
    if certificate.multipliers != certificate.parts[0].multipliers:
        raise CertificateError("the multipliers told are not those of the plan's part")
    return part_of(told.scaled, certificate.parts[0].assumptions)


# Of every curve once; each order's add up to it, and move its cash where it fixes that.
def _shares(told: Told, scaled: ScaledProblem) -> Floats:
    stored = {(s.order, s.curve): s.value / PICO_PER_UNIT for s in told.certificate.shares}
    names = [(scaled.demands[c.demand].name, c.name) for c in scaled.curves]
    if set(stored) != set(names) or len(told.certificate.shares) != len(names):
        raise CertificateError("the shares are not of the problem's curves")
    shares = np.array([stored[name] for name in names])
    for d, (demand, selection) in enumerate(zip(scaled.demands, told.selections, strict=True)):
        own = [i for i, curve in enumerate(scaled.curves) if curve.demand == d]
        total = float(shares[own].sum())
        if abs(total - demand.share) > ROOM_TOLERANCE:
            raise CertificateError(f"shares of {demand.name} sum to {total}, not {demand.share}")
        if selection.market.problem.kind is QuantityKind.CASH:
            cash = ordered_cash(selection.market)
            got = moved(selection.market, [scaled.curves[i] for i in own], shares[own])
            # Shares are stored in millionths of a millionth of the whole notional.
            stored_worth = len(own) * scaled.curves[own[0]].quantity * scaled.curves[own[0]].mid
            # A late split moves more cash than the best one, by no more than its gap.
            beside = _CASH_TOLERANCE + max(told.certificate.gap, 0) / PICO_PER_UNIT
            allowed = beside * cash + _atoms_worth(selection)
            if not abs(got - cash) <= allowed + stored_worth / PICO_PER_UNIT:
                raise CertificateError(f"the split of {demand.name} moves {got}, not {cash}")
    return shares


def check_lower(told: Told) -> str:
    """Compute every part's bound from its multipliers, and count that the parts hold every plan.

    Raises
    ------
    CertificateError
        If they prove less than is told.
    """
    certificate, scaled = told.certificate, told.scaled
    parts, bound_of = certificate.parts, _bound(told)
    for stored in parts:
        bound = bound_of(part_of(scaled, stored.assumptions), stored)
        if not stored.lower_bound / PICO_PER_UNIT <= bound + _TOLERANCE:
            raise CertificateError(
                f"multipliers of {_named(stored)} prove {bound:.13f}, not {stored.lower_bound}e-12"
            )
    if not holds_every_plan(scaled, parts):
        raise CertificateError("the parts bounded leave some plans out")
    if certificate.lower_bound > min(part.lower_bound for part in parts):
        raise CertificateError("the bound told is above that of a part")
    if certificate.lower_bound > certificate.upper_bound:
        raise CertificateError("the lower bound is above the upper")
    return f"{len(parts)} parts bounded again from their multipliers; they hold every plan"


# What whole atoms of base make of the cash, [quote].
def _atoms_worth(selection: Selection) -> float:
    market = selection.market
    return float(_ATOMS_MISSED * market.mid * 10.0**-market.pair.base.decimals)


# What a part's multipliers prove: of the cost, or of the outlook a robust plan was made for.
def _bound(told: Told) -> _Bound:
    if told.uncertainty is None:
        return lambda part, stored: lower_bound(part, prices_of(part, stored.multipliers))
    outlook, curves = _outlook(told, told.uncertainty)

    def bound(part: ScaledProblem, stored: PartBound) -> float:
        tail = read_tail(outlook, stored.multipliers)
        if not is_tail(outlook, tail):
            raise CertificateError("the weights of the tail are more than its scenarios have")
        own = [m for m in stored.multipliers if not m.row.startswith(f"{INCLUSION}:")]
        prices = prices_of(part, own)
        return robust_bound(part, curves, outlook, prices=prices, tail=tail).value

    return bound


def _outlook(told: Told, uncertainty: Uncertainty) -> tuple[Outlook, tuple[DepthCurve, ...]]:
    outlook = outlook_of(uncertainty)
    seen = views(told.scaled, told.selections)
    return outlook, depth_curves(told.scaled.curves, seen, outlook)


def check_gas(told: Told) -> str:
    """Compute the bound of every case of gas, and count that the cases hold every plan.

    Raises
    ------
    CertificateError
        If they prove less than is told.
    """
    certificate = told.certificate
    if not certificate.gas:
        return "no bound is told with gas; the one without it holds as well"
    if len(told.selections) > 1:
        raise CertificateError("a bound with gas is of one order, this is of several")
    if told.uncertainty is not None:
        raise CertificateError("a bound with gas is of the cost as seen, this plan is robust")
    (selection,), scaled = told.selections, told.seen
    cases = Cases(selection, scaled)
    for case in certificate.gas:
        bound = cases.bound(case, prices_of(scaled, case.multipliers))
        if not case.lower_bound / PICO_PER_UNIT <= bound + _TOLERANCE:
            name = case.pool or f"{case.pools_min} pools or more"
            raise CertificateError(
                f"multipliers of {name} prove {bound:.13f}, not {case.lower_bound}e-12"
            )
    if not cases.covers(certificate.gas):
        raise CertificateError("the cases of gas leave some plans out")
    return f"{len(certificate.gas)} cases bounded again with gas; they hold every plan"


def _named(part: PartBound) -> str:
    assumed = (f"{a.kind.value} {a.name}" for a in part.assumptions)
    return " and ".join(assumed) or "the whole problem"
