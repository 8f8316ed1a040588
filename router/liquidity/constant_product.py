"""A constant-product pool as the contracts compute it, and its float64 twin for the optimiser.

Exact integers of UniswapV2Library and UniswapV2Pair, for any fee in pips: 3000 gives the same
integers as their 997 of 1000. Refuses price limits and partial fills, which the pair does not have,
and tokens that arrive short of what was sent.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.units import PIPS_PER_UNIT, Side
from router.liquidity.curve import CostCurve
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
)

RESERVE_MAX: Final = (1 << 112) - 1  # the pair keeps its reserves in 112 bits
# A curve ends where the price has moved by the square of this, about 1e12: beyond, a millionth of
# the output reserve is left.
CURVE_ROOT_SPAN: Final = float(1 << 20)


@dataclass(frozen=True, slots=True)
class Pool:
    """The state of a pair that decides what a swap pays; reserves in atoms."""

    reserve0: int
    reserve1: int
    fee_pips: int

    def __post_init__(self) -> None:
        if not 0 <= self.fee_pips < PIPS_PER_UNIT:
            raise LiquidityError(f"fee_pips must lie in [0, 1000000), was {self.fee_pips}")


@dataclass(frozen=True, slots=True)
class Swap:
    """What a swap did; signs and fields as in `concentrated.Swap`.

    Attributes
    ----------
    amount0, amount1 : int, [atoms]
        From the pool's side: positive was paid in, negative paid out.
    fee_amount : int, [atoms of the input token]
        Contained in the positive amount; it stays in the reserves.
    ticks_crossed : int
        Always 0.
    """

    amount0: int
    amount1: int
    fee_amount: int
    ticks_crossed: int
    pool: Pool


def swap(pool: Pool, *, zero_for_one: bool, amount_specified: int) -> Swap:
    """Trade against the pool exactly as the contracts do.

    Parameters
    ----------
    amount_specified : int, [atoms]
        Positive: the input to pay, fee included. Negative: the output to receive.

    Raises
    ------
    LiquidityError
        Where the contracts revert: the amount is zero, the output is, or a reserve would leave 112
        bits.
    InsufficientLiquidityError
        If the pool does not hold the output.
    """
    if amount_specified == 0:
        raise LiquidityError("amount_specified must not be zero")
    reserve_in, reserve_out = pool.reserve0, pool.reserve1
    if not zero_for_one:
        reserve_in, reserve_out = reserve_out, reserve_in
    if reserve_in <= 0 or reserve_out <= 0:
        raise InsufficientLiquidityError(requested=abs(amount_specified), available=0)
    if amount_specified > 0:
        amount_in = amount_specified
        amount_out = _output_for(amount_in, reserve_in, reserve_out, fee_pips=pool.fee_pips)
    else:
        amount_out = -amount_specified
        amount_in = _input_for(amount_out, reserve_in, reserve_out, fee_pips=pool.fee_pips)
    if reserve_in + amount_in > RESERVE_MAX:
        raise LiquidityError(f"the reserve must stay within 112 bits, {amount_in} is too much")
    fee = -(-amount_in * pool.fee_pips // PIPS_PER_UNIT)  # up
    if zero_for_one:
        after = Pool(pool.reserve0 + amount_in, pool.reserve1 - amount_out, pool.fee_pips)
        return Swap(amount_in, -amount_out, fee, 0, after)
    after = Pool(pool.reserve0 - amount_out, pool.reserve1 + amount_in, pool.fee_pips)
    return Swap(-amount_out, amount_in, fee, 0, after)


def check(pool: Pool) -> None:
    """Verify that the reserves are such as a pair can have.

    Raises
    ------
    InconsistentPoolError
        Naming the reserve that is not.
    """
    for name, reserve in (("reserve0", pool.reserve0), ("reserve1", pool.reserve1)):
        if not 0 <= reserve <= RESERVE_MAX:
            raise InconsistentPoolError(f"{name} must lie in [0, 2**112), is {reserve}")


def curve(
    pool: Pool,
    side: Side,
    *,
    base_is_token0: bool,
    decimals0: int,
    decimals1: int,
    price_limit: float | None = None,
) -> CostCurve:
    """Return the cost curve of a pool in one direction, its fee included: one segment.

    Parameters
    ----------
    decimals0, decimals1 : int
        Of the two tokens; they turn atoms into whole tokens.
    price_limit : float | None, [quote / base]
        Cut the curve at this price after fee.

    Notes
    -----
    It ends earlier than the pool: where the price has moved by ``CURVE_ROOT_SPAN ** 2``, or the
    input reserve is full.

    The exact execution is worse for the trader than the curve by at most one atom (of input when
    buying, of output when selling), and never better, up to 16 epsilon of the amount; when buying,
    times the price moved's square root, for that is how much of the reserve's digits the rest of
    it keeps.
    """
    reserve_base, reserve_quote = float(pool.reserve0), float(pool.reserve1)
    decimals_base, decimals_quote = decimals0, decimals1
    if not base_is_token0:
        reserve_base, reserve_quote = reserve_quote, reserve_base
        decimals_base, decimals_quote = decimals_quote, decimals_base
    if reserve_base <= 0.0 or reserve_quote <= 0.0:
        return _nothing(side)
    sign = 1.0 if side is Side.BUY else -1.0
    gross = PIPS_PER_UNIT / (PIPS_PER_UNIT - pool.fee_pips)
    reserve_in = reserve_quote if side is Side.BUY else reserve_base
    # By what factor the root price may move until the input reserve, less fees, is full.
    room = 1.0 + (RESERVE_MAX - reserve_in) / (reserve_in * gross)
    base, quote = reserve_base / 10.0**decimals_base, reserve_quote / 10.0**decimals_quote
    start = math.sqrt(quote / base * gross**sign)
    end = start * min(CURVE_ROOT_SPAN, room) ** sign
    if price_limit is not None:
        limit = math.sqrt(max(price_limit, 0.0))
        end = min(end, limit) if side is Side.BUY else max(end, limit)
    if sign * (end - start) <= 0.0:
        return _nothing(side)
    depth = math.sqrt(base * quote * gross)
    return CostCurve(
        side=side,
        root_start=np.array([start]),
        root_end=np.array([end]),
        depth=np.array([depth]),
        quantity=np.array([sign * depth * ((end - start) / (start * end))]),
    )


# UniswapV2Library.getAmountOut, rounded down; the pair refuses to pay out nothing.
def _output_for(amount_in: int, reserve_in: int, reserve_out: int, *, fee_pips: int) -> int:
    less_fee = amount_in * (PIPS_PER_UNIT - fee_pips)
    amount_out = less_fee * reserve_out // (reserve_in * PIPS_PER_UNIT + less_fee)
    if amount_out == 0:
        raise LiquidityError(f"amount_specified must buy at least one atom, {amount_in} does not")
    return amount_out


# UniswapV2Library.getAmountIn: rounded down and one added, even where nothing was rounded.
def _input_for(amount_out: int, reserve_in: int, reserve_out: int, *, fee_pips: int) -> int:
    if amount_out >= reserve_out:
        raise InsufficientLiquidityError(requested=amount_out, available=reserve_out - 1)
    left_less_fee = (reserve_out - amount_out) * (PIPS_PER_UNIT - fee_pips)
    return reserve_in * amount_out * PIPS_PER_UNIT // left_less_fee + 1


def _nothing(side: Side) -> CostCurve:
    nothing = np.zeros(0)
    return CostCurve(side, nothing, nothing, depth=nothing, quantity=nothing)
