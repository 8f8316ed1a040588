"""Curves end at the limit price."""

import math
import random

import numpy as np
import pytest

from router.domain.units import Side
from router.liquidity.curve import CostCurve, book_curve
from router.optimiser.market.source import truncated

EPS = float(np.finfo(np.float64).eps)


def _ranges(rng: random.Random, side: Side) -> CostCurve:
    sign = 1.0 if side is Side.BUY else -1.0
    root, rows = 50.0, []
    for _ in range(rng.randint(1, 8)):
        start = root * (1.0 + sign * rng.choice((0.0, 0.01)))
        root = start * (1.0 + sign * rng.uniform(1e-4, 0.02))
        rows.append((start, root, rng.uniform(1.0, 1e4)))
    start, end, depth = np.array(rows).T
    quantity = depth * np.abs(end - start) / (end * start)
    return CostCurve(side, start, end, depth=depth, quantity=quantity, shift=0.25)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("seed", range(30))
def test_a_curve_is_cut_where_units_cost_more_than_the_price(side: Side, seed: int) -> None:
    rng = random.Random(seed)
    curve = _ranges(rng, side)
    price = 2500.0 * (1.0 + curve.sign * rng.uniform(-0.01, 0.3))

    cut = truncated(curve, price)

    # The price after fee; a shift comes on top.
    expected = float(curve.quantity_at(curve.sign * price + curve.shift))
    assert cut.capacity == pytest.approx(expected, rel=64 * EPS, abs=1e-11)
    assert cut.shift == curve.shift
    for quantity in np.linspace(0.0, min(cut.capacity, expected), 9):
        assert float(cut.cost(quantity)) == pytest.approx(float(curve.cost(quantity)), rel=1e-13)
    assert not cut.quantity.size or cut.sign * (math.sqrt(price) - cut.root_end[-1]) >= 0.0


@pytest.mark.parametrize("side", list(Side))
def test_a_level_at_the_price_itself_is_left_out_and_one_before_it_is_whole(side: Side) -> None:
    step = 1 if side is Side.BUY else -1
    levels = [(2500 + step * 100 * k, 7) for k in range(3)]
    book = book_curve(levels, side, tick_size=1.0, lot_size=0.1, fee_rate=0.0)

    cut = truncated(book, float(book.root_start[1]) ** 2)

    assert cut.quantity.tolist() == book.quantity[:1].tolist()


@pytest.mark.parametrize("side", list(Side))
def test_a_curve_within_the_price_stays_as_it_is(side: Side) -> None:
    curve = _ranges(random.Random(1), side)

    assert truncated(curve, 2500.0 * 4.0**curve.sign) is curve
    assert truncated(curve, 2500.0 * 0.5**curve.sign).capacity == 0.0
