from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.liquidity.concentrated import (
    Pool,
    Tick,
    check,
    liquidity_per_tick_max,
    modify_liquidity,
    quote_exact_input,
    quote_exact_output,
    swap,
)
from router.liquidity.fixed_point import (
    Q96,
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
    PriceLimitError,
)
from tests.unit.liquidity.strategies import amounts, pools

E18 = 10**18
ENDS = (SQRT_PRICE_MIN_X96 + 1, SQRT_PRICE_MAX_X96 - 1)


def pool_at(tick, *ranges, fee_pips=3000, tick_spacing=60):
    pool = Pool(fee_pips, tick_spacing, tick_to_sqrt_price(tick), tick, 0, ())
    for lower, upper, liquidity in ranges:
        pool = modify_liquidity(pool, lower=lower, upper=upper, delta=liquidity)
    return pool


WIDE = pool_at(0, (-6000, 6000, 10**21))


def test_amounts_carry_the_signs_of_the_pool():
    paid_in = swap(WIDE, zero_for_one=True, amount_specified=E18)
    taken_out = swap(WIDE, zero_for_one=False, amount_specified=-E18)

    assert paid_in.amount0 == E18
    assert paid_in.amount1 < 0
    assert taken_out.amount0 == -E18
    assert taken_out.amount1 > E18


