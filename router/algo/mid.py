"""The price that slippage is measured against, from what was observed. Exact ratios."""

from router.algo.sweep import Scope
from router.domain.error import NoRouteError
from router.domain.market import QuotedSnapshot
from router.domain.observation import Observation
from router.domain.plan import NoRouteReason
from router.domain.units import Price
from router.liquidity.depth import median_mid
from router.liquidity.mid import pool_mid


def arrival_mid(scope: Scope, observation: Observation) -> Price:
    """Return the mid that slippage is measured against: the median pool mid, weighted by depth.

    Where no pool of the pair is observed, the mid of the first book, and where there is none
    either, that of the first route. A pool that is known by quotes only comes last: whoever makes
    them can make any.

    Raises
    ------
    NoRouteError
        If no market shows a mid.
    """
    snapshots = {p.instrument: p for p in observation.pools}
    direct = median_mid(scope.instruments, snapshots)
    if direct is not None:
        return direct
    by_id = {i.id: i for i in scope.instruments}
    for book in observation.books:
        if book.instrument in by_id and book.bids and book.asks:
            instrument = by_id[book.instrument]
            two = instrument.tick_price(book.bids[0][0] + book.asks[0][0])
            return Price(two.base, two.quote, two.quote_atoms, 2 * two.base_atoms)
    for route in scope.routes:
        base = median_mid(route.base_pools, snapshots)
        quote = median_mid(route.quote_pools, snapshots)
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
