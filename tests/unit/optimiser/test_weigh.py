"""Naive splits, reckoned again here from the reserves of two pools and nothing else."""

from dataclasses import replace
from math import ceil

import pytest

from router.domain.plan import PlannedRoute
from router.domain.units import PICO_PER_UNIT, Side
from router.optimiser.solve import solve
from router.optimiser.weigh import weigh
from tests.unit.optimiser import world

FEE = 3_000
MILLION = 1_000_000
POOLS = (
    world.pair("large", price=2_000.0, worth_usd=6e6, fee_pips=FEE),
    world.pair("small", price=2_002.0, worth_usd=2e6, fee_pips=FEE),
)
LARGE, SMALL = ((p.snapshot.reserve0, p.snapshot.reserve1) for p in POOLS)


def problem(side, ether, *, limit=0.2):
    return world.problem(pools=POOLS, side=side, quantity=ether, limit=limit)


# As the pair's contract rounds: up what goes in, down what comes out.
def paid(reserves, out):
    base, quote = reserves
    return quote * out * 1_000 // ((base - out) * 997) + 1


def received(reserves, given):
    base, quote = reserves
    after_fee = given * 997
    return after_fee * quote // (base * 1_000 + after_fee)


def rate(problem, cash, base):
    """Slippage in hundredths of a basis point, rounded against the order; gas is not priced."""
    mid = problem.arrival_mid
    at_mid = base * mid.quote_atoms / mid.base_atoms
    worse = cash - at_mid if problem.side is Side.BUY else at_mid - cash
    return ceil(worse / at_mid * MILLION)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_naive_splits_cost_what_the_pairs_arithmetic_says(side):
    whole = 40 * world.UNIT
    made = problem(side, 40)
    swap = paid if side is Side.BUY else received

    told = {one.method: one for one in weigh(PlannedRoute(made, solve(made))).naive}

    equal = swap(LARGE, whole // 2) + swap(SMALL, whole // 2)
    assert abs(told["equal parts"].slippage - rate(made, equal, whole)) <= 1
    best = min if side is Side.BUY else max
    single = best(swap(LARGE, whole), swap(SMALL, whole))
    assert abs(told["best single venue"].slippage - rate(made, single, whole)) <= 1
    # The small pool stands ten basis points higher: whoever sells goes there, whoever buys not.
    cheapest = SMALL if side is Side.SELL else LARGE
    there = rate(made, swap(cheapest, whole), whole)
    assert abs(told["all where the price is best"].slippage - there) <= 1
    parts = dict(told["parts by depth"].parts)
    assert sum(parts.values()) == whole
    by_depth = sum(swap(LARGE if "large" in n else SMALL, part) for n, part in parts.items())
    assert abs(told["parts by depth"].slippage - rate(made, by_depth, whole)) <= 1
    # Cut off at one price, each shows about in proportion to what it holds.
    assert 2.5 < parts[next(n for n in parts if "large" in n)] / min(parts.values()) < 3.5


def test_no_naive_split_beats_the_plan():
    made = problem(Side.BUY, 40)
    plan = solve(made)

    weighed = weigh(PlannedRoute(made, plan))

    assert len(weighed.naive) == 4
    assert all(one.slippage >= plan.slippage for one in weighed.naive)
    assert all(one.is_allowed for one in weighed.naive)


def test_a_split_beyond_the_limit_price_has_a_price_and_is_not_allowed():
    made = problem(Side.BUY, 60, limit=0.04)

    told = {one.method: one for one in weigh(PlannedRoute(made, solve(made))).naive}

    assert not told["equal parts"].is_allowed
    assert told["equal parts"].slippage > 0


def test_a_split_over_more_than_there_is_has_no_price():
    made = problem(Side.BUY, 1_800, limit=9.0)

    told = {one.method: one for one in weigh(PlannedRoute(made, solve(made))).naive}

    assert SMALL[0] < 1_800 * world.UNIT < LARGE[0]
    assert [name for name, _ in told["best single venue"].parts] == ["large"]
    assert told["all where the price is best"].slippage is not None


def test_without_an_uncertainty_the_plan_as_seen_is_all_that_may_come():
    made = replace(problem(Side.SELL, 5), uncertainty=None)
    plan = solve(made)

    (outcome,) = weigh(PlannedRoute(made, plan)).outcomes

    assert (outcome.weight, outcome.slippage) == (PICO_PER_UNIT, plan.slippage)
