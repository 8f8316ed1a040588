"""Exact trades over a network: whole atoms pushed through its pools, each by its own integers.

An exact input is pushed forwards: all that has come in of an asset is divided over the pools that
take it. An exact output is pushed backwards: all that is needed of an asset is divided over the
pools that give it. So every asset on the way nets to zero to the atom. Refuses to price: the curves
are of `market.network`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from router.domain.instrument import Instrument
from router.domain.plan import (
    Hop,
    NetworkCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import Amount, AssetId, Side
from router.liquidity.oracle import LiquidityError
from router.optimiser.exact.parts import NEARLY_ALL, base_for_cash
from router.optimiser.exact.trade import (
    Swapped,
    Trade,
    agreed,
    base_fee,
    fillable,
    given,
    is_exact_input,
    swapped,
)
from router.optimiser.market.network import Network
from router.optimiser.network.exchange import Exchange
from router.optimiser.network.order import OrderedFlow, ordered_flows

_SHORTER: Final = (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4)  # of a drained network: floats, atoms


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction of a pool."""

    pool: PoolCandidate
    source: AssetId
    target: AssetId

    @property
    def side(self) -> Side:
        """Return the direction in the pool's own pair."""
        return Side.BUY if self.target == self.pool.instrument.base.id else Side.SELL

    def kind(self, *, forwards: bool) -> QuantityKind:
        """Return which of the amounts of the pool's own pair is exact."""
        return QuantityKind.CASH if (self.side is Side.BUY) is forwards else QuantityKind.BASE


@dataclass(frozen=True, slots=True)
class _Turn:
    """A pool's turn in a flow.

    Attributes
    ----------
    share : float
        Of the exact amount of its asset.
    is_drained : bool
        Whether the pool gives nearly all it has.
    """

    way: _Way
    share: float
    is_drained: bool


@dataclass(frozen=True, slots=True)
class _Swap:
    """What a pool takes and gives, and its fee in atoms of what it takes."""

    way: _Way
    paid: int
    received: int
    fee: int


def network_trade(
    problem: RoutingProblem, network: Network, *, amount: int
) -> Trade | NoRouteReason:
    """Trade exactly `amount` of base or cash, every pool by its own integers."""
    forwards = is_exact_input(problem.side, problem.kind)
    turns = _turns(problem, network, amount=amount, forwards=forwards)
    if isinstance(turns, NoRouteReason):
        return turns
    made = _pushed(turns, amount=amount, forwards=forwards)
    if isinstance(made, NoRouteReason):
        return made
    return agreed(_trade(problem, network.candidate, made), problem)


def requoted(
    problem: RoutingProblem, network: NetworkCandidate, hops: Sequence[Hop]
) -> Trade | NoRouteReason:
    """Quote the hops of a planned leg again, each by its pool's own integers.

    Whether they then are what was planned is for the caller to compare.
    """
    forwards = is_exact_input(problem.side, problem.kind)
    pools = {pool.instrument.id: pool for pool in network.pools}
    made = []
    for hop in hops:
        pool = pools.get(hop.instrument.id)
        if pool is None:
            return NoRouteReason.NO_VENUE
        way = _Way(pool, hop.paid.asset, hop.received.asset)
        swap = _swap(way, (hop.paid if forwards else hop.received).atoms, forwards=forwards)
        if isinstance(swap, NoRouteReason):
            return swap
        made.append(swap)
    return agreed(_trade(problem, network, made), problem)


def network_fillable(problem: RoutingProblem, network: Network, *, amount: int) -> int:
    """Return how much of `amount` the network has liquidity for; 0 if that is much less."""
    for shorter in _SHORTER:
        less = amount - int(amount * shorter)
        if isinstance(network_trade(problem, network, amount=less), Trade):
            return less
    return 0


# The pools in the order in which their amounts are decided.
def _turns(
    problem: RoutingProblem, network: Network, *, amount: int, forwards: bool
) -> list[_Turn] | NoRouteReason:
    quantity = _base_quantity(problem, network, amount)
    if quantity <= 0.0:
        return NoRouteReason.BELOW_MINIMUM
    try:
        flows = ordered_flows(network.curves.solved(quantity))
    except LiquidityError:
        return NoRouteReason.NO_LIQUIDITY
    turns = [_turn(network, flow, forwards=forwards) for flow in flows]
    return turns if forwards else turns[::-1]


def _base_quantity(problem: RoutingProblem, network: Network, amount: int) -> float:
    pair, most = network.instrument, network.curves.capacity
    if problem.kind is QuantityKind.BASE:
        quantity = amount / 10.0**pair.base.decimals
    else:
        quantity = base_for_cash(network.curve, amount / 10.0**pair.quote.decimals)
    return min(quantity, most)


def _turn(network: Network, flow: OrderedFlow, *, forwards: bool) -> _Turn:
    way = _Way(network.candidate.pools[flow.pool], flow.source, flow.target)
    pool = network.curves.passage.graph.pools[flow.pool]
    exchange = Exchange(pool.buy if way.side is Side.BUY else pool.sell)
    if forwards:
        return _Turn(way, flow.share_of_source, flow.paid > NEARLY_ALL * exchange.paid_max)
    return _Turn(way, flow.share_of_target, flow.received > NEARLY_ALL * exchange.received_max)


