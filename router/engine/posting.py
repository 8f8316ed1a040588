"""A slice that waits at a perp book instead of being split: one leg, at a peg. Pure.

It passes the same gates as a plan of the optimiser. Refuses to post what a venue would not take, or
to choose a book by anything but its fee.
"""

from dataclasses import replace

from router.algo.iceberg import crosses
from router.domain.algo import Iceberg
from router.domain.certificate import Certificate
from router.domain.order import TimeInForce
from router.domain.plan import (
    BookCandidate,
    CostSplit,
    Leg,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    Pico,
    Pips,
    Rounding,
    Side,
    divide,
)
from router.domain.verdict import Refused
from router.engine import resting, scheduling, sending
from router.engine.admission import Step
from router.engine.pegging import target_ticks
from router.engine.preparing import Prepared
from router.execution import progress
from router.risk import controls
from router.risk import limits as risk
from router.state.world import Phase

_METHOD = "posted at one book, not split"


def posted(ready: Prepared) -> Step | None:
    """Post the slice of an order that waits; None where it goes to the optimiser like others."""
    algo, world, parent = ready.parent.order.algo, ready.world, ready.parent
    if not isinstance(algo, Iceberg):
        return None
    if crosses(algo, moves=resting.moves(world, parent), at=ready.at):
        return None
    problem = ready.problem()
    book = min(problem.books, key=_fee, default=None)
    if book is None:
        why = "no perp book of the pair can be used now; allow one, or wait"
        return _later(ready, Refused(NoRouteReason.NO_VENUE, why))
    problem = replace(problem, books=(book,), pools=(), routes=(), networks=())
    ticks = target_ticks(
        book.instrument,
        book.snapshot,
        problem.side,
        limit=problem.limit_price,
        behind=algo.offset_ticks,
        further=resting.refused_last(world, parent),
    )
    if ticks is None:
        why = f"{book.instrument.id}: nobody waits on that side, so there is no price to join"
        return _later(ready, Refused(NoRouteReason.NO_LIQUIDITY, why))
    leg = _leg(problem, book, ticks)
    if leg is None or leg.notional.atoms < book.instrument.notional_min_atoms:
        return _too_little(ready, book)
    return _sent(ready, problem, leg)


# A last rest that no book takes is swept; a display that is too small is a mistake.
def _too_little(ready: Prepared, book: BookCandidate) -> Step | None:
    world, parent = ready.world, ready.parent
    if progress.slice_left(world, parent) == progress.left(world, parent):
        return None
    why = (
        f"{book.instrument.id}: what is shown at once is below the venue's smallest order,"
        f" {book.instrument.notional_min_atoms} atoms of {book.instrument.quote.id};"
        " use a larger display"
    )
    return _later(ready, Refused(NoRouteReason.BELOW_MINIMUM, why))


def _sent(ready: Prepared, problem: RoutingProblem, leg: Leg) -> Step:
    world, at = ready.world, ready.at
    parent = replace(ready.parent, problem=problem)
    plan = _plan(problem, leg)
    verdict = risk.approve(problem, plan, progress.slice_left(world, parent))
    if not isinstance(verdict, Refused):
        verdict = controls.plan_refusal(world, parent, plan, at=at) or verdict
    if isinstance(verdict, Refused):
        return _later(ready, verdict)
    world, commands = sending.sent(
        world, parent, verdict, at=at, time_in_force=TimeInForce.POST_ONLY
    )
    parent = world.parents[parent.order.id]
    if parent.phase is not Phase.EXECUTING:
        return world, (*ready.alarms, *commands)
    world, timer = resting.unseen(world, parent, at)
    return world, (*ready.alarms, *commands, *timer)


def _later(ready: Prepared, reason: Refused) -> Step:
    world, commands = scheduling.slice_over(ready.world, ready.parent, reason, at=ready.at)
    return world, (*ready.alarms, *commands)


def _fee(book: BookCandidate) -> tuple[Pips, str]:
    return book.instrument.fee_pips, book.instrument.id


def _leg(problem: RoutingProblem, book: BookCandidate, ticks: int) -> Leg | None:
    instrument = book.instrument
    assert problem.kind is QuantityKind.BASE, "what waits at a book is told in its base"
    lots = problem.quantity.atoms // instrument.lot_atoms
    if book.quantity_max_lots is not None:
        lots = min(lots, book.quantity_max_lots)
    if lots < 1:
        return None
    buying, price = problem.side is Side.BUY, instrument.tick_price(ticks)
    against = Rounding.UP if buying else Rounding.DOWN
    quantity = Amount(instrument.base.id, lots * instrument.lot_atoms)
    cash = price.notional(quantity, against)
    at_mid = problem.arrival_mid.notional(quantity, Rounding.DOWN if buying else Rounding.UP)
    impact = cash.atoms - at_mid.atoms if buying else at_mid.atoms - cash.atoms
    fees = divide(cash.atoms * instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
    cost = CostSplit(impact=impact, fees=fees, gas=0, funding=0)
    return Leg(
        instrument=instrument,
        side=problem.side,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=cash,
        bound=cash,
        limit_ticks=ticks,
        cost=cost,
        slippage=Pips(_rate(problem, quantity, cost.total, unit=PIPS_PER_UNIT)),
    )


# Of the notional at the arrival mid, rounded against us.
def _rate(problem: RoutingProblem, quantity: Amount, cost: int, *, unit: int) -> int:
    mid = problem.arrival_mid
    return divide(cost * mid.base_atoms * unit, quantity.atoms * mid.quote_atoms, Rounding.UP)


def _plan(problem: RoutingProblem, leg: Leg) -> RoutePlan:
    rate = Pico(_rate(problem, leg.quantity, leg.cost.total, unit=PICO_PER_UNIT))
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=(leg,),
        unfilled=problem.quantity - leg.quantity,
        arrival_mid=problem.arrival_mid,
        block=None,
        cost=leg.cost,
        slippage=leg.slippage,
        singles=(),
        certificate=Certificate(rate, rate, rate, (), _METHOD),
    )
