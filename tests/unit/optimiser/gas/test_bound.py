import math
import random
from dataclasses import replace

import pytest

from router.domain.certificate import GasBound
from router.domain.margin import MarginAccount
from router.domain.units import PICO_PER_UNIT, InstrumentId, Pico, Side
from router.optimiser.convex.certificate import Prices
from router.optimiser.gas.bound import Cases, prove_gas
from router.optimiser.gas.charged import chargeable
from router.optimiser.gas.search import cost_with_gas, worth_their_gas
from tests.unit.optimiser.gas.instances import Desk, choices, desk, merged_cost, order, priced
from tests.unit.optimiser.world import book, pool, problem, random_problem


def case(least: int, name: str | None = None) -> GasBound:
    return GasBound(least, None if name is None else InstrumentId(name), (), Pico(0))


def random_prices(rng: random.Random, demand: float, rows: list[int]) -> Prices:
    charged = tuple((row, Pico(rng.randrange(PICO_PER_UNIT // 100))) for row in rows)
    moved = demand + rng.gauss(0.0, 20e-4)
    return Prices((Pico(round(moved * PICO_PER_UNIT)),), charged)


@pytest.mark.parametrize("books", [0, 1])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("seed", range(4))
def test_a_bound_holds_for_any_price_of_the_order(seed, side, books):
    rng = random.Random(seed)
    accounts = ("chain:a", "chain:b")
    made = order(seed, count=5, gas_usd=3.0, usd=1e5, side=side, books=books, accounts=accounts)
    at = desk(made)
    full = at.full()
    cases = Cases(full.selection, full.scaled)
    costs = {pools: merged_cost(at, pools) for pools in choices(5)}
    names = [p.instrument.id for p in at.market.pools]

    for _ in range(30):
        prices = random_prices(rng, full.split.upper, [])
        for least in (1, 2, 3):
            cheapest = min(cost for pools, cost in costs.items() if len(pools) >= least)
            assert cases.bound(case(least), prices) <= cheapest
        for i, name in enumerate(names):
            assert cases.bound(case(1, name), prices) <= costs[(i,)]
        if books:
            assert cases.bound(case(0), prices) <= costs[()]


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_holds_for_any_multipliers_of_rows_every_plan_keeps(seed):
    rng = random.Random(seed)
    at = desk(priced(random_problem(seed, binding=True), 3.0))
    full = at.solve(at.all_pools)
    if full is None:
        return
    solved = [found for pools in choices(len(at.market.pools)) if (found := at.solve(pools))]
    least = min(cost_with_gas(found) for found in solved)
    cases = Cases(full.selection, full.scaled)
    rows = sorted(chargeable(full.scaled))

    for _ in range(20):
        prices = random_prices(rng, full.split.upper, rows)
        bounds = [cases.bound(case(1), prices)]
        if cases.has_books:
            bounds.append(cases.bound(case(0), prices))
        assert min(bounds) <= least + 1e-12


def test_cases_must_hold_every_plan():
    at = desk(order(1, count=3, gas_usd=3.0, usd=1e5, books=1))
    full = at.full()
    cases = Cases(full.selection, full.scaled)
    alone = [case(1, name) for name in cases.names]

    assert cases.covers([case(0), case(1)])
    assert cases.covers([case(0), *alone, case(2)])
    assert not cases.covers([case(1)])
    assert not cases.covers([case(0), case(2)])
    assert not cases.covers([case(0), *alone])
    assert not cases.covers([case(0), *alone[1:], case(2)])
    assert not cases.covers([case(0), *alone, case(3)])


def test_without_books_no_plan_is_without_pools():
    at = desk(order(1, count=3, gas_usd=3.0, usd=1e5))
    full = at.full()
    cases = Cases(full.selection, full.scaled)

    assert cases.covers([case(1)])
    assert cases.bound(case(0), Prices((Pico(0),), ())) == math.inf


def test_a_case_that_holds_no_plan_costs_more_than_anything():
    at = desk(order(1, count=1, gas_usd=3.0, usd=1e4))
    full = at.full()
    cases = Cases(full.selection, full.scaled)

    assert cases.bound(case(2), Prices((Pico(0),), ())) == math.inf
    assert cases.bound(case(1, "pool-99"), Prices((Pico(0),), ())) == math.inf


def test_margin_of_an_account_that_may_pass_by_reducing_proves_nothing():
    made = problem(quantity=10.0, pools=(pool(),), books=(book(position_lots=-50_000),))
    at = desk(replace(made, margins=(MarginAccount(made.margins[0].account, 10**12, 0),)))
    full = at.full()
    margin = next(r for r in range(full.scaled.n_rows) if full.scaled.name(r).startswith("margin"))
    cases = Cases(full.selection, full.scaled)

    assert margin not in chargeable(full.scaled)
    assert cases.bound(case(1), Prices((Pico(0),), ((margin, Pico(1)),))) == -math.inf
    assert math.isfinite(cases.bound(case(1), Prices((Pico(0),), ())))


def test_margin_of_an_account_without_positions_holds_for_every_plan():
    full = desk(problem(quantity=10.0, pools=(pool(),), books=(book(),))).full()

    assert chargeable(full.scaled) == frozenset(range(full.scaled.n_rows))


def cases_of(at: Desk) -> tuple[GasBound, ...]:
    full = at.full()
    return prove_gas(full, worth_their_gas(full, at.solve))


def test_pools_are_bounded_one_by_one_only_where_all_together_prove_too_little():
    large = cases_of(desk(order(4, count=10, gas_usd=0.05, usd=1e6)))
    small = cases_of(desk(order(2, count=10, gas_usd=0.05, usd=1e4)))

    assert [bound.pools_min for bound in large] == [1]
    assert sorted(bound.pools_min for bound in small) in ([1], [1] * 10 + [2])
    assert all(bound.pool is not None for bound in small if bound.pools_min == 1) or len(small) == 1
