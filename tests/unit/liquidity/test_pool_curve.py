import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.domain.units import PIPS_PER_UNIT, Side
from router.liquidity.concentrated import (
    Pool,
    modify_liquidity,
    quote_exact_input,
    quote_exact_output,
)
from router.liquidity.fixed_point import Q96, tick_to_sqrt_price
from router.liquidity.pool_curve import pool_curve, pool_market
from tests.unit.liquidity.strategies import pools

EPS = np.finfo(np.float64).eps
DECIMALS = st.sampled_from((6, 8, 18))


def steps_between(pool, after):
    """Bound the steps of a swap from above: ticks and bitmap words passed, and the last one."""
    travelled = abs(pool.tick - after.tick)
    crossed = sum(
        min(pool.tick, after.tick) <= tick.index <= max(pool.tick, after.tick) + 1
        for tick in pool.ticks
    )
    return crossed + travelled // (256 * pool.tick_spacing) + 3


def rounding_bound(pool, after, *, zero_for_one, amount_in, amount_out):
    """Bound what the contract may keep by rounding, and the float error; atoms of the input.

    Each step rounds the input, its fee and the output by at most an atom, and ends at a price
    that is off by one unit of 2**-96; the float curve adds a few units in the last place for
    every segment, and for the logarithm of the price passed.
    """
    low = min(pool.sqrt_price_x96, after.sqrt_price_x96)
    high = max(pool.sqrt_price_x96, after.sqrt_price_x96)
    in_per_out = Fraction(Q96, low) ** 2 if zero_for_one else Fraction(high, Q96) ** 2
    gross = Fraction(PIPS_PER_UNIT, PIPS_PER_UNIT - pool.fee_pips)
    running, liquidity = 0, pool.liquidity
    for tick in pool.ticks:
        running += tick.liquidity_net
        liquidity = max(liquidity, running)
    unit = Fraction(liquidity * Q96, low * low) if zero_for_one else Fraction(liquidity, Q96)
    steps = steps_between(pool, after)
    atoms = steps * (2 + gross * in_per_out) + 2 * gross * unit
    digits = EPS * 8 * (len(pool.ticks) + 4 + math.log(high / low))
    floats = digits * max(amount_in, gross * in_per_out * amount_out)
    return float(atoms), float(floats)


@settings(deadline=None, max_examples=200)
@given(pools(), DECIMALS, DECIMALS, st.booleans(), st.floats(1e-6, 1.0))
def test_buying_costs_the_exact_amount_within_rounding(
    pool, decimals0, decimals1, base_is_token0, share
):
    curve = pool_curve(
        pool,
        Side.BUY,
        base_is_token0=base_is_token0,
        decimals0=decimals0,
        decimals1=decimals1,
    )
    base, quote = (decimals0, decimals1) if base_is_token0 else (decimals1, decimals0)
    # A hair below the capacity: the last atom of a pool may be lost to rounding.
    atoms = int(share * curve.capacity * 0.999 * 10.0**base)
    assume(atoms > 0)

    exact = quote_exact_output(pool, atoms, zero_for_one=not base_is_token0)
    cost = float(curve.cost(atoms / 10**base)) * 10.0**quote

    kept, floats = rounding_bound(
        pool,
        exact.pool_after,
        zero_for_one=not base_is_token0,
        amount_in=exact.amount_in,
        amount_out=atoms,
    )
    # One-sided: the contract rounds against the trader, never in favour.
    assert -floats <= exact.amount_in - cost <= kept + floats


@settings(deadline=None, max_examples=200)
@given(pools(), DECIMALS, DECIMALS, st.booleans(), st.floats(1e-6, 1.0))
def test_selling_brings_the_exact_amount_within_rounding(
    pool, decimals0, decimals1, base_is_token0, share
):
    curve = pool_curve(
        pool,
        Side.SELL,
        base_is_token0=base_is_token0,
        decimals0=decimals0,
        decimals1=decimals1,
    )
    base, quote = (decimals0, decimals1) if base_is_token0 else (decimals1, decimals0)
    atoms = int(share * curve.capacity * 0.999 * 10.0**base)
    assume(atoms > 0)

    exact = quote_exact_input(pool, atoms, zero_for_one=base_is_token0)
    proceeds = -float(curve.cost(atoms / 10**base)) * 10.0**quote

    kept, floats = rounding_bound(
        pool,
        exact.pool_after,
        zero_for_one=base_is_token0,
        amount_in=exact.amount_in,
        amount_out=exact.amount_out,
    )
    # The bound is in input; a pool never gives more for an atom than at its first price.
    root = Fraction(pool.sqrt_price_x96, Q96)
    out_per_in = float(root**2 if base_is_token0 else 1 / root**2)
    shortfall = proceeds - exact.amount_out
    assert -floats * out_per_in <= shortfall <= (kept + floats) * out_per_in + 1


