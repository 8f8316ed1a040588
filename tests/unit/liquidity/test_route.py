import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity import constant_product
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.oracle import LiquidityError
from router.liquidity.pool_curve import pool_curve
from router.liquidity.route import compose
from tests.unit.liquidity.strategies import levels, pools

EPS = np.finfo(np.float64).eps


@st.composite
def curves(draw, side):
    """Draw the curve of a pool with ranges, one with reserves, or a book."""
    base_is_token0 = draw(st.booleans())
    terms = {"base_is_token0": base_is_token0, "decimals0": 18, "decimals1": 18}
    kind = draw(st.sampled_from(("ranges", "reserves", "book")))
    if kind == "ranges":
        return pool_curve(draw(pools(centre_max=20_000)), side, **terms)
    if kind == "reserves":
        reserves = st.integers(10**18, 10**24)
        pool = constant_product.Pool(draw(reserves), draw(reserves), 3000)
        return constant_product.curve(pool, side, **terms)
    drawn = draw(levels(ascending=side is Side.BUY, start=10_000))
    return book_curve(drawn, side, tick_size=0.01, lot_size=0.1, fee_rate=0.0005)


pairs = st.sampled_from(Side).flatmap(lambda side: st.tuples(curves(side), curves(side)))


def tolerance(inner, outer, route, quantity):
    """Return the bound of the docstring, [quote]."""
    segments = inner.quantity.size + outer.quantity.size + 4
    table = route.segments()
    highest = max(np.max(np.abs(table.marginal_start)), np.max(np.abs(table.marginal_end)))
    return 2 * EPS * segments * quantity * highest


@settings(deadline=None, max_examples=300)
@given(pairs, st.floats(1e-12, 1.0))
def test_a_route_costs_the_outer_cost_of_the_inner_cost(pair, share):
    inner, outer = pair
    route = compose(inner, outer)
    assume(route.quantity.size)
    quantity = share * route.capacity * (1.0 - 1e-9)

    middle = abs(float(inner.cost(quantity)))

    error = abs(float(route.cost(quantity)) - float(outer.cost(middle)))
    assert error <= tolerance(inner, outer, route, quantity)


@settings(deadline=None)
@given(pairs)
def test_the_first_prices_multiply(pair):
    inner, outer = pair
    assume(inner.quantity.size)
    assume(outer.quantity.size)

    route = compose(inner, outer)

    product = float(inner.marginal(0.0)) * float(outer.marginal(0.0))
    assert float(route.marginal(0.0)) == pytest.approx(route.sign * product, rel=8 * EPS)


@settings(deadline=None)
@given(pairs)
def test_prices_multiply_in_the_middle_of_every_segment(pair):
    inner, outer = pair
    route = compose(inner, outer)
    assume(route.quantity.size)
    before = np.append(0.0, np.cumsum(route.quantity))[:-1]
    kept = route.quantity > 1e-6 * route.capacity  # in thinner ones sums decide where the middle is

    quantity = (before + 0.5 * route.quantity)[kept]
    middle = np.abs(inner.cost(quantity))

    product = np.abs(inner.marginal(quantity) * outer.marginal(middle))
    np.testing.assert_allclose(np.abs(route.marginal(quantity)), product, rtol=1e-8)


@settings(deadline=None)
@given(pairs)
def test_a_route_holds_what_the_smaller_of_both_lets_through(pair):
    inner, outer = pair
    route = compose(inner, outer)
    assume(inner.quantity.size)
    assume(outer.quantity.size)

    through = abs(float(inner.cost(inner.capacity)))

    if through <= outer.capacity:
        assert route.capacity == pytest.approx(inner.capacity, rel=1e-9)
    else:
        assert route.capacity <= inner.capacity
        used = abs(float(inner.cost(route.capacity)))
        assert used == pytest.approx(outer.capacity, rel=1e-9)


@settings(deadline=None)
@given(pairs)
def test_a_route_is_a_convex_curve(pair):
    route = compose(*pair)

    rising = np.stack((route.root_start, route.root_end), axis=1).ravel() * route.sign
    assert np.all(np.diff(rising) >= -8 * EPS * np.abs(rising[1:]))
    assert np.all(route.quantity > 0.0)
    assert np.all(route.depth > 0.0)


def test_two_books_compose_level_by_level():
    inner = book_curve([(100, 10), (110, 10)], Side.BUY, tick_size=0.01, lot_size=1.0, fee_rate=0.0)
    outer = book_curve([(200, 15), (300, 9)], Side.BUY, tick_size=0.01, lot_size=1.0, fee_rate=0.0)

    route = compose(inner, outer)

    # 10 base cost 10 of the middle and 20 of quote; 5 more of the middle buy 5 / 1.1 base.
    assert np.all(np.isinf(route.depth))
    np.testing.assert_allclose(route.quantity, [10.0, 5.0 / 1.1, 6.0 / 1.1], rtol=8 * EPS)
    np.testing.assert_allclose(route.root_start**2, [2.0, 2.2, 3.3], rtol=8 * EPS)


def test_a_route_of_two_reserves_is_the_pair_of_their_products():
    # Two pools without a fee, one after the other, are one hyperbola: x in gives x * b / (a + x)
    # of the middle, y of that gives y * d / (c + y), so x * b * d / (a * c + x * (b + c)) in all.
    a, b, c, d = 50.0, 80.0, 30.0, 70.0
    terms = {"base_is_token0": True, "decimals0": 0, "decimals1": 0}
    inner = constant_product.curve(constant_product.Pool(50, 80, 0), Side.SELL, **terms)
    outer = constant_product.curve(constant_product.Pool(30, 70, 0), Side.SELL, **terms)

    route = compose(inner, outer)

    for x in (0.001, 1.0, 40.0, 1e4):
        assert -float(route.cost(x)) == pytest.approx(x * b * d / (a * c + x * (b + c)), rel=1e-14)


def test_an_empty_market_makes_an_empty_route():
    full = book_curve([(100, 10)], Side.BUY, tick_size=0.01, lot_size=1.0, fee_rate=0.0)
    none = book_curve([], Side.BUY, tick_size=0.01, lot_size=1.0, fee_rate=0.0)

    assert compose(full, none).capacity == 0.0
    assert compose(none, full).capacity == 0.0


def test_what_does_not_compose_is_refused():
    buy: CostCurve = book_curve([(100, 10)], Side.BUY, tick_size=0.01, lot_size=1.0, fee_rate=0.0)
    sell = book_curve([(100, 10)], Side.SELL, tick_size=0.01, lot_size=1.0, fee_rate=0.0)

    with pytest.raises(LiquidityError, match="same side"):
        compose(buy, sell)
    for pair in ((buy.shifted(0.1), buy), (buy, buy.shifted(-0.1))):
        with pytest.raises(LiquidityError, match="shifted"):
            compose(*pair)
