"""An order planned on a snapshot as the engine would plan it, and nothing sent.

What comes of it depends on the snapshot and the order alone: live and from a file it is the same
plan. Beside a running desk its own world is planned in, too: markets that its switches close are
left out. What stops an order as a whole for now is no reason not to plan it: see `standing`.
Refuses what the limits and the accounts do not allow, with the engine's words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.compose.assembly import Assembly
from router.compose.dry_run.snapshots import venue_names
from router.domain.error import NoRouteError
from router.domain.event import EngineStarted
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason, RoutePlan, RoutingProblem
from router.domain.risk import Guards
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.snapshot import Snapshot
from router.domain.switch import of_market, strictest_of
from router.domain.units import InstrumentId
from router.domain.verdict import Refused
from router.execution import immediacy, progress
from router.gateway.order_request import OrderContext, parse_order
from router.gateway.quote_standing import LeftOut
from router.risk import controls, guards, inventory, switches
from router.risk import limits as risk
from router.risk.assessment import assess
from router.shell.solver_pool import Solver
from router.state.ledger import Ledger
from router.state.seen import observed, surveyed
from router.state.world import ParentState, World

_NO_JOURNAL: Final = "dry run"
_NAME: Final = "dry-run"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order's problem, and the world that its plan is checked in.

    Attributes
    ----------
    world : World
        As if nothing had been done before.
    left_out : tuple of LeftOut
        Markets of its pair that are not planned on, or not freely.
    """

    order: ParentOrder
    observation: Observation
    problem: RoutingProblem
    parent: ParentState
    world: World
    snapshot: Snapshot
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be done, and what it was planned on."""

    order: ParentOrder
    observation: Observation
    problem: RoutingProblem
    plan: RoutePlan
    parent: ParentState
    left_out: tuple[LeftOut, ...] = ()


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


def prepared(snapshot: Snapshot, order: ParentOrder, *, desk: World | None = None) -> Prepared:
    """Make the problem of an order.

    Parameters
    ----------
    desk : World, optional
        Of a running desk: what its children may take is left to them, what its switches close is
        left out, and funding is expected as it expects it.

    Raises
    ------
    NoRouteError
        If limits or controls are against it; carries the reason.
    StaleDataError
        If a market or an account it depends on was not read.
    """
    at, limits = snapshot.at, snapshot.limits
    fresh = _fresh(snapshot, order)
    parent = fresh.parents[order.id]
    _refuse(risk.check_parent(order, limits, at))
    _refuse(guards.refusal(fresh, order, at))
    world = _assessed(fresh, snapshot, order) if desk is None else _going_on(desk, order)
    scope = _scope(order, world)
    torn = immediacy.unkeepable(order, scope.markets)
    if torn is not None:
        raise NoRouteError(NoRouteReason.NO_VENUE, torn)
    seen = observed(snapshot, scope.observed, scope.accounts, quote=order.quote)
    fresh = replace(fresh, ledger=Ledger.from_accounts(seen.accounts))
    world = replace(world, ledger=world.ledger or fresh.ledger)
    guard = guards.look(world, order, seen, at=at)
    arrival = arrival_mid(scope, guards.priced(world, order, seen, at=at))
    _refuse(risk.check_notional(order, arrival, limits))
    told = controls.reference_of(fresh, order, seen, at=at)
    parent = replace(parent, arrival_mid=arrival, reference=told)
    _refuse(controls.market_refusal(fresh, parent, seen, at=at))
    in_flight = () if desk is None else desk.in_flight
    piece = sweep.Slice(order, order.quantity, arrival, scope, in_flight=in_flight, guards=guard)
    problem = sweep.build_problem(piece, seen, limits)
    return Prepared(
        order,
        seen,
        problem,
        replace(parent, problem=problem),
        fresh,
        snapshot,
        tuple(_left_out(world, order, guard, seen=seen)),
    )


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
    return DryRun(ready.order, ready.observation, problem, plan, ready.parent, ready.left_out)


# As if nothing had been done before: what is refused here, no waiting mends.
def _fresh(snapshot: Snapshot, order: ParentOrder) -> World:
    start = EngineStarted(
        journal_id=_NO_JOURNAL,
        instruments=snapshot.instruments,
        limits=snapshot.limits,
        build=snapshot.build,
        at=snapshot.at,
    )
    return World(started=start).with_parent(progress.new_parent(order))


# Where no desk assesses the accounts every moment, it is done now.
def _assessed(fresh: World, snapshot: Snapshot, order: ParentOrder) -> World:
    if fresh.limits.gate is None:
        return fresh
    seen = surveyed(snapshot, order.quote)
    report = assess(fresh, seen, epoch=fresh.epoch, at=snapshot.at)
    return replace(fresh, assessment=report.assessment)


# A desk's world with the order, as if it went on: all that stops it as a whole is told apart.
def _going_on(desk: World, order: ParentOrder) -> World:
    world = desk.with_parent(progress.new_parent(order))
    if switches.refusal(world, order) is not None:
        whole = {FIRM, Scope(ScopeKind.STRATEGY, order.strategy)}
        kept = {scope: each for scope, each in world.switches.items() if scope not in whole}
        world = replace(world, switches=kept)
    if not sweep.scope(order, switches.tradable(world, order), 0).markets:
        world = replace(world, switches={})
    return world


def _scope(order: ParentOrder, world: World) -> sweep.Scope:
    scope = sweep.scope(order, switches.tradable(world, order), 0)
    if not scope.markets:
        raise NoRouteError(NoRouteReason.NO_VENUE, sweep.nobody_trades(order))
    return scope


def _left_out(
    world: World, order: ParentOrder, guard: Guards, *, seen: Observation
) -> Iterator[LeftOut]:
    poor = inventory.left_out(world, seen)
    tradable = {i.id for i in switches.tradable(world, order)}
    asked = {*sweep.scope(order, world.configured, 0).observed}
    for instrument in (i for i in world.configured if i.id in asked):
        name, account = instrument.id, instrument.account
        if name not in tradable:
            yield LeftOut(name, _closed(world, order, name))
        elif name in guard.without:
            yield LeftOut(name, guard.without[name], of_account=name in poor)
        elif account in guard.reduces_only:
            yield LeftOut(name, f"it only reduces: {guard.reduces_only[account]}", of_account=True)


def _closed(world: World, order: ParentOrder, name: InstrumentId) -> str:
    market = world.instruments[name]
    found = strictest_of(world.switches, of_market(order.strategy, market.venue, market.account))
    assert found is not None, "a switch closes it"
    return switches.refused(found).message


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
