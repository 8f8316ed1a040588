"""Legs over a network held against their problem by the pools' own integers."""

import pytest

from router.domain.error import NoRouteError
from router.domain.plan import (
    Leg,
    NetworkCandidate,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import Rounding, Side
from router.liquidity.pool import pool_of, swap
from router.optimiser.solve import solve
from tests.unit.optimiser.world import (
    ETH,
    USD,
    USD_PRICE,
    USDC,
)


def ends(made: RoutingProblem) -> tuple[str, str]:
    """Return what is paid and what is received."""
    return (USDC.id, ETH.id) if made.side is Side.BUY else (ETH.id, USDC.id)


def is_exact_input(made: RoutingProblem) -> bool:
    return (made.side is Side.BUY) is (made.kind is QuantityKind.CASH)


def assert_network_leg(made: RoutingProblem, candidate: NetworkCandidate, leg: Leg) -> None:
    """Check a leg by the pools' own integers: every hop, what is on the way, and the fees."""
    pools = {p.instrument: p for p in candidate.pools}
    owned, wanted = ends(made)
    flows, fees = {owned: 0, wanted: 0}, {}
    assert len({hop.instrument.id for hop in leg.hops}) == len(leg.hops) > 1
    for hop in leg.hops:
        zero_for_one = (hop.paid.asset == hop.instrument.base.id) is hop.instrument.base_is_token0
        told = hop.paid.atoms if is_exact_input(made) else -hop.received.atoms
        state = pool_of(pools[hop.instrument].snapshot)
        done = swap(state, zero_for_one=zero_for_one, amount_specified=told)
        amounts = (done.amount0, -done.amount1) if zero_for_one else (done.amount1, -done.amount0)
        assert amounts == (hop.paid.atoms, hop.received.atoms)
        fees[hop.paid.asset] = fees.get(hop.paid.asset, 0) + done.fee_amount
        flows[hop.paid.asset] = flows.get(hop.paid.asset, 0) - hop.paid.atoms
        flows[hop.received.asset] = flows.get(hop.received.asset, 0) + hop.received.atoms
        # What comes in later cannot be paid on before.
        assert hop.paid.asset == owned or flows[hop.paid.asset] >= 0
    paid, received = leg.notional.atoms, leg.quantity.atoms
    if made.side is Side.SELL:
        paid, received = received, paid
    assert flows.pop(owned) == -paid
    assert flows.pop(wanted) == received
    assert not any(flows.values())
    worth = sum(10.0 ** -decimals(a) * USD_PRICE[a] * atoms for a, atoms in fees.items()) * USD
    assert leg.cost.fees == pytest.approx(worth, rel=0.02, abs=2.0)


def decimals(asset: str) -> int:
    return {"ETH": 18, "DAI": 18, "WBTC": 8}.get(asset, 6)


def assert_exact(made: RoutingProblem, plan: RoutePlan) -> None:
    in_base = made.kind is QuantityKind.BASE
    filled = sum((leg.quantity if in_base else leg.notional).atoms for leg in plan.legs)
    assert filled + plan.unfilled.atoms == made.quantity.atoms
    assert sum(leg.cost.total for leg in plan.legs) == plan.cost.total
    (candidate,) = made.networks
    for leg in plan.legs:
        if leg.instrument == candidate.instrument:
            assert_network_leg(made, candidate, leg)
        sign = 1 if made.side is Side.BUY else -1
        mid = made.arrival_mid.notional(leg.quantity, Rounding.DOWN).atoms
        price_part = leg.cost.impact + (leg.cost.fees if leg.limit_ticks is None else 0)
        assert 0 <= price_part - sign * (leg.notional.atoms - mid) <= 1


def solved(made: RoutingProblem) -> RoutePlan | None:
    try:
        return solve(made)
    except NoRouteError:
        return None
