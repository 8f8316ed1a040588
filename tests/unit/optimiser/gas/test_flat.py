import math
import random

import numpy as np
import pytest

from router.domain.units import Side
from router.liquidity.aggregate import merge
from router.liquidity.pointwise import PointCurve
from router.optimiser.gas.flat import Flat
from router.optimiser.gas.peak import Point, peak
from tests.unit.optimiser.gas.instances import desk, order


@pytest.mark.parametrize("side", Side)
def test_all_curves_at_once_give_what_each_gives_alone(side):
    at = desk(order(3, count=9, gas_usd=0.0, usd=1e5, side=side, books=2))
    curves = [*at.market.pool_curves, *at.market.book_curves, merge(at.market.pool_curves)]
    flat = Flat(curves, 40.0)
    rng = random.Random(1)

    for _ in range(200):
        marginal = side_sign(side) * 2_000.0 * (1.0 + rng.gauss(0.0, 0.01))
        taken = flat.at(np.full(len(curves), marginal))
        for i, curve in enumerate(curves):
            point = PointCurve(curve)
            quantity = min(point.quantity_at(marginal), 40.0, point.capacity)
            assert taken.quantity[i] == pytest.approx(quantity, rel=1e-11, abs=1e-12)
            assert taken.cost[i] == pytest.approx(point.cost(quantity), rel=1e-11, abs=1e-9)
            if 0.0 < quantity < min(40.0, point.capacity):
                assert taken.growth[i] == pytest.approx(point.growth(marginal), rel=1e-9)


def side_sign(side: Side) -> float:
    return 1.0 if side is Side.BUY else -1.0


def parabola(top: float, bend: float):
    def ask(at: float) -> Point:
        return Point(at, 1.0 - 0.5 * bend * (at - top) ** 2, bend * (top - at), bend)

    return ask


@pytest.mark.parametrize("start", [-3.0, 0.01, 5.0])
def test_the_top_of_a_parabola_is_found(start):
    found = peak(parabola(0.01, 1e3), start, enough=math.inf)

    assert found.value == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("seed", range(30))
def test_the_top_of_straight_lines_is_found(seed):
    rng = random.Random(seed)
    lines = [(rng.uniform(0.1, 50.0), rng.uniform(0.0, 1e-2)) for _ in range(6)]
    lines += [(-rng.uniform(0.1, 50.0), rng.uniform(0.0, 1e-2)) for _ in range(6)]

    def ask(at: float) -> Point:
        value, slope = min((height + slope * at, slope) for slope, height in lines)
        return Point(at, value, slope, 0.0)

    # The highest point lies where two of them cross.
    crossings = [(g - h) / (r - s) for r, h in lines for s, g in lines if r != s]
    top = max(ask(at).value for at in crossings)

    assert peak(ask, rng.uniform(-1e-3, 1e-3), enough=math.inf).value == pytest.approx(
        top, abs=1e-12
    )


def test_a_search_ends_as_soon_as_a_value_is_enough():
    asked = []

    def ask(at: float) -> Point:
        asked.append(at)
        return Point(at, at, 1.0, 0.0)

    found = peak(ask, 0.0, enough=1.0)

    assert found.value > 1.0
    assert len(asked) < 12
