import itertools
import random

import numpy as np
import pytest

from router.optimiser.gas.choice import least_choice
from router.optimiser.gas.local import Search
from router.optimiser.gas.relaxed import Relaxed
from router.optimiser.gas.search import row_prices
from router.optimiser.gas.ways import gas_of, is_priced, ways_of, whole_ways
from router.optimiser.market.gas_price import gas_price_atoms
from tests.unit.optimiser.gas.instances import choices, desk, gas_cost, merged_cost, order, priced
from tests.unit.optimiser.world import MID, USD, USDT, pair, pool, problem, route


@pytest.mark.parametrize("least", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_no_choice_has_lower_tags(seed, least):
    rng = random.Random(seed)
    accounts = ("chain:a", "chain:b", "chain:c")
    at = desk(order(seed, count=6, gas_usd=3.0, usd=1e5, accounts=accounts))
    full = at.full()
    ways = ways_of(full.selection, full.scaled)
    net = np.array([rng.gauss(0.0, 2e-4) for _ in ways.ways])

    def total(used: tuple[int, ...]) -> float:
        begun = {ways.ways[i].transaction for i in used}
        return sum(net[i] for i in used) + sum(ways.transactions[t] for t in begun)

    found = least_choice(ways, net, least)

    expected = min(total(used) for used in choices(6) if len(used) >= least)
    assert len(found) >= least
    assert total(tuple(found)) == pytest.approx(expected, abs=1e-15)


def test_there_is_no_choice_of_more_ways_than_there_are():
    full = desk(order(1, count=3, gas_usd=3.0, usd=1e5)).full()
    ways = ways_of(full.selection, full.scaled)

    assert least_choice(ways, np.zeros(3), 4) == []


def test_gas_is_that_of_pools_and_of_one_transaction_for_each_chain():
    at = desk(order(2, count=5, gas_usd=3.0, usd=1e5, accounts=("chain:a", "chain:b")))
    full = at.full()
    ways = ways_of(full.selection, full.scaled)

    for used in choices(5):
        rate = gas_cost(at, used) / (at.quantity * MID)
        assert gas_of(full.selection, full.scaled, used) == pytest.approx(rate, rel=1e-12)
        assert ways.gas(used) == pytest.approx(rate, rel=1e-12)


def test_a_leg_is_charged_at_least_the_gas_that_choices_are_made_with():
    at = desk(order(2, count=3, gas_usd=0.05, usd=1e5))
    full = at.full()
    ways = ways_of(full.selection, full.scaled)
    (chain,) = at.made.chains

    for way in ways.ways:
        units = at.market.pools[way.pools[0]].gas_units
        atoms = way.gas * at.quantity * MID * USD
        charged = gas_price_atoms(at.made, chain, units)
        assert 0.0 <= charged - atoms * (1.0 - 1e-12) < 1.0


def test_gas_has_no_price_where_the_chain_has_none():
    assert not is_priced(desk(problem(pools=(pool(),), gas_usd=None)).market)
    assert not is_priced(desk(problem(pools=(pool(),), gas_usd=0.0)).market)
    assert is_priced(desk(problem(pools=(pool(),), gas_usd=0.1)).market)


def test_a_route_is_a_way_for_each_choice_of_pools_and_at_least_one_a_hop():
    hops = (
        (pool("a", quote=USDT, gas_units=100_000), pair("b", quote=USDT, gas_units=70_000)),
        (pool("c", base=USDT, gas_units=50_000), pair("d", base=USDT, gas_units=90_000)),
    )
    at = desk(priced(problem(quantity=10.0, routes=(route("via", *hops),)), 1.0))
    full = at.full()

    ways = ways_of(full.selection, full.scaled)
    (whole,) = whole_ways(full.selection, full.scaled).ways

    units = {100_000, 70_000, 50_000, 90_000}
    assert len(ways.ways) == 9
    assert {way.source for way in ways.ways} == {0}
    # 120,000 units are the cheapest pool of each hop; a dollar buys 100,000.
    assert whole.gas == pytest.approx(1.2 / 20_000.0, rel=1e-9)
    assert max(way.gas for way in ways.ways) == pytest.approx(sum(units) / 1e5 / 20_000.0, rel=1e-9)
    assert min(way.gas for way in ways.ways) == pytest.approx(whole.gas, rel=1e-12)


@pytest.mark.parametrize("books", [0, 2])
@pytest.mark.parametrize("seed", range(3))
def test_where_no_row_binds_a_choice_costs_what_its_curves_merged_cost(seed, books):
    at = desk(order(seed, count=5, gas_usd=3.0, usd=2e5, books=books))
    full = at.full()
    ways = ways_of(full.selection, full.scaled)
    prices, demand = row_prices(full.scaled, full.split)
    relaxed = Relaxed(full.scaled, ways, prices)

    for used in choices(5):
        if relaxed.carries(list(used)):
            cost, _ = relaxed.cost_of(list(used), demand)
            assert cost == pytest.approx(merged_cost(at, used), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_search_knows_bounds_every_choice(seed):
    at = desk(order(seed, count=6, gas_usd=3.0, usd=1e5))
    full = at.full()
    ways = ways_of(full.selection, full.scaled)
    prices, demand = row_prices(full.scaled, full.split)
    search = Search(Relaxed(full.scaled, ways, prices), demand)

    found = search.run()

    assert found[0].cost == min(choice.cost for choice in found)
    for size in range(1, 7):
        for used in itertools.combinations(range(6), size):
            assert search.at_least(frozenset(used)) <= merged_cost(at, used) + 1e-12
            assert search.lower <= merged_cost(at, used) + 1e-12
