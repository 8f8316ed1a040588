import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.oracle import LiquidityError
from router.liquidity.order_book import Book, take
from tests.unit.liquidity.strategies import levels

EPS = np.finfo(np.float64).eps


def range_curve(side, *, start, end, depth, shift=0.0):
    """Return a curve of one range between two prices after fee."""
    root_start, root_end = math.sqrt(start), math.sqrt(end)
    return CostCurve(
        side=side,
        root_start=np.array([root_start]),
        root_end=np.array([root_end]),
        depth=np.array([depth]),
        quantity=np.array([depth * abs(1.0 / root_start - 1.0 / root_end)]),
        shift=shift,
    )


def test_buying_through_a_range_costs_what_the_formula_says():
    # From price 4 to 9 with depth 6: x = 6 (1/2 - 1/3) = 1 base for y = 6 (3 - 2) = 6 quote.
    curve = range_curve(Side.BUY, start=4.0, end=9.0, depth=6.0)

    assert curve.capacity == pytest.approx(1.0, rel=4 * EPS)
    assert float(curve.cost(curve.capacity)) == pytest.approx(6.0, rel=8 * EPS)
    # Half of it: 1/s = 1/2 - 1/12 = 5/12, so s = 2.4, price 5.76, cost 6 * 0.4 = 2.4.
    assert float(curve.cost(0.5)) == pytest.approx(2.4, rel=16 * EPS)
    assert float(curve.marginal(0.5)) == pytest.approx(5.76, rel=16 * EPS)
    assert float(curve.quantity_at(5.76)) == pytest.approx(0.5, rel=16 * EPS)


def test_selling_through_a_range_costs_minus_the_proceeds():
    # From price 9 to 4 with depth 6: 1 base for 6 quote, half of it stops at price 5.76.
    curve = range_curve(Side.SELL, start=9.0, end=4.0, depth=6.0)

    assert float(curve.cost(curve.capacity)) == pytest.approx(-6.0, rel=8 * EPS)
    assert float(curve.cost(0.5)) == pytest.approx(-3.6, rel=16 * EPS)
    assert float(curve.marginal(0.5)) == pytest.approx(-5.76, rel=16 * EPS)
    assert float(curve.quantity_at(-5.76)) == pytest.approx(0.5, rel=16 * EPS)


@pytest.mark.parametrize("side", Side)
def test_a_shift_is_paid_on_every_unit(side):
    start, end = (4.0, 9.0) if side is Side.BUY else (9.0, 4.0)
    plain = range_curve(side, start=start, end=end, depth=6.0)
    shifted = plain.shifted(0.25)
    quantities = np.linspace(0.0, plain.capacity, 7)

    np.testing.assert_allclose(
        shifted.cost(quantities), plain.cost(quantities) + 0.25 * quantities, rtol=8 * EPS
    )
    np.testing.assert_allclose(
        shifted.marginal(quantities), plain.marginal(quantities) + 0.25, rtol=8 * EPS
    )
    np.testing.assert_allclose(
        shifted.quantity_at(shifted.marginal(quantities)), quantities, atol=64 * EPS
    )
    np.testing.assert_allclose(
        shifted.segments().cost, shifted.cost([shifted.capacity]), rtol=8 * EPS
    )


def test_beyond_the_capacity_the_cost_is_infinite():
    curve = range_curve(Side.SELL, start=9.0, end=4.0, depth=6.0)

    assert np.isinf(curve.cost(1.1))
    assert np.isinf(curve.marginal(1.1))
    assert float(curve.quantity_at(0.0)) == curve.capacity
    assert float(curve.quantity_at(math.inf)) == curve.capacity
    assert float(curve.quantity_at(-math.inf)) == 0.0


def test_a_negative_quantity_is_refused():
    curve = range_curve(Side.BUY, start=4.0, end=9.0, depth=6.0)

    with pytest.raises(LiquidityError, match="quantity"):
        curve.cost(-0.1)
    with pytest.raises(LiquidityError, match="quantity"):
        curve.marginal([0.5, math.nan])


