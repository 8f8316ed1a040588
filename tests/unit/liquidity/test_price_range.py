from itertools import pairwise

from hypothesis import given, settings

from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.price_range import ranges_above, ranges_below
from tests.unit.liquidity.strategies import hostile_pools


def both_ways(pool):
    ends = {ranges_below: SQRT_PRICE_MIN_X96 + 1, ranges_above: SQRT_PRICE_MAX_X96 - 1}
    for ranges, limit in ends.items():
        if (limit < pool.sqrt_price_x96) is (ranges is ranges_below):
            yield (
                ranges,
                limit,
                list(
                    ranges(
                        pool.ticks,
                        spacing=pool.tick_spacing,
                        price=pool.sqrt_price_x96,
                        tick=pool.tick,
                        liquidity=pool.liquidity,
                        limit=limit,
                    )
                ),
            )


@settings(deadline=None)
@given(hostile_pools())
def test_ranges_join_from_the_price_to_the_limit(pool):
    for _, limit, passed in both_ways(pool):
        if not passed:
            assert pool.sqrt_price_x96 == limit
            continue
        assert passed[0][0] == pool.sqrt_price_x96
        assert passed[-1][1] == limit
        for (_, end, _, _, liquidity_after, _), (start, _, liquidity, *_) in pairwise(passed):
            assert (end, liquidity_after) == (start, liquidity)


@settings(deadline=None)
@given(hostile_pools())
def test_every_initialised_tick_up_to_the_limit_is_crossed_once(pool):
    for ranges, limit, passed in both_ways(pool):
        price_of = {tick.index: tick_to_sqrt_price(tick.index) for tick in pool.ticks}
        if ranges is ranges_below:
            met = [t for t in price_of if t <= pool.tick and price_of[t] >= limit][::-1]
        else:
            met = [t for t in price_of if t > pool.tick and price_of[t] <= limit]

        # A pool that has come down to a tick stands one below it.
        shift = 1 if ranges is ranges_below else 0
        crossed = [tick + shift for _, _, _, tick, _, crossing in passed if crossing]

        assert crossed == met


@settings(deadline=None)
@given(hostile_pools())
def test_a_range_with_liquidity_never_leaves_its_bitmap_word(pool):
    word = 256 * pool.tick_spacing
    for ranges, _, passed in both_ways(pool):
        for start, end, liquidity, *_ in passed:
            if liquidity == 0 or start == end:
                continue
            low, high = sorted((start, end))
            first, last = sqrt_price_to_tick(low), sqrt_price_to_tick(high - 1)
            # Upwards a word is left at its last tick, downwards at its first.
            shift = pool.tick_spacing if ranges is ranges_above else 0
            assert (first + shift) // word == (last + shift) // word