def test_a_swap_within_one_range_follows_the_price_formula():
    liquidity = 10**21

    done = swap(WIDE, zero_for_one=False, amount_specified=E18)

    less_fee = E18 * 997 // 1000
    price = Q96 + (less_fee << 96) // liquidity
    assert done.pool.sqrt_price_x96 == price
    assert done.pool.tick == sqrt_price_to_tick(price)
    assert done.amount0 == -((liquidity << 96) * (price - Q96) // price // Q96)
    assert done.fee_amount == E18 - less_fee


def test_crossing_a_tick_applies_its_liquidity_in_both_directions():
    pool = pool_at(0, (-6000, 6000, 10**21), (60, 120, 10**20))

    inside = swap(
        pool,
        zero_for_one=False,
        amount_specified=10**30,
        sqrt_price_limit_x96=tick_to_sqrt_price(90),
    )
    beyond = swap(
        inside.pool,
        zero_for_one=False,
        amount_specified=10**30,
        sqrt_price_limit_x96=tick_to_sqrt_price(150),
    )
    back = swap(
        beyond.pool,
        zero_for_one=True,
        amount_specified=10**30,
        sqrt_price_limit_x96=tick_to_sqrt_price(0),
    )

    assert (inside.pool.liquidity, inside.ticks_crossed) == (10**21 + 10**20, 1)
    assert (beyond.pool.liquidity, beyond.ticks_crossed) == (10**21, 1)
    assert (back.pool.liquidity, back.ticks_crossed) == (10**21, 2)


def test_stopping_on_a_tick_from_above_leaves_it_crossed():
    pool = pool_at(0, (-6000, 6000, 10**21), (-60, 60, 10**20))

    down = swap(
        pool,
        zero_for_one=True,
        amount_specified=10**30,
        sqrt_price_limit_x96=tick_to_sqrt_price(-60),
    )
    up = swap(down.pool, zero_for_one=False, amount_specified=1000)

    assert (down.pool.tick, down.pool.liquidity, down.ticks_crossed) == (-61, 10**21, 1)
    check(down.pool)
    assert (up.pool.tick, up.pool.liquidity, up.ticks_crossed) == (-60, 10**21 + 10**20, 1)


def test_stopping_on_a_tick_from_below_enters_it():
    pool = pool_at(0, (-6000, 6000, 10**21), (60, 120, 10**20))

    up = swap(
        pool,
        zero_for_one=False,
        amount_specified=10**30,
        sqrt_price_limit_x96=tick_to_sqrt_price(60),
    )

    assert (up.pool.tick, up.pool.liquidity) == (60, 10**21 + 10**20)


@pytest.mark.parametrize("tick_spacing", [1, 10])
@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_swap_rounds_at_the_end_of_every_bitmap_word(tick_spacing, zero_for_one):
    # Words end at compressed ticks 0 and 255 around the price; a swap that is interrupted
    # exactly there and taken up again must not differ in a single atom.
    pool = pool_at(
        100 * tick_spacing,
        (-1000 * tick_spacing, 1000 * tick_spacing, 12345678901234),
        fee_pips=500,
        tick_spacing=tick_spacing,
    )
    end = tick_to_sqrt_price((0 if zero_for_one else 255) * tick_spacing)
    amount = 10**12 * tick_spacing

    whole = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    first = swap(pool, zero_for_one=zero_for_one, amount_specified=amount, sqrt_price_limit_x96=end)
    paid = first.amount0 if zero_for_one else first.amount1
    second = swap(first.pool, zero_for_one=zero_for_one, amount_specified=amount - paid)

    assert first.pool.sqrt_price_x96 == end
    assert first.amount0 + second.amount0 == whole.amount0
    assert first.amount1 + second.amount1 == whole.amount1
    assert first.fee_amount + second.fee_amount == whole.fee_amount
    assert second.pool == whole.pool


def test_interrupting_anywhere_else_costs_an_atom_now_and_then():
    # The counterpart of the test above: it could not fail if no stop ever rounded.
    pool = pool_at(100, (-1000, 1000, 12345678901234), fee_pips=500, tick_spacing=1)
    whole = swap(pool, zero_for_one=True, amount_specified=10**12)
    differences = []
    for tick in range(60, 100):
        first = swap(
            pool,
            zero_for_one=True,
            amount_specified=10**12,
            sqrt_price_limit_x96=tick_to_sqrt_price(tick),
        )
        second = swap(first.pool, zero_for_one=True, amount_specified=10**12 - first.amount0)
        differences.append(first.amount1 + second.amount1 - whole.amount1)

    assert all(difference >= 0 for difference in differences)
    assert any(differences)


def test_a_gap_without_liquidity_is_jumped_for_free():
    near, far = (-60, 60, 10**21), (60_000, 60_060, 10**21)
    both = pool_at(0, near, far)
    amount_near = swap(pool_at(0, near), zero_for_one=False, amount_specified=10**30).amount1

    into_far = swap(both, zero_for_one=False, amount_specified=amount_near + E18)

    assert into_far.ticks_crossed == 2
    assert into_far.pool.liquidity == 10**21
    assert 60_000 <= into_far.pool.tick < 60_060
    from_far = swap(pool_at(60_000, far), zero_for_one=False, amount_specified=E18)
    assert into_far.pool.sqrt_price_x96 == from_far.pool.sqrt_price_x96


def test_a_pool_runs_dry_at_the_end_of_the_price_range():
    done = swap(pool_at(0, (-60, 60, 10**21)), zero_for_one=True, amount_specified=10**30)

    assert done.amount0 < 10**30
    assert done.pool.sqrt_price_x96 == SQRT_PRICE_MIN_X96 + 1
    assert done.pool.liquidity == 0


def test_a_quote_beyond_the_pool_says_what_is_there():
    pool = pool_at(0, (-60, 60, 10**21))
    there = -swap(pool, zero_for_one=True, amount_specified=-(10**30)).amount1

    with pytest.raises(InsufficientLiquidityError) as output:
        quote_exact_output(pool, 10**30, zero_for_one=True)
    with pytest.raises(InsufficientLiquidityError):
        quote_exact_input(pool, 10**30, zero_for_one=True)

    assert output.value.available == there
    assert quote_exact_output(pool, there, zero_for_one=True).amount_out == there


def test_a_limit_on_the_wrong_side_is_refused():
    refused = [
        (True, Q96),
        (True, Q96 + 1),
        (True, SQRT_PRICE_MIN_X96),
        (False, Q96),
        (False, Q96 - 1),
        (False, SQRT_PRICE_MAX_X96),
    ]
    for zero_for_one, limit in refused:
        with pytest.raises(PriceLimitError, match="sqrt_price_limit_x96"):
            swap(WIDE, zero_for_one=zero_for_one, amount_specified=1, sqrt_price_limit_x96=limit)


def test_amounts_that_are_not_positive_are_refused():
    with pytest.raises(LiquidityError, match="amount_specified"):
        swap(WIDE, zero_for_one=True, amount_specified=0)
    with pytest.raises(LiquidityError, match="amount_in"):
        quote_exact_input(WIDE, 0, zero_for_one=True)
    with pytest.raises(LiquidityError, match="amount_out"):
        quote_exact_output(WIDE, -1, zero_for_one=True)


@pytest.mark.parametrize(
    ("lower", "upper", "delta", "words"),
    [
        (60, 60, 1, "below upper"),
        (120, 60, 1, "below upper"),
        (-887280, 60, 1, "within the range"),
        (-61, 60, 1, "multiples of 60"),
        (-60, 61, 1, "multiples of 60"),
        (-60, 60, -1, "liquidity_gross"),
        (-6000, 6000, -(10**21) - 1, "liquidity_gross"),
        (-6000, 60, -1, "liquidity_gross"),
        (-60, 60, liquidity_per_tick_max(60) + 1, "liquidity_gross"),
    ],
)
def test_a_liquidity_change_the_contract_would_refuse_is_refused(lower, upper, delta, words):
    with pytest.raises(LiquidityError, match=words):
        modify_liquidity(WIDE, lower=lower, upper=upper, delta=delta)


def test_burning_another_range_between_minted_ticks_is_refused():
    pool = pool_at(0, (-120, -60, 10), (60, 120, 10))

    with pytest.raises(LiquidityError, match="more than was minted"):
        modify_liquidity(pool, lower=-60, upper=60, delta=-1)


def test_the_limit_of_liquidity_on_a_tick_is_the_official_one():
    # Tick.spec.ts of the Uniswap V3 core test-suite.
    assert liquidity_per_tick_max(10) == 1917569901783203986719870431555990
    assert liquidity_per_tick_max(60) == 11505743598341114571880798222544994
    assert liquidity_per_tick_max(200) == 38350317471085141830651933667504588


def test_a_change_of_nothing_is_nothing():
    assert modify_liquidity(WIDE, lower=-60, upper=60, delta=0) is WIDE


@pytest.mark.parametrize(
    "field",
    [
        {"fee_pips": 10**6 + 1},
        {"fee_pips": -1},
        {"tick_spacing": 0},
        {"protocol_fees_pips": (1001, 0)},
        {"protocol_fees_pips": (0, -1)},
    ],
)
def test_an_impossible_fee_or_spacing_is_refused(field):
    with pytest.raises(LiquidityError, match=next(iter(field))):
        replace(WIDE, **field)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"liquidity": 5}, "liquidity is 5"),
        ({"tick": 7}, "tick is 7"),
        ({"tick": -2}, "tick is -2"),
        ({"sqrt_price_x96": 5}, "sqrt_price_x96"),
        ({"ticks": WIDE.ticks[:1]}, "add up to zero"),
        ({"ticks": WIDE.ticks[::-1]}, "out of order|negative"),
        ({"ticks": (*WIDE.ticks, Tick(6030, 0, 2))}, "spacing"),
        ({"ticks": (Tick(-6060, 0, 0), *WIDE.ticks)}, "net 0 of gross 0"),
        ({"ticks": (Tick(-6060, 0, 1), *WIDE.ticks)}, "net 0 of gross 1"),
        ({"ticks": (Tick(-6060, 4, 2), *WIDE.ticks)}, "net 4 of gross 2"),
    ],
)
def test_a_contradiction_is_found(changes, words):
    with pytest.raises(InconsistentPoolError, match=words):
        check(replace(WIDE, **changes))


