"""The ranges a swap passes, from the pool's price to where it must stop.

They depend on the state and the direction alone, never on an amount. The contract stops at the end
of each bitmap word even where no tick is initialised, and every stop rounds; skipping one would
change the last atom. Refuses to know about amounts and fees.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from router.domain.market import PoolTick
from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    TICK_MIN,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import PriceLimitError

# Price at the start and at the end; the liquidity between them; tick and liquidity of a pool that
# has arrived at the end; how many initialised ticks (0 or 1) were crossed by arriving. A plain
# tuple, because making one is part of every step of every swap.
Range: TypeAlias = tuple[int, int, int, int, int, int]

_WORD_LAST: Final = 0xFF  # the contract keeps initialised ticks in bitmap words of 256
_index = attrgetter("index")


def stop_price(price: int, limit: int | None, *, zero_for_one: bool) -> int:
    """Return where a swap must stop; without a limit, at the end of the price range.

    Raises
    ------
    PriceLimitError
        If that is not ahead of the price.
    """
    if limit is None:
        limit = SQRT_PRICE_MIN_X96 + 1 if zero_for_one else SQRT_PRICE_MAX_X96 - 1
    if zero_for_one and not SQRT_PRICE_MIN_X96 < limit < price:
        raise PriceLimitError(f"sqrt_price_limit_x96 must lie in range below {price}, was {limit}")
    if not zero_for_one and not price < limit < SQRT_PRICE_MAX_X96:
        raise PriceLimitError(f"sqrt_price_limit_x96 must lie in range above {price}, was {limit}")
    return limit


def ranges_below(
    ticks: Sequence[PoolTick], *, spacing: int, price: int, tick: int, liquidity: int, limit: int
) -> Iterator[Range]:
    """Yield the ranges that token0 for token1 passes, downwards; the last one ends at `limit`."""
    cursor = bisect_right(ticks, tick, key=_index)  # so many ticks are at or below the price
    while price != limit:
        # Stops between nothing and nothing round nothing: go on to the last one before something.
        if not liquidity:
            ahead = max(ticks[cursor - 1].index if cursor else TICK_MIN, sqrt_price_to_tick(limit))
            tick = min(tick, (ahead // spacing | _WORD_LAST) * spacing + spacing - 1)
        boundary = (tick // spacing & ~_WORD_LAST) * spacing
        crossed = net = 0
        if cursor and ticks[cursor - 1].index >= boundary:
            cursor -= 1
            boundary, net, crossed = ticks[cursor].index, ticks[cursor].liquidity_net, 1
        elif boundary < TICK_MIN:
            boundary = TICK_MIN
        target = tick_to_sqrt_price(boundary)
        if target < limit:
            yield price, limit, liquidity, sqrt_price_to_tick(limit), liquidity, 0
            return
        tick = boundary - 1
        yield price, target, liquidity, tick, liquidity - net, crossed
        price, liquidity = target, liquidity - net


def ranges_above(
    ticks: Sequence[PoolTick], *, spacing: int, price: int, tick: int, liquidity: int, limit: int
) -> Iterator[Range]:
    """Yield the ranges that token1 for token0 passes, upwards; the last one ends at `limit`."""
    cursor, count = bisect_right(ticks, tick, key=_index), len(ticks)
    while price != limit:
        if not liquidity:
            ahead = min(
                ticks[cursor].index if cursor < count else TICK_MAX, sqrt_price_to_tick(limit)
            )
            tick = max(tick, ((ahead // spacing & ~_WORD_LAST) - 1) * spacing)
        boundary = (tick // spacing + 1 | _WORD_LAST) * spacing
        crossed = net = 0
        if cursor < count and ticks[cursor].index <= boundary:
            boundary, net, crossed = ticks[cursor].index, ticks[cursor].liquidity_net, 1
            cursor += 1
        elif boundary > TICK_MAX:
            boundary = TICK_MAX
        target = tick_to_sqrt_price(boundary)
        if target > limit:
            yield price, limit, liquidity, sqrt_price_to_tick(limit), liquidity, 0
            return
        tick = boundary
        yield price, target, liquidity, tick, liquidity + net, crossed
        price, liquidity = target, liquidity + net
