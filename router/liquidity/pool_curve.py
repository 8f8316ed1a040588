"""The float64 twin of a concentrated-liquidity pool.

Agrees with the exact integers up to the rounding of the contract (whole atoms, and the
granularity of the square-root price) and a few units in the last place of a float. Refuses to
round in anybody's favour.
"""

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate
from operator import add, attrgetter, sub
from typing import Final

import numpy as np

from router.domain.units import PIPS_PER_UNIT, Side
from router.liquidity.concentrated import Pool, Tick
from router.liquidity.curve import CostCurve, Floats, TwoSided, empty_curve
from router.liquidity.fixed_point import Q96, tick_to_sqrt_price

_LOG_PER_TICK: Final = math.log1p(1e-4) / 2.0  # log(1.0001) would lose four digits
_index, _net = attrgetter("index"), attrgetter("liquidity_net")


def pool_curve(
    pool: Pool,
    side: Side,
    *,
    base_is_token0: bool,
    decimals0: int,
    decimals1: int,
    price_limit: float | None = None,
) -> CostCurve:
    """Return the cost curve of a pool in one direction, the whole fee of that direction included.

    Parameters
    ----------
    decimals0, decimals1 : int
        Of the two tokens; they turn atoms into whole tokens.
    price_limit : float | None, [quote / base]
        Leave out segments that start beyond this price after fee. A curve that ends early is
        built faster.

    Notes
    -----
    The exact execution is never better for the trader than the curve, up to 8 epsilon times
    (segments + 4 + logarithm of the price moved), and worse by at most, for each of its steps,
    two atoms of input, one of output, and once what a unit of 2**-96 in the price is worth.
    """
    sign = 1.0 if side is Side.BUY else -1.0
    rises = (side is Side.BUY) == base_is_token0  # the pool's own price, token1 per token0
    fee_pips = pool.swap_fee_pips(zero_for_one=not rises)
    if fee_pips >= PIPS_PER_UNIT:
        return empty_curve(side)
    grossed_up = math.sqrt(PIPS_PER_UNIT / (PIPS_PER_UNIT - fee_pips))
    decimal_shift = decimals0 - decimals1 if base_is_token0 else decimals1 - decimals0
    root_now = pool.sqrt_price_x96 / Q96 if base_is_token0 else Q96 / pool.sqrt_price_x96
    root_now *= 10.0 ** (decimal_shift / 2) * grossed_up**sign

    reach = math.inf if price_limit is None else _log_distance(root_now, price_limit, sign)
    ahead = _ticks_ahead(pool, rises=rises, reach=reach)
    if not ahead:
        return empty_curve(side)
    step, distance = _log_steps(pool, ahead, sign=sign, rises=rises)
    depth = _liquidity_ahead(pool, ahead, rises=rises)
    depth *= grossed_up * 10.0 ** (-(decimals0 + decimals1) / 2)
    root = root_now * np.exp(distance)
    start, end = root[:-1], root[1:]
    # D * |1/a - 1/b| with b = a * exp(step), written so that nothing cancels on a narrow tick.
    quantity = np.expm1(-step)
    quantity *= -sign * depth / start
    kept = np.flatnonzero(quantity > 0.0)
    if kept.size < quantity.size:
        start, end, depth = start.take(kept), end.take(kept), depth.take(kept)
        quantity = quantity.take(kept)
    return CostCurve(side=side, root_start=start, root_end=end, depth=depth, quantity=quantity)


def pool_market(pool: Pool, *, base_is_token0: bool, decimals0: int, decimals1: int) -> TwoSided:
    """Return both directions of a pool."""
    buy, sell = (
        pool_curve(
            pool,
            side,
            base_is_token0=base_is_token0,
            decimals0=decimals0,
            decimals1=decimals1,
        )
        for side in (Side.BUY, Side.SELL)
    )
    return TwoSided(buy=buy, sell=sell)


# How far the square-root price may move, in logarithm; negative when it is beyond already.
def _log_distance(root_now: float, price_limit: float, sign: float) -> float:
    if price_limit <= 0.0:
        return -math.inf if sign > 0.0 else math.inf
    return sign * (math.log(price_limit) / 2.0 - math.log(root_now))


# The initialised ticks in the order met, up to the first one beyond `reach`.
def _ticks_ahead(pool: Pool, *, rises: bool, reach: float) -> list[Tick]:
    ticks = pool.ticks
    here = bisect_right(ticks, pool.tick, key=_index)
    if reach < 0.0:
        return []
    if math.isinf(reach):
        return list(ticks[here:]) if rises else list(ticks[:here][::-1])
    span = math.ceil(reach / _LOG_PER_TICK) + 1
    if rises:
        return list(ticks[here : bisect_left(ticks, pool.tick + span, key=_index) + 1])
    last = bisect_right(ticks, pool.tick - span, key=_index)
    return list(ticks[max(last - 1, 0) : here][::-1])


# Liquidity adds up as integers: a float sum would leave a residue of large positions where they
# have ended.
def _liquidity_ahead(pool: Pool, ahead: list[Tick], *, rises: bool) -> Floats:
    liquidity = accumulate(map(_net, ahead[:-1]), add if rises else sub, initial=pool.liquidity)
    return np.fromiter(liquidity, np.float64, len(ahead))


# Returns how far the logarithm of the curve's square-root price moves in each range, shape (n,),
# and up to each stop, shape (n + 1,). Ranges come from whole ticks, not differences of the sums.
def _log_steps(pool: Pool, ahead: list[Tick], *, sign: float, rises: bool) -> tuple[Floats, Floats]:
    first = tick_to_sqrt_price(ahead[0].index)
    # Over the lower of the two: near minus one, log1p would lose the digits of a long way down.
    apart = abs(first - pool.sqrt_price_x96)
    to_first = sign * math.log1p(apart / min(first, pool.sqrt_price_x96))
    index = np.fromiter(map(_index, ahead), np.float64, len(ahead))
    per_tick = sign * _LOG_PER_TICK if rises else -sign * _LOG_PER_TICK
    step, distance = np.empty_like(index), np.zeros(index.size + 1)
    step[0] = to_first
    np.multiply(index[1:] - index[:-1], per_tick, out=step[1:])
    index -= index[0]
    index *= per_tick
    np.add(index, to_first, out=distance[1:])
    return step, distance
