"""From a `RoutingProblem` to curves: which pools are used, and what they make together.

Refuses gas, lots and atoms: they belong to `gas` and `rounding`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from router.domain.instrument import Instrument
from router.domain.plan import PoolCandidate, RoutingProblem
from router.domain.units import AccountId, Side
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.optimiser.market.network import Network, check_network, network_over, token_pool
from router.optimiser.market.route import Route, check_route, hop_curves, route_over
from router.optimiser.market.source import book_cost, pool_cost, ratio
from router.optimiser.network.graph import TokenPool


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A problem in canonical order, with the curve of every candidate up to the limit price.

    Attributes
    ----------
    pools : tuple of PoolCandidate
        Those of the order's pair, then those of each route, base hop first, then those of each
        network.
    pool_curves : tuple of CostCurve
        Of each pool of the pair or of a route, in its own pair.
    networks : tuple of tuple of TokenPool
        Of each network its pools, in both directions.
    carriers : tuple of Instrument
        What each pool would be traded as: itself, or the route or network it belongs to.
    """

    problem: RoutingProblem
    pools: tuple[PoolCandidate, ...]
    pool_curves: tuple[CostCurve, ...]
    networks: tuple[tuple[TokenPool, ...], ...]
    book_curves: tuple[CostCurve, ...]
    carriers: tuple[Instrument, ...]
    pair: Instrument  # one of the instruments; base and quote are the same for all
    mid: float
    limit: float

    @property
    def sign(self) -> float:
        """Return +1 for a buy, -1 for a sell."""
        return 1.0 if self.problem.side is Side.BUY else -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A pool of the order's pair, or a route or network over some of its pools.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools, ascending.
    """

    way: PoolCandidate | Route | Network
    curve: CostCurve
    pools: tuple[int, ...]

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self.way.instrument


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A market of which only some pools are used.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools, ascending.
    sources : tuple of Source
        What these pools make: first pools, then routes, then networks.
    chains : tuple of (AccountId, CostCurve)
        All sources of one account as one curve.
    """

    market: Market
    pools: tuple[int, ...]
    sources: tuple[Source, ...]
    chains: tuple[tuple[AccountId, CostCurve], ...]

    @property
    def curves(self) -> tuple[CostCurve, ...]:
        """Return the curve of every source and every book."""
        return (*(source.curve for source in self.sources), *self.market.book_curves)

    def of(self, account: AccountId) -> tuple[Source, ...]:
        """Return the sources of one account."""
        return tuple(s for s in self.sources if s.instrument.account == account)


def prepare(problem: RoutingProblem) -> Market:
    """Sort the candidates (one at least), so that their order cannot matter, and build curves."""
    ordered = replace(
        problem,
        pools=_sorted(problem.pools),
        books=tuple(sorted(problem.books, key=lambda b: b.instrument.id)),
        chains=tuple(sorted(problem.chains, key=lambda c: c.account)),
        margins=tuple(sorted(problem.margins, key=lambda m: m.account)),
        routes=tuple(
            replace(r, base_pools=_sorted(r.base_pools), quote_pools=_sorted(r.quote_pools))
            for r in sorted(problem.routes, key=lambda r: r.instrument.id)
        ),
        networks=tuple(
            replace(n, pools=_sorted(n.pools))
            for n in sorted(problem.networks, key=lambda n: n.instrument.id)
        ),
    )
    ways = ordered.ways
    pools = (*ordered.pools, *(pool for way in ways for pool in way.pools))
    instruments = [pool.instrument for pool in ordered.pools]
    instruments += [way.instrument for way in ways]
    instruments += [book.instrument for book in ordered.books]
    _check(ordered, pools, instruments)
    limit = ratio(problem.limit_price, instruments[0])
    return Market(
        problem=ordered,
        pools=pools,
        pool_curves=tuple(_pool_curves(ordered, limit=limit)),
        networks=tuple(tuple(token_pool(p) for p in n.pools) for n in ordered.networks),
        book_curves=tuple(
            book_cost(b, ordered.side, limit=problem.limit_price) for b in ordered.books
        ),
        carriers=(
            *(pool.instrument for pool in ordered.pools),
            *(way.instrument for way in ways for _ in way.pools),
        ),
        pair=instruments[0],
        mid=ratio(problem.arrival_mid, instruments[0]),
        limit=limit,
    )


def select(market: Market, pools: Iterable[int]) -> Selection:
    """Use only these pools (and every book); those no way leads through any more are no use."""
    sources = tuple(_sources(market, sorted(pools), curves=market.pool_curves, limit=market.limit))
    return selected(market, sources)


def selected(market: Market, sources: tuple[Source, ...]) -> Selection:
    """Return sources, in the order `select` gives them, as a selection."""
    chains: list[tuple[AccountId, CostCurve]] = []
    for account in sorted({s.instrument.account for s in sources}):
        curves = [s.curve for s in sources if s.instrument.account == account]
        chains.append((account, merge(curves) if len(curves) > 1 else curves[0]))
    return Selection(market, tuple(i for s in sources for i in s.pools), sources, tuple(chains))


def whole_curves(market: Market) -> list[CostCurve]:
    """Return what each pool, route, network and book holds, whatever its price.

    Of a network, no more than the order.
    """
    problem = market.problem
    curves = list(_pool_curves(problem, limit=None))
    sources = _sources(market, range(len(market.pools)), curves=curves, limit=None)
    books = (book_cost(book, problem.side, limit=None) for book in problem.books)
    return [*(source.curve for source in sources), *books]


def _sorted(pools: tuple[PoolCandidate, ...]) -> tuple[PoolCandidate, ...]:
    return tuple(sorted(pools, key=lambda p: p.instrument.id))


def _check(
    problem: RoutingProblem,
    pools: tuple[PoolCandidate, ...],
    instruments: Iterable[Instrument],
) -> None:
    pairs = {(i.base, i.quote) for i in instruments}
    assert len(pairs) <= 1, f"candidates must all be of one pair, were {sorted(map(str, pairs))}"
    for route in problem.routes:
        check_route(route)
    for network in problem.networks:
        check_network(network)
    ids = [pool.instrument.id for pool in pools]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    assert not twice, f"a pool may be priced once only, but several candidates hold {twice}"


# In the order of the market's pools, without those of networks.
def _pool_curves(problem: RoutingProblem, *, limit: float | None) -> Iterator[CostCurve]:
    yield from (pool_cost(pool, problem.side, limit=limit) for pool in problem.pools)
    for route in problem.routes:
        yield from hop_curves(route, problem.side, limit=limit)


def _sources(
    market: Market, kept: Sequence[int], *, curves: Sequence[CostCurve], limit: float | None
) -> Iterator[Source]:
    problem = market.problem
    first = len(problem.pools)
    yield from (Source(problem.pools[i], curves[i], (i,)) for i in kept if i < first)
    for candidate in problem.routes:
        after = first + len(candidate.pools)
        own = tuple(i for i in kept if first <= i < after)
        route = route_over(
            candidate, curves[first:after], kept=[i - first for i in own], limit=limit
        )
        if route is not None:
            yield Source(route, route.curve, own)
        first = after
    for network, pools in zip(problem.networks, market.networks, strict=True):
        after = first + len(pools)
        own = tuple(i for i in kept if first <= i < after)
        places = [i - first for i in own]
        ways = network_over(problem, network, pools, kept=places, limit=limit)
        if ways is not None:
            yield Source(ways, ways.curve, own)
        first = after