@pytest.mark.parametrize("side", Side)
def test_a_book_without_levels_gives_nothing(side):
    empty = book_curve((), side, tick_size=0.5, lot_size=0.1, fee_rate=0.0)

    assert empty.capacity == 0.0
    np.testing.assert_array_equal(empty.cost([0.0, 1.0]), [0.0, np.inf])
    assert np.isinf(empty.marginal(0.0))
    assert float(empty.quantity_at(1e9)) == 0.0
    assert float(empty.depth_at(1.0)) == 0.0


def test_a_level_is_taken_at_its_price_and_not_below():
    curve = book_curve(((100, 20), (120, 10)), Side.BUY, tick_size=0.5, lot_size=0.1, fee_rate=0.01)
    first, second = curve.segments().marginal_start

    assert first == pytest.approx(50.5, rel=4 * EPS)
    np.testing.assert_allclose(
        curve.quantity_at([first - 0.1, first + 0.1, second + 0.1]), [0.0, 2.0, 3.0], rtol=4 * EPS
    )
    np.testing.assert_allclose(curve.cost([1.0, 3.0]), [50.5, 101.0 + 60.6], rtol=8 * EPS)


def test_a_fee_makes_selling_bring_less():
    curve = book_curve(((100, 20),), Side.SELL, tick_size=0.5, lot_size=0.1, fee_rate=0.01)

    assert float(curve.cost(2.0)) == pytest.approx(-99.0, rel=8 * EPS)


@given(levels(ascending=True, start=1000), st.integers(1, 7000))
def test_a_book_curve_agrees_with_the_exact_book_when_buying(asks, lots):
    taken = take(Book((), asks), Side.BUY, lots=lots)
    curve = book_curve(asks, Side.BUY, tick_size=0.25, lot_size=0.125, fee_rate=0.0)

    cost = float(curve.cost(taken.lots_filled * 0.125))

    # The square root of a price and its square again: two roundings a level, and the sum.
    assert cost == pytest.approx(taken.notional * 0.25 * 0.125, rel=8 * (len(asks) + 1) * EPS)


@given(levels(ascending=False, start=1000), st.integers(1, 7000))
def test_a_book_curve_agrees_with_the_exact_book_when_selling(bids, lots):
    taken = take(Book(bids, ()), Side.SELL, lots=lots)
    curve = book_curve(bids, Side.SELL, tick_size=0.25, lot_size=0.125, fee_rate=0.0)

    cost = float(curve.cost(taken.lots_filled * 0.125))

    assert -cost == pytest.approx(taken.notional * 0.25 * 0.125, rel=8 * (len(bids) + 1) * EPS)


@settings(deadline=None)
@given(
    st.sampled_from(Side),
    st.lists(st.floats(0.01, 1.0), min_size=2, max_size=8),
    st.floats(1e-6, 1e5),
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=8),
)
def test_costs_are_convex_and_marginals_are_their_slopes(side, steps, price, shares):
    sign = 1.0 if side is Side.BUY else -1.0
    roots = math.sqrt(price) * np.exp(sign * np.cumsum(steps) * 0.01)
    depth = 1.0 + np.arange(roots.size - 1.0)
    curve = CostCurve(
        side=side,
        root_start=roots[:-1],
        root_end=roots[1:],
        depth=depth,
        quantity=depth * np.abs(1.0 / roots[:-1] - 1.0 / roots[1:]),
    )
    quantities = np.unique(np.array(shares)) * curve.capacity
    costs, marginals = curve.cost(quantities), curve.marginal(quantities)

    # Costs and prices carry a few roundings each; a chord divides those of the costs.
    slack = 64 * EPS * price
    assert np.all(np.diff(marginals) >= -slack)
    tolerance = 64 * EPS * curve.capacity * price
    chords = np.diff(costs)
    widths = np.diff(quantities)
    assert np.all(chords >= marginals[:-1] * widths - tolerance)
    assert np.all(chords <= marginals[1:] * widths + tolerance)
