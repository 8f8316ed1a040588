import math
import random
from dataclasses import replace

import pytest

from router.domain.plan import QuantityKind, RoutingProblem
from router.domain.units import Amount, Side
from router.optimiser.gas.bound import Cases, prove_gas
from router.optimiser.gas.search import cost_with_gas, used_pools, worth_their_gas
from router.optimiser.proof import prices_of
from tests.unit.optimiser.gas.instances import (
    GAS_USD,
    ORDERS_USD,
    Desk,
    choices,
    desk,
    merged_cost,
    order,
    priced,
)
from tests.unit.optimiser.world import (
    ETH,
    MID,
    UNIT,
    USD,
    USDC,
    pool,
    problem,
    random_network,
    random_problem,
)

PICO = 1e12
EQUAL = 1e-9  # of the notional
BPS = 1e4
CELLS = [(gas, usd) for gas in GAS_USD for usd in ORDERS_USD]


def found_and_bound(at: Desk) -> tuple[float, float, float]:
    """Return what the search found costs, the least bound of the cases, and the split's own gap."""
    full = at.full()
    best = worth_their_gas(full, at.solve)
    bounds = prove_gas(full, best)
    assert Cases(full.selection, full.scaled).covers(bounds)
    bound = min(b.lower_bound for b in bounds) / PICO
    return cost_with_gas(best), bound, best.split.gap


def assert_best(at: Desk, least: float) -> None:
    found, bound, gap = found_and_bound(at)
    # Where rows bind a split is itself as near to the best as its certificate says.
    assert abs(found - least) < EQUAL + gap
    assert bound <= least


def enumerated(at: Desk) -> float:
    """Return what the cheapest choice costs, every one solved with all rows."""
    costs = []
    for pools in choices(len(at.market.pools)):
        solved = at.solve(pools)
        if solved is not None:
            costs.append(cost_with_gas(solved))
    return min(costs)


@pytest.mark.parametrize("books", [0, 2])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("gas_usd", "usd"), CELLS)
@pytest.mark.parametrize("count", [4, 7])
def test_no_choice_of_pools_is_cheaper(count, gas_usd, usd, side, books):
    at = desk(order(count, count=count, gas_usd=gas_usd, usd=usd, side=side, books=books))

    assert_best(at, min(merged_cost(at, pools) for pools in choices(count)))


def brute_of_twelve(seed: int, gas_usd: float, usd: float) -> None:
    at = desk(order(seed, count=12, gas_usd=gas_usd, usd=usd, side=tuple(Side)[seed % 2]))

    assert_best(at, min(merged_cost(at, pools) for pools in choices(12)))


@pytest.mark.parametrize(("gas_usd", "usd"), [(3.0, 1e5), (15.0, 1e6)])
def test_no_choice_of_twelve_pools_is_cheaper(gas_usd, usd):
    brute_of_twelve(1, gas_usd, usd)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("gas_usd", "usd"), CELLS)
def test_no_choice_of_twelve_pools_is_cheaper_anywhere(gas_usd, usd, seed):
    brute_of_twelve(seed, gas_usd, usd)


def assert_best_of_many(made: RoutingProblem) -> None:
    at = desk(made)
    if at.solve(at.all_pools) is not None:
        assert_best(at, enumerated(at))


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_is_cheaper_where_margin_is_short(seed):
    assert_best_of_many(priced(random_problem(seed, binding=True), (0.5, 3.0, 10.0)[seed % 3]))


def short_of_cash(seed: int) -> RoutingProblem:
    rng = random.Random(seed)
    made = priced(random_problem(seed, binding=rng.random() < 0.5), rng.choice((0.5, 3.0, 10.0)))
    base = made.quantity.atoms
    chains = []
    for chain in made.chains:
        cash = Amount(USDC.id, round(base / UNIT * MID * rng.uniform(0.3, 0.9) * USD))
        spendable = (cash, Amount(ETH.id, round(base * rng.uniform(0.3, 0.9))))
        chains.append(replace(chain, spendable=spendable))
    return replace(made, chains=tuple(chains))


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_is_cheaper_where_cash_is_short(seed):
    assert_best_of_many(short_of_cash(seed))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12, 150))
@pytest.mark.parametrize("kind", ["margin", "cash"])
def test_no_choice_is_cheaper_whatever_is_short(kind, seed):
    made = random_problem(seed, binding=True) if kind == "margin" else short_of_cash(seed)
    assert_best_of_many(priced(made, (0.5, 3.0, 10.0)[seed % 3]))


@pytest.mark.parametrize("seed", range(8))
def test_what_a_transaction_costs_is_paid_once_for_each_chain(seed):
    rng = random.Random(seed)
    usd = math.exp(rng.uniform(math.log(5e3), math.log(1e6)))
    accounts = ("chain:a", "chain:b")
    at = desk(order(seed, count=6, gas_usd=rng.choice(GAS_USD), usd=usd, accounts=accounts))

    assert_best(at, min(merged_cost(at, pools) for pools in choices(6)))


