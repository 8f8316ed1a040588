"""A concentrated-liquidity pool as the contract computes it: swaps, liquidity changes, integrity.

Exact integers of Uniswap V3, PancakeSwap V3, Slipstream, and of Uniswap V4 where no hook changes
amounts; only how V4 divides an unfinished exact input between input and fee differs, and that
nobody pays (see `swap_step`). Refuses fee growth, oracles and positions, and protocol fees that
come out of the pool's fee: none of them changes what a trader pays or receives.
"""

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from router.domain.market import PoolTick
from router.domain.units import PIPS_PER_UNIT
from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    TICK_MIN,
    UINT128_MAX,
    UINT256_MAX,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
    PriceLimitError,
)
from router.liquidity.price_range import ranges_above, ranges_below, stop_price
from router.liquidity.swap_step import amounts_between, fee_on, unfinished_input, unfinished_output

Tick: TypeAlias = PoolTick

PROTOCOL_FEE_MAX_PIPS: Final = 1000  # of each direction, in Uniswap V4
NO_PROTOCOL_FEES: Final = (0, 0)
AMOUNT_MAX: Final = UINT256_MAX >> 1  # amounts are signed
_index = attrgetter("index")


@dataclass(frozen=True, slots=True)
class Pool:
    """The state of a pool that decides what a swap pays.

    Attributes
    ----------
    fee_pips : int
        What the liquidity providers take; 1_000_000 (all of it) is legal in Uniswap V4.
    sqrt_price_x96 : int, [sqrt(token1 / token0) * 2**96]
    tick : int
        As in the contract: one below the price's own tick after a swap that came down and
        stopped exactly on a boundary.
    ticks : tuple[Tick, ...]
        Initialised ticks, ascending; all of them, for beyond the last one there is nothing.
    protocol_fees_pips : tuple[int, int]
        What Uniswap V4 takes before them from token0 paid in, and from token1. Zero elsewhere.
    """

    fee_pips: int
    tick_spacing: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[Tick, ...]
    protocol_fees_pips: tuple[int, int] = NO_PROTOCOL_FEES

    def __post_init__(self) -> None:
        if not 0 <= self.fee_pips <= PIPS_PER_UNIT:
            raise LiquidityError(f"fee_pips must lie in [0, 1000000], was {self.fee_pips}")
        if self.tick_spacing <= 0:
            raise LiquidityError(f"tick_spacing must be positive, was {self.tick_spacing}")
        if self.protocol_fees_pips != NO_PROTOCOL_FEES:
            _check_protocol_fees(self.protocol_fees_pips)

    def swap_fee_pips(self, *, zero_for_one: bool) -> int:
        """Return the whole fee on the input of a direction, [pips].

        The protocol's part comes first and the providers' off the rest; their product is
        rounded down, so the sum is rounded up, and may reach 1_000_000.
        """
        protocol = self.protocol_fees_pips[0 if zero_for_one else 1]
        return protocol + self.fee_pips - protocol * self.fee_pips // PIPS_PER_UNIT

    def moved(self, *, sqrt_price_x96: int, tick: int, liquidity: int) -> "Pool":
        """Return the pool at another price; its ticks and fees are what they were."""
        return Pool(
            self.fee_pips,
            self.tick_spacing,
            sqrt_price_x96,
            tick,
            liquidity,
            self.ticks,
            self.protocol_fees_pips,
        )


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


