"""Pools that cross each other: what gains by going round is not what an execution can do."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.oracle import LiquidityError
from router.optimiser.network.graph import TokenGraph, TokenPool
from router.optimiser.network.loops import passage, solve_network
from router.optimiser.network.passage import Passage, open_passage
from router.optimiser.network.solve import solve_passage
from tests.unit.optimiser.network.instances import (
    concentrated,
    levels,
    nothing,
    random_graph,
    scattered_graph,
    token,
)
from tests.unit.optimiser.network.oracle import assert_executable, bracket

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=8, deadline=None)
GAP_MAX_BP = 1e-4


def pool(base: int, quote: int, *, price: float, usd: float = 1e6) -> TokenPool:
    rng = random.Random(base * 100 + quote)
    return concentrated(
        rng,
        (token(base), token(quote)),
        price=price,
        fee=5e-4,
        liquidity=usd * 50.0 / price**0.5,
        ticks=20,
    )


def pump(*, far: float) -> TokenGraph:
    """Return a square with three middle tokens that gain `far` when gone round."""
    return TokenGraph(
        (
            pool(1, 0, price=1.0),
            pool(2, 1, price=1.0),
            pool(3, 2, price=1.0),
            pool(3, 1, price=1.0 + far),
            pool(4, 3, price=1.0),
            pool(4, 2, price=1.0),
        )
    )


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("usd", [10.0, 1e4, 1e5])
def test_a_pump_among_middle_tokens_pays_for_nothing(side, usd):
    graph = pump(far=0.2)
    solution = solve_network(graph, base=token(4), quote=token(0), side=side, quantity=usd)

    assert solution.passage.rank is not None
    assert_executable(solution)
    assert 0.0 <= solution.gap_bp <= GAP_MAX_BP
    # The best that one pass can make of the dear pool is its 20 per cent.
    paid = solution.cost / usd
    assert paid >= 0.8 if side is Side.BUY else -1.2 <= paid < 0.0


@pytest.mark.parametrize("side", Side)
def test_of_crossed_pools_between_two_tokens_only_one_direction_is_used(side):
    graph = TokenGraph((pool(1, 0, price=1.0), pool(1, 0, price=1.2), pool(2, 1, price=1.0)))

    solution = solve_network(graph, base=token(2), quote=token(0), side=side, quantity=1e4)

    assert_executable(solution)
    better = 0 if side is Side.BUY else 1
    assert {flow.pool for flow in solution.flows} == {better, 2}


def test_a_pool_whose_own_prices_cross_is_refused():
    with pytest.raises(LiquidityError, match="less than selling"):
        TokenPool(
            token(1), token(0), buy=levels(Side.BUY, [(1.0, 1.0)]),
            sell=levels(Side.SELL, [(1.1, 1.0)]),
        )  # fmt: skip


def test_pools_of_one_direction_each_are_no_loop():
    one_way = [
        TokenPool(p.base, p.quote, buy=p.buy, sell=nothing(Side.SELL)) for p in pump(far=0.2).pools
    ]
    graph = TokenGraph(tuple(one_way))

    solution = solve_network(graph, base=token(4), quote=token(0), side=Side.BUY, quantity=1e4)

    assert solution.passage.rank is None
    assert_executable(solution)


@some
@given(SEEDS)
def test_graphs_with_forgotten_pools_are_proved_and_executable(seed):
    graph = scattered_graph(seed, tokens=8, pools=30, ticks=40)
    rng = random.Random(seed)
    side, usd = rng.choice(list(Side)), 10.0 ** rng.uniform(3.0, 6.0)
    ways = passage(graph, base=token(5), quote=token(0), side=side, quantity=1.0)

    solution = solve_network(
        graph, base=token(5), quote=token(0), side=side, quantity=usd / ways.first_price
    )

    assert 0.0 <= solution.gap_bp <= GAP_MAX_BP
    assert_executable(solution)


@some
@given(SEEDS)
def test_linear_programmes_over_the_same_order_enclose_the_cost(seed):
    graph = scattered_graph(seed, tokens=5, pools=12, ticks=8)
    side = random.Random(seed).choice(list(Side))
    ways = passage(graph, base=token(3), quote=token(0), side=side, quantity=1.0)
    quantity = 1e5 / ways.first_price
    solution = solve_network(graph, base=token(3), quote=token(0), side=side, quantity=quantity)
    ends = graph.place(token(3)), graph.place(token(0))

    low, high = bracket(
        graph, ends, side, quantity=quantity, worth=np.exp(solution.log_price), cuts=30,
        rank=solution.passage.rank,
    )  # fmt: skip

    slack = 1e-6 * abs(solution.cost)
    assert low - slack <= solution.cost <= high + slack


def every_order(ways: Passage) -> list[Passage]:
    """Return the passage held to each order of its tokens there is."""
    size, made = len(ways.graph.tokens), []
    middle = [t for t in range(size) if t not in {ways.source, ways.target}]
    for order in itertools.permutations(middle):
        rank = [0] * size
        for place, node in enumerate((ways.source, *order, ways.target)):
            rank[node] = place
        held = ways.held_to(rank)
        if held is not None:
            made.append(held)
    return made


def test_the_order_found_is_nearly_always_the_best_of_all():
    costs = []
    for seed in range(40):
        graph = scattered_graph(seed, tokens=5, pools=12, ticks=20)
        side = list(Side)[seed % 2]
        ways = open_passage(graph, base=token(3), quote=token(0), side=side)
        if ways.first.has_loop:
            quantity = 10.0 ** (3 + seed % 4) / ways.first_price
            found = solve_network(
                graph, base=token(3), quote=token(0), side=side, quantity=quantity
            )
            best = min(solve_passage(held, quantity).cost for held in every_order(ways))
            costs.append((found.cost - best) / abs(best))

    assert len(costs) >= 10
    assert min(costs) >= -GAP_MAX_BP * 1e-4
    # A search that moves one token at a time may end in an order that two moves would better.
    assert sum(cost > GAP_MAX_BP * 1e-4 for cost in costs) <= len(costs) // 8


def test_no_order_is_tried_where_no_loop_gains():
    graph = random_graph(1, tokens=6, pools=20, ticks=20)

    ways = passage(graph, base=token(3), quote=token(0), side=Side.BUY, quantity=1.0)

    assert not ways.first.has_loop
    assert ways.rank is None
