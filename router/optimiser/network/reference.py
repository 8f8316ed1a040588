"""Prices of tokens where nothing trades yet, which tokens matter, and whether a loop gains.

Refuses quantities: these are the prices of first units.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import Floats, Places
from router.optimiser.network.graph import Directions, Flags, TokenGraph

LOOP_GAIN_MIN: Final = 1e-12  # logarithm; less is the rounding of prices


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The cheapest ways between a source and a target, per unit.

    Attributes
    ----------
    from_source : float64, shape (n_tokens,), [source / token]
        Logarithm of what the first unit of each token costs; infinite where no way leads.
    to_target : float64, shape (n_tokens,), [token / target]
        Logarithm of how much of each token brings the first unit of the target.
    reached : bool, shape (n_tokens,)
        Tokens that lie on a way from the source to the target.
    has_loop : bool
        Whether the first units gain somewhere by going round among these.
    """

    from_source: Floats
    to_target: Floats
    reached: Flags
    has_loop: bool


def reference(graph: TokenGraph, directions: Directions, *, source: int, target: int) -> Reference:
    """Return the prices of first units over the open directions."""
    tail, head, price = _arcs(graph, directions)
    size = len(graph.tokens)
    from_source, _ = _shortest(tail, head, price=price, start=source, size=size)
    to_target, _ = _shortest(head, tail, price=price, start=target, size=size)
    reached = np.isfinite(from_source) & np.isfinite(to_target)
    inside = reached[tail] & reached[head]
    _, has_loop = _shortest(
        tail[inside], head[inside], price=price[inside], start=source, size=size
    )
    return Reference(
        from_source=from_source, to_target=to_target, reached=reached, has_loop=has_loop
    )


def cheapest_way(
    graph: TokenGraph, directions: Directions, first: Reference, *, source: int, target: int
) -> list[tuple[int, int, int]]:
    """Return the way on which the first unit is cheapest: pool, token paid, token received."""
    tail, head, price = _arcs(graph, directions)
    pools = directions.pools
    owner = np.concatenate((pools[directions.buys], pools[directions.sells]))
    length = first.from_source[tail] + price
    way: list[tuple[int, int, int]] = []
    node = target
    while node != source and len(way) < len(graph.tokens):
        arc = int(np.argmin(np.where(head == node, length, np.inf)))
        way.append((int(owner[arc]), int(tail[arc]), node))
        node = int(tail[arc])
    return way[::-1]


# Every open direction of a pool: from which token, to which, and the logarithm of its price.
def _arcs(graph: TokenGraph, directions: Directions) -> tuple[Places, Places, Floats]:
    pools = directions.pools
    bought, sold = pools[directions.buys], pools[directions.sells]
    tail = np.concatenate((graph.quote[bought], graph.base[sold]))
    head = np.concatenate((graph.base[bought], graph.quote[sold]))
    return tail, head, np.concatenate((graph.ask[bought], -graph.bid[sold]))


# Bellman and Ford's, for all arcs at once. Also says whether it would go on for ever.
def _shortest(
    tail: Places, head: Places, *, price: Floats, start: int, size: int
) -> tuple[Floats, bool]:
    length = np.full(size, np.inf)
    length[start] = 0.0
    for _ in range(size):
        before = length.copy()
        np.minimum.at(length, head, before[tail] + price)
        if not np.any(length < before - LOOP_GAIN_MIN):
            return length, False
    return length, True
