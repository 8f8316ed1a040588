"""What there is to choose from: pools and routes, what each may carry and what its gas costs.

A pool is one way to trade. A route is one way for every choice of pools for its two hops, a network
one for some choices of its pools; of these a plan uses one. Refuses to choose. Gas is not rounded
here: what a leg is charged is rounded up, so that a bound with these costs holds for it, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from router.domain.units import AccountId, InstrumentId
from router.liquidity.curve import CostCurve
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.gas_price import transaction_of
from router.optimiser.market.market import Market, Selection, Source, select
from router.optimiser.market.network import Network
from router.optimiser.market.route import Route

_CHOICES_MAX: Final = 21  # of pools for a route, if all are looked at
_NETWORKS_MAX: Final = 4  # choices of pools for a network
_HOPS_MIN: Final = 2  # of a network: none of its pools is of the order's pair


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Something that can carry a part of the order by itself.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools.
    source : int
        Index of its source in the selection: of the ways of one source, a plan uses one.
    chain : int
        Index of its account's curve in the scaled problem.
    transaction : int
        Ways of one number share what a transaction costs before its first pool.
    gas : float
        What its pools' gas costs, over the order's notional.
    """

    name: InstrumentId
    pools: tuple[int, ...]
    source: int
    chain: int
    transaction: int
    curve: CostCurve
    gas: float


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """All ways of a selection.

    Attributes
    ----------
    transactions : tuple of float
        What each transaction costs before its first pool, over the order's notional.
    """

    ways: tuple[Way, ...]
    transactions: tuple[float, ...]

    def gas(self, used: Sequence[int]) -> float:
        """Return what the gas of some ways costs together."""
        begun = {self.ways[i].transaction for i in used}
        return sum(self.ways[i].gas for i in used) + sum(self.transactions[t] for t in begun)


def ways_of(selection: Selection, scaled: ScaledProblem) -> Ways:
    """Return every pool, and routes and networks with choices of their pools.

    Of a network's pools only those that a plan of the whole order uses are reckoned with.
    """
    return _ways(selection, scaled, choices=True)


def whole_ways(selection: Selection, scaled: ScaledProblem) -> Ways:
    """Return one way a source: routes and networks whole, with the least gas they can do with.

    No choice of pools makes one cheaper than that.
    """
    return _ways(selection, scaled, choices=False)


def gas_of(
    selection: Selection, scaled: ScaledProblem, pools: Sequence[int], *, chain_costs: bool = True
) -> float:
    """Return what the gas of some pools costs, over the order's notional."""
    market = selection.market
    costs = _unit_costs(market)
    total = sum(costs[market.carriers[i].account] * market.pools[i].gas_units for i in pools)
    if chain_costs:
        begun = {transaction_of(market.carriers[i]) for i in pools}
        units = {chain.account: chain.gas_units_base for chain in market.problem.chains}
        total += sum(costs[account] * units.get(account, 0) for account, _ in begun)
    return total / (scaled.curves[0].quantity * scaled.curves[0].mid)


def is_priced(market: Market) -> bool:
    """Tell whether any pool's gas costs anything."""
    return any(_unit_costs(market)[carrier.account] > 0.0 for carrier in market.carriers)


def _ways(selection: Selection, scaled: ScaledProblem, *, choices: bool) -> Ways:
    market = selection.market
    chains = {account: c for c, (account, _) in enumerate(selection.chains)}
    quantity = scaled.curves[0].quantity
    notional = quantity * scaled.curves[0].mid
    costs = {account: cost / notional for account, cost in _unit_costs(market).items()}
    numbers: dict[tuple[AccountId, str], int] = {}
    found: list[Way] = []
    for s, source in enumerate(selection.sources):
        instrument = source.instrument
        account = instrument.account
        number = numbers.setdefault(transaction_of(instrument), len(numbers))
        made = _choices(market, source, quantity) if choices else [_whole(market, source)]
        for pools, curve, units in made:
            if curve.quantity.size:
                way = Way(
                    name=instrument.id,
                    pools=pools,
                    source=s,
                    chain=chains[account],
                    transaction=number,
                    curve=curve,
                    gas=units * costs[account],
                )
                found.append(way)
    base = {chain.account: chain.gas_units_base for chain in market.problem.chains}
    begun = (costs[account] * base.get(account, 0) for account, _ in numbers)
    return Ways(tuple(found), tuple(begun))