@settings(deadline=None)
@given(pools(), amounts, st.booleans())
def test_a_swap_keeps_the_pool_consistent(pool, amount, zero_for_one):
    check(pool)
    for specified in (amount, -amount):
        done = swap(pool, zero_for_one=zero_for_one, amount_specified=specified)

        check(done.pool)
        sign = -1 if zero_for_one else 1
        assert sign * done.pool.sqrt_price_x96 >= sign * pool.sqrt_price_x96
        assert done.amount0 * sign <= 0 <= done.amount1 * sign


@settings(deadline=None)
@given(pools(), amounts, st.booleans())
def test_the_same_output_never_costs_more_than_was_paid_for_it(pool, amount, zero_for_one):
    paid = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    amounts_paid = (paid.amount0, -paid.amount1) if zero_for_one else (paid.amount1, -paid.amount0)
    amount_in, amount_out = amounts_paid
    assume(amount_out > 0)

    again = quote_exact_output(pool, amount_out, zero_for_one=zero_for_one)

    assert again.amount_out == amount_out
    assert again.amount_in <= amount_in


@settings(deadline=None)
@given(pools(), amounts, st.booleans())
def test_a_round_trip_never_gains(pool, amount, zero_for_one):
    there = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    received = -there.amount1 if zero_for_one else -there.amount0
    assume(received > 0)

    back = swap(there.pool, zero_for_one=not zero_for_one, amount_specified=received)

    assert there.amount0 + back.amount0 >= 0
    assert there.amount1 + back.amount1 >= 0


