"""From an order to children that may be signed: observe, solve, check. Pure."""

from dataclasses import replace

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.domain.command import RaiseAlarm, ReportParent, SignChild, SolveRoute
from router.domain.error import NoRouteError
from router.domain.event import (
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import OrderStatus, ParentOrder
from router.domain.plan import NoRouteReason
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.engine.admission import (
    Step,
    activate,
    fault_of,
    found,
    observe,
    rejected,
    scope_of,
)
from router.engine.ending import finish, settle
from router.execution import nonces, progress
from router.execution.children import Dispatch, children_of, reduced_books
from router.execution.order_machine import new_child
from router.risk import controls, guards
from router.risk import limits as risk
from router.state.world import ParentState, Phase, World


def submitted(world: World, event: ParentSubmitted) -> Step:
    """Take an order in, or refuse it."""
    order = event.order
    if order.id in world.parents:
        return world, ()
    world, fault = admitted(world, order, event.at)
    parent = world.parents[order.id]
    if fault is not None:
        return finish(world, rejected(parent), fault, at=event.at)
    world, commands = activate(world, event.at)
    return world, (ReportParent(order.id, OrderStatus.NEW, "accepted"), *commands)


def admitted(
    world: World, order: ParentOrder, at: TimestampNs
) -> tuple[World, Refused | str | None]:
    """Return the world with a new order, and what stands against it."""
    parent = progress.new_parent(order)
    world = world.with_parent(parent)
    fault: Refused | str | None = risk.check_parent(order, world.limits, at)
    fault = fault or guards.refusal(world, order, at)
    if fault is None and not sweep.scope(order, world.configured, 0).markets:
        fault = sweep.nobody_trades(order)
    return world, fault


def observed(world: World, event: MarketObserved) -> Step:
    """Make the problem of a parent's next plan, and have it solved."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return world, ()
    order, at = parent.order, event.at
    fault = fault_of(world, parent, at)
    if fault is not None:
        return settle(world, parent, fault, at=at)
    scope = scope_of(world, parent, stage=parent.stage)
    guard = guards.look(world, order, event.observation, at=at)
    arrival = parent.arrival_mid
    if arrival is None:
        try:
            arrival = arrival_mid(scope, guards.priced(world, order, event.observation, at=at))
        except NoRouteError as error:
            why = controls.unproved_refusal(world, order, at) if guard.alarms else None
            reason = why or "; ".join((str(error), *guard.alarms))
            world, commands = settle(world, parent, reason, at=at)
            return world, (*(RaiseAlarm(each) for each in guard.alarms), *commands)
        gas_price = next((g.native_price for g in event.observation.gas), None)
        parent = replace(parent, arrival_mid=arrival, gas_price=gas_price)
    refused = risk.check_notional(order, arrival, world.limits) or controls.market_refusal(
        world, parent, event.observation, at=at
    )
    if refused is not None:
        return settle(world, parent, refused, at=at)
    told = controls.reference_of(world, order, event.observation, at=at)
    piece = sweep.Slice(order, progress.left(world, parent), arrival, scope, world.in_flight, guard)
    problem = sweep.build_problem(piece, event.observation, world.limits)
    parent = replace(parent, phase=Phase.SOLVING, problem=problem, reference=told)
    world = nonces.with_floor(world.with_parent(parent), event.observation)
    return world, (*(RaiseAlarm(each) for each in guard.alarms), SolveRoute(problem))


def unobservable(world: World, event: ObservationFailed) -> Step:
    """End a parent whose markets could not be read."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return world, ()
    return settle(world, parent, event.reason, at=event.at)


def solved(world: World, event: RouteSolved) -> Step:
    """Check a plan, and have the children of its first stage signed."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.SOLVING:
        return world, ()
    fault = fault_of(world, parent, event.at)
    if fault is not None:
        return settle(world, parent, fault, at=event.at)
    if parent.problem is None:
        return observe(world, parent)  # limits have changed since it was asked
    verdict = risk.approve(parent.problem, event.plan, progress.left(world, parent))
    if not isinstance(verdict, Refused):
        verdict = controls.plan_refusal(world, parent, event.plan, at=event.at) or verdict
    if isinstance(verdict, Refused):
        return _no_plan(world, parent, verdict, at=event.at)
    dispatch = Dispatch(
        order=parent.order,
        round=parent.round,
        nonces=world.nonces,
        lifetime=world.limits.child_lifetime,
        at=event.at,
        reduced=reduced_books(parent.problem),
    )
    orders = children_of(verdict, dispatch)
    torn = controls.all_conserved(world, orders)
    if torn is not None:
        broken = Refused(NoRouteReason.LIMIT_EXCEEDED, torn.message, torn)
        return settle(world, parent, broken, at=event.at)
    parent = replace(
        parent,
        phase=Phase.EXECUTING,
        problem=None,
        plans=(*parent.plans, event.plan),
        children=(*parent.children, *(o.id for o in orders)),
    )
    world = world.with_parent(parent)
    for order in orders:
        world = world.with_child(new_child(order))
    return world, tuple(SignChild(order) for order in orders)


def refused(world: World, event: RouteRefused) -> Step:
    """Plan a parent otherwise, or end it: there is no plan."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.SOLVING:
        return world, ()
    if parent.problem is None:
        return observe(world, parent)  # limits have changed since it was asked
    return _no_plan(world, replace(parent, problem=None), event.message, at=event.at)


def _no_plan(world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs) -> Step:
    # The rest may be impossible over the later venues alone, and possible over all of them.
    if parent.stage > 0 and progress.next_round(world, parent) is progress.Next.NEXT_ROUND:
        world, commands = observe(world, replace(parent, round=parent.round + 1, stage=0))
        return world, (*found(parent, reason), *commands)
    return settle(world, parent, reason, at=at)
