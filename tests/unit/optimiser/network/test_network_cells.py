"""Pools in one table against the curves they are made of, at any price."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.oracle import LiquidityError
from router.liquidity.pointwise import PointCurve
from router.optimiser.network.cells import LEVEL_WIDTHS
from router.optimiser.network.exchange import Exchange
from router.optimiser.network.graph import TokenGraph, TokenPool
from tests.unit.optimiser.network.instances import (
    flattened,
    levels,
    nothing,
    random_graph,
    random_pool,
    token,
)

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=30, deadline=None)
EPS = float(np.finfo(np.float64).eps)


@some
@given(SEEDS)
def test_pools_trade_what_their_curves_trade_at_a_price(seed):
    rng = random.Random(seed)
    graph = random_graph(seed, tokens=4, pools=8, ticks=20)
    pools = np.arange(8)
    middle = 0.25 * (graph.ask + graph.bid)
    log_root = middle + np.array([rng.gauss(0.0, 0.05) for _ in pools])

    response = graph.stacks[-1].at(log_root, pools)

    for index, pool in enumerate(graph.pools):
        price = math.exp(2.0 * log_root[index])
        buy, sell = PointCurve(pool.buy), PointCurve(pool.sell)
        bought = buy.quantity_at(price) - sell.quantity_at(-price)
        paid = buy.cost(buy.quantity_at(price)) + sell.cost(sell.quantity_at(-price))
        # A root of a price is known to an epsilon of itself, which the depth multiplies.
        depth = float(np.max(np.concatenate((pool.buy.depth, pool.sell.depth))))
        root = math.sqrt(price)
        assert math.isclose(
            response.bought[index], bought, rel_tol=1e-12, abs_tol=8 * EPS * depth / root
        )
        assert math.isclose(
            response.paid[index], paid, rel_tol=1e-12, abs_tol=8 * EPS * depth * root
        )
        gain = graph.gain(index, price)
        assert math.isclose(
            response.gain[index], gain, rel_tol=1e-9, abs_tol=8 * EPS * depth * root
        )


def test_levels_are_taken_whole_a_little_beyond_their_price():
    asks, bids = [(1.01, 3.0), (1.02, 5.0)], [(0.99, 2.0), (0.95, 7.0)]
    pool = TokenPool(token(1), token(0), buy=levels(Side.BUY, asks), sell=levels(Side.SELL, bids))
    graph = TokenGraph((pool,))

    def bought(price: float) -> float:
        response = graph.stacks[-1].at(np.array([0.5 * math.log(price)]), np.array([0]))
        return float(response.bought[0])

    wide = 1.0 + 3.0 * LEVEL_WIDTHS[-1]
    assert bought(1.0) == 0.0
    assert bought(1.01 * wide) == pytest.approx(3.0, rel=1e-12)
    assert bought(1.02 * wide) == pytest.approx(8.0, rel=1e-12)
    assert bought(0.99 / wide) == pytest.approx(-2.0, rel=1e-12)
    assert bought(0.5) == pytest.approx(-9.0, rel=1e-12)


@some
@given(SEEDS, st.booleans(), st.floats(0.0, 1.0))
def test_an_exchange_goes_both_ways_and_agrees_with_the_curve(seed, flat, share):
    pool = random_pool(random.Random(seed), (1, 0), worth=[1.0, 50.0], ticks=20)
    pool = flattened(pool) if flat else pool
    buy, sell = Exchange(pool.buy), Exchange(pool.sell)

    bought, sold = share * buy.received_max, share * sell.paid_max

    assert buy.paid(bought) == pytest.approx(float(pool.buy.cost(bought)), rel=1e-12)
    assert sell.received(sold) == pytest.approx(-float(pool.sell.cost(sold)), rel=1e-12)
    assert buy.received(buy.paid(bought)) == pytest.approx(bought, rel=1e-9)
    assert sell.paid(sell.received(sold)) == pytest.approx(sold, rel=1e-9)


def test_a_cost_that_is_not_paid_to_the_pool_is_refused():
    curve = levels(Side.BUY, [(1.0, 1.0)]).shifted(0.1)

    with pytest.raises(LiquidityError, match="shifted"):
        TokenPool(token(1), token(0), buy=curve, sell=nothing(Side.SELL))


def test_curves_on_the_wrong_side_are_refused():
    with pytest.raises(LiquidityError, match="sides"):
        TokenPool(token(1), token(0), buy=nothing(Side.SELL), sell=nothing(Side.BUY))


def test_a_pool_between_a_token_and_itself_is_refused():
    with pytest.raises(LiquidityError, match="two tokens"):
        TokenPool(token(1), token(1), buy=nothing(Side.BUY), sell=nothing(Side.SELL))


def test_a_graph_without_pools_is_refused():
    with pytest.raises(LiquidityError, match="have a pool"):
        TokenGraph(())


def test_a_replaced_pool_is_priced_anew():
    graph = random_graph(1, tokens=3, pools=4, ticks=20)
    other = random_graph(2, tokens=3, pools=4, ticks=20).pools[0]

    changed = graph.replaced(0, other)

    assert changed.ask[0] == pytest.approx(2.0 * math.log(other.buy.root_start[0]))
    assert changed.pools[1:] == graph.pools[1:]