# The turns come in an order in which an asset's amount is whole before it is divided.
def _pushed(turns: Sequence[_Turn], *, amount: int, forwards: bool) -> list[_Swap] | NoRouteReason:
    due: dict[AssetId, int] = {}
    made: list[_Swap] = []
    assets = dict.fromkeys(_exact_asset(t.way, forwards=forwards) for t in turns)
    for place, asset in enumerate(assets):
        own = [t for t in turns if _exact_asset(t.way, forwards=forwards) == asset]
        done = _divided(own, due.get(asset, 0) if place else amount, forwards=forwards)
        if isinstance(done, NoRouteReason):
            return done
        for swap in done:
            other = swap.way.target if forwards else swap.way.source
            due[other] = due.get(other, 0) + (swap.received if forwards else swap.paid)
        made += done
    order = {turn.way: place for place, turn in enumerate(turns)}
    made.sort(key=lambda swap: order[swap.way], reverse=not forwards)
    return made


def _exact_asset(way: _Way, *, forwards: bool) -> AssetId:
    return way.source if forwards else way.target


# An amount of one asset over pools; the largest that is not drained takes what the others leave,
# if possible one that gives exactly what it is asked for.
def _divided(turns: Sequence[_Turn], amount: int, *, forwards: bool) -> list[_Swap] | NoRouteReason:
    parts = [int(amount * turn.share) for turn in turns]
    free = [i for i, turn in enumerate(turns) if not turn.is_drained]
    exact = [i for i in free if _given(turns[i].way, parts[i], forwards=forwards) == parts[i]]
    taker = max(exact or free or range(len(turns)), key=lambda i: turns[i].share)
    made, left = [], amount
    for i, turn in enumerate(turns):
        if i == taker:
            continue
        part = parts[i]
        if turn.is_drained:
            part = _fillable(turn.way, part, forwards=forwards)
        elif exact:
            part = _given(turn.way, part, forwards=forwards)
        swap = _swap(turn.way, part, forwards=forwards)
        if isinstance(swap, _Swap):
            made.append(swap)
            left -= part
        elif swap is NoRouteReason.NO_LIQUIDITY:
            return swap
    last = _swap(turns[taker].way, left, forwards=forwards)
    return last if isinstance(last, NoRouteReason) else [*made, last]


def _fillable(way: _Way, part: int, *, forwards: bool) -> int:
    return fillable(way.pool, way.side, kind=way.kind(forwards=forwards), amount=part)


def _given(way: _Way, part: int, *, forwards: bool) -> int:
    return given(way.pool, way.side, kind=way.kind(forwards=forwards), amount=part) if part else 0


def _swap(way: _Way, part: int, *, forwards: bool) -> _Swap | NoRouteReason:
    if part <= 0:
        return NoRouteReason.BELOW_MINIMUM
    done = swapped(way.pool, way.side, kind=way.kind(forwards=forwards), amount=part)
    if not isinstance(done, Swapped):
        return done
    if way.side is Side.BUY:
        return _Swap(way, done.quote, done.base, done.fee)
    return _Swap(way, done.base, done.quote, done.fee)


def _trade(problem: RoutingProblem, network: NetworkCandidate, swaps: Sequence[_Swap]) -> Trade:
    pair, buying = network.instrument, problem.side is Side.BUY
    owned, wanted = (pair.quote.id, pair.base.id) if buying else (pair.base.id, pair.quote.id)
    paid = sum(s.paid for s in swaps if s.way.source == owned)
    received = sum(s.received for s in swaps if s.way.target == wanted)
    return Trade(
        candidate=network,
        kind=problem.kind,
        base=received if buying else paid,
        quote=paid if buying else received,
        fee=_fee(problem, pair, swaps),
        gas_units=sum(s.way.pool.gas_units for s in swaps),
        hops=tuple(_hop(s) for s in swaps),
    )


def _hop(swap: _Swap) -> Hop:
    way = swap.way
    paid, received = Amount(way.source, swap.paid), Amount(way.target, swap.received)
    return Hop(way.pool.instrument, paid, received)


# An asset on the way is worth what this trade paid for it, or got for it; base, the arrival mid.
def _fee(problem: RoutingProblem, pair: Instrument, swaps: Sequence[_Swap]) -> int:
    buying = problem.side is Side.BUY
    worth = (_bought_worth if buying else _sold_worth)(swaps, pair.quote.id)
    in_base = sum(s.fee for s in swaps if s.way.source == pair.base.id)
    others = (s for s in swaps if s.way.source != pair.base.id)
    total = sum((s.fee * worth[s.way.source] for s in others), Fraction(0))
    return ceil(total) + (base_fee(problem, in_base) if in_base else 0)


# What an atom of each asset cost on the way from quote, [quote atoms]: of all that came in of it.
def _bought_worth(swaps: Sequence[_Swap], quote: AssetId) -> dict[AssetId, Fraction]:
    worth = {quote: Fraction(1)}
    for asset in dict.fromkeys(s.way.source for s in swaps if s.way.source != quote):
        own = [s for s in swaps if s.way.target == asset]
        cost = sum((s.paid * worth[s.way.source] for s in own), Fraction(0))
        worth[asset] = cost / sum(s.received for s in own)
    return worth


# What an atom of each asset fetched on the way to quote, [quote atoms].
def _sold_worth(swaps: Sequence[_Swap], quote: AssetId) -> dict[AssetId, Fraction]:
    worth = {quote: Fraction(1)}
    for asset in dict.fromkeys(s.way.source for s in reversed(swaps)):
        own = [s for s in swaps if s.way.source == asset]
        got = sum((s.received * worth[s.way.target] for s in own), Fraction(0))
        worth[asset] = got / sum(s.paid for s in own)
    return worth