class Outcome(NamedTuple):
    """What a swap does, in the fields of its event, and what the event leaves out; see `Swap`."""

    amount0: int
    amount1: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_amount: int
    ticks_crossed: int


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
        Where the contract reverts: the amount is zero or beyond 256 bits, the limit is not ahead
        of the price (without a limit: the price is at the end of its range), or an output is asked
        for at a fee of 100 %.
    """
    done = outcome(
        pool,
        zero_for_one=zero_for_one,
        amount_specified=amount_specified,
        sqrt_price_limit_x96=sqrt_price_limit_x96,
    )
    amount0, amount1, price, tick, liquidity, fee_amount, crossed = done
    after = pool.moved(sqrt_price_x96=price, tick=tick, liquidity=liquidity)
    return Swap(amount0, amount1, fee_amount, crossed, after)


def outcome(
    pool: Pool,
    *,
    zero_for_one: bool,
    amount_specified: int,
    sqrt_price_limit_x96: int | None = None,
) -> Outcome:
    """Return what `swap` does, without making the pool after it."""
    exact_input = amount_specified > 0
    fee_pips = pool.swap_fee_pips(zero_for_one=zero_for_one)
    limit = stop_price(pool.sqrt_price_x96, sqrt_price_limit_x96, zero_for_one=zero_for_one)
    check_amount(amount_specified, fee_pips)
    price, tick, liquidity = pool.sqrt_price_x96, pool.tick, pool.liquidity
    remaining, paid, received, fees, crossed = abs(amount_specified), 0, 0, 0, 0
    unfinished = unfinished_input if exact_input else unfinished_output
    ranges = ranges_below if zero_for_one else ranges_above
    for start, target, within, tick_at_target, liquidity_at_target, crossing in ranges(
        pool.ticks,
        spacing=pool.tick_spacing,
        price=price,
        tick=tick,
        liquidity=liquidity,
        limit=limit,
    ):
        price = target
        amount_in, amount_out = amounts_between(start, target, within)
        fee = fee_on(amount_in, fee_pips)
        needed = amount_in + fee if exact_input else amount_out
        if remaining < needed:
            price, amount_in, amount_out, fee = unfinished(
                start, within, zero_for_one=zero_for_one, remaining=remaining, fee_pips=fee_pips
            )
            needed = remaining
        paid += amount_in + fee
        received += amount_out
        fees += fee
        remaining -= needed
        if price == target:
            tick, liquidity = tick_at_target, liquidity_at_target
            crossed += crossing
        elif price != start:
            tick = sqrt_price_to_tick(price)
        if not remaining:
            break
    if zero_for_one:
        return Outcome(paid, -received, price, tick, liquidity, fees, crossed)
    return Outcome(-received, paid, price, tick, liquidity, fees, crossed)


def quote_exact_input(pool: Pool, amount_in: int, *, zero_for_one: bool) -> Quote:
    """Return what paying exactly `amount_in` gives, [atoms].

    Raises
    ------
    InsufficientLiquidityError
        If the pool cannot take that much before its price range ends.
    """
    if amount_in <= 0:
        raise LiquidityError(f"amount_in must be positive, was {amount_in}")
    quote = _quote(pool, amount_in, zero_for_one=zero_for_one)
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
    quote = _quote(pool, -amount_out, zero_for_one=zero_for_one)
    if quote.amount_out < amount_out:
        raise InsufficientLiquidityError(requested=amount_out, available=quote.amount_out)
    return quote


def liquidity_per_tick_max(tick_spacing: int) -> int:
    """Return the gross liquidity above which the contract refuses a mint at a tick.

    Uniswap V4 counts one tick more where the spacing does not divide the range: its limit is lower.
    """
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
    gross_max = liquidity_per_tick_max(pool.tick_spacing)
    ticks = _changed(pool.ticks, at=lower, gross=delta, net=delta, gross_max=gross_max)
    ticks = _changed(ticks, at=upper, gross=delta, net=-delta, gross_max=gross_max)
    liquidity = pool.liquidity + (delta if lower <= pool.tick < upper else 0)
    if not 0 <= liquidity <= UINT128_MAX:
        raise LiquidityError(f"liquidity must stay within 128 bits, became {liquidity}")
    return Pool(
        pool.fee_pips,
        pool.tick_spacing,
        pool.sqrt_price_x96,
        pool.tick,
        liquidity,
        ticks,
        pool.protocol_fees_pips,
    )


def check(pool: Pool) -> None:
    """Verify that the parts of a pool's state agree with each other.

    Raises
    ------
    InconsistentPoolError
        Naming the first contradiction.
    """
    check_tick_of_price(pool.sqrt_price_x96, pool.tick)
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


def check_tick_of_price(sqrt_price_x96: int, tick: int) -> None:
    """Verify that a tick is the one the contract has at a price.

    Raises
    ------
    InconsistentPoolError
        If the price is out of range, or the tick neither its own nor, on a boundary, one below.
    """
    if not SQRT_PRICE_MIN_X96 <= sqrt_price_x96 < SQRT_PRICE_MAX_X96:
        raise InconsistentPoolError(f"sqrt_price_x96 is out of range: {sqrt_price_x96}")
    own = sqrt_price_to_tick(sqrt_price_x96)
    on_boundary = sqrt_price_x96 == tick_to_sqrt_price(own)
    if tick != own and not (on_boundary and tick == own - 1):
        raise InconsistentPoolError(f"tick is {tick}, the price says {own}")


def check_amount(amount_specified: int, fee_pips: int) -> None:
    """Refuse the amounts that the contract refuses whatever the state; see `swap`."""
    if not amount_specified or not -AMOUNT_MAX <= amount_specified <= AMOUNT_MAX:
        raise LiquidityError(
            f"amount_specified must not be zero and fit 256 bits, was {amount_specified}"
        )
    if fee_pips >= PIPS_PER_UNIT and amount_specified < 0:
        raise LiquidityError("amount_specified must be an input where the fee is 100 %")


def _check_protocol_fees(fees_pips: tuple[int, int]) -> None:
    if not all(0 <= fee <= PROTOCOL_FEE_MAX_PIPS for fee in fees_pips):
        raise LiquidityError(
            f"protocol_fees_pips must lie in [0, {PROTOCOL_FEE_MAX_PIPS}], was {fees_pips}"
        )


def _check_tick(pool: Pool, tick: Tick, previous: int) -> None:
    index, net, gross = tick.index, tick.liquidity_net, tick.liquidity_gross
    if not previous < index <= TICK_MAX or index % pool.tick_spacing:
        raise InconsistentPoolError(f"tick {index} is out of order, range or spacing")
    # Gross and net are the sum and the difference of what starts and what ends here.
    if gross <= 0 or abs(net) > gross or (gross - net) % 2:
        raise InconsistentPoolError(f"tick {index} has net {net} of gross {gross}")


def _changed(
    ticks: tuple[Tick, ...], *, at: int, gross: int, net: int, gross_max: int
) -> tuple[Tick, ...]:
    place = bisect_left(ticks, at, key=_index)
    found = place < len(ticks) and ticks[place].index == at
    if found:
        gross += ticks[place].liquidity_gross
        net += ticks[place].liquidity_net
    if not 0 <= gross <= gross_max:
        raise LiquidityError(f"liquidity_gross at tick {at} became {gross}")
    if abs(net) > gross:
        raise LiquidityError(f"delta burns more than was minted at tick {at}")
    kept = (Tick(at, net, gross),) if gross else ()
    return ticks[:place] + kept + ticks[place + found :]


# A price that stands at the end of its range already holds nothing, and has no limit ahead of it.
def _quote(pool: Pool, amount_specified: int, *, zero_for_one: bool) -> Quote:
    try:
        done = swap(pool, zero_for_one=zero_for_one, amount_specified=amount_specified)
    except PriceLimitError:
        return Quote(0, 0, pool)
    if zero_for_one:
        return Quote(done.amount0, -done.amount1, done.pool)
    return Quote(done.amount1, -done.amount0, done.pool)
