"""The mid of a pool that is known by quotes only, and when it is asked for."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.algo.mid import arrival_mid
from router.algo.sweep import Scope
from router.domain.error import NoRouteError
from router.domain.market import QuotedSnapshot
from router.domain.units import InstrumentId
from router.liquidity.depth import depth
from router.liquidity.mid import pool_mid
from tests.unit.engine.scene import BLOCK, DOLLAR, ETHER, PERP, POOL, T0, observation

HOOKED = replace(POOL, id=InstrumentId("uniswap_v4:hooked"), base_is_token0=True)
# A hundredth off either way: ether is sold for 2,970 dollars and bought for 3,030.
QUOTES = QuotedSnapshot(
    HOOKED.id,
    BLOCK,
    T0,
    zero_for_one=((ETHER, 2_970 * DOLLAR), (2 * ETHER, 5_000 * DOLLAR)),
    one_for_zero=((6_060 * DOLLAR, 2 * ETHER),),
)


def ratio(price):
    return Fraction(price.quote_atoms, price.base_atoms)


@pytest.mark.parametrize("base_is_token0", [True, False])
def test_it_is_the_mean_of_the_smallest_quotes_both_ways(base_is_token0):
    quotes = QUOTES
    if not base_is_token0:
        quotes = replace(QUOTES, zero_for_one=QUOTES.one_for_zero, one_for_zero=QUOTES.zero_for_one)
    instrument = replace(HOOKED, base_is_token0=base_is_token0)

    mid = ratio(pool_mid(instrument, quotes))

    # Seen from the dollar it is the mean of the inverse prices.
    inverse = (Fraction(1, 2_970) + Fraction(1, 3_030)) / 2
    expected = 3_000 if base_is_token0 else 1 / inverse
    assert mid == Fraction(expected) * DOLLAR / ETHER
    assert depth(instrument, quotes) == 0


def test_it_counts_only_where_no_other_market_shows_a_price():
    seen = observation()
    scope = Scope((POOL, HOOKED, PERP), ())
    both = replace(seen, pools=(*seen.pools, QUOTES))
    with_book = replace(seen, pools=(QUOTES,))
    alone = replace(seen, pools=(QUOTES,), books=())

    assert arrival_mid(scope, both) == arrival_mid(scope, seen)
    assert arrival_mid(scope, with_book) == arrival_mid(scope, replace(seen, pools=()))
    assert arrival_mid(scope, alone) == pool_mid(HOOKED, QUOTES)


@pytest.mark.parametrize("direction", ["zero_for_one", "one_for_zero"])
def test_quotes_one_way_are_no_mid(direction):
    one_way = replace(QUOTES, **{direction: ()})

    with pytest.raises(NoRouteError, match="shows a price"):
        arrival_mid(Scope((HOOKED,), ()), replace(observation(), pools=(one_way,), books=()))