def test_pools_of_two_routers_need_two_transactions():
    made = order(3, count=5, gas_usd=15.0, usd=4e5)
    pools = tuple(
        replace(p, instrument=replace(p.instrument, router=("", "other")[i % 2]))
        for i, p in enumerate(made.pools)
    )
    at, together = desk(replace(made, pools=pools)), desk(made)

    assert_best(at, min(merged_cost(at, chosen) for chosen in choices(5)))
    assert_best(together, min(merged_cost(together, chosen) for chosen in choices(5)))


@pytest.mark.parametrize("seed", range(14))
def test_no_choice_of_a_routes_pools_is_cheaper(seed):
    made = random_network(seed)
    if made.kind is QuantityKind.CASH:
        atoms = made.quantity.atoms * UNIT // (2_000 * USD)
        made = replace(made, kind=QuantityKind.BASE, quantity=Amount(ETH.id, atoms))
    if len(made.pools) + sum(len(route.pools) for route in made.routes) <= 6:
        assert_best_of_many(priced(made, (0.5, 3.0, 10.0)[seed % 3]))


def test_gas_that_costs_nothing_drops_nothing_and_needs_no_proof():
    at = desk(order(1, count=5, gas_usd=0.0, usd=1e5))
    full = at.full()

    best = worth_their_gas(full, at.solve)

    assert best is full
    assert prove_gas(full, best) == ()


def test_gas_that_costs_much_leaves_the_pool_that_is_cheapest_alone():
    at = desk(order(2, count=8, gas_usd=5_000.0, usd=1e5))
    full = at.full()

    best = worth_their_gas(full, at.solve)

    alone = {i: merged_cost(at, (i,)) for i in range(8)}
    assert used_pools(best) == (min(alone, key=alone.__getitem__),)
    assert abs(cost_with_gas(best) - min(alone.values())) < EQUAL


@pytest.mark.parametrize("units", [100_000, 400_000])
def test_data_that_costs_more_to_post_sends_a_small_order_to_the_other_chain(units):
    pools = (pool("pool-a", account="chain:a"), pool("pool-b", account="chain:b", fee_pips=600))
    made = problem(quantity=20.0, pools=pools, gas_usd=2.0)
    # A rollup's data fee is reckoned in units of gas of the transaction.
    chains = (replace(made.chains[0], gas_units_base=units), made.chains[1])
    at = desk(replace(made, chains=chains))

    best = worth_their_gas(at.full(), at.solve)

    # A hundredth of a per cent of 40,000 USD is 4 USD; 300,000 units are 6 USD.
    assert used_pools(best) == ((0,) if units == 100_000 else (1,))


@pytest.mark.parametrize("count", [20, 50])
@pytest.mark.parametrize(("gas_usd", "usd"), CELLS)
def test_the_proof_is_within_a_quarter_of_a_basis_point(gas_usd, usd, count):
    at = desk(order(5, count=count, gas_usd=gas_usd, usd=usd))

    found, bound, _ = found_and_bound(at)

    assert found - bound + 1e-12 >= 0.0
    assert (found - bound) * BPS < 0.25


def test_the_proof_stays_near_where_margin_is_short():
    gaps = []
    for seed in range(24):
        at = desk(priced(random_problem(seed, binding=True), (0.5, 3.0, 10.0)[seed % 3]))
        if at.solve(at.all_pools) is not None:
            found, bound, _ = found_and_bound(at)
            gaps.append((found - bound) * BPS)

    # A case that margin forbids is proved at its own prices; without them gaps were of 15 bps.
    assert sorted(gaps)[len(gaps) // 2] < 0.01
    assert max(gaps) < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_pools_changes_nothing(seed):
    made = order(seed, count=8, gas_usd=3.0, usd=2e5, books=1)
    shuffled = list(made.pools)
    random.Random(seed).shuffle(shuffled)

    names = []
    for one in (made, replace(made, pools=tuple(shuffled))):
        at = desk(one)
        best = worth_their_gas(at.full(), at.solve)
        names.append([at.market.pools[i].instrument.id for i in used_pools(best)])

    assert names[0] == names[1]


def test_dearer_gas_never_costs_less_nor_uses_more_than_it_saves():
    costs = []
    for gas_usd in (0.05, 0.5, 5.0, 50.0):
        at = desk(order(6, count=10, gas_usd=gas_usd, usd=3e5))
        costs.append(cost_with_gas(worth_their_gas(at.full(), at.solve)))

    assert costs == sorted(costs)


def test_stored_multipliers_reproduce_every_bound():
    at = desk(order(7, count=9, gas_usd=15.0, usd=2e5, books=1))
    full = at.full()
    bounds = prove_gas(full, worth_their_gas(full, at.solve))

    cases = Cases(full.selection, full.scaled)

    for case in bounds:
        prices = prices_of(full.scaled, case.multipliers)
        assert case.lower_bound <= cases.bound(case, prices) * PICO
