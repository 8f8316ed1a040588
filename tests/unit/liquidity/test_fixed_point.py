from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import Rounding
from router.liquidity.fixed_point import (
    Q96,
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    SQRT_RATIOS_X128,
    TICK_MAX,
    TICK_MIN,
    mul_div,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import PriceLimitError

# TickMath.spec.ts of the Uniswap V3 core test-suite.
OFFICIAL_SQRT_PRICES = {
    -887272: 4295128739,
    -887271: 4295343490,
    -50000: 6504256538020985011912221507,
    -1000: 75364347830767020784054125655,
    -100: 78833030112140176575862854579,
    -50: 79030349367926598376800521322,
    0: Q96,
    50: 79426470787362580746886972461,
    100: 79625275426524748796330556128,
    1000: 83290069058676223003182343270,
    887271: 1461373636630004318706518188784493106690254656249,
    887272: 1461446703485210103287273052203988822378723970342,
}


@pytest.mark.parametrize(("tick", "sqrt_price"), OFFICIAL_SQRT_PRICES.items())
def test_official_sqrt_prices_of_ticks(tick, sqrt_price):
    assert tick_to_sqrt_price(tick) == sqrt_price


def test_ratio_constants_are_the_rounded_powers_of_1_0001():
    precision = 1200
    one = 1 << precision
    # 1.0001 ** -0.5 lies in [low, high] / 2**precision; squaring keeps both bounds bounds.
    low = isqrt((one << precision) * 10_000 // 10_001)
    high = low + 1
    for constant in SQRT_RATIOS_X128:
        rounded = {((bound >> precision - 129) + 1) >> 1 for bound in (low, high)}
        low = low * low >> precision
        high = (high * high >> precision) + 1

        assert rounded == {constant}


def test_the_ends_of_the_tick_range_are_the_price_constants():
    assert tick_to_sqrt_price(TICK_MIN) == SQRT_PRICE_MIN_X96
    assert tick_to_sqrt_price(TICK_MAX) == SQRT_PRICE_MAX_X96
    assert sqrt_price_to_tick(SQRT_PRICE_MIN_X96) == TICK_MIN
    assert sqrt_price_to_tick(SQRT_PRICE_MAX_X96 - 1) == TICK_MAX - 1


@pytest.mark.parametrize("tick", [TICK_MIN - 1, TICK_MAX + 1])
def test_a_tick_outside_the_range_is_refused(tick):
    with pytest.raises(PriceLimitError, match="tick must lie within"):
        tick_to_sqrt_price(tick)


@pytest.mark.parametrize("sqrt_price", [0, SQRT_PRICE_MIN_X96 - 1, SQRT_PRICE_MAX_X96])
def test_a_price_outside_the_range_has_no_tick(sqrt_price):
    with pytest.raises(PriceLimitError, match="sqrt_price_x96"):
        sqrt_price_to_tick(sqrt_price)


@settings(deadline=None, max_examples=500)
@given(st.integers(TICK_MIN, TICK_MAX - 1))
def test_a_tick_begins_exactly_at_its_own_price(tick):
    price = tick_to_sqrt_price(tick)

    assert sqrt_price_to_tick(price) == tick
    if tick > TICK_MIN:
        assert sqrt_price_to_tick(price - 1) == tick - 1


@settings(deadline=None, max_examples=500)
@given(st.floats(32.001, 159.999), st.integers(0, 2**30))
def test_the_tick_of_a_price_is_the_highest_one_not_above_it(exponent, dust):
    price = min(int(2.0**exponent) + dust, SQRT_PRICE_MAX_X96 - 1)

    tick = sqrt_price_to_tick(price)

    assert tick_to_sqrt_price(tick) <= price < tick_to_sqrt_price(tick + 1)


@given(st.integers(0, 2**256), st.integers(0, 2**256), st.integers(1, 2**256))
def test_mul_div_rounds_the_exact_quotient_as_told(factor, other, denominator):
    down = mul_div(factor, other, denominator, rounding=Rounding.DOWN)
    up = mul_div(factor, other, denominator, rounding=Rounding.UP)

    assert down * denominator <= factor * other < (down + 1) * denominator
    assert (up - 1) * denominator < factor * other <= up * denominator
