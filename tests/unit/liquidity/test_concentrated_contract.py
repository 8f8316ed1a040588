"""What the contract does in every state it allows, and what it refuses."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.liquidity.concentrated import Pool, modify_liquidity, quote_exact_input, swap
from router.liquidity.fixed_point import (
    Q96,
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    UINT128_MAX,
)
from router.liquidity.oracle import InsufficientLiquidityError, LiquidityError, PriceLimitError
from tests.unit.liquidity import reference
from tests.unit.liquidity.strategies import amounts, hostile_pools, limits

E18 = 10**18
ENDS = (SQRT_PRICE_MIN_X96 + 1, SQRT_PRICE_MAX_X96 - 1)
EMPTY = Pool(3000, 60, Q96, 0, 0, ())
WIDE = modify_liquidity(EMPTY, lower=-6000, upper=6000, delta=10**21)


def swapped(pool, *, zero_for_one, amount_specified, limit):
    """Return what the event of a swap says, or None where the contract reverts."""
    try:
        done = swap(
            pool,
            zero_for_one=zero_for_one,
            amount_specified=amount_specified,
            sqrt_price_limit_x96=limit,
        )
    except LiquidityError:
        return None
    after = done.pool
    return done.amount0, done.amount1, after.sqrt_price_x96, after.tick, after.liquidity


def reverts(pool, *, zero_for_one, amount_specified, limit):
    """Say whether the contract refuses, in the words of its requirements."""
    if limit is None:
        limit = ENDS[0] if zero_for_one else ENDS[1]
    price = pool.sqrt_price_x96
    ahead = SQRT_PRICE_MIN_X96 < limit < price if zero_for_one else price < limit
    fee = pool.swap_fee_pips(zero_for_one=zero_for_one)
    return not ahead or limit >= SQRT_PRICE_MAX_X96 or (fee == 10**6 and amount_specified < 0)


@settings(deadline=None, max_examples=300)
@given(hostile_pools().flatmap(lambda p: st.tuples(st.just(p), limits(p))), amounts)
def test_a_swap_is_the_contracts_in_every_state_it_allows(drawn, amount):
    pool, (zero_for_one, limit) = drawn
    # Walking an empty pool word by word to the far end takes the reference seconds.
    assume(limit is not None or pool.tick_spacing > 1)
    all_is_fee = pool.swap_fee_pips(zero_for_one=zero_for_one) == 10**6
    step = reference.v4_step if all_is_fee else reference.v3_step
    for specified in (amount, -amount):
        terms = {"zero_for_one": zero_for_one, "amount_specified": specified, "limit": limit}

        made = swapped(pool, **terms)

        if reverts(pool, **terms):
            assert made is None
        else:
            assert made == reference.swap(pool, **terms, step=step)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_price_at_the_end_of_its_range_cannot_go_on(zero_for_one):
    pool = modify_liquidity(EMPTY, lower=-60, upper=60, delta=10**21)
    drained = swap(pool, zero_for_one=zero_for_one, amount_specified=10**30).pool

    with pytest.raises(PriceLimitError, match="sqrt_price_limit_x96"):
        swap(drained, zero_for_one=zero_for_one, amount_specified=1)
    with pytest.raises(InsufficientLiquidityError) as nothing:
        quote_exact_input(drained, 1, zero_for_one=zero_for_one)

    assert nothing.value.available == 0
    assert swap(drained, zero_for_one=not zero_for_one, amount_specified=E18).ticks_crossed == 1


def test_protocol_fees_add_to_the_fee_of_their_direction():
    # ProtocolFeeLibrary of the Uniswap V4 core: the sum less the product rounded down.
    pool = replace(WIDE, protocol_fees_pips=(1000, 50))

    assert pool.swap_fee_pips(zero_for_one=True) == 1000 + 3000 - 3
    assert pool.swap_fee_pips(zero_for_one=False) == 50 + 3000  # the product is below one
    assert WIDE.swap_fee_pips(zero_for_one=True) == 3000
    for zero_for_one, fee_pips in ((True, 3997), (False, 3050)):
        charged = replace(WIDE, fee_pips=fee_pips)
        one = swap(pool, zero_for_one=zero_for_one, amount_specified=E18)
        other = swap(charged, zero_for_one=zero_for_one, amount_specified=E18)
        assert (one.amount0, one.amount1) == (other.amount0, other.amount1)
        assert one.pool == replace(other.pool, fee_pips=3000, protocol_fees_pips=(1000, 50))


@pytest.mark.parametrize("fee_pips", [10**6, 999_999])
def test_a_fee_of_all_takes_an_input_and_refuses_an_output(fee_pips):
    pool = replace(WIDE, fee_pips=fee_pips, protocol_fees_pips=(1000, 1000))

    paid = swap(pool, zero_for_one=False, amount_specified=E18)

    assert (paid.amount0, paid.amount1, paid.fee_amount) == (0, E18, E18)
    assert paid.pool == pool
    with pytest.raises(LiquidityError, match="100 %"):
        swap(pool, zero_for_one=False, amount_specified=-1)


def test_an_amount_beyond_256_bits_is_refused():
    for amount in (2**255, -(2**255)):
        with pytest.raises(LiquidityError, match="256 bits"):
            swap(WIDE, zero_for_one=True, amount_specified=amount)


def test_no_pool_holds_more_than_128_bits_of_liquidity():
    pool = replace(WIDE, liquidity=UINT128_MAX)

    with pytest.raises(LiquidityError, match="128 bits"):
        modify_liquidity(pool, lower=-60, upper=60, delta=1)
