"""Random pools and random swaps, from a seed: narrow and full ranges, gaps, dust and floods."""

import math
from dataclasses import replace

from router.liquidity import concentrated
from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import LiquidityError

POSITIONS_MAX = 60
# What a transaction may take, and what a step over a bitmap word or a tick costs, generously.
GAS_MAX = 14_000_000
WORD_GAS = 9_000
TICK_GAS = 110_000
FLOOD = 1 << 126
ENDS = SQRT_PRICE_MIN_X96 + 1, SQRT_PRICE_MAX_X96 - 1


def log_uniform(rng, low, high):
    """Return a whole number whose magnitude is uniform; `low` is at least one."""
    if high <= low:
        return low
    exponent = rng.uniform(math.log2(low), math.log2(high))
    whole = int(exponent)
    return min(max(int(2 ** (exponent - whole) * (1 << 60)) << whole >> 60, low), high)


def opening_tick(rng):
    reach = rng.choice((50_000, 50_000, 50_000, 400_000, 400_000, TICK_MAX - 1))
    return rng.randint(-reach, reach)


def opening_price(rng, tick):
    low, high = tick_to_sqrt_price(tick), tick_to_sqrt_price(tick + 1)
    return rng.choice((low, high - 1, rng.randrange(low, high)))


def spacing(rng):
    return rng.choice((1, 1, 2, 10, 10, 50, 60, 60, 100, 200, rng.randint(1, 16_383)))


def ranges(rng, *, tick, tick_spacing, liquidity_max):
    """Return up to sixty positions (lower, upper, liquidity), of which some leave gaps."""
    last = TICK_MAX // tick_spacing
    centre = tick // tick_spacing
    reach = rng.choice((40, 400, 4_000, 2 * last))
    found = []
    for _ in range(rng.choice((1, 2, 3, rng.randint(1, POSITIONS_MAX)))):
        if rng.random() < 0.1:
            lower, upper = -last, last
        else:
            width = log_uniform(rng, 1, max(1, reach // 2))
            lower = centre + rng.randint(-reach, reach)
            lower = min(max(lower, -last), last - 1)
            upper = min(lower + width, last)
        liquidity = log_uniform(rng, 1, liquidity_max)
        found.append((lower * tick_spacing, upper * tick_spacing, liquidity))
    return found


def swap(rng, pool):
    """Return a direction, an amount and a price limit that a transaction has gas for."""
    for _ in range(100):
        drawn = _any_swap(rng, pool)
        try:
            done = concentrated.swap(pool, **drawn)
        except LiquidityError:
            return drawn
        cost = done.ticks_crossed * TICK_GAS + words_between(pool, done.pool) * WORD_GAS
        if cost < GAS_MAX:
            return drawn
    return drawn | {"amount_specified": 1}


def words_between(before, after):
    """Return how many bitmap words a swap passed into."""
    word = [pool.tick // pool.tick_spacing >> 8 for pool in (before, after)]
    return abs(word[0] - word[1])


def _any_swap(rng, pool):
    zero_for_one = rng.random() < 0.5
    if pool.sqrt_price_x96 == ENDS[0 if zero_for_one else 1] and rng.random() < 0.9:
        zero_for_one = not zero_for_one
    limit = _limit(rng, pool, zero_for_one=zero_for_one) if rng.random() < 0.4 else None
    return {
        "zero_for_one": zero_for_one,
        "amount_specified": _amount(rng, pool, zero_for_one=zero_for_one),
        "sqrt_price_limit_x96": limit,
    }


def _amount(rng, pool, *, zero_for_one):
    kind = rng.random()
    is_input = rng.random() < 0.5
    if kind < 0.01:
        return 0
    if kind < 0.1:
        amount = rng.randint(1, 10)
    elif kind < 0.25:
        amount = _to_a_tick(rng, pool, zero_for_one=zero_for_one, is_input=is_input)
    elif kind < 0.35:
        amount = FLOOD
    else:
        amount = _within(rng, pool, zero_for_one=zero_for_one, is_input=is_input)
    return amount if is_input else -amount


# One atom short of a boundary, onto it, or one beyond.
def _to_a_tick(rng, pool, *, zero_for_one, is_input):
    target = _limit(rng, pool, zero_for_one=zero_for_one, on_tick=True)
    paid, received = _amounts(pool, zero_for_one=zero_for_one, limit=target)
    return max(1, (paid if is_input else received) + rng.randint(-1, 1))


def _within(rng, pool, *, zero_for_one, is_input):
    paid, received = _amounts(pool, zero_for_one=zero_for_one, limit=None)
    most = min(paid if is_input else received, FLOOD)
    return log_uniform(rng, 1, max(1, most + most // 8))


def _amounts(pool, *, zero_for_one, limit):
    try:
        done = concentrated.swap(
            replace(pool, fee_pips=min(pool.fee_pips, 999_998)),
            zero_for_one=zero_for_one,
            amount_specified=FLOOD,
            sqrt_price_limit_x96=limit,
        )
    except LiquidityError:
        return 1, 1
    amounts = done.amount0, -done.amount1
    return amounts if zero_for_one else (done.amount1, -done.amount0)


def _limit(rng, pool, *, zero_for_one, on_tick=False):
    price, sign = pool.sqrt_price_x96, -1 if zero_for_one else 1
    if not on_tick:
        kind = rng.random()
        if kind < 0.03:
            return price  # refused: nothing lies between
        if kind < 0.06:
            return price - sign * rng.randint(1, 1 << 40)  # refused: on the wrong side
        if kind < 0.08:
            return rng.choice((0, SQRT_PRICE_MIN_X96, SQRT_PRICE_MAX_X96))
        if kind < 0.2:
            return price + sign * rng.randint(1, 3)
        if kind < 0.6:
            return _clamped(price + sign * log_uniform(rng, 1, max(1, price // 2)))
    ahead = [tick.index for tick in pool.ticks if (tick.index - pool.tick) * sign > 0]
    grid = pool.tick + sign * log_uniform(rng, 1, 100_000)
    grid = grid // pool.tick_spacing * pool.tick_spacing
    index = rng.choice(ahead) if ahead and rng.random() < 0.7 else grid
    return tick_to_sqrt_price(min(max(index, -TICK_MAX), TICK_MAX))


def _clamped(price):
    return min(max(price, SQRT_PRICE_MIN_X96 + 1), SQRT_PRICE_MAX_X96 - 1)
