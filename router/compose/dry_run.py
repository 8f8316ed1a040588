"""A slippage estimate before trading: read and planned as an order would be, nothing sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.compose.assembly import Assembly, connected, streaming
from router.domain.error import NoRouteError
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason, RoutePlan, RoutingProblem
from router.domain.units import NS_PER_S, DurationNs, VenueId
from router.domain.verdict import Refused
from router.gateway.order_request import OrderContext, parse_order
from router.risk import limits as risk
from router.shell.solver_pool import SolverPool

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
            _refuse(risk.check_parent(order, assembly.config.limits, clock.now()))
            scope = sweep.scope(order, assembly.instruments, 0)
            if not scope.markets:
                raise NoRouteError(NoRouteReason.NO_VENUE, sweep.nobody_trades(order))
            observation = await reader.observe(scope.observed, scope.accounts, quote=order.quote)
            arrival = arrival_mid(scope, observation)
            _refuse(risk.check_notional(order, arrival, assembly.config.limits))
            piece = sweep.Slice(order, order.quantity, arrival, scope)
            problem = sweep.build_problem(piece, observation, assembly.config.limits)
            plan = await solver.solve(problem)
    finally:
        solver.close()
    if isinstance(plan, Refused):
        raise NoRouteError(plan.reason, plan.message)
    verdict = risk.approve(problem, plan, order.quantity)
    _refuse(verdict if isinstance(verdict, Refused) else None)
    return DryRun(order, observation, problem, plan)


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
