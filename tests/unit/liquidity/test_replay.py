from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.liquidity.concentrated import AMOUNT_MAX, Pool, modify_liquidity, swap
from router.liquidity.fixed_point import Q96, tick_to_sqrt_price
from router.liquidity.oracle import InconsistentPoolError, LiquidityError
from router.liquidity.replay import replay, replay_without_amounts
from tests.unit.liquidity.strategies import amounts, hostile_pools, limits

E18 = 10**18
POOL = modify_liquidity(Pool(500, 10, Q96, 0, 0, ()), lower=-1000, upper=1000, delta=10**24)
POOL = modify_liquidity(POOL, lower=-50, upper=50, delta=10**23)


def event_of(done):
    return {
        "amount0": done.amount0,
        "amount1": done.amount1,
        "sqrt_price_x96": done.pool.sqrt_price_x96,
        "liquidity": done.pool.liquidity,
        "tick": done.pool.tick,
    }


def without_amounts(event):
    return {key: event[key] for key in ("sqrt_price_x96", "liquidity", "tick")}


@settings(deadline=None, max_examples=300)
@given(
    hostile_pools().flatmap(lambda p: st.tuples(st.just(p), limits(p))),
    amounts,
    st.sampled_from((1, -1)),
)
def test_every_swap_is_replayed_from_its_event(drawn, amount, sign):
    pool, (zero_for_one, limit) = drawn
    try:
        done = swap(
            pool,
            zero_for_one=zero_for_one,
            amount_specified=sign * amount,
            sqrt_price_limit_x96=limit,
        )
    except LiquidityError:
        assume(False)  # noqa: FBT003 - hypothesis' own way to give up an example
    event = event_of(done)

    assert replay(pool, **event) == done.pool
    assert replay_without_amounts(pool, **without_amounts(event)) == done.pool
    charged = pool.swap_fee_pips(zero_for_one=zero_for_one)
    assert replay(pool, **event, fee_pips=charged) == done.pool


# One atom more of input may be all fee, and the last units of a price are worth less than an atom:
# these are off by more than any swap could explain.
@pytest.mark.parametrize("zero_for_one", [True, False])
@pytest.mark.parametrize("amount", [E18, -E18, 10**22, -(10**22), AMOUNT_MAX])
@pytest.mark.parametrize(
    ("field", "off"),
    [("amount0", 3), ("amount1", 3), ("sqrt_price_x96", 10**6), ("liquidity", 1), ("tick", 1)],
)
def test_an_event_that_is_off_is_refused(zero_for_one, amount, field, off):
    limit = tick_to_sqrt_price(-77 if zero_for_one else 77)
    done = swap(
        POOL, zero_for_one=zero_for_one, amount_specified=amount, sqrt_price_limit_x96=limit
    )
    event = event_of(done)

    for change in (off, -off):
        with pytest.raises(InconsistentPoolError, match="does not follow"):
            replay(POOL, **{**event, field: event[field] + change})


def test_the_first_difference_is_named():
    event = event_of(swap(POOL, zero_for_one=True, amount_specified=E18))

    with pytest.raises(InconsistentPoolError, match=f"liquidity is {event['liquidity'] + 7}, must"):
        replay(POOL, **{**event, "liquidity": event["liquidity"] + 7})
    with pytest.raises(InconsistentPoolError, match="amount1 is 0, must"):
        replay(POOL, **{**event, "amount1": 0})


def test_a_fee_in_the_event_takes_the_place_of_the_pools_for_that_swap():
    pool = replace(POOL, protocol_fees_pips=(1000, 0))
    charged = swap(replace(POOL, fee_pips=777), zero_for_one=True, amount_specified=E18)

    after = replay(pool, **event_of(charged), fee_pips=777)

    assert (after.fee_pips, after.protocol_fees_pips) == (500, (1000, 0))
    assert after.sqrt_price_x96 == charged.pool.sqrt_price_x96
    with pytest.raises(InconsistentPoolError):
        replay(pool, **event_of(charged))


@pytest.mark.parametrize(("amount0", "amount1"), [(1, 1), (-1, -1), (0, -1), (-1, 0), (0, 0)])
def test_amounts_that_no_swap_has_are_refused(amount0, amount1):
    with pytest.raises(InconsistentPoolError, match="does not follow"):
        replay(POOL, amount0=amount0, amount1=amount1, sqrt_price_x96=Q96, liquidity=0, tick=0)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_without_amounts_the_ticks_decide(zero_for_one):
    far = swap(POOL, zero_for_one=zero_for_one, amount_specified=10**22)
    assert far.ticks_crossed == 1
    event = without_amounts(event_of(far))

    for change in ({"liquidity": event["liquidity"] + 1}, {"liquidity": POOL.liquidity}):
        with pytest.raises(InconsistentPoolError, match="the ticks say"):
            replay_without_amounts(POOL, **{**event, **change})
    for off in (1, -1, 50):
        with pytest.raises(InconsistentPoolError, match="the price says"):
            replay_without_amounts(POOL, **{**event, "tick": event["tick"] + off})
