"""A flow that can be executed: it goes round nowhere, and nets to zero between its ends.

Node prices give shares: how a token's inflow, or outflow, divides over pools. Pushed through in
order these give amounts that fit to the last digit, so what the flow costs is what it says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.optimiser.network.dual import Dual, Point
from router.optimiser.network.exchange import Exchange
from router.optimiser.network.graph import TokenGraph

_WORTH_MIN: Final = 1e-14  # of the notional: less is the rounding of prices
_OVERFLOW_ROUNDS_MAX: Final = 64  # each fills a pool, or ends
_FULL: Final = 1e-12  # an amount that exceeds all by this share is all


@dataclass(frozen=True, slots=True)
class Flow:
    """What passes through one pool.

    Attributes
    ----------
    pool : int
        Its place in the graph.
    source, target : int
        Places of the token paid and of the token received.
    paid, received : float, [source], [target]
    worth : float, [numeraire]
        Of what is received, at the node prices.
    """

    pool: int
    source: int
    target: int
    paid: float
    received: float
    worth: float


def flows_at(dual: Dual, point: Point, *, scale: float) -> list[Flow]:
    """Return what each pool trades at some prices, the most worth first."""
    pools, response = dual.directions.pools, point.response
    base, quote = dual.graph.base[pools], dual.graph.quote[pools]
    price, is_buy = np.exp(point.log_price), response.bought > 0.0
    paid = np.where(is_buy, response.paid, -response.bought)
    received = np.where(is_buy, response.bought, -response.paid)
    source, target = np.where(is_buy, quote, base), np.where(is_buy, base, quote)
    worth = received * price[target]
    kept = np.flatnonzero((worth > _WORTH_MIN * scale) & (paid > 0.0))
    kept = kept[np.argsort(-worth[kept], kind="stable")]
    columns = (pools, source, target, paid, received, worth)
    return [Flow(*row) for row in zip(*(column[kept].tolist() for column in columns), strict=True)]


def ranked(flows: Sequence[Flow], *, source: int, target: int, size: int) -> list[int]:
    """Return an order of all tokens along which most of the flow goes: the rank of each.

    Where flows go round, those of least worth are left out. The source comes first and the target
    last; the flow into the one and out of the other does not count.
    """
    worth: dict[tuple[int, int], float] = {}
    for flow in flows:
        if flow.target != source and flow.source != target:
            pair = (flow.source, flow.target)
            worth[pair] = worth.get(pair, 0.0) + flow.worth
    after: list[set[int]] = [{node} for node in range(size)]  # all that each token leads to
    for tail, head in sorted(worth, key=lambda pair: -worth[pair]):
        if tail not in after[head]:
            for node in range(size):
                if tail in after[node]:
                    after[node] |= after[head]
    middle = [node for node in range(size) if node not in {source, target}]
    order = [source, *sorted(middle, key=lambda node: -len(after[node])), target]
    rank = [0] * size
    for place, node in enumerate(order):
        rank[node] = place
    return rank


def pushed(
    graph: TokenGraph, flows: Sequence[Flow], *, rank: Sequence[int], amount: float, node: int
) -> tuple[Flow, ...] | None:
    """Return the flows as executed for an exact amount of one token, in order; None if none fit.

    Parameters
    ----------
    flows : Sequence[Flow]
        Their amounts give the shares. Those against the order are left out.
    rank : Sequence[int]
        An order of the tokens, the source first and the target last.
    node : int
        The token whose amount is exact: the last (an exact output, pushed backwards) or the first
        (an exact input, pushed forwards).
    """
    backwards = rank[node] == max(rank)
    kept = _led_through(flows, rank=rank)
    sides: dict[int, list[Flow]] = {}
    for flow in kept:
        sides.setdefault(flow.target if backwards else flow.source, []).append(flow)
    due = dict.fromkeys(range(len(rank)), 0.0)
    due[node] = amount
    done: list[Flow] = []
    last = min(rank) if backwards else max(rank)
    for token in sorted(due, key=lambda token: -rank[token] if backwards else rank[token]):
        if due[token] <= 0.0 or rank[token] == last:
            continue
        parts = _divided(graph, sides.get(token, []), amount=due[token], backwards=backwards)
        if parts is None:
            return None
        for part in parts:
            due[part.source if backwards else part.target] += (
                part.paid if backwards else part.received
            )
        done += parts
    return tuple(sorted(done, key=lambda flow: (rank[flow.source], rank[flow.target], flow.pool)))


# Flows along the order, without those that begin or end at a token nothing else leads to or from:
# what prices still miss of being right.
def _led_through(flows: Sequence[Flow], *, rank: Sequence[int]) -> list[Flow]:
    forwards = sorted(
        (flow for flow in flows if rank[flow.source] < rank[flow.target]),
        key=lambda flow: rank[flow.source],
    )
    first, last = min(rank), max(rank)
    supplied: set[int] = {first}
    kept = []
    for flow in forwards:
        if rank[flow.source] in supplied:
            supplied.add(rank[flow.target])
            kept.append(flow)
    wanted: set[int] = {last}
    led = []
    for flow in sorted(kept, key=lambda flow: -rank[flow.target]):
        if rank[flow.target] in wanted:
            wanted.add(rank[flow.source])
            led.append(flow)
    return led


# An amount of one token over the pools that give it (backwards) or take it, by their shares. What a
# pool does not hold goes to those that have room.
def _divided(
    graph: TokenGraph, flows: Sequence[Flow], *, amount: float, backwards: bool
) -> list[Flow] | None:
    ways = [_exchange(graph, flow) for flow in flows]
    rooms = [way.received_max if backwards else way.paid_max for way in ways]
    weights = [flow.received if backwards else flow.paid for flow in flows]
    parts = _filled(rooms, weights, amount=amount)
    if parts is None:
        return None
    if backwards:
        return [
            replace(flow, paid=way.paid(part), received=part)
            for flow, way, part in zip(flows, ways, parts, strict=True)
        ]
    return [
        replace(flow, paid=part, received=way.received(part))
        for flow, way, part in zip(flows, ways, parts, strict=True)
    ]


def _filled(
    rooms: Sequence[float], weights: Sequence[float], *, amount: float
) -> list[float] | None:
    total = math.fsum(rooms)
    if amount > total * (1.0 + _FULL):
        return None
    if amount >= total:
        return list(rooms)
    parts, rest = [0.0] * len(rooms), amount
    for _ in range(_OVERFLOW_ROUNDS_MAX):
        open_ways = [i for i, room in enumerate(rooms) if parts[i] < room]
        whole = math.fsum(weights[i] for i in open_ways)
        if not open_ways or whole <= 0.0:
            return None
        given = {i: min(rest * weights[i] / whole, rooms[i] - parts[i]) for i in open_ways}
        for i, part in given.items():
            parts[i] += part
        rest -= math.fsum(given.values())
        if rest <= amount * 4e-16 * len(rooms):
            return parts
    return None


def _exchange(graph: TokenGraph, flow: Flow) -> Exchange:
    pool = graph.pools[flow.pool]
    return Exchange(pool.buy if flow.target == graph.base[flow.pool] else pool.sell)
