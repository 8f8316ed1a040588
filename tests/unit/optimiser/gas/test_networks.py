from dataclasses import replace

import pytest

from router.domain.error import NoRouteError
from router.domain.plan import PlannedRoute, QuantityKind, RoutingProblem
from router.domain.units import Amount, Side
from router.optimiser.gas.search import cost_with_gas, used_pools, worth_their_gas
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.gas.instances import desk, order, priced
from tests.unit.optimiser.network_plans.nets import over_network, random_net
from tests.unit.optimiser.world import ETH, UNIT, USD, USDT, pool, random_problem


def in_base(made: RoutingProblem) -> RoutingProblem:
    if made.kind is QuantityKind.BASE:
        return made
    atoms = made.quantity.atoms * UNIT // (2_000 * USD)
    return replace(made, kind=QuantityKind.BASE, quantity=Amount(ETH.id, atoms))


def test_a_pool_of_a_network_that_gains_less_than_its_gas_is_dropped():
    pools = (
        pool("first", quote=USDT, fee_pips=100, spacing=1, depth_usd=2e7),
        pool("second", base=USDT, fee_pips=100, spacing=1, depth_usd=2e7),
        pool("small", base=USDT, fee_pips=100, spacing=1, depth_usd=2e5, seed=1),
    )
    made = over_network(pools, quantity=20.0, gas_usd=0.0)
    cheap, dear = desk(made), desk(priced(made, 20.0))
    names = [p.instrument.id for p in dear.market.pools]

    before = used_pools(cheap.full())
    after = used_pools(worth_their_gas(dear.full(), dear.solve))

    assert {names[i] for i in before} == {"first", "second", "small"}
    assert {names[i] for i in after} == {"first", "second"}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_chosen_never_costs_more_than_all(seed):
    at = desk(priced(in_base(random_net(seed)), 3.0))
    full = at.full()

    assert cost_with_gas(worth_their_gas(full, at.solve)) <= cost_with_gas(full)


def assert_verified(made: RoutingProblem) -> None:
    try:
        plan = solve(made)
    except NoRouteError:
        return
    certificate = plan.certificate

    assert certificate.gas
    assert certificate.lower_bound_with_gas <= certificate.rounded_cost
    broken = [c for c in verify_plan(PlannedRoute(made, plan)) if not c.holds]
    assert broken == []


@pytest.mark.parametrize("seed", range(3))
def test_the_cases_of_a_plan_over_a_network_are_verified(seed):
    assert_verified(priced(random_net(seed), 1.0))


@pytest.mark.parametrize("side", Side)
def test_the_cases_of_a_plan_over_pools_are_verified(side):
    assert_verified(order(8, count=6, gas_usd=3.0, usd=1e5, side=side, books=1))


@pytest.mark.parametrize("seed", range(4))
def test_the_cases_of_a_plan_that_rows_bind_are_verified(seed):
    assert_verified(priced(random_problem(seed, binding=True), 1.0))
