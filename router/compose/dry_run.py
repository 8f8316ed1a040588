"""A slippage estimate before trading: read and planned as an order would be, nothing sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.compose.assembly import Assembly, connected, started, streaming
from router.domain.error import NoRouteError
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason, RoutePlan, RoutingProblem
from router.domain.units import NS_PER_S, DurationNs, VenueId
from router.domain.verdict import Refused
from router.execution import progress
from router.gateway.order_request import OrderContext, parse_order
from router.risk import controls, guards
from router.risk import limits as risk
from router.risk.assessment import assess
from router.shell.index_poll import IndexPoll
from router.shell.reader import Reader
from router.shell.solver_pool import SolverPool
from router.state.ledger import Ledger
from router.state.world import World

_NO_JOURNAL: Final = "dry run"
# Nothing trades on a dry run, and its solver starts cold: it may take its time.
_PLAN_WAIT: Final = DurationNs(60 * NS_PER_S)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be done, and what it was planned on."""

    order: ParentOrder
    observation: Observation
    problem: RoutingProblem
    plan: RoutePlan


async def dry_run(assembly: Assembly, request: Mapping[str, str]) -> DryRun:
    """Plan an order on fresh state.

    Raises
    ------
    OrderError
        If the request names something that cannot be.
    NoRouteError
        If no plan satisfies it; carries the reason.
    ConfigError, StaleDataError, VenueError
        If a venue is not what the configuration says, or does not answer.
    """
    clock = assembly.clock
    order = parse_order(request, order_context(assembly, _NO_JOURNAL))
    solver = SolverPool(_PLAN_WAIT, warm=False)
    reader = assembly.reader()
    try:
        async with connected(assembly), streaming(assembly, reader):
            world = await _world(assembly, reader, order)
            parent, limits = world.parents[order.id], world.limits
            _refuse(risk.check_parent(order, limits, clock.now()))
            _refuse(guards.refusal(world, order, clock.now()))
            scope = sweep.scope(order, assembly.instruments, 0)
            if not scope.markets:
                raise NoRouteError(NoRouteReason.NO_VENUE, sweep.nobody_trades(order))
            await IndexPoll(reader.indices, clock=clock, keep=reader.keep_prices).poll()
            observation = await reader.observe(scope.observed, scope.accounts, quote=order.quote)
            now = clock.now()
            world = replace(world, ledger=Ledger.from_accounts(observation.accounts))
            guard = guards.look(world, order, observation, at=now)
            arrival = arrival_mid(scope, guards.priced(world, order, observation, at=now))
            _refuse(risk.check_notional(order, arrival, limits))
            told = controls.reference_of(world, order, observation, at=now)
            parent = replace(parent, arrival_mid=arrival, reference=told)
            _refuse(controls.market_refusal(world, parent, observation, at=now))
            piece = sweep.Slice(order, order.quantity, arrival, scope, guards=guard)
            problem = sweep.build_problem(piece, observation, limits)
            plan = await solver.solve(problem)
    finally:
        solver.close()
    if isinstance(plan, Refused):
        raise NoRouteError(plan.reason, plan.message)
    verdict = risk.approve(problem, plan, order.quantity)
    _refuse(verdict if isinstance(verdict, Refused) else None)
    parent = replace(parent, problem=problem)
    _refuse(controls.plan_refusal(world, parent, plan, at=clock.now()))
    return DryRun(order, observation, problem, plan)


# As the engine would know it: what was done before is not, and the accounts are looked at now.
async def _world(assembly: Assembly, reader: Reader, order: ParentOrder) -> World:
    world = World(started=started(assembly, _NO_JOURNAL))
    world = world.with_parent(progress.new_parent(order))
    if world.limits.gate is None:
        return world
    survey = await reader.survey(order.quote)
    report = assess(world, survey, epoch=world.epoch, at=assembly.clock.now())
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


def venue_names(assembly: Assembly) -> tuple[VenueId, ...]:
    """Return what an order may restrict itself to: venues, chains, and families of pools."""
    families = (VenueId(i.protocol) for i in assembly.instruments if i.protocol)
    return tuple(dict.fromkeys((*assembly.venues, *families)))


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        reason: NoRouteReason = refused.reason
        raise NoRouteError(reason, refused.message)
