"""How the markets of a pair answer to the size of an order: how far it would move their price.

Measured on the cost curves of what was observed, at the sizes that slices will have. Refuses ways
through other assets, and gas, which no size changes.
"""

import math
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Instrument
from router.domain.plan import BookCandidate, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, Amount, Pico, Price, Side
from router.liquidity.aggregate import Aggregate, aggregate
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool import cost_curve, pool_of

_SLICES_PROBED: Final = (1, 2, 4)  # at once: schedules trade some slices larger than others


@dataclass(frozen=True, slots=True)
class Impact:
    """What the depth of the markets makes of an order.

    Attributes
    ----------
    temporary : Pico
        What trading the whole order at once would cost by the markets it needs beside the cheapest,
        which charge more from their first unit on; a rate, by the way it grows near the price.
    transient : Pico
        How far trading the whole order at once would move the price, likewise.
    room : Amount
        What the markets give now within the limit price; in the asset the order fixes.
    held_per_hour : Pico
        Funding of the whole order's position, by the part that perp books would take of it;
        positive is paid.
    """

    temporary: Pico
    transient: Pico
    room: Amount
    held_per_hour: Pico


def impact_of(problem: RoutingProblem, *, slices: int) -> Impact | None:
    """Return what an order of so many slices does; None where no market of the pair is known."""
    books = [(book, _book_curve(book, problem.side)) for book in problem.books]
    curves = [curve for _, curve in books]
    curves += [_pool_curve(pool, problem) for pool in problem.pools]
    curves = [curve for curve in curves if curve.capacity > 0.0]
    if not curves:
        return None
    mid, whole = _mid(problem), _base(problem)
    limit = _human(problem.limit_price, pair_of(problem))
    sign = 1.0 if problem.side is Side.BUY else -1.0
    room = math.fsum(float(curve.quantity_at(sign * limit)) for curve in curves)
    together = aggregate(curves)
    probes = [min(count * whole / slices, together.capacity) for count in _SLICES_PROBED]
    held = _held_per_hour([b for b in books if b[1].capacity > 0.0], together, probe=probes[0])
    dearer, moved = _growth(together, probes)
    return Impact(
        temporary=Pico(math.ceil(dearer * whole / mid * PICO_PER_UNIT)),
        transient=Pico(math.ceil(2.0 * moved * whole / mid * PICO_PER_UNIT)),
        room=Amount(problem.quantity.asset, math.floor(room / whole * problem.quantity.atoms)),
        held_per_hour=Pico(math.ceil(sign * held)),
    )


def pair_of(problem: RoutingProblem) -> Instrument:
    """Return an instrument of the order's pair; there must be a market of it."""
    pools = tuple(pool.instrument for pool in problem.pools)
    return (*pools, *(book.instrument for book in problem.books))[0]


# How what a unit costs on average above the first grows with the quantity, by least squares: for
# what the first units of dearer markets charge more, and for what prices move.
def _growth(together: Aggregate, probes: list[float]) -> tuple[float, float]:
    firsts = [curve.first_marginal for curve in together.curves]
    first, weight = min(firsts), math.fsum(size**3 for size in probes)
    dearer = moved = 0.0
    for size in probes:
        parts = zip(together.split(size).tolist(), firsts, strict=True)
        more = math.fsum(part * (each - first) for part, each in parts if part > 0.0)
        dearer += size * more
        moved += size * (together.cost(size) - first * size - more)
    return max(0.0, dearer / weight), max(0.0, moved / weight)


# The curves of the books are the first ones of those filled together.
def _held_per_hour(
    books: list[tuple[BookCandidate, CostCurve]], together: Aggregate, *, probe: float
) -> float:
    parts = together.split(probe).tolist()[: len(books)]
    paid = (
        part / probe * book.funding_rate_per_hour
        for (book, _), part in zip(books, parts, strict=True)
    )
    return math.fsum(paid)


def _book_curve(book: BookCandidate, side: Side) -> CostCurve:
    instrument = book.instrument
    return book_curve(
        book.snapshot.asks if side is Side.BUY else book.snapshot.bids,
        side,
        tick_size=10.0**-instrument.tick_decimals,
        lot_size=instrument.lot_atoms / 10.0**instrument.base.decimals,
        fee_rate=instrument.fee_pips / PIPS_PER_UNIT,
    )


def _pool_curve(pool: PoolCandidate, problem: RoutingProblem) -> CostCurve:
    instrument = pool.instrument
    base, quote = instrument.base.decimals, instrument.quote.decimals
    return cost_curve(
        pool_of(pool.snapshot),
        problem.side,
        base_is_token0=instrument.base_is_token0,
        decimals0=base if instrument.base_is_token0 else quote,
        decimals1=quote if instrument.base_is_token0 else base,
        price_limit=_human(problem.limit_price, instrument),
    )


def _mid(problem: RoutingProblem) -> float:
    return _human(problem.arrival_mid, pair_of(problem))


def _base(problem: RoutingProblem) -> float:
    pair, atoms = pair_of(problem), problem.quantity.atoms
    if problem.kind is QuantityKind.BASE:
        return float(atoms / 10.0**pair.base.decimals)
    return float(atoms / 10.0**pair.quote.decimals / _mid(problem))


def _human(price: Price, pair: Instrument) -> float:
    scale_up = 10**pair.base.decimals
    return float(price.quote_atoms * scale_up / (price.base_atoms * 10**pair.quote.decimals))