@pytest.mark.parametrize("base_is_token0", [True, False])
def test_the_first_price_is_the_pool_price_with_its_fee(base_is_token0):
    # USDC (6 decimals) as token0 and WETH (18) as token1, about 2000 USDC a WETH.
    tick = 200_310
    pool = Pool(500, 10, tick_to_sqrt_price(tick), tick, 0, ())
    pool = modify_liquidity(pool, lower=tick - 1000, upper=tick + 1000, delta=10**20)
    price = 1.0001**tick * 10.0 ** (6 - 18)  # WETH a USDC
    price = price if base_is_token0 else 1.0 / price

    market = pool_market(pool, base_is_token0=base_is_token0, decimals0=6, decimals1=18)

    # The power of 1.0001 above is the least exact of the three: its exponent times epsilon.
    tolerance = abs(tick) * EPS
    assert float(market.buy.marginal(0.0)) == pytest.approx(price / 0.9995, rel=tolerance)
    assert float(market.sell.marginal(0.0)) == pytest.approx(-price * 0.9995, rel=tolerance)


@settings(deadline=None)
@given(pools(), st.sampled_from(Side), st.booleans(), st.floats(0.0, 1.0))
def test_a_price_limit_leaves_out_only_what_lies_beyond_it(pool, side, base_is_token0, share):
    terms = {"base_is_token0": base_is_token0, "decimals0": 18, "decimals1": 6}
    whole = pool_curve(pool, side, **terms)
    assume(whole.quantity.size)
    quantity = share * whole.capacity
    limit = float(whole.sign * whole.marginal(quantity))

    limited = pool_curve(pool, side, **terms, price_limit=limit)

    size = limited.quantity.size
    np.testing.assert_array_equal(limited.quantity, whole.quantity[:size])
    # A price off by an epsilon moves the quantity by an epsilon of the virtual reserve.
    virtual_reserve = float(np.max(whole.depth / whole.root_start))
    assert limited.capacity >= quantity - 64 * EPS * virtual_reserve
    beyond = whole.sign * (whole.root_start[size:] ** 2 - limit)
    assert np.all(beyond >= -64 * EPS * limit)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("base_is_token0", [True, False])
def test_a_pool_without_liquidity_gives_nothing(side, base_is_token0):
    pool = Pool(500, 10, Q96, 0, 0, ())

    curve = pool_curve(
        pool, side, base_is_token0=base_is_token0, decimals0=18, decimals1=18, price_limit=1.0
    )

    assert curve.capacity == 0.0


def test_a_limit_better_than_the_pool_leaves_nothing():
    pool = modify_liquidity(Pool(500, 10, Q96, 0, 0, ()), lower=-100, upper=100, delta=10**20)
    terms = {"base_is_token0": True, "decimals0": 18, "decimals1": 18}

    assert pool_curve(pool, Side.BUY, **terms, price_limit=1.0).capacity == 0.0
    assert pool_curve(pool, Side.SELL, **terms, price_limit=1.0).capacity == 0.0
    assert pool_curve(pool, Side.SELL, **terms, price_limit=-1.0).capacity > 0.0
    assert pool_curve(pool, Side.BUY, **terms, price_limit=-1.0).capacity == 0.0


def test_a_long_way_down_to_the_first_position_keeps_its_digits():
    pool = modify_liquidity(
        Pool(10_000, 200, Q96, 0, 0, ()), lower=-400_000, upper=-399_800, delta=10**24
    )

    curve = pool_curve(pool, Side.BUY, base_is_token0=False, decimals0=18, decimals1=18)

    root = Fraction(Q96, tick_to_sqrt_price(-399_800)) / Fraction(99, 100) ** Fraction(1, 2)
    # The logarithm of the way is about 20, and as many epsilons is what its rounding leaves.
    assert float(curve.root_start[0]) == pytest.approx(float(root), rel=32 * EPS)


@pytest.mark.parametrize("base_is_token0", [True, False])
@pytest.mark.parametrize("side", Side)
def test_each_direction_has_its_own_whole_fee(side, base_is_token0):
    pool = modify_liquidity(Pool(500, 10, Q96, 0, 0, ()), lower=-100, upper=100, delta=10**20)
    terms = {"base_is_token0": base_is_token0, "decimals0": 18, "decimals1": 18}
    zero_for_one = base_is_token0 is (side is Side.SELL)

    split = pool_curve(replace(pool, protocol_fees_pips=(1000, 40)), side, **terms)

    whole = 1000 + 500 if zero_for_one else 40 + 500  # the products are below one
    expected = pool_curve(replace(pool, fee_pips=whole), side, **terms)
    np.testing.assert_array_equal(split.root_start, expected.root_start)
    np.testing.assert_array_equal(split.depth, expected.depth)


@pytest.mark.parametrize("side", Side)
def test_a_pool_that_keeps_everything_gives_nothing(side):
    pool = modify_liquidity(Pool(10**6, 10, Q96, 0, 0, ()), lower=-100, upper=100, delta=10**20)

    curve = pool_curve(pool, side, base_is_token0=True, decimals0=18, decimals1=18)

    assert curve.capacity == 0.0


def test_large_positions_that_end_leave_no_residue():
    pool = Pool(500, 10, Q96, 0, 0, ())
    pool = modify_liquidity(pool, lower=-100, upper=100, delta=10**30)
    pool = modify_liquidity(pool, lower=-100, upper=2000, delta=12345)

    curve = pool_curve(pool, Side.BUY, base_is_token0=True, decimals0=0, decimals1=0)

    assert curve.depth[-1] == pytest.approx(12345.0 / 0.9995**0.5, rel=8 * EPS)
