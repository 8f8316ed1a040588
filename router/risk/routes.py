"""Whether the hops of a route or network are what its leg says: nothing lost, nothing added."""

from collections.abc import Iterable

from router.domain.instrument import Instrument
from router.domain.plan import Hop, Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.units import Amount, AssetId, Side
from router.domain.verdict import Refused


def broken_route(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    """Return what is wrong with the first route that is not as planned; None if all are sound.

    Every hop is in a pool of the problem, the first ones take what the leg pays, all that comes in
    on the way is paid on, and what the last ones give is what the leg receives.
    """
    routes = {way.instrument.id: way for way in problem.ways}
    for leg in plan.legs:
        route = routes.get(leg.instrument.id)
        if route is None:
            fault = "has hops and is no route" if leg.hops else None
        else:
            fault = _fault(leg, {pool.instrument for pool in route.pools})
        if fault is not None:
            return Refused(NoRouteReason.SOLVER, f"{leg.instrument.id}: the leg {fault}")
    return None


def _fault(leg: Leg, pools: set[Instrument]) -> str | None:
    if any(hop.instrument not in pools for hop in leg.hops):
        return "has a hop in a pool that is not the route's"
    paid, received = (
        (leg.notional, leg.quantity) if leg.side is Side.BUY else (leg.quantity, leg.notional)
    )
    flows = _flows(leg.hops)
    if flows.pop(paid.asset, 0) != -paid.atoms:
        return f"pays {paid.atoms} atoms of {paid.asset}, and its hops do not"
    if flows.pop(received.asset, 0) != received.atoms:
        return f"receives {received.atoms} atoms of {received.asset}, and its hops do not"
    left = [Amount(asset, atoms) for asset, atoms in flows.items() if atoms]
    if left:
        return f"leaves {left[0].atoms} atoms of {left[0].asset} on the way"
    return None


def _flows(hops: Iterable[Hop]) -> dict[AssetId, int]:
    flows: dict[AssetId, int] = {}
    for hop in hops:
        flows[hop.paid.asset] = flows.get(hop.paid.asset, 0) - hop.paid.atoms
        flows[hop.received.asset] = flows.get(hop.received.asset, 0) + hop.received.atoms
    return flows
