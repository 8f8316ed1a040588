"""What a Swap event says, made again from the state before it, to the last atom.

An event does not say what was asked for. It was an exact input, an exact output, or as much as
fits before a price limit; each is tried. Refuses an event that none of them makes: then the state
before it is not the chain's.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Final

from router.liquidity.concentrated import (
    AMOUNT_MAX,
    NO_PROTOCOL_FEES,
    Outcome,
    Pool,
    check_tick_of_price,
    outcome,
)
from router.liquidity.oracle import InconsistentPoolError, LiquidityError

_FIELDS: Final = ("amount0", "amount1", "sqrt_price_x96", "tick", "liquidity")
_index: Final = attrgetter("index")


def replay(
    pool: Pool,
    *,
    amount0: int,
    amount1: int,
    sqrt_price_x96: int,
    liquidity: int,
    tick: int,
    fee_pips: int | None = None,
) -> Pool:
    """Return the pool after the swap that an event tells of.

    Parameters
    ----------
    amount0, amount1 : int, [atoms]
        From the pool's side: positive was paid in, negative paid out.
    fee_pips : int | None
        What was charged in all, where the event says it (Uniswap V4); takes the place of the
        pool's fees for this swap only. None takes the pool's.

    Raises
    ------
    InconsistentPoolError
        If no swap from this state gives exactly that; names the first difference.
    """
    charged = pool
    if fee_pips is not None:
        charged = replace(pool, fee_pips=fee_pips, protocol_fees_pips=NO_PROTOCOL_FEES)
    told = (amount0, amount1, sqrt_price_x96, tick, liquidity)
    reason = None
    try:
        for made in _attempts(charged, amount0=amount0, amount1=amount1, price=sqrt_price_x96):
            if made[:5] == told:
                return pool.moved(sqrt_price_x96=sqrt_price_x96, tick=tick, liquidity=liquidity)
            reason = reason or _first_difference(made, told)
    except LiquidityError as error:
        reason = reason or str(error)
    raise InconsistentPoolError(f"the swap does not follow from the pool: {reason}")


def replay_without_amounts(pool: Pool, *, sqrt_price_x96: int, liquidity: int, tick: int) -> Pool:
    """Return the pool after a swap whose fee is not known; amounts are not looked at.

    Raises
    ------
    InconsistentPoolError
        If the tick does not follow from the price, or the liquidity from the ticks crossed.
    """
    check_tick_of_price(sqrt_price_x96, tick)
    before, after = (bisect_right(pool.ticks, at, key=_index) for at in (pool.tick, tick))
    if before <= after:
        expected = pool.liquidity + sum(t.liquidity_net for t in pool.ticks[before:after])
    else:
        expected = pool.liquidity - sum(t.liquidity_net for t in pool.ticks[after:before])
    if liquidity != expected:
        raise InconsistentPoolError(
            f"the swap does not follow from the pool: liquidity is {liquidity},"
            f" the ticks say {expected}"
        )
    return pool.moved(sqrt_price_x96=sqrt_price_x96, tick=tick, liquidity=liquidity)


# The most common first. An input is never free, so only where nothing is paid does the price alone
# say which way it went: a limit was reached through ranges without liquidity.
def _attempts(pool: Pool, *, amount0: int, amount1: int, price: int) -> Iterator[Outcome]:
    zero_for_one = amount0 > 0 or (amount0 == amount1 == 0 and price < pool.sqrt_price_x96)
    paid, received = (amount0, -amount1) if zero_for_one else (amount1, -amount0)
    if paid < 0 or received < 0:
        raise LiquidityError(f"amounts {amount0} and {amount1} do not pay for each other")
    if paid:
        yield outcome(pool, zero_for_one=zero_for_one, amount_specified=paid)
    if received:
        yield outcome(pool, zero_for_one=zero_for_one, amount_specified=-received)
    yield outcome(
        pool,
        zero_for_one=zero_for_one,
        amount_specified=AMOUNT_MAX,
        sqrt_price_limit_x96=price,
    )


def _first_difference(made: Outcome, told: tuple[int, ...]) -> str:
    pairs = zip(_FIELDS, made, told, strict=False)
    return next(f"{name} is {is_}, must be {must}" for name, must, is_ in pairs if is_ != must)
