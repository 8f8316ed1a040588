"""A network as curves of size: enclosing what orders cost, convex, and as close as one asks."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from router.domain.units import Side
from router.liquidity.curve import CostCurve
from router.optimiser.network.curve import NetworkCurve, network_curve
from router.optimiser.network.loops import passage, solve_network
from tests.unit.optimiser.network.instances import (
    levels,
    random_graph,
    random_pool,
    scattered_graph,
    token,
)
from tests.unit.optimiser.network.oracle import assert_executable

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=8, deadline=None)
ROUNDING = 1e-12  # relative
BP = 1e-4


def made_curve(seed: int, *, usd: float = 1e6, limit: float | None = None, scattered: bool = False):
    build = scattered_graph if scattered else random_graph
    graph = build(seed, tokens=6, pools=20, ticks=40)
    side = random.Random(seed).choice(list(Side))
    ways = passage(graph, base=token(4), quote=token(0), side=side, quantity=1.0)
    price = ways.first_price * (1.0 + (limit or 0.0) * ways.sign)
    return network_curve(
        graph,
        base=token(4),
        quote=token(0),
        side=side,
        quantity_max=usd / ways.first_price,
        limit=None if limit is None else price,
    )


def assert_convex(curve: CostCurve) -> None:
    slopes = curve.segments().marginal_start
    assert np.all(np.diff(slopes) > 0.0)
    assert np.all(curve.quantity > 0.0)


@some
@given(SEEDS, st.booleans())
def test_costs_lie_between_the_two_curves(seed, scattered):
    curve = made_curve(seed, scattered=scattered)

    assert_convex(curve.upper)
    assert_convex(curve.floor)
    assert np.isclose(curve.upper.capacity, curve.capacity, rtol=ROUNDING, atol=0.0)
    assert np.isclose(curve.floor.capacity, curve.capacity, rtol=ROUNDING, atol=0.0)
    rng = random.Random(seed)
    for quantity in [rng.random() * curve.capacity for _ in range(8)]:
        solution = curve.solved(quantity)
        assert_executable(solution)
        slack = ROUNDING * abs(solution.cost)
        assert float(curve.floor.cost(quantity)) <= solution.cost + slack
        # What is solved at a size is within its own gap of what a mixture of flows costs.
        assert solution.bound <= float(curve.upper.cost(quantity)) + slack


@some
@given(SEEDS)
def test_a_sample_closes_the_gap_at_its_size_and_opens_none(seed):
    curve = made_curve(seed)
    rng = random.Random(seed)
    sizes = [rng.random() * curve.capacity for _ in range(3)]

    finer = curve.refined(at=sizes)

    for size in sizes:
        assert finer.gap(size) <= 2e-5 * BP * abs(float(finer.upper.cost(size)))
    for size in np.linspace(0.0, 1.0, 40)[:-1] * curve.capacity:
        slack = ROUNDING * abs(float(curve.upper.cost(size)))
        assert finer.gap(size) <= curve.gap(size) + slack


def beside(curve: NetworkCurve, other: CostCurve, *, quantity: float) -> float:
    """Return the share of a quantity that the network takes beside another market.

    A linear programme over the chords of both, as the joint programme makes them.
    """
    parts = [curve.upper.segments(), other.segments()]
    slopes = np.concatenate([part.cost / part.quantity for part in parts])
    rooms = np.concatenate([part.quantity for part in parts]) / quantity
    done = linprog(
        slopes / abs(slopes[0]),
        A_eq=np.ones((1, slopes.size)),
        b_eq=[1.0],
        bounds=[(0.0, room) for room in rooms],
    )
    assert done.success
    return float(done.x[: parts[0].quantity.size].sum())


def chords_of(pool, side: Side, *, cuts: int) -> CostCurve:
    whole = pool.buy if side is Side.BUY else pool.sell
    ends = np.linspace(0.0, whole.capacity, cuts + 1)
    costs = np.abs(np.diff(whole.cost(np.minimum(ends, whole.capacity))))
    sizes = np.diff(ends)
    return levels(side, list(zip((costs / sizes).tolist(), sizes.tolist(), strict=True)))


@pytest.mark.parametrize("seed", range(8))
def test_where_an_answer_lies_three_refinements_bring_the_gap_below_a_thousandth_of_a_bp(seed):
    curve = made_curve(seed)
    side = curve.passage.side
    rng = random.Random(seed)
    worth = [1.0, curve.passage.first_price]
    pool = random_pool(rng, (1, 0), worth=worth, ticks=20)
    other = chords_of(pool, side, cuts=4000)
    quantity = 0.9 * curve.capacity

    for _ in range(3):
        share = beside(curve, other, quantity=quantity)
        taken = share * quantity
        beyond = float(other.marginal((1.0 - share) * quantity * (1.0 - 1e-9)))
        curve = curve.refined(at=[taken], marginals=[beyond])
    taken = beside(curve, other, quantity=quantity) * quantity

    assert curve.gap(taken) <= 1e-3 * BP * quantity * curve.passage.first_price


def test_a_limit_ends_the_curve_where_a_unit_costs_it():
    for seed in range(10):
        curve = made_curve(seed, usd=1e9, limit=0.005)
        ways = curve.passage
        limit = ways.sign * ways.first_price * (1.0 + 0.005 * ways.sign)

        assert curve.samples[-1].marginal <= limit + 1e-9 * abs(limit)
        beyond = solve_network(
            ways.graph,
            base=token(4),
            quote=token(0),
            side=ways.side,
            quantity=curve.capacity * 1.001,
        )
        assert beyond.marginal >= limit - 1e-5 * abs(limit)


def test_a_limit_better_than_the_first_price_leaves_nothing():
    curve = made_curve(2, limit=-0.001)

    assert curve.capacity == 0.0
    assert curve.upper.capacity == curve.floor.capacity == 0.0


def test_where_liquidity_ends_the_curves_do():
    curve = made_curve(3, usd=1e15)

    assert curve.capacity < 1e15 / curve.passage.first_price
    assert_executable(curve.solved(curve.capacity))


def test_sizes_solved_already_are_not_solved_again():
    curve = made_curve(4)

    again = curve.refined(at=[sample.quantity for sample in curve.samples])

    assert again.samples == curve.samples
