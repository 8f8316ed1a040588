import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.liquidity.concentrated import AMOUNT_MAX, Pool, modify_liquidity, swap
from router.liquidity.fixed_point import Q96, SQRT_PRICE_MIN_X96, tick_to_sqrt_price
from router.liquidity.ladder import Ladder
from router.liquidity.oracle import LiquidityError, PriceLimitError
from tests.unit.liquidity.strategies import amounts, hostile_pools, limits, pools


def answer(ask):
    try:
        return ask()
    except LiquidityError:
        return "refused"


def asked(ladder, amount):
    return ladder.exact_input(amount) if amount > 0 else ladder.exact_output(-amount)


@settings(deadline=None, max_examples=200)
@given(
    hostile_pools().flatmap(lambda p: st.tuples(st.just(p), limits(p))),
    st.lists(st.tuples(amounts, st.sampled_from((1, -1))), min_size=1, max_size=6),
)
def test_a_ladder_answers_as_a_swap_does_whatever_was_asked_before(drawn, orders):
    pool, (zero_for_one, limit) = drawn
    terms = {"zero_for_one": zero_for_one, "sqrt_price_limit_x96": limit}
    ladder = answer(lambda: Ladder(pool, **terms))
    for size, sign in orders:
        expected = answer(lambda s=sign * size: swap(pool, **terms, amount_specified=s))

        if ladder == "refused":
            assert expected == "refused"
        else:
            assert answer(lambda s=sign * size: asked(ladder, s)) == expected


@settings(deadline=None)
@given(pools(), st.booleans())
def test_amounts_that_end_at_a_tick_or_an_atom_beside_it_are_told_apart(pool, zero_for_one):
    # The sums of the ladder are what the bisection compares with: here it could be off by one.
    here, indexes = pool.sqrt_price_x96, [tick.index for tick in pool.ticks]
    prices = [tick_to_sqrt_price(index) for index in indexes]
    ladder = Ladder(pool, zero_for_one=zero_for_one)
    for limit in (price for price in prices if (price < here if zero_for_one else price > here)):
        stopped = swap(
            pool,
            zero_for_one=zero_for_one,
            amount_specified=AMOUNT_MAX,
            sqrt_price_limit_x96=limit,
        )
        received, paid = sorted((stopped.amount0, stopped.amount1))
        for specified in (paid - 1, paid, paid + 1, received - 1, received, received + 1):
            if specified:
                assert asked(ladder, specified) == swap(
                    pool, zero_for_one=zero_for_one, amount_specified=specified
                )


def test_a_ladder_of_a_drained_pool_is_refused():
    pool = modify_liquidity(Pool(500, 10, Q96, 0, 0, ()), lower=-10, upper=10, delta=10**18)
    drained = swap(pool, zero_for_one=True, amount_specified=10**30).pool

    assert drained.sqrt_price_x96 == SQRT_PRICE_MIN_X96 + 1
    with pytest.raises(PriceLimitError, match="sqrt_price_limit_x96"):
        Ladder(drained, zero_for_one=True)


@pytest.mark.parametrize("amount", [0, -1, 2**255])
def test_an_amount_no_swap_takes_is_refused(amount):
    pool = modify_liquidity(Pool(500, 10, Q96, 0, 0, ()), lower=-10, upper=10, delta=10**18)
    ladder = Ladder(pool, zero_for_one=True)

    with pytest.raises(LiquidityError, match="amount_specified"):
        ladder.exact_input(amount)
    with pytest.raises(LiquidityError, match="amount_specified"):
        ladder.exact_output(amount)
