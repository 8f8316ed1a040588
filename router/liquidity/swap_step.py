"""One step of a concentrated-liquidity swap: a move inside a range of constant liquidity.

The integers of the Uniswap V3 core libraries SqrtPriceMath and SwapMath, including which way
every division rounds (always against the trader). Refuses to know about ticks.
"""

from typing import Final

from router.domain.units import PIPS_PER_UNIT, Rounding, divide
from router.liquidity.fixed_point import Q96, UINT160_MAX, UINT256_MAX, mul_div
from router.liquidity.oracle import PriceLimitError

_DOWN: Final = Rounding.DOWN
_UP: Final = Rounding.UP


def amount0_delta(price: int, other: int, liquidity: int, *, rounding: Rounding) -> int:
    """Return the token0 between two square-root prices, [atoms]."""
    low, high = (price, other) if price < other else (other, price)
    inner = mul_div(liquidity << 96, high - low, high, rounding=rounding)
    return divide(inner, low, rounding)


def amount1_delta(price: int, other: int, liquidity: int, *, rounding: Rounding) -> int:
    """Return the token1 between two square-root prices, [atoms]."""
    return mul_div(liquidity, abs(price - other), Q96, rounding=rounding)


def next_price_from_input(price: int, liquidity: int, amount_in: int, *, zero_for_one: bool) -> int:
    """Return the square-root price after `amount_in` (without fee) has been paid in.

    Raises
    ------
    PriceLimitError
        If the price leaves 160 bits, where the contract reverts.
    """
    if not zero_for_one:
        return _within_160_bits(price + (amount_in << 96) // liquidity)
    if amount_in == 0:
        return price
    numerator = liquidity << 96
    product = amount_in * price
    if product + numerator <= UINT256_MAX:
        return mul_div(numerator, price, numerator + product, rounding=_UP)
    # Where 256 bits do not hold the product, the contract divides first and loses precision.
    return divide(numerator, numerator // price + amount_in, _UP)


def next_price_from_output(
    price: int, liquidity: int, amount_out: int, *, zero_for_one: bool
) -> int:
    """Return the square-root price after `amount_out` has been taken out.

    Raises
    ------
    PriceLimitError
        If the range does not hold that much.
    """
    if zero_for_one:
        moved = price - mul_div(amount_out, Q96, liquidity, rounding=_UP)
        if moved <= 0:
            raise PriceLimitError(f"amount_out must leave token1 in the range, was {amount_out}")
        return moved
    if amount_out == 0:
        return price
    numerator = liquidity << 96
    product = amount_out * price
    if product > UINT256_MAX or product >= numerator:
        raise PriceLimitError(f"amount_out must leave token0 in the range, was {amount_out}")
    return _within_160_bits(mul_div(numerator, price, numerator - product, rounding=_UP))


def compute_swap_step(
    price: int, target: int, liquidity: int, *, remaining: int, fee_pips: int
) -> tuple[int, int, int, int]:
    """Move the price towards `target` until it is reached or `remaining` is used up.

    Parameters
    ----------
    price, target : int, [sqrt(token1 / token0) * 2**96]
        A target at or below the price swaps token0 for token1, one above the reverse.
    remaining : int, [atoms]
        Positive: input still to be paid, fee included. Negative: output still to be received.
    fee_pips : int
        Below 1_000_000.

    Returns
    -------
    tuple[int, int, int, int]
        Next square-root price; input without fee, output and fee in atoms.

    Notes
    -----
    Uniswap V4 divides an unfinished exact input differently between input and fee; their sum,
    the output and the next price are the same.
    """
    if remaining >= 0:
        return _exact_input_step(price, target, liquidity, remaining=remaining, fee_pips=fee_pips)
    zero_for_one = price >= target
    out_delta, in_delta = (
        (amount1_delta, amount0_delta) if zero_for_one else (amount0_delta, amount1_delta)
    )
    amount_out = out_delta(price, target, liquidity, rounding=_DOWN)
    if -remaining >= amount_out:
        reached = target
    else:
        reached = next_price_from_output(price, liquidity, -remaining, zero_for_one=zero_for_one)
        if reached != target:
            amount_out = out_delta(price, reached, liquidity, rounding=_DOWN)
        amount_out = min(amount_out, -remaining)
    amount_in = in_delta(price, reached, liquidity, rounding=_UP)
    return reached, amount_in, amount_out, _fee_on(amount_in, fee_pips)


def _exact_input_step(
    price: int, target: int, liquidity: int, *, remaining: int, fee_pips: int
) -> tuple[int, int, int, int]:
    zero_for_one = price >= target
    in_delta, out_delta = (
        (amount0_delta, amount1_delta) if zero_for_one else (amount1_delta, amount0_delta)
    )
    amount_in = in_delta(price, target, liquidity, rounding=_UP)
    less_fee = remaining * (PIPS_PER_UNIT - fee_pips) // PIPS_PER_UNIT
    reached = (
        target
        if less_fee >= amount_in
        else next_price_from_input(price, liquidity, less_fee, zero_for_one=zero_for_one)
    )
    amount_out = out_delta(price, reached, liquidity, rounding=_DOWN)
    if reached == target:
        return reached, amount_in, amount_out, _fee_on(amount_in, fee_pips)
    # The price stays short of the target, so the pool keeps the rounding dust as fee.
    amount_in = in_delta(price, reached, liquidity, rounding=_UP)
    return reached, amount_in, amount_out, remaining - amount_in


def _fee_on(amount_in: int, fee_pips: int) -> int:
    return mul_div(amount_in, fee_pips, PIPS_PER_UNIT - fee_pips, rounding=_UP)


def _within_160_bits(price: int) -> int:
    if price > UINT160_MAX:
        raise PriceLimitError(f"square-root price must fit 160 bits, was {price}")
    return price
