"""Which other assets an order can go through, over the pools of one chain account and router.

A route has two hops, through one asset: no pool lies on two routes. Where pools lead across, from
one of these assets to another, there are ways of three hops, which share pools: all ways together
are one network. Refuses pools that no way of at most three hops leads over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import STAGES, Asset, Instrument, InstrumentKind
from router.domain.market import AnyPoolSnapshot
from router.domain.order import ParentOrder
from router.domain.plan import NetworkCandidate, PoolCandidate, RouteCandidate
from router.domain.units import AssetId, InstrumentId, Pips

NETWORK_POOLS_MAX: Final = 40


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


@dataclass(frozen=True, slots=True)
class Network:
    """Pools that lead from base to quote through other assets, each in its own pair.

    Attributes
    ----------
    instrument : Instrument
        Of the order's pair; its identity says which chain and router.
    """

    instrument: Instrument
    pools: tuple[Instrument, ...]

    def candidate(
        self, snapshots: Mapping[InstrumentId, AnyPoolSnapshot], *, gas_units_pool: int
    ) -> NetworkCandidate | None:
        """Return the network over the pools that were observed; None if none leads across."""
        ends = {self.instrument.base.id, self.instrument.quote.id}
        seen = tuple(
            PoolCandidate(i, snapshots[i.id], gas_units_pool)
            for i in self.pools
            if i.id in snapshots
        )
        leads_across = any(ends.isdisjoint(_assets(pool.instrument)) for pool in seen)
        return NetworkCandidate(self.instrument, seen) if leads_across else None

    def holds(self, route: Route) -> bool:
        """Tell whether a route is one of the network's ways."""
        mine, other = self.instrument, route.instrument
        return (mine.account, mine.router) == (other.account, other.router)


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


def networks_between(
    order: ParentOrder, instruments: tuple[Instrument, ...], stage: int
) -> tuple[Network, ...]:
    """Return the network of every account and router that has ways of three hops.

    None where it would have more than `NETWORK_POOLS_MAX` pools: its routes remain.
    """
    if STAGES[InstrumentKind.SPOT_ROUTE] < stage or order.base == order.quote:
        return ()
    hops = [i for i in instruments if i.is_hop and allows(order, i)]
    found = []
    for place in dict.fromkeys((i.account, i.router) for i in hops):
        own = [i for i in hops if (i.account, i.router) == place]
        pools = _on_the_way(order, own)
        across = [i for i in pools if {order.base, order.quote}.isdisjoint(_assets(i))]
        if across and len(pools) <= NETWORK_POOLS_MAX:
            found.append(Network(_network_instrument(order, pools), pools))
    return tuple(found)


# Those that a way of at most three hops leads over.
def _on_the_way(order: ParentOrder, pools: Iterable[Instrument]) -> tuple[Instrument, ...]:
    base, quote = order.base, order.quote
    pairs = {i.id: _assets(i) for i in pools}
    near_base, near_quote = (
        {other for pair in pairs.values() if end in pair for other in pair} - {base, quote}
        for end in (base, quote)
    )
    across = {
        name: pair
        for name, pair in pairs.items()
        if {base, quote}.isdisjoint(pair)
        and any(pair == {one, two} for one in near_base for two in near_quote if one != two)
    }
    reached = set().union(*across.values()) if across else set()
    first = near_base & (near_quote | reached)
    last = near_quote & (near_base | reached)
    return tuple(
        i
        for i in pools
        if i.id in across
        or any(pairs[i.id] == {base, asset} for asset in first)
        or any(pairs[i.id] == {quote, asset} for asset in last)
    )


def _assets(pool: Instrument) -> set[AssetId]:
    return {pool.base.id, pool.quote.id}


def _network_instrument(order: ParentOrder, pools: tuple[Instrument, ...]) -> Instrument:
    assets = {asset.id: asset for i in pools for asset in (i.base, i.quote)}
    through = "/".join(sorted(assets.keys() - {order.base, order.quote}))
    return _way(
        pools[0],
        name=f"network:{order.base}/{order.quote}",
        symbol=f"via {through}",
        ends=(assets[order.base], assets[order.quote]),
    )


def _instrument(base_pool: Instrument, quote_pool: Instrument) -> Instrument:
    middle = base_pool.quote.id
    return _way(
        base_pool,
        name=f"route:{base_pool.base.id}/{quote_pool.quote.id}:via-{middle}",
        symbol=f"via {middle}",
        ends=(base_pool.base, quote_pool.quote),
    )


def _way(pool: Instrument, *, name: str, symbol: str, ends: tuple[Asset, Asset]) -> Instrument:
    base, quote = ends
    return Instrument(
        id=InstrumentId(f"{name}@{pool.venue}/{pool.router}"),
        venue=pool.venue,
        symbol=symbol,
        kind=InstrumentKind.SPOT_ROUTE,
        base=base,
        quote=quote,
        account=pool.account,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(0),
        protocol=pool.router,
        router=pool.router,
    )
