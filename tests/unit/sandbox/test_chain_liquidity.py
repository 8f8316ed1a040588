"""Liquidity for amounts, against the inequality that defines it."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.liquidity.fixed_point import Q96, TICK_MAX, tick_to_sqrt_price
from venues.sandbox.chain.liquidity import liquidity_for

ticks = st.integers(-TICK_MAX, TICK_MAX)
atoms = st.integers(0, 10**30)


# The exact need of a position, as a fraction: no rounding, so no tolerance.
def needs(liquidity, price, lower, upper):
    low, high = tick_to_sqrt_price(lower), tick_to_sqrt_price(upper)
    at = min(max(price, low), high)
    return (
        Fraction(liquidity * Q96 * (high - at), at * high),
        Fraction(liquidity * (at - low), Q96),
    )


@given(st.tuples(ticks, ticks).filter(lambda pair: pair[0] < pair[1]), ticks, atoms, atoms)
def test_the_liquidity_is_the_most_that_both_amounts_can_bear(bounds, tick, amount0, amount1):
    lower, upper = bounds
    price = tick_to_sqrt_price(tick)

    liquidity = liquidity_for(amount0, amount1, price=price, lower=lower, upper=upper)

    needed0, needed1 = needs(liquidity, price, lower, upper)
    assert needed0 <= amount0
    assert needed1 <= amount1
    more0, more1 = needs(liquidity + 1, price, lower, upper)
    assert more0 > amount0 or more1 > amount1
