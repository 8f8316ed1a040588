"""An order planned on a snapshot as the engine would plan it, and nothing sent.

What comes of it depends on the snapshot and the order alone: live, in a running desk and from a
file it is the same plan. Refuses what the engine would refuse, with the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.compose.assembly import Assembly
from router.compose.snapshots import venue_names
from router.domain.error import NoRouteError
from router.domain.event import EngineStarted
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason, RoutePlan, RoutingProblem
from router.domain.snapshot import Snapshot
from router.domain.verdict import Refused
from router.execution import immediacy, progress
from router.gateway.order_request import OrderContext, parse_order
from router.risk import controls, guards
from router.risk import limits as risk
from router.risk.assessment import assess
from router.shell.solver_pool import Solver
from router.state.ledger import Ledger
from router.state.seen import observed, surveyed
from router.state.world import ChildState, ParentState, World

_NO_JOURNAL: Final = "dry run"
_NAME: Final = "dry-run"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order's problem, and the world that its plan is checked in."""

    order: ParentOrder
    observation: Observation
    problem: RoutingProblem
    parent: ParentState
    world: World
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be done, and what it was planned on."""

    order: ParentOrder
    observation: Observation
    problem: RoutingProblem
    plan: RoutePlan


def requested(snapshot: Snapshot, request: Mapping[str, str]) -> ParentOrder:
    """Make the order of a request, as of the snapshot's time.

    Raises
    ------
    OrderError
        If the request names something that cannot be.
    """
    context = OrderContext(
        assets={asset.id: asset for asset in snapshot.assets},
        venues=snapshot.names,
        limits=snapshot.limits,
        journal_id=_NO_JOURNAL,
        now=snapshot.at,
    )
    return parse_order({**request, "client_order_id": _NAME}, context)


def prepared(
    snapshot: Snapshot, order: ParentOrder, *, in_flight: tuple[ChildState, ...] = ()
) -> Prepared:
    """Make the problem of an order.

    Parameters
    ----------
    in_flight : tuple of ChildState
        Children of a running desk: what they may take is left to them.

    Raises
    ------
    NoRouteError
        If limits, switches or controls are against it; carries the reason.
    StaleDataError
        If a market or an account it depends on was not read.
    """
    at, limits = snapshot.at, snapshot.limits
    world = _world(snapshot, order)
    parent = world.parents[order.id]
    _refuse(risk.check_parent(order, limits, at))
    _refuse(guards.refusal(world, order, at))
    scope = sweep.scope(order, snapshot.instruments, 0)
    if not scope.markets:
        raise NoRouteError(NoRouteReason.NO_VENUE, sweep.nobody_trades(order))
    torn = immediacy.unkeepable(order, scope.markets)
    if torn is not None:
        raise NoRouteError(NoRouteReason.NO_VENUE, torn)
    seen = observed(snapshot, scope.observed, scope.accounts, quote=order.quote)
    world = replace(world, ledger=Ledger.from_accounts(seen.accounts))
    guard = guards.look(world, order, seen, at=at)
    arrival = arrival_mid(scope, guards.priced(world, order, seen, at=at))
    _refuse(risk.check_notional(order, arrival, limits))
    told = controls.reference_of(world, order, seen, at=at)
    parent = replace(parent, arrival_mid=arrival, reference=told)
    _refuse(controls.market_refusal(world, parent, seen, at=at))
    piece = sweep.Slice(order, order.quantity, arrival, scope, in_flight=in_flight, guards=guard)
    problem = sweep.build_problem(piece, seen, limits)
    return Prepared(order, seen, problem, replace(parent, problem=problem), world, snapshot)


async def planned(ready: Prepared, solver: Solver) -> DryRun:
    """Solve a prepared order, and check its plan as the engine does.

    Raises
    ------
    NoRouteError
        If no plan satisfies it; carries the reason.
    """
    problem = ready.problem
    plan = await solver.solve(problem)
    _refuse(plan if isinstance(plan, Refused) else None)
    assert isinstance(plan, RoutePlan), "what is not refused is a plan"
    verdict = risk.approve(problem, plan, ready.order.quantity)
    _refuse(verdict if isinstance(verdict, Refused) else None)
    _refuse(controls.plan_refusal(ready.world, ready.parent, plan, at=ready.snapshot.at))
    return DryRun(ready.order, ready.observation, problem, plan)


# As the engine would know it: what was done before is not, and the accounts are looked at now.
def _world(snapshot: Snapshot, order: ParentOrder) -> World:
    start = EngineStarted(
        journal_id=_NO_JOURNAL,
        instruments=snapshot.instruments,
        limits=snapshot.limits,
        build=snapshot.build,
        at=snapshot.at,
    )
    world = World(started=start).with_parent(progress.new_parent(order))
    if world.limits.gate is None:
        return world
    report = assess(world, surveyed(snapshot, order.quote), epoch=world.epoch, at=snapshot.at)
    return replace(world, assessment=report.assessment)


def order_context(assembly: Assembly, journal_id: str) -> OrderContext:
    """Return what orders are checked against."""
    return OrderContext(
        assets=assembly.config.assets,
        venues=venue_names(assembly),
        limits=assembly.config.limits,
        journal_id=journal_id,
        now=assembly.clock.now(),
    )


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        reason: NoRouteReason = refused.reason
        raise NoRouteError(reason, refused.message)
