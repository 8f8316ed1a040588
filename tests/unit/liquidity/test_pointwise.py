"""A curve asked point by point answers as it does for arrays."""

import math
import random

import numpy as np
import pytest

from router.domain.units import Side
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pointwise import PointCurve


def _pool(rng: random.Random, side: Side) -> CostCurve:
    sign = 1.0 if side is Side.BUY else -1.0
    root, starts, ends, depths = math.sqrt(rng.uniform(1e-3, 1e4)), [], [], []
    for _ in range(rng.randint(1, 30)):
        root *= 1.0 + sign * rng.choice((0.0, 1e-4, 3e-3))
        starts.append(root)
        root *= 1.0 + sign * rng.uniform(1e-5, 5e-3)
        ends.append(root)
        depths.append(math.exp(rng.uniform(0.0, 12.0)))
    start, end, depth = np.array(starts), np.array(ends), np.array(depths)
    quantity = depth * np.abs(end - start) / (end * start)
    return CostCurve(side, start, end, depth, quantity, shift=rng.choice((0.0, 0.01)))


def _book(rng: random.Random, side: Side) -> CostCurve:
    step = 1 if side is Side.BUY else -1
    levels = [(10_000 + step * 3 * i, rng.randint(1, 500)) for i in range(rng.randint(1, 20))]
    return book_curve(levels, side, tick_size=0.1, lot_size=0.01, fee_rate=4e-4)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("seed", range(20))
def test_single_points_agree_with_arrays(side: Side, seed: int) -> None:
    rng = random.Random(seed)
    pools = [_pool(rng, side), _book(rng, side)]
    plain = [CostCurve(c.side, c.root_start, c.root_end, c.depth, c.quantity) for c in pools]
    for curve in (*pools, merge(plain)):
        point = PointCurve(curve)
        ends = np.concatenate(([0.0], np.cumsum(curve.quantity)))
        asked = np.minimum(np.sort(np.append(ends, [curve.capacity * rng.random()])), ends[-1])
        for quantity in asked.tolist():
            inside = min(quantity, curve.capacity)
            assert point.cost(quantity) == pytest.approx(float(curve.cost(inside)), rel=1e-14)
            assert point.marginal(quantity) == pytest.approx(
                float(curve.marginal(inside)), rel=1e-14
            )
        table = curve.segments()
        prices = np.concatenate((table.marginal_start, table.marginal_end))
        for price in (*prices.tolist(), *(prices * (1.0 + 1e-9)).tolist()):
            at, below = float(curve.quantity_at(price)), float(curve.quantity_below(price))
            assert point.quantity_at(price) == pytest.approx(at, rel=1e-13)
            assert point.quantity_below(price) == pytest.approx(below, rel=1e-13)


@pytest.mark.parametrize("side", list(Side))
def test_growth_is_the_slope_of_the_quantity(side: Side) -> None:
    rng = random.Random(7)
    for _ in range(50):
        curve = _pool(rng, side)
        point, table = PointCurve(curve), curve.segments()
        place = rng.randrange(curve.quantity.size)
        low, high = float(table.marginal_start[place]), float(table.marginal_end[place])
        middle, step = 0.5 * (low + high), 1e-4 * (high - low)
        slope = (point.quantity_at(middle + step) - point.quantity_at(middle - step)) / (2 * step)
        assert point.growth(middle) == pytest.approx(slope, rel=1e-4)


def test_a_book_and_an_empty_curve_do_not_grow() -> None:
    book = PointCurve(_book(random.Random(1), Side.BUY))
    assert book.growth(1_000.0) == 0.0
    nothing = np.zeros(0)
    empty = PointCurve(CostCurve(Side.BUY, nothing, nothing, depth=nothing, quantity=nothing))
    assert (empty.cost(1.0), empty.quantity_at(1.0), empty.growth(1.0)) == (0.0, 0.0, 0.0)
    assert math.isinf(empty.marginal(0.0))


@pytest.mark.parametrize("side", list(Side))
def test_the_first_unit_costs_what_the_curve_says_at_nothing(side: Side) -> None:
    rng = random.Random(3)
    for curve in (_pool(rng, side), _book(rng, side)):
        assert curve.first_marginal == pytest.approx(float(curve.marginal(0.0)), rel=1e-15)
    nothing = np.zeros(0)
    assert math.isinf(
        CostCurve(side, nothing, nothing, depth=nothing, quantity=nothing).first_marginal
    )