@settings(deadline=None)
@given(pools(), amounts, amounts, st.booleans())
def test_a_swap_in_two_never_pays_out_more(pool, first, second, zero_for_one):
    whole = swap(pool, zero_for_one=zero_for_one, amount_specified=first + second)
    one = swap(pool, zero_for_one=zero_for_one, amount_specified=first)
    assume(one.pool.sqrt_price_x96 not in ENDS)  # nothing is left to swap with
    two = swap(one.pool, zero_for_one=zero_for_one, amount_specified=second)

    if zero_for_one:
        assert -(one.amount1 + two.amount1) <= -whole.amount1
    else:
        assert -(one.amount0 + two.amount0) <= -whole.amount0


@settings(deadline=None)
@given(pools(), amounts, amounts, st.booleans())
def test_more_in_never_gives_less_and_more_out_never_costs_less(pool, amount, extra, zero_for_one):
    for sign in (1, -1):
        less = swap(pool, zero_for_one=zero_for_one, amount_specified=sign * amount)
        more = swap(pool, zero_for_one=zero_for_one, amount_specified=sign * (amount + extra))

        assert abs(more.amount0) >= abs(less.amount0)
        assert abs(more.amount1) >= abs(less.amount1)


@settings(deadline=None)
@given(pools(), amounts, st.booleans(), st.integers(1, 20_000))
def test_a_price_limit_is_never_passed(pool, amount, zero_for_one, distance):
    limit = tick_to_sqrt_price(pool.tick + (-distance if zero_for_one else distance))
    assume(limit != pool.sqrt_price_x96)
    for specified in (amount, -amount):
        free = swap(pool, zero_for_one=zero_for_one, amount_specified=specified)
        bound = swap(
            pool,
            zero_for_one=zero_for_one,
            amount_specified=specified,
            sqrt_price_limit_x96=limit,
        )

        after, unbound = bound.pool.sqrt_price_x96, free.pool.sqrt_price_x96
        passed = unbound < limit if zero_for_one else unbound > limit
        assert after == (limit if passed else unbound)
        check(bound.pool)


@settings(deadline=None)
@given(pools(), st.integers(-700, 700), st.integers(1, 500), st.integers(1, 10**24))
def test_minting_and_burning_the_same_leaves_no_trace(pool, lower, width, delta):
    ends = {
        "lower": (pool.tick // pool.tick_spacing + lower) * pool.tick_spacing,
        "upper": (pool.tick // pool.tick_spacing + lower + width) * pool.tick_spacing,
    }

    minted = modify_liquidity(pool, **ends, delta=delta)
    check(minted)
    burnt = modify_liquidity(minted, **ends, delta=-delta)

    assert burnt == pool
    assert minted != pool