# Pools, their curve, and the units of gas they use.
def _choices(
    market: Market, source: Source, quantity: float
) -> Iterator[tuple[tuple[int, ...], CostCurve, int]]:
    match source.way:
        case Route() as route:
            for pools in _kept(market, _hops(source, route)):
                for made in [source] if pools == source.pools else select(market, pools).sources:
                    yield pools, made.curve, _units(market, pools)
        case Network():
            yield from _network_choices(market, source, quantity)
        case _:
            yield source.pools, source.curve, _units(market, source.pools)


# The whole source at no more than it can cost, with the least gas it can do with.
def _whole(market: Market, source: Source) -> tuple[tuple[int, ...], CostCurve, int]:
    pools, way = source.pools, source.way
    match way:
        case Route():
            least = (min(_units(market, (i,)) for i in hop) for hop in _hops(source, way))
            return pools, source.curve, sum(least)
        case Network():
            units = sorted(_units(market, (i,)) for i in pools)
            return pools, way.curves.floor, sum(units[:_HOPS_MIN])
        case _:
            return pools, source.curve, _units(market, pools)


# All pools, and those alone that trade base or quote: with dear gas, ways of two hops.
def _network_choices(
    market: Market, source: Source, quantity: float
) -> Iterator[tuple[tuple[int, ...], CostCurve, int]]:
    yield from _fewer(market, source, quantity)
    ends = {market.pair.base, market.pair.quote}
    pairs = ((i, market.pools[i].instrument) for i in source.pools)
    at_an_end = [i for i, pair in pairs if not ends.isdisjoint((pair.base, pair.quote))]
    if len(at_an_end) < len(source.pools):
        for made in select(market, at_an_end).sources:
            yield from _fewer(market, made, quantity)


# A network as it is, and without the pools that gain least beside their gas, one more each time.
def _fewer(
    market: Market, source: Source, quantity: float
) -> Iterator[tuple[tuple[int, ...], CostCurve, int]]:
    costs = _unit_costs(market)[source.instrument.account]
    for _ in range(_NETWORKS_MAX):
        assert isinstance(source.way, Network), "made of a network's pools"
        gained = source.way.gains(min(quantity, source.curve.capacity))
        net = sorted(
            (gain - costs * _units(market, (used,)), used)
            for used, gain in ((source.pools[place], gain) for place, gain in gained)
        )
        used = tuple(sorted(i for _, i in net))
        yield source.pools, source.curve, _units(market, used)
        if not net or net[0][0] >= 0.0:
            return
        left = select(market, [i for i in used if i != net[0][1]]).sources
        if not left:
            return
        source = left[0]


def _units(market: Market, pools: Sequence[int]) -> int:
    return sum(market.pools[i].gas_units for i in pools)


def _hops(source: Source, route: Route) -> tuple[tuple[int, ...], tuple[int, ...]]:
    first = len(route.base_stage.pools)
    return source.pools[:first], source.pools[first:]


# All choices where they are few; else of each hop the cheapest to begin with, up to all.
def _kept(market: Market, hops: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    base, quote = hops
    if (2 ** len(base) - 1) * (2 ** len(quote) - 1) <= _CHOICES_MAX:
        own = [[c for n in range(1, len(h) + 1) for c in combinations(h, n)] for h in hops]
    else:
        own = [_cheapest_first(market, h) for h in hops]
    return [(*b, *q) for b in own[0] for q in own[1]]


def _cheapest_first(market: Market, hop: tuple[int, ...]) -> list[tuple[int, ...]]:
    curves = market.pool_curves
    filled = (i for i in hop if curves[i].quantity.size)
    ordered = sorted(filled, key=lambda i: (float(curves[i].marginal(0.0)), i))
    return [tuple(sorted(ordered[:n])) for n in range(1, len(ordered) + 1)]


# What a unit of gas costs each account, [quote].
def _unit_costs(market: Market) -> dict[AccountId, float]:
    problem = market.problem
    atoms = 10**market.pair.quote.decimals
    costs = {carrier.account: 0.0 for carrier in market.carriers}
    for chain in problem.chains:
        if chain.gas_price is not None:
            price = chain.gas_price
            wei = problem.gas_fee_wei * price.quote_atoms
            costs[chain.account] = wei / (price.base_atoms * atoms)
    return costs
