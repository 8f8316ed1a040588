"""The parts of the search on their own: first prices, the dual and its slopes, steps, pushing."""

import math
import random

import numpy as np
import pytest

from router.domain.units import Side
from router.optimiser.network.dual import Dual
from router.optimiser.network.flow import Flow, pushed, ranked
from router.optimiser.network.graph import TokenGraph, TokenPool, between
from router.optimiser.network.loops import passage
from router.optimiser.network.newton import begin, climb
from router.optimiser.network.reference import cheapest_way, reference
from tests.unit.optimiser.network.instances import levels, random_graph, token


def quoted(base: int, quote: int, *, bid: float, ask: float) -> TokenPool:
    return TokenPool(
        token(base),
        token(quote),
        buy=levels(Side.BUY, [(ask, 100.0)]),
        sell=levels(Side.SELL, [(bid, 100.0)]),
    )


def dual_of(seed: int) -> tuple[Dual, np.ndarray, float]:
    graph = random_graph(seed, tokens=5, pools=15, ticks=40)
    side = random.Random(seed).choice(list(Side))
    ways = passage(graph, base=token(3), quote=token(0), side=side, quantity=1.0)
    (dual,) = ways.duals(1e5 / ways.first_price)
    return dual, ways.start(), 1e5


def test_first_prices_are_those_of_the_cheapest_way():
    # 2 * 3 over the middle token, against 7 directly.
    pools = (
        quoted(1, 0, bid=1.9, ask=2.0),
        quoted(2, 1, bid=2.9, ask=3.0),
        quoted(2, 0, bid=5.0, ask=7.0),
    )
    graph = TokenGraph(pools)
    open_ways = between(graph, source=0, target=2)

    first = reference(graph, open_ways, source=0, target=2)

    assert math.exp(first.from_source[2]) == pytest.approx(6.0)
    assert math.exp(first.from_source[1]) == pytest.approx(2.0)
    assert math.exp(first.to_target[1]) == pytest.approx(3.0)
    assert not first.has_loop
    ends = {"source": 0, "target": 2}
    assert cheapest_way(graph, open_ways, first, **ends) == [(0, 0, 1), (1, 1, 2)]


def test_a_loop_of_middle_tokens_is_seen_and_one_through_the_ends_is_not():
    ends = (quoted(1, 0, bid=0.99, ask=1.01), quoted(3, 2, bid=0.99, ask=1.01))
    gaining = (*ends, quoted(2, 1, bid=0.9, ask=1.0), quoted(2, 1, bid=1.1, ask=1.2))
    through = (*ends, quoted(2, 1, bid=0.9, ask=1.0), quoted(2, 0, bid=1.5, ask=1.6))

    seen = [
        reference(graph, between(graph, source=0, target=3), source=0, target=3).has_loop
        for graph in (TokenGraph(gaining), TokenGraph(through))
    ]

    assert seen == [True, False]


@pytest.mark.parametrize("seed", range(10))
def test_the_residual_is_the_slope_of_the_dual_and_the_curvature_that_of_the_residual(seed):
    dual, start, _ = dual_of(seed)
    # At the start some pools stand just where they begin to trade, which has two curvatures.
    start[dual.free] += np.random.default_rng(seed).normal(0.0, 5e-3, dual.free.size)
    step = 1e-7
    point = dual.at(start)

    for place, token_index in enumerate(dual.free):
        moved = [start.copy(), start.copy()]
        moved[0][token_index] -= step
        moved[1][token_index] += step
        low, high = dual.at(moved[0]), dual.at(moved[1])
        slope = (high.value - low.value) / (2.0 * step)
        # Central differences miss by the third derivative, and where a range ends within the step.
        assert slope == pytest.approx(point.residual[place], rel=1e-3, abs=1e-3 * point.turnover)
        # The residual carries a factor of the price itself, which the springs leave out.
        bend = (low.residual - high.residual) / (2.0 * step)
        bend[place] += point.residual[place]
        scale = float(np.max(np.abs(point.curvature))) + point.turnover
        assert np.allclose(bend, point.curvature[:, place], rtol=1e-2, atol=2e-2 * scale)


@pytest.mark.parametrize("seed", range(10))
def test_the_search_never_lowers_the_bound_and_ends_where_nothing_is_missing(seed):
    dual, start, scale = dual_of(seed)
    begun = begin(dual, start)

    rough = climb(dual, begun, scale=scale, tolerance=1e-4 * scale)
    done = climb(dual, rough, scale=scale, tolerance=1e-16 * scale)

    assert begun.point.value <= rough.point.value <= done.point.value + 1e-12 * scale
    assert float(np.max(np.abs(done.point.residual))) <= 1e-5 * scale


def flow(pool: int, source: int, target: int, *, worth: float) -> Flow:
    return Flow(pool, source, target, paid=worth, received=worth, worth=worth)


def test_of_a_flow_that_goes_round_the_least_part_is_against_the_order():
    flows = [
        flow(0, 0, 1, worth=9.0),
        flow(1, 1, 2, worth=8.0),
        flow(2, 2, 1, worth=1.0),
        flow(3, 2, 3, worth=7.0),
    ]

    rank = ranked(flows, source=0, target=3, size=4)

    assert rank == [0, 1, 2, 3]


def test_shares_are_pushed_and_what_a_pool_does_not_hold_goes_to_the_other():
    pools = (quoted(1, 0, bid=0.9, ask=1.0), quoted(1, 0, bid=0.9, ask=2.0))
    flows = [flow(0, 0, 1, worth=3.0), flow(1, 0, 1, worth=1.0)]

    little = pushed(TokenGraph(pools), flows, rank=[0, 1], amount=40.0, node=1)
    much = pushed(TokenGraph(pools), flows, rank=[0, 1], amount=160.0, node=1)
    more = pushed(TokenGraph(pools), flows, rank=[0, 1], amount=201.0, node=1)

    assert little is not None
    assert [(f.received, f.paid) for f in little] == [
        (pytest.approx(30.0), pytest.approx(30.0)),
        (pytest.approx(10.0), pytest.approx(20.0)),
    ]
    assert much is not None
    assert [f.received for f in much] == [pytest.approx(100.0), pytest.approx(60.0)]
    assert more is None
