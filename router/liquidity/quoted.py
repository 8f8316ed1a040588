"""A pool that is known by quotes alone: chords between them, never above what was quoted.

For pools whose amounts do not follow from their state. Between two quotes an execution pays what
lies on their chord, rounded against us; beyond the last one the pool has nothing. Refuses to say
what the pool is after a swap, and what an exact output costs where that is not the reverse of what
an input buys: only the quotes of exact inputs are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from router.domain.units import Rounding, Side, divide
from router.liquidity.curve import CostCurve
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
)

Points: TypeAlias = tuple[tuple[int, int], ...]  # amount in, amount out; ascending, [atoms]

_ORIGIN: Final = (0, 0)


@dataclass(frozen=True, slots=True)
class Pool:
    """Quotes in both directions, as they came.

    Attributes
    ----------
    zero_for_one, one_for_zero : Points
        An exact input and what it bought.

    Notes
    -----
    Where what the pool gives is concave in what comes in, as with every convex curve of reserves
    less a share, it gives between two quotes at least what lies on their chord: an execution is
    never worse than planned. How much better it can be follows from the neighbours. With slopes
    ``m-``, ``m``, ``m+`` of the chord before, of the chord, and of the one after, and widths
    ``w-``, ``w``, ``w+``, it is above the chord by at most the lesser of
    ``w * (m- - m) + 2 + w / w-`` and ``w * (m - m+) + 2 + w / w+`` atoms; the last two terms are
    the rounding of quotes. The first chord has nothing before it, the last nothing after. Where
    quotes are lowered (see `concave`) for no other reason than that they are whole atoms, it costs
    such a part of an amount as an atom is of the first quote.

    A pool that charges per swap is not concave below its first quote, and gives less there than
    planned: the bound of the order catches that.
    """

    zero_for_one: Points
    one_for_zero: Points
    _chords: tuple[Points, Points] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        chords = (concave(self.zero_for_one), concave(self.one_for_zero))
        object.__setattr__(self, "_chords", chords)

    def chords(self, *, zero_for_one: bool) -> Points:
        """Return the ends of the chords of one direction, from the origin on."""
        return self._chords[0 if zero_for_one else 1]


@dataclass(frozen=True, slots=True)
class Swap:
    """What a swap did; signs and fields as in `concentrated.Swap`.

    Attributes
    ----------
    amount0, amount1 : int, [atoms]
        From the pool's side: positive was paid in, negative paid out.
    fee_amount, ticks_crossed : int
        Always 0: whatever is charged is in the quotes.
    pool : Pool
        Without quotes: there are none for the state after.
    """

    amount0: int
    amount1: int
    fee_amount: int
    ticks_crossed: int
    pool: Pool


def concave(points: Points) -> Points:
    """Return the origin and the quotes, lowered where they are above what their elders promise.

    Each chord is at most as steep as the one before it, so that the whole is concave, and nowhere
    above a quote. Ends where more input buys no more.
    """
    kept = [_ORIGIN]
    for amount_in, quoted in points:
        before_in, before_out = kept[-1]
        amount_out = quoted
        if len(kept) > 1:
            elder_in, elder_out = kept[-2]
            onwards = (before_out - elder_out) * (amount_in - before_in)
            risen = divide(onwards, before_in - elder_in, Rounding.DOWN)  # no steeper
            amount_out = min(quoted, before_out + risen)
        if amount_out <= before_out:
            break
        kept.append((amount_in, amount_out))
    return tuple(kept)


def check(pool: Pool) -> None:
    """Verify that quotes are such as a quoter gives.

    Raises
    ------
    InconsistentPoolError
        If inputs do not ascend from above zero, or one buys nothing.
    """
    for name, points in (("zero_for_one", pool.zero_for_one), ("one_for_zero", pool.one_for_zero)):
        inputs = [0, *(amount_in for amount_in, _ in points)]
        if any(after <= before for before, after in pairwise(inputs)):
            raise InconsistentPoolError(f"{name} must have ascending inputs, has {inputs[1:]}")
        if any(amount_out <= 0 for _, amount_out in points):
            raise InconsistentPoolError(f"{name} must have outputs above zero, has {points}")


def swap(pool: Pool, *, zero_for_one: bool, amount_specified: int) -> Swap:
    """Trade along the chords, rounded against us; what is beyond the last quote is not filled.

    Parameters
    ----------
    amount_specified : int, [atoms]
        Positive: the input to pay, fees included. Negative: the output to receive.

    Raises
    ------
    LiquidityError
        If the amount is zero.
    InsufficientLiquidityError
        If there is no quote in this direction.
    """
    if amount_specified == 0:
        raise LiquidityError("amount_specified must not be zero")
    points = pool.chords(zero_for_one=zero_for_one)
    if len(points) == 1:
        raise InsufficientLiquidityError(requested=abs(amount_specified), available=0)
    last_in, last_out = points[-1]
    if amount_specified > 0:
        amount_in = min(amount_specified, last_in)
        amount_out = _output_for(points, amount_in)
    else:
        amount_out = min(-amount_specified, last_out)
        amount_in = _input_for(points, amount_out)
    amounts = (amount_in, -amount_out) if zero_for_one else (-amount_out, amount_in)
    return Swap(*amounts, fee_amount=0, ticks_crossed=0, pool=Pool((), ()))


def curve(
    pool: Pool,
    side: Side,
    *,
    base_is_token0: bool,
    decimals0: int,
    decimals1: int,
    price_limit: float | None = None,
) -> CostCurve:
    """Return the cost curve of a pool in one direction: a level of a book for each chord.

    Parameters
    ----------
    decimals0, decimals1 : int
        Of the two tokens; they turn atoms into whole tokens.
    price_limit : float | None, [quote / base]
        Leave out chords that are worse than this.

    Notes
    -----
    `swap` is worse for the trader than the curve by at most one atom (of input when buying, of
    output when selling), and never better, up to 4 epsilon times the number of chords.
    """
    buying = side is Side.BUY
    points = pool.chords(zero_for_one=base_is_token0 is not buying)
    steps = np.array(
        [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)], dtype=np.float64
    ).reshape(-1, 2)
    quote, base = (steps[:, 0], steps[:, 1]) if buying else (steps[:, 1], steps[:, 0])
    decimals = (decimals0, decimals1) if base_is_token0 else (decimals1, decimals0)
    price = quote / base * 10.0 ** (decimals[0] - decimals[1])
    # Chords of one slope may come out an epsilon apart, in the wrong order.
    ordered = np.maximum.accumulate(price) if buying else np.minimum.accumulate(price)
    kept = np.full(price.shape, fill_value=True)
    if price_limit is not None:
        kept = ordered <= price_limit if buying else ordered >= price_limit
    root = np.sqrt(ordered[kept])
    return CostCurve(
        side=side,
        root_start=root,
        root_end=root,
        depth=np.full_like(root, np.inf),
        quantity=base[kept] / 10.0 ** decimals[0],
    )


def _output_for(points: Sequence[tuple[int, int]], amount_in: int) -> int:
    (low_in, low_out), (high_in, high_out) = next(
        pair for pair in pairwise(points) if pair[1][0] >= amount_in
    )
    part = (high_out - low_out) * (amount_in - low_in)
    return low_out + divide(part, high_in - low_in, Rounding.DOWN)


def _input_for(points: Sequence[tuple[int, int]], amount_out: int) -> int:
    (low_in, low_out), (high_in, high_out) = next(
        pair for pair in pairwise(points) if pair[1][1] >= amount_out
    )
    part = (high_in - low_in) * (amount_out - low_out)
    return low_in + divide(part, high_out - low_out, Rounding.UP)
