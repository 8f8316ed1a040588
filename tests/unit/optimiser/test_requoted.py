"""Legs of a plan quoted again: the same where nothing has moved, and honest where it has."""

from dataclasses import replace

import pytest

from router.domain.plan import NoRouteReason, QuantityKind
from router.domain.units import Side
from router.optimiser.exact.leg import total_cost
from router.optimiser.exact.requoted import keeps_bound, requoted
from router.optimiser.exact.trade import Trade
from tests.unit.optimiser.checks import solved
from tests.unit.optimiser.world import random_network, random_problem

SEEDS = range(30)


def plans(make):
    for seed in SEEDS:
        made = make(seed)
        plan = solved(made)
        if plan is not None:
            yield made, plan


@pytest.mark.parametrize("make", [random_network, random_problem], ids=["routes", "books"])
def test_on_its_own_state_a_plan_is_quoted_again_to_the_atom(make):
    seen = set()
    for made, plan in plans(make):
        trades = [requoted(made, leg) for leg in plan.legs]

        for leg, trade in zip(plan.legs, trades, strict=True):
            assert isinstance(trade, Trade), leg.instrument.id
            assert (trade.base, trade.quote) == (leg.quantity.atoms, leg.notional.atoms)
            assert keeps_bound(trade, leg)
            seen.add((bool(leg.hops), made.side, made.kind))
        assert total_cost(made, trades) == plan.cost.total

    if make is random_network:
        assert {(True, side, kind) for side in Side for kind in QuantityKind} <= seen


def test_a_market_that_is_gone_quotes_nothing():
    for made, plan in plans(random_network):
        gone = replace(made, pools=(), books=(), routes=(), networks=())

        assert {requoted(gone, leg) for leg in plan.legs} == {NoRouteReason.NO_VENUE}


def test_a_worse_pool_on_a_route_makes_the_leg_dearer():
    """Half the liquidity in every pool of a route: what it gives for the same is less."""
    compared = 0
    for made, plan in plans(random_network):
        thin = replace(made, routes=tuple(thinner(route) for route in made.routes))
        for leg in plan.legs:
            if not leg.hops:
                continue
            trade = requoted(thin, leg)
            if isinstance(trade, NoRouteReason):
                continue
            in_base = made.kind is QuantityKind.BASE
            now, then = (
                (trade.quote, leg.notional.atoms) if in_base else (trade.base, leg.quantity.atoms)
            )
            pays = (made.side is Side.BUY) is in_base
            assert now >= then if pays else now <= then
            compared += 1

    assert compared > 3


def thinner(route):
    def thin(pool):
        shown = pool.snapshot
        if hasattr(shown, "reserve0"):
            return replace(
                pool,
                snapshot=replace(shown, reserve0=shown.reserve0 // 2, reserve1=shown.reserve1 // 2),
            )
        return pool

    return replace(
        route,
        base_pools=tuple(thin(pool) for pool in route.base_pools),
        quote_pools=tuple(thin(pool) for pool in route.quote_pools),
    )
