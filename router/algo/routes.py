"""Which middle assets an order can go through: two hops over the pools of one chain account.

Refuses longer routes: with one middle asset no pool can lie on two of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.instrument import STAGES, Instrument, InstrumentKind
from router.domain.market import AnyPoolSnapshot
from router.domain.order import ParentOrder
from router.domain.plan import PoolCandidate, RouteCandidate
from router.domain.units import InstrumentId, Pips


@dataclass(frozen=True, slots=True)
class Route:
    """Pools of both hops, turned so that the middle asset is the first's quote, the second's base.

    Attributes
    ----------
    instrument : Instrument
        Of the order's pair; its identity says which chain, router and middle asset.
    """

    instrument: Instrument
    base_pools: tuple[Instrument, ...]
    quote_pools: tuple[Instrument, ...]

    @property
    def pools(self) -> tuple[Instrument, ...]:
        """The pools of both hops."""
        return self.base_pools + self.quote_pools

    def candidate(
        self, snapshots: Mapping[InstrumentId, AnyPoolSnapshot], *, gas_units_pool: int
    ) -> RouteCandidate | None:
        """Return the route over the pools that were observed; None if a hop has none."""
        base, quote = (
            tuple(
                PoolCandidate(i, snapshots[i.id], gas_units_pool) for i in hop if i.id in snapshots
            )
            for hop in (self.base_pools, self.quote_pools)
        )
        return RouteCandidate(self.instrument, base, quote) if base and quote else None


def allows(order: ParentOrder, instrument: Instrument) -> bool:
    """Tell whether an order may use a venue, by its name or by that of the pools' family."""
    names = {instrument.venue, instrument.protocol}
    return not order.venues or not names.isdisjoint(order.venues)


def routes_between(
    order: ParentOrder, instruments: tuple[Instrument, ...], stage: int
) -> tuple[Route, ...]:
    """Return every route through one middle asset; its hops can share a transaction."""
    if STAGES[InstrumentKind.SPOT_ROUTE] < stage or order.base == order.quote:
        return ()
    pools = [i for i in instruments if i.is_hop and allows(order, i)]
    both = [*pools, *(pool.reversed() for pool in pools)]
    base_hops = [i for i in both if i.base.id == order.base and i.quote.id != order.quote]
    quote_hops = [i for i in both if i.quote.id == order.quote and i.base.id != order.base]
    found = []
    for place in dict.fromkeys((i.account, i.router, i.quote.id) for i in base_hops):
        base = tuple(i for i in base_hops if (i.account, i.router, i.quote.id) == place)
        quote = tuple(i for i in quote_hops if (i.account, i.router, i.base.id) == place)
        if quote:
            found.append(Route(_instrument(base[0], quote[0]), base, quote))
    return tuple(found)


def _instrument(base_pool: Instrument, quote_pool: Instrument) -> Instrument:
    pair = f"{base_pool.base.id}/{quote_pool.quote.id}:via-{base_pool.quote.id}"
    return Instrument(
        id=InstrumentId(f"route:{pair}@{base_pool.venue}/{base_pool.router}"),
        venue=base_pool.venue,
        symbol=f"via {base_pool.quote.id}",
        kind=InstrumentKind.SPOT_ROUTE,
        base=base_pool.base,
        quote=quote_pool.quote,
        account=base_pool.account,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(0),
        protocol=base_pool.router,
        router=base_pool.router,
    )
