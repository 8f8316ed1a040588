"""A concentrated-liquidity pool as the contract computes it: swaps, liquidity changes, integrity.

Exact integers of Uniswap V3 (also PancakeSwap V3 and Slipstream; for V4 without custom hooks the
totals are the same). Refuses fee growth, protocol fees, oracles and positions: none of them
changes what a trader pays or receives.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, TypeAlias

from router.domain.market import PoolTick
from router.domain.units import PIPS_PER_UNIT
from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    TICK_MIN,
    UINT128_MAX,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
    PriceLimitError,
)
from router.liquidity.swap_step import compute_swap_step

Tick: TypeAlias = PoolTick

_WORD_MASK: Final = 0xFF  # the contract looks for ticks in bitmap words of 256
_index = attrgetter("index")


@dataclass(frozen=True, slots=True)
class Pool:
    """The state of a pool that decides what a swap pays.

    Attributes
    ----------
    sqrt_price_x96 : int, [sqrt(token1 / token0) * 2**96]
    tick : int
        As in the contract: one below the price's own tick after a swap that came down and
        stopped exactly on a boundary.
    ticks : tuple[Tick, ...]
        Initialised ticks, ascending; all of them, for beyond the last one there is nothing.
    """

    fee_pips: int
    tick_spacing: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[Tick, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.fee_pips < PIPS_PER_UNIT:
            raise LiquidityError(f"fee_pips must lie in [0, 1000000), was {self.fee_pips}")
        if self.tick_spacing <= 0:
            raise LiquidityError(f"tick_spacing must be positive, was {self.tick_spacing}")


@dataclass(frozen=True, slots=True)
class Swap:
    """What a swap did.

    Attributes
    ----------
    amount0, amount1 : int, [atoms]
        From the pool's side as in its Swap event: positive was paid in, negative paid out.
    fee_amount : int, [atoms of the input token]
        Contained in the positive amount.
    """

    amount0: int
    amount1: int
    fee_amount: int
    ticks_crossed: int
    pool: Pool


@dataclass(frozen=True, slots=True)
class Quote:
    """What a trader pays and receives, and the pool it leaves behind, [atoms]."""

    amount_in: int
    amount_out: int
    pool_after: Pool


def swap(
    pool: Pool,
    *,
    zero_for_one: bool,
    amount_specified: int,
    sqrt_price_limit_x96: int | None = None,
) -> Swap:
    """Trade against the pool exactly as the contract does.

    Parameters
    ----------
    amount_specified : int, [atoms]
        Positive: the input to pay, fee included. Negative: the output to receive.
    sqrt_price_limit_x96 : int | None
        Where to stop with a partial fill; None goes to the end of the price range.

    Raises
    ------
    LiquidityError
        Where the contract reverts: the amount is zero, or the limit not ahead of the price.
    """
    limit = _stop_price(pool, sqrt_price_limit_x96, zero_for_one=zero_for_one)
    direction = -1 if zero_for_one else 1
    if amount_specified == 0:
        raise LiquidityError("amount_specified must not be zero")
    fee_pips, spacing, ticks = pool.fee_pips, pool.tick_spacing, pool.ticks
    price, tick, liquidity = pool.sqrt_price_x96, pool.tick, pool.liquidity
    cursor = bisect_left(ticks, tick + 1, key=_index)  # so many ticks are at or below the price
    remaining, counter, fees, crossed = amount_specified, 0, 0, 0
    # Ends, for every step uses up the amount or goes on to a further boundary.
    while remaining != 0 and price != limit:
        next_tick, initialised = _next_tick(
            ticks, spacing, zero_for_one=zero_for_one, tick=tick, cursor=cursor
        )
        next_price = tick_to_sqrt_price(next_tick)
        target = max(next_price, limit) if zero_for_one else min(next_price, limit)
        before = price
        price, amount_in, amount_out, fee = compute_swap_step(
            price, target, liquidity, remaining=remaining, fee_pips=fee_pips
        )
        if amount_specified > 0:
            remaining -= amount_in + fee
            counter -= amount_out
        else:
            remaining += amount_out
            counter += amount_in + fee
        fees += fee
        if price == next_price:
            tick = next_tick - 1 if zero_for_one else next_tick
            if initialised:
                liquidity += direction * initialised.liquidity_net
                cursor += direction
                crossed += 1
        elif price != before:
            tick = sqrt_price_to_tick(price)
    amounts = (amount_specified - remaining, counter)
    # The specified amount is token0 when paying an exact token0 or receiving an exact token0.
    amount0, amount1 = amounts if zero_for_one == (amount_specified > 0) else amounts[::-1]
    after = Pool(fee_pips, spacing, price, tick, liquidity, ticks)
    return Swap(amount0, amount1, fees, crossed, after)


def quote_exact_input(pool: Pool, amount_in: int, *, zero_for_one: bool) -> Quote:
    """Return what paying exactly `amount_in` gives, [atoms].

    Raises
    ------
    InsufficientLiquidityError
        If the pool cannot take that much before its price range ends.
    """
    if amount_in <= 0:
        raise LiquidityError(f"amount_in must be positive, was {amount_in}")
    done = swap(pool, zero_for_one=zero_for_one, amount_specified=amount_in)
    quote = _quote(done, zero_for_one=zero_for_one)
    if quote.amount_in < amount_in:
        raise InsufficientLiquidityError(requested=amount_in, available=quote.amount_in)
    return quote


def quote_exact_output(pool: Pool, amount_out: int, *, zero_for_one: bool) -> Quote:
    """Return what receiving exactly `amount_out` costs, [atoms].

    Raises
    ------
    InsufficientLiquidityError
        If the pool does not hold that much.
    """
    if amount_out <= 0:
        raise LiquidityError(f"amount_out must be positive, was {amount_out}")
    done = swap(pool, zero_for_one=zero_for_one, amount_specified=-amount_out)
    quote = _quote(done, zero_for_one=zero_for_one)
    if quote.amount_out < amount_out:
        raise InsufficientLiquidityError(requested=amount_out, available=quote.amount_out)
    return quote


def liquidity_per_tick_max(tick_spacing: int) -> int:
    """Return the gross liquidity above which the contract refuses a mint at a tick."""
    count = 2 * (TICK_MAX // tick_spacing) + 1
    return UINT128_MAX // count


def modify_liquidity(pool: Pool, *, lower: int, upper: int, delta: int) -> Pool:
    """Return the pool after a mint (positive `delta`) or burn (negative) between two ticks.

    Raises
    ------
    LiquidityError
        If the ticks are not a range on the pool's grid, or more is burnt than is there.
    """
    if not TICK_MIN <= lower < upper <= TICK_MAX:
        raise LiquidityError(f"lower must be below upper within the range, was {lower}, {upper}")
    if lower % pool.tick_spacing or upper % pool.tick_spacing:
        raise LiquidityError(
            f"lower and upper must be multiples of {pool.tick_spacing}, was {lower}, {upper}"
        )
    if delta == 0:
        return pool
    ticks = _changed(pool, pool.ticks, at=lower, gross=delta, net=delta)
    ticks = _changed(pool, ticks, at=upper, gross=delta, net=-delta)
    liquidity = pool.liquidity + (delta if lower <= pool.tick < upper else 0)
    if not 0 <= liquidity <= UINT128_MAX:
        raise LiquidityError(f"liquidity must stay within 128 bits, became {liquidity}")
    return replace(pool, liquidity=liquidity, ticks=ticks)


def check(pool: Pool) -> None:
    """Verify that the parts of a pool's state agree with each other.

    Raises
    ------
    InconsistentPoolError
        Naming the first contradiction.
    """
    if not SQRT_PRICE_MIN_X96 <= pool.sqrt_price_x96 < SQRT_PRICE_MAX_X96:
        raise InconsistentPoolError(f"sqrt_price_x96 is out of range: {pool.sqrt_price_x96}")
    own = sqrt_price_to_tick(pool.sqrt_price_x96)
    on_boundary = pool.sqrt_price_x96 == tick_to_sqrt_price(own)
    if pool.tick != own and not (on_boundary and pool.tick == own - 1):
        raise InconsistentPoolError(f"tick is {pool.tick}, the price says {own}")
    running, in_range, previous = 0, 0, TICK_MIN - 1
    for tick in pool.ticks:
        _check_tick(pool, tick, previous)
        running += tick.liquidity_net
        if running < 0:
            raise InconsistentPoolError(f"liquidity is negative above tick {tick.index}")
        if tick.index <= pool.tick:
            in_range = running
        previous = tick.index
    if running != 0:
        raise InconsistentPoolError(f"liquidity_net must add up to zero, is {running}")
    if in_range != pool.liquidity:
        raise InconsistentPoolError(f"liquidity is {pool.liquidity}, the ticks say {in_range}")


def _check_tick(pool: Pool, tick: Tick, previous: int) -> None:
    index, net, gross = tick.index, tick.liquidity_net, tick.liquidity_gross
    if not previous < index <= TICK_MAX or index % pool.tick_spacing:
        raise InconsistentPoolError(f"tick {index} is out of order, range or spacing")
    # Gross and net are the sum and the difference of what starts and what ends here.
    if gross <= 0 or abs(net) > gross or (gross - net) % 2:
        raise InconsistentPoolError(f"tick {index} has net {net} of gross {gross}")


def _changed(
    pool: Pool, ticks: tuple[Tick, ...], *, at: int, gross: int, net: int
) -> tuple[Tick, ...]:
    place = bisect_left(ticks, at, key=_index)
    found = place < len(ticks) and ticks[place].index == at
    before = ticks[place] if found else Tick(at, 0, 0)
    after = Tick(at, before.liquidity_net + net, before.liquidity_gross + gross)
    if not 0 <= after.liquidity_gross <= liquidity_per_tick_max(pool.tick_spacing):
        raise LiquidityError(f"liquidity_gross at tick {at} became {after.liquidity_gross}")
    if abs(after.liquidity_net) > after.liquidity_gross:
        raise LiquidityError(f"delta burns more than was minted at tick {at}")
    kept = (after,) if after.liquidity_gross else ()
    return ticks[:place] + kept + ticks[place + found :]


# The contract stops at the end of each bitmap word even where no tick is initialised, and every
# stop rounds; skipping one would change the last atom.
def _next_tick(
    ticks: tuple[Tick, ...], spacing: int, *, zero_for_one: bool, tick: int, cursor: int
) -> tuple[int, Tick | None]:
    if zero_for_one:
        boundary = max((tick // spacing & ~_WORD_MASK) * spacing, TICK_MIN)
        if cursor and ticks[cursor - 1].index >= boundary:
            return ticks[cursor - 1].index, ticks[cursor - 1]
        return boundary, None
    boundary = min((tick // spacing + 1 | _WORD_MASK) * spacing, TICK_MAX)
    if cursor < len(ticks) and ticks[cursor].index <= boundary:
        return ticks[cursor].index, ticks[cursor]
    return boundary, None


def _quote(done: Swap, *, zero_for_one: bool) -> Quote:
    if zero_for_one:
        return Quote(done.amount0, -done.amount1, done.pool)
    return Quote(done.amount1, -done.amount0, done.pool)


def _stop_price(pool: Pool, limit: int | None, *, zero_for_one: bool) -> int:
    if limit is None:
        return SQRT_PRICE_MIN_X96 + 1 if zero_for_one else SQRT_PRICE_MAX_X96 - 1
    price = pool.sqrt_price_x96
    below = SQRT_PRICE_MIN_X96 < limit < price
    above = price < limit < SQRT_PRICE_MAX_X96
    if not (below if zero_for_one else above):
        side = "below" if zero_for_one else "above"
        raise PriceLimitError(f"sqrt_price_limit_x96 must lie in range {side} {price}, was {limit}")
    return limit
