import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import RouterError
from router.domain.units import Side
from router.liquidity.curve import TwoSided, book_curve
from router.liquidity.oracle import InsufficientLiquidityError, Limits, LiquidityError
from router.liquidity.pool_curve import pool_market
from tests.unit.liquidity.strategies import levels, pools

EPS = np.finfo(np.float64).eps


def book_market(bids, asks, *, fee_rate=0.0005):
    terms = {"tick_size": 0.01, "lot_size": 0.001, "fee_rate": fee_rate}
    return TwoSided(
        buy=book_curve(asks, Side.BUY, **terms), sell=book_curve(bids, Side.SELL, **terms)
    )


pool_markets = st.builds(
    lambda pool, base_is_token0: pool_market(
        pool, base_is_token0=base_is_token0, decimals0=6, decimals1=18
    ),
    pools(centre_max=100_000),
    st.booleans(),
)
book_markets = st.builds(
    book_market, levels(ascending=False, start=1000), levels(ascending=True, start=1000)
)
markets = (pool_markets | book_markets).filter(
    lambda market: market.buy.capacity > 0.0 and market.sell.capacity > 0.0
)
# Log of the shadow price relative to the middle of the market.
offsets = st.floats(-0.2, 0.2)


def middle(market):
    return np.sqrt(-float(market.buy.marginal(0.0)) * float(market.sell.marginal(0.0)))


def prices_at(market, offset):
    return np.array([middle(market) * np.exp(offset), 1.0])


def tolerance(market, prices):
    """Bound the rounding of a response: a few epsilon of all that could be traded."""
    limits = market.limits()
    return 64 * EPS * float(prices[0]) * (limits.buy + limits.sell)


@settings(deadline=None)
@given(markets, offsets)
def test_the_response_never_loses(market, offset):
    prices = prices_at(market, offset)

    trade = market.best_response(prices)

    assert prices @ trade >= -tolerance(market, prices)
    assert trade[0] * trade[1] <= 0.0


@settings(deadline=None)
@given(markets)
def test_no_trade_at_the_own_price_of_the_market(market):
    np.testing.assert_array_equal(market.best_response(prices_at(market, 0.0)), [0.0, 0.0])


@settings(deadline=None)
@given(markets, offsets, st.sampled_from(Side), st.floats(0.0, 1.0))
def test_no_other_trade_gains_more(market, offset, side, share):
    prices = prices_at(market, offset)
    best = prices @ market.best_response(prices)
    curve = market.buy if side is Side.BUY else market.sell
    quantity = share * curve.capacity

    other = np.array([curve.sign * quantity, -float(curve.cost(quantity))])

    assert prices @ other <= best + tolerance(market, prices)


def test_no_trade_at_the_very_price_of_a_level():
    market = book_market(((999, 5),), ((1001, 5),), fee_rate=0.0)

    for curve in (market.buy, market.sell):
        price = abs(float(curve.segments().marginal_start[0]))
        np.testing.assert_array_equal(market.best_response(np.array([price, 1.0])), [0.0, 0.0])


def test_quotes_are_positive_cash_in_both_directions():
    market = book_market(((999, 5000),), ((1001, 5000),), fee_rate=0.0)

    assert market.quote(2.0, Side.BUY) == pytest.approx(20.02, rel=8 * EPS)
    assert market.quote(2.0, Side.SELL) == pytest.approx(19.98, rel=8 * EPS)
    assert market.marginal_price(2.0, Side.BUY) == pytest.approx(10.01, rel=8 * EPS)
    assert market.marginal_price(2.0, Side.SELL) == pytest.approx(9.99, rel=8 * EPS)
    assert market.limits() == Limits(buy=5.0, sell=5.0)


def test_more_than_the_limit_is_refused_with_what_is_there():
    market = book_market(((999, 5000),), ((1001, 5000),))

    with pytest.raises(InsufficientLiquidityError) as refusal:
        market.quote(6.0, Side.BUY)

    assert (refusal.value.requested, refusal.value.available) == (6.0, 5.0)
    assert isinstance(refusal.value, RouterError)


def test_a_market_that_pays_more_than_it_asks_is_refused():
    with pytest.raises(LiquidityError, match="buying must not cost less"):
        book_market(((999, 5),), ((1001, 5),), fee_rate=-0.01)


def test_swapped_directions_are_refused():
    market = book_market(((999, 5),), ((1001, 5),))

    with pytest.raises(LiquidityError, match="these sides"):
        TwoSided(buy=market.sell, sell=market.buy)
