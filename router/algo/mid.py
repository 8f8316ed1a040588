"""The price that slippage is measured against, from what was observed. Exact ratios."""

from collections.abc import Iterable, Mapping
from typing import Final

from router.algo.sweep import Scope
from router.domain.error import NoRouteError
from router.domain.instrument import Instrument
from router.domain.market import AnyPoolSnapshot, PoolSnapshot, QuotedSnapshot, ReservesSnapshot
from router.domain.observation import Observation
from router.domain.plan import NoRouteReason
from router.domain.units import InstrumentId, Price
from router.liquidity.concentrated import AMOUNT_MAX, Pool, swap
from router.liquidity.mid import pool_mid
from router.liquidity.oracle import LiquidityError
from router.liquidity.pool import pool_of

_ROOTS: Final = (101, 100)  # of prices 2 % apart


def arrival_mid(scope: Scope, observation: Observation) -> Price:
    """Return the mid that slippage is measured against: the median pool mid, weighted by depth.

    A median cannot be moved by one thin pool, nor by one that is deep at its own price only. Where
    no pool of the pair is observed, the mid of the first book, and where there is none either, that
    of the first route. A pool that is known by quotes only comes last: whoever makes them can make
    any.

    Raises
    ------
    NoRouteError
        If no market shows a mid.
    """
    snapshots = {p.instrument: p for p in observation.pools}
    direct = _median(scope.instruments, snapshots)
    if direct is not None:
        return direct
    by_id = {i.id: i for i in scope.instruments}
    for book in observation.books:
        if book.instrument in by_id and book.bids and book.asks:
            instrument = by_id[book.instrument]
            two = instrument.tick_price(book.bids[0][0] + book.asks[0][0])
            return Price(two.base, two.quote, two.quote_atoms, 2 * two.base_atoms)
    for route in scope.routes:
        base = _median(route.base_pools, snapshots)
        quote = _median(route.quote_pools, snapshots)
        if base is not None and quote is not None:
            atoms = (base.quote_atoms * quote.quote_atoms, base.base_atoms * quote.base_atoms)
            return Price(base.base, quote.quote, *atoms)
    for instrument in scope.instruments:
        pool = snapshots.get(instrument.id)
        if isinstance(pool, QuotedSnapshot) and pool.zero_for_one and pool.one_for_zero:
            return pool_mid(instrument, pool)
    raise NoRouteError(
        NoRouteReason.NO_LIQUIDITY, "no pool or book of the pair shows a price; check the venues"
    )


def depth(instrument: Instrument, pool: AnyPoolSnapshot) -> int:
    """Return what a pool pays for base before its price has fallen by 2 %, [quote atoms].

    Compares pools of one pair whatever their family. Zero where only quotes are known.
    """
    match pool:
        case PoolSnapshot():
            return _paid_within(instrument, pool)
        case ReservesSnapshot():
            return (pool.reserve1 if instrument.base_is_token0 else pool.reserve0) // _ROOTS[0]
        case QuotedSnapshot():
            return 0


def _paid_within(instrument: Instrument, pool: PoolSnapshot) -> int:
    falls, (high, low) = instrument.base_is_token0, _ROOTS  # the pool's own price, or its inverse
    root, exact = pool.sqrt_price_x96, pool_of(pool)
    assert isinstance(exact, Pool), "a pool with ticks is concentrated"
    try:
        done = swap(
            exact,
            zero_for_one=falls,
            amount_specified=AMOUNT_MAX,
            sqrt_price_limit_x96=root * low // high if falls else root * high // low,
        )
    except LiquidityError:
        return 0  # its price is at the end of its range
    return -(done.amount1 if falls else done.amount0)


def _median(
    instruments: Iterable[Instrument], snapshots: Mapping[InstrumentId, AnyPoolSnapshot]
) -> Price | None:
    pools = [(i, snapshots[i.id]) for i in instruments if i.id in snapshots]
    deep = [(i, pool, paid) for i, pool in pools if (paid := depth(i, pool)) > 0]
    if not deep:
        return None
    ranked = sorted(deep, key=lambda each: (_key(*each[:2]), each[0].id))
    half = sum(paid for *_, paid in ranked)
    weight = 0
    for instrument, pool, paid in ranked:
        weight += 2 * paid
        if weight >= half:
            return pool_mid(instrument, pool)
    raise AssertionError("the weights add up to twice the half")


def _key(instrument: Instrument, pool: AnyPoolSnapshot) -> int:
    # Only an order is needed; 2**192 more keeps every digit of a small price.
    price = pool_mid(instrument, pool)
    return (price.quote_atoms << 192) // price.base_atoms
