"""One step of a concentrated-liquidity swap: a move inside a range of constant liquidity.

The integers of the Uniswap core libraries SqrtPriceMath and SwapMath, including which way every
division rounds (always against the trader). Refuses to know about ticks.

In this module divisions are written with ``//`` and shifts, and a comment names their rounding:
every quote takes dozens of them, and a call for each costs more than the division.
"""

from typing import Final

from router.domain.units import PIPS_PER_UNIT
from router.liquidity.fixed_point import UINT160_MAX, UINT256_MAX
from router.liquidity.oracle import PriceLimitError

UNPAYABLE: Final = UINT256_MAX + 1  # more atoms than any amount has


def amounts_between(price: int, target: int, liquidity: int) -> tuple[int, int]:
    """Return what moving the price to `target` takes in (without fee) and gives out, [atoms].

    Input is rounded up, output down. A target at or below the price swaps token0 for token1.

    Notes
    -----
    The contract divides token0 amounts twice, by one price and then by the other, both times in
    the same direction; that is the one division by their product done here.
    """
    if price >= target:
        moved = price - target
        amount0 = -(-(liquidity << 96) * moved // (price * target))  # up
        return amount0, liquidity * moved >> 96  # down
    moved = target - price
    amount0 = (liquidity << 96) * moved // (price * target)  # down
    return -(-liquidity * moved >> 96), amount0  # up


def next_price_from_input(price: int, liquidity: int, amount_in: int, *, zero_for_one: bool) -> int:
    """Return the square-root price after `amount_in` (without fee) has been paid in.

    Raises
    ------
    PriceLimitError
        If the price leaves 160 bits, where the contract reverts.
    """
    if not zero_for_one:
        return _within_160_bits(price + (amount_in << 96) // liquidity)  # down
    if amount_in == 0:
        return price
    numerator = liquidity << 96
    denominator = numerator + amount_in * price
    if denominator <= UINT256_MAX:
        return -(-numerator * price // denominator)  # up
    # Where 256 bits do not hold the product, the contract divides first and loses precision.
    return -(-numerator // (numerator // price + amount_in))  # down, then up


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
        moved = price + (-amount_out << 96) // liquidity  # what is taken off, up
        if moved <= 0:
            raise PriceLimitError(f"amount_out must leave token1 in the range, was {amount_out}")
        return moved
    if amount_out == 0:
        return price
    numerator = liquidity << 96
    product = amount_out * price
    if product > UINT256_MAX or product >= numerator:
        raise PriceLimitError(f"amount_out must leave token0 in the range, was {amount_out}")
    return _within_160_bits(-(-numerator * price // (numerator - product)))  # up


def fee_on(amount_in: int, fee_pips: int) -> int:
    """Return the fee on top of an input without fee, rounded up, [atoms].

    At 100 % it is more than can be paid, so that nothing passes but where nothing is asked for.

    Notes
    -----
    With d = 1_000_000 and g = d - fee_pips, the contract lets `amount_in` pass iff floor(remaining
    * g / d) >= amount_in. Since amount_in is whole, that says remaining * g / d >= amount_in, hence
    remaining >= amount_in * d / g, and since remaining is whole, remaining >= ceil(amount_in * d /
    g) = amount_in + ceil(amount_in * fee_pips / g): input and fee. Comparing with that sum saves a
    division, and does not depend on what was paid before.
    """
    if amount_in == 0:
        return 0
    if fee_pips == PIPS_PER_UNIT:
        return UNPAYABLE
    return -(-amount_in * fee_pips // (PIPS_PER_UNIT - fee_pips))  # up


def unfinished_input(
    price: int, liquidity: int, *, zero_for_one: bool, remaining: int, fee_pips: int
) -> tuple[int, int, int, int]:
    """Pay in what is left where it does not take the price to its target.

    Parameters
    ----------
    remaining : int, [atoms]
        Input still to be paid, fee included.

    Returns
    -------
    tuple[int, int, int, int]
        Next square-root price; input without fee, output and fee in atoms.

    Notes
    -----
    Uniswap V3 takes what the move needs as input and the rest, rounding dust included, as fee; so
    does this. V4 calls the dust input. Their sum is `remaining` in both, and price and output do
    not depend on it. (V3 would divide differently if the price landed on the target all the same;
    it cannot: that much less moves the exact price less far, and both roundings of the price stop
    short of where the exact price was.)
    """
    less_fee = remaining * (PIPS_PER_UNIT - fee_pips) // PIPS_PER_UNIT  # down
    reached = next_price_from_input(price, liquidity, less_fee, zero_for_one=zero_for_one)
    amount_in, amount_out = amounts_between(price, reached, liquidity)
    return reached, amount_in, amount_out, remaining - amount_in


def unfinished_output(
    price: int, liquidity: int, *, zero_for_one: bool, remaining: int, fee_pips: int
) -> tuple[int, int, int, int]:
    """Take out what is left where that is less than the way to the target gives.

    Parameters and result are those of `unfinished_input`, but `remaining` is output still to be
    received, and the fee is below 100 %. The price may land on the target.

    Notes
    -----
    Uniswap V3 gives the smaller of `remaining` and what the move frees, V4 gives `remaining`. They
    are the same: the price is rounded away from where it was, so what the move frees, rounded down,
    is never less than `remaining`.
    """
    reached = next_price_from_output(price, liquidity, remaining, zero_for_one=zero_for_one)
    amount_in, _ = amounts_between(price, reached, liquidity)
    return reached, amount_in, remaining, fee_on(amount_in, fee_pips)


def _within_160_bits(price: int) -> int:
    if price > UINT160_MAX:
        raise PriceLimitError(f"square-root price must fit 160 bits, was {price}")
    return price
