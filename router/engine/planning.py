"""From an order to children that may be signed: observe, solve, check. Pure."""

from dataclasses import replace

from router.algo import sweep
from router.domain.command import ReportParent, SolveRoute
from router.domain.event import (
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import OrderStatus, ParentOrder
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.engine import posting, quoted, resting, scheduling, sending, spreading
from router.engine.admission import (
    Step,
    end,
    fault_of,
    found,
    observe,
    rejected,
    settle,
)
from router.engine.preparing import Prepared, prepared
from router.execution import immediacy, progress
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
        return end(world, rejected(parent), fault, at=event.at)
    told = ReportParent(order.id, OrderStatus.NEW, "accepted")
    world, commands = scheduling.begin(world, parent, event.at)
    return world, (told, *commands)


def admitted(
    world: World, order: ParentOrder, at: TimestampNs
) -> tuple[World, Refused | str | None]:
    """Return the world with a new order, and what stands against it."""
    parent = progress.new_parent(order)
    world = world.with_parent(parent)
    fault: Refused | str | None = risk.check_parent(order, world.limits, at)
    fault = fault or guards.refusal(world, order, at)
    if fault is None:
        markets = sweep.scope(order, world.configured, 0).markets
        fault = immediacy.unkeepable(order, markets) if markets else sweep.nobody_trades(order)
    return world, fault


def observed(world: World, event: MarketObserved) -> Step:
    """Make the problem of a parent's next plan, and have it solved."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return resting.seen(world, parent, event)
    ready = prepared(world, parent, event)
    if not isinstance(ready, Prepared):
        return ready
    if spreading.is_due(parent):
        return spreading.asked(ready, parent)
    if ready.parent.order.as_quoted is not None:
        return quoted.observed(ready)
    waits = posting.posted(ready)
    if waits is not None:
        return waits
    problem = ready.problem()
    parent = replace(ready.parent, phase=Phase.SOLVING, problem=problem)
    return ready.world.with_parent(parent), (*ready.alarms, SolveRoute(problem))


def unobservable(world: World, event: ObservationFailed) -> Step:
    """End a parent whose markets could not be read."""
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return resting.unseen(world, parent, event.at)
    return scheduling.slice_over(world, parent, event.reason, at=event.at)


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
    verdict = risk.approve(parent.problem, event.plan, progress.slice_left(world, parent))
    if not isinstance(verdict, Refused):
        verdict = controls.plan_refusal(world, parent, event.plan, at=event.at) or verdict
    if isinstance(verdict, Refused):
        return _no_plan(world, parent, verdict, at=event.at)
    return sending.sent(world, parent, verdict, at=event.at)


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
    return scheduling.slice_over(world, replace(parent, problem=None), reason, at=at)
