"""Bounds with gas of orders that fix the cash: with fewer pools less base is bought, more sold."""

from dataclasses import replace

import pytest

from router.domain.plan import PlannedRoute, QuantityKind
from router.domain.units import NATIVE, Amount, Price, Side
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.world import USD, USDC, pool, problem, random_network


# At so many dollars for 100,000 units of gas.
def at_gas(made, usd):
    price = Price(NATIVE, USDC.id, 2_000 * USD, 10**18)
    return replace(
        made,
        gas_fee_wei=round(usd / 2_000 * 10**13),
        chains=tuple(replace(chain, gas_price=price) for chain in made.chains),
    )


@pytest.mark.parametrize(("seed", "usd"), [(291, 30.0), (301, 30.0), (479, 3.0), (818, 3.0)])
def test_no_plan_as_sent_costs_less_than_the_bound_with_gas(seed, usd):
    made = at_gas(random_network(seed), usd)
    assert made.kind is QuantityKind.CASH

    plan = solve(made)

    assert plan.unfilled.atoms == 0
    assert plan.certificate.lower_bound_with_gas <= plan.certificate.rounded_cost
    assert all(check.holds for check in verify_plan(PlannedRoute(made, plan)))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("usd", [3.0, 30.0, 100.0])
def test_one_of_two_pools_alone_costs_no_less_than_the_bound_with_gas(side, usd):
    both = (pool(), pool("pool-b", seed=1))
    order = {"side": side, "kind": QuantityKind.CASH, "quantity": 40_000.0}
    told = solve(at_gas(problem(pools=both, **order), usd)).certificate

    for own in both:
        alone = solve(at_gas(problem(pools=(own,), **order), usd)).certificate
        assert told.lower_bound_with_gas <= alone.rounded_cost


def test_gas_above_the_cash_that_is_raised_has_a_bound():
    made = problem(
        side=Side.SELL, kind=QuantityKind.CASH, quantity=20.0, pools=(pool(), pool("pool-b"))
    )

    plan = solve(at_gas(made, 30.0))

    assert plan.unfilled == Amount(USDC.id, 0)
    assert 10**12 <= plan.certificate.lower_bound_with_gas <= plan.certificate.rounded_cost
