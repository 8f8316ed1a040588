import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.aggregate import aggregate, merge
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.oracle import InsufficientLiquidityError, LiquidityError

EPS = np.finfo(np.float64).eps


@st.composite
def range_curves(draw, side, *, price=100.0):
    """Draw a curve of a few ranges, with gaps, near a price; None of them is empty."""
    sign = 1.0 if side is Side.BUY else -1.0
    count = draw(st.integers(1, 4))
    root, rows = math.sqrt(price), []
    for _ in range(count):
        start = root * math.exp(sign * draw(st.sampled_from((0.0, 0.001, 0.01))))
        root = start * math.exp(sign * draw(st.floats(1e-4, 0.02)))
        rows.append((start, root, draw(st.floats(1.0, 1e4))))
    start, end, depth = np.array(rows).T
    return CostCurve(
        side=side,
        root_start=start,
        root_end=end,
        depth=depth,
        quantity=depth * np.abs(end - start) / (start * end),
    )


@st.composite
def book_curves(draw, side):
    step = 1 if side is Side.BUY else -1
    ticks = 1000 + step * np.cumsum(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    lots = [draw(st.integers(1, 100)) for _ in ticks]
    levels = [(int(price), quantity) for price, quantity in zip(ticks, lots, strict=True)]
    return book_curve(levels, side, tick_size=0.1, lot_size=0.1, fee_rate=0.0004)


@st.composite
def curve_sets(draw, *, shifts=(0.0,)):
    side = draw(st.sampled_from(Side))
    kind = range_curves(side) | book_curves(side)
    curves = draw(st.lists(kind, min_size=1, max_size=4))
    return [curve.shifted(draw(st.sampled_from(shifts))) for curve in curves]


shifted_sets = curve_sets(shifts=(0.0, 0.0, -0.5, 0.37, 2.0))


def check_split(curves, quantity):
    together = aggregate(curves)

    split = together.split(quantity)
    cost = together.cost(quantity)

    scale = max(abs(float(curve.marginal(0.0))) for curve in curves)
    tolerance = 1e-12 * scale * together.capacity
    assert split.sum() == pytest.approx(quantity, abs=1e-13 * together.capacity)
    for part, curve in zip(split, curves, strict=True):
        assert 0.0 <= part <= curve.capacity * (1.0 + 4 * EPS)
    # Weak duality: at any price, no plan is cheaper than this. A tight bound proves the split.
    price = together.marginal(quantity)
    gains = [
        price * float(curve.quantity_at(price)) - float(curve.cost(curve.quantity_at(price)))
        for curve in curves
    ]
    assert cost <= price * quantity - math.fsum(gains) + tolerance
    return split, cost


@settings(deadline=None, max_examples=200)
@given(curve_sets(), st.floats(0.0, 1.0))
def test_the_split_is_proved_optimal_by_its_price(curves, share):
    quantity = share * aggregate(curves).capacity

    _, cost = check_split(curves, quantity)

    merged = merge(curves)
    expected = float(merged.cost(min(quantity, merged.capacity)))
    assert expected == pytest.approx(cost, rel=1e-12, abs=1e-12 * merged.capacity * 100.0)


@settings(deadline=None, max_examples=200)
@given(shifted_sets, st.floats(0.0, 1.0))
def test_the_split_is_proved_optimal_by_its_price_when_shifts_differ(curves, share):
    check_split(curves, share * aggregate(curves).capacity)


@settings(deadline=None)
@given(shifted_sets, st.floats(0.01, 0.99))
def test_no_split_on_a_grid_is_cheaper(curves, share):
    curves = curves[:2]
    assume(len(curves) == 2)
    first, second = curves
    together = aggregate(curves)
    quantity = share * together.capacity
    least = max(quantity - second.capacity, 0.0)
    most = min(quantity, first.capacity)

    grid = np.linspace(least, most, 2001)
    rest = np.clip(quantity - grid, 0.0, second.capacity)
    costs = first.cost(np.minimum(grid, first.capacity)) + second.cost(rest)

    cost = together.cost(quantity)
    # Rounding a grid point off moves it by an epsilon of the quantity, at the price.
    assert cost <= costs.min() + 1e-12 * 100.0 * together.capacity
    # A step of the grid changes the cost by at most the step times the spread of the marginals.
    spread = max(np.ptp(curve.marginal([0.0, curve.capacity])) for curve in curves)
    offsets = abs(float(first.marginal(0.0)) - float(second.marginal(0.0)))
    assert costs.min() <= cost + (most - least) / 2000 * (2 * spread + offsets) + 1e-12


@settings(deadline=None)
@given(curve_sets(), st.floats(0.0, 1.0))
def test_the_merged_curve_gives_what_its_parts_give_at_every_price(curves, share):
    merged = merge(curves)
    low, high = float(merged.marginal(0.0)), float(merged.marginal(merged.capacity))
    price = low + share * (high - low) + 1e-9  # off the levels, where one ulp decides

    parts = sum(float(curve.quantity_at(price)) for curve in curves)

    assert float(merged.quantity_at(price)) == pytest.approx(parts, rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(curve_sets(), st.floats(0.0, 1.0))
def test_a_merged_curve_that_is_known_already_need_not_be_made_again(curves, share):
    together = aggregate(curves)
    quantity = share * together.capacity

    again = aggregate(curves, merged=together.merged)

    assert again.merged is together.merged
    np.testing.assert_array_equal(again.split(quantity), together.split(quantity))


@settings(deadline=None)
@given(shifted_sets, st.floats(0.0, 1.0))
def test_what_all_curves_give_up_to_a_price_is_what_each_gives(curves, share):
    together = aggregate(curves)
    ends = np.concatenate([curve.marginal([0.0, curve.capacity]) for curve in curves])
    price = float(ends.min() + share * np.ptp(ends))

    parts = [float(curve.quantity_at(price)) for curve in curves]

    assert together.quantity_at(price) == pytest.approx(math.fsum(parts), rel=1e-13, abs=1e-12)


def test_levels_of_one_price_are_filled_in_the_order_of_the_curves():
    level = {"tick_size": 1.0, "lot_size": 1.0, "fee_rate": 0.0}
    curves = [
        book_curve(((100, 5),), Side.BUY, **level),
        book_curve(((99, 1), (100, 5)), Side.BUY, **level),
        book_curve(((100, 5),), Side.BUY, **level),
    ]

    split = aggregate(curves).split(9.0)

    np.testing.assert_allclose(split, [5.0, 4.0, 0.0], rtol=8 * EPS)


def test_a_curve_without_liquidity_gets_nothing():
    terms = {"tick_size": 1.0, "lot_size": 1.0, "fee_rate": 0.0}
    empty = book_curve((), Side.BUY, **terms)
    full = book_curve(((100, 5),), Side.BUY, **terms)

    np.testing.assert_allclose(aggregate([empty, full]).split(5.0), [0.0, 5.0])
    np.testing.assert_allclose(aggregate([empty, full.shifted(1.0)]).split(2.0), [0.0, 2.0])
    np.testing.assert_allclose(aggregate([empty, empty]).split(0.0), [0.0, 0.0])
    assert aggregate([empty, empty.shifted(1.0)]).marginal(0.0) == math.inf


def test_a_quantity_beyond_all_curves_is_refused():
    curve = book_curve(((100, 5),), Side.BUY, tick_size=1.0, lot_size=1.0, fee_rate=0.0)

    with pytest.raises(InsufficientLiquidityError, match=r"11\.0 requested, 10\.0 available"):
        aggregate([curve, curve]).split(11.0)


def test_curves_that_do_not_fit_together_are_refused():
    terms = {"tick_size": 1.0, "lot_size": 1.0, "fee_rate": 0.0}
    buy = book_curve(((100, 5),), Side.BUY, **terms)
    sell = book_curve(((100, 5),), Side.SELL, **terms)

    with pytest.raises(LiquidityError, match="empty"):
        aggregate([])
    with pytest.raises(LiquidityError, match="one side"):
        aggregate([buy, sell])
    with pytest.raises(LiquidityError, match="same shift"):
        merge([buy, buy.shifted(1.0)])
