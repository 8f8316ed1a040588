"""Each candidate as a cost curve, up to the worst price the order allows.

Refuses anything between candidates: aggregation and accounts belong to `problem`.
"""

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate

from router.domain.instrument import Instrument
from router.domain.plan import BookCandidate, PoolCandidate
from router.domain.units import PIPS_PER_UNIT, Price, Side
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool import cost_curve, pool_of
from router.optimiser.market.tick import limit_ticks


def pool_cost(pool: PoolCandidate, side: Side, *, limit: float | None) -> CostCurve:
    """Return the cost curve of a pool, cut where a unit costs more than `limit`, [quote / base]."""
    instrument = pool.instrument
    decimals = (instrument.base.decimals, instrument.quote.decimals)
    curve = cost_curve(
        pool_of(pool.snapshot),
        side,
        base_is_token0=instrument.base_is_token0,
        decimals0=decimals[0] if instrument.base_is_token0 else decimals[1],
        decimals1=decimals[1] if instrument.base_is_token0 else decimals[0],
        price_limit=limit,
    )
    return curve if limit is None else truncated(curve, limit)


def book_levels(
    book: BookCandidate, side: Side, *, limit: Price | None
) -> tuple[tuple[int, int], ...]:
    """Return what an order may take: best first, within the limit price and the lots allowed."""
    buying = side is Side.BUY
    levels, rising = (book.snapshot.asks, _tick) if buying else (book.snapshot.bids, _minus_tick)
    if limit is not None:
        last = limit_ticks(book.instrument, side, limit=limit)
        levels = levels[: bisect_right(levels, last if buying else -last, key=rising)]
    if book.quantity_max_lots is None:
        return levels
    before = accumulate((lots for _, lots in levels), initial=0)
    room = (book.quantity_max_lots - taken for taken in before)
    return tuple((t, min(lots, r)) for (t, lots), r in zip(levels, room, strict=False) if r > 0)


def book_cost(book: BookCandidate, side: Side, *, limit: Price | None) -> CostCurve:
    """Return the cost curve of a book, taker fee included, up to the limit price."""
    instrument = book.instrument
    return book_curve(
        book_levels(book, side, limit=limit),
        side,
        tick_size=10.0**-instrument.tick_decimals,
        lot_size=instrument.lot_atoms / 10.0**instrument.base.decimals,
        fee_rate=instrument.fee_pips / PIPS_PER_UNIT,
    )


def truncated(curve: CostCurve, price: float) -> CostCurve:
    """Return the part of a curve whose units cost at most `price` after fee, [quote / base]."""
    end = math.sqrt(price)
    count = bisect_left(curve.rising_root.data, curve.sign * end)
    cut = count > 0 and curve.sign * (float(curve.root_end[count - 1]) - end) > 0.0
    if count == curve.quantity.size and not cut:
        return curve
    stop, quantity = curve.root_end[:count].copy(), curve.quantity[:count].copy()
    if cut:
        start, depth = float(curve.root_start[count - 1]), float(curve.depth[count - 1])
        stop[-1] = end
        quantity[-1] = min(depth * abs(end - start) / (end * start), quantity[-1])
    return CostCurve(
        side=curve.side,
        root_start=curve.root_start[:count],
        root_end=stop,
        depth=curve.depth[:count],
        quantity=quantity,
        shift=curve.shift,
    )


def ratio(price: Price, instrument: Instrument) -> float:
    """Return a price of atoms as one of whole tokens, [quote / base]."""
    scale_up = 10**instrument.base.decimals
    return float(price.quote_atoms * scale_up / (price.base_atoms * 10**instrument.quote.decimals))


def _tick(level: tuple[int, int]) -> int:
    return level[0]


def _minus_tick(level: tuple[int, int]) -> int:
    return -level[0]
