"""The ways through a graph between two tokens, for one side: what may flow where.

A loop of pools that gains is nothing an execution can use: it starts with the source token alone.
So flow neither returns to the source nor leaves the target, and where a loop of middle tokens
still gains, every pool is held to one order of the tokens. Refuses gas.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.units import AssetId, Side
from router.liquidity.curve import Floats
from router.liquidity.oracle import LiquidityError
from router.optimiser.network.dual import Dual
from router.optimiser.network.graph import Directions, TokenGraph, along, among, between
from router.optimiser.network.reference import Reference, reference

AHEAD: Final = 0.01  # how far the search starts from the first prices, as a logarithm


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Everything about a route but its size.

    Attributes
    ----------
    base, quote : int
        Places of the tokens in the graph. Quote is the numeraire of all node prices.
    rank : tuple[int, ...] | None
        The order of the tokens that pools are held to; None where none is needed.
    """

    graph: TokenGraph
    side: Side
    base: int
    quote: int
    directions: Directions
    first: Reference
    rank: tuple[int, ...] | None

    @property
    def sign(self) -> float:
        """Return +1 when buying and -1 when selling."""
        return 1.0 if self.side is Side.BUY else -1.0

    @property
    def source(self) -> int:
        """Return the token that is paid."""
        return self.quote if self.side is Side.BUY else self.base

    @property
    def target(self) -> int:
        """Return the token that is received."""
        return self.base if self.side is Side.BUY else self.quote

    @property
    def first_price(self) -> float:
        """Return the price of the first unit, [quote / base]."""
        return float(np.exp(self.sign * self.first.from_source[self.target]))

    def held_to(self, rank: Sequence[int]) -> "Passage | None":
        """Return the passage with its pools held to an order; None if none leads through."""
        graph = self.graph
        directions = along(graph, self.directions, rank=np.array(rank))
        first = reference(graph, directions, source=self.source, target=self.target)
        if not first.reached[self.target]:
            return None
        directions = among(graph, directions, tokens=first.reached)
        return replace(self, directions=directions, first=first, rank=tuple(rank))

    def duals(self, quantity: float) -> list[Dual]:
        """Return the dual of trading an exact quantity of base, over ever narrower levels."""
        demand = np.zeros(len(self.graph.tokens))
        demand[self.base] = self.sign * quantity
        return self._duals(demand, fixed=[self.quote])

    def duals_at_price(self) -> list[Dual]:
        """Return the dual of trading whatever is worth it at a given price of base, likewise."""
        demand = np.zeros(len(self.graph.tokens))
        return self._duals(demand, fixed=[self.base, self.quote])

    def _duals(self, demand: Floats, *, fixed: list[int]) -> list[Dual]:
        free = self.first.reached.copy()
        free[fixed] = False
        places = np.flatnonzero(free)
        return [
            Dual(self.graph, self.directions, demand=demand, free=places, stack=stack)
            for stack in self.graph.stacks
        ]

    def first_prices(self) -> Floats:
        """Return logarithms of node prices at which nothing trades yet.

        What no flow touches has the price 1.
        """
        buying = self.side is Side.BUY
        prices = self.first.from_source if buying else -self.first.to_target
        return np.where(self.first.reached, prices, 0.0)

    def start(self, ahead: float = AHEAD) -> Floats:
        """Return logarithms of prices to search from: the source a little cheaper than at first.

        At the first prices themselves no pool trades, and the dual function has no curvature.

        Parameters
        ----------
        ahead : float
            How much cheaper, as a logarithm: best about what the order moves the price.
        """
        prices = self.first_prices()
        if self.side is Side.SELL:
            prices[self.source] -= ahead
            return prices
        prices[self.first.reached] += ahead
        prices[self.source] = 0.0
        return prices


def open_passage(graph: TokenGraph, *, base: AssetId, quote: AssetId, side: Side) -> Passage:
    """Return the ways to trade base for quote, loops of middle tokens among them.

    Raises
    ------
    LiquidityError
        If a token is unknown, both are the same, or no way leads from one to the other.
    """
    if base == quote:
        raise LiquidityError(f"base and quote must be two tokens, were {base} twice")
    ends = graph.place(base), graph.place(quote)
    source, target = ends[::-1] if side is Side.BUY else ends
    directions = between(graph, source=source, target=target)
    first = reference(graph, directions, source=source, target=target)
    if not first.reached[target]:
        tokens = graph.tokens
        raise LiquidityError(f"pools must lead from {tokens[source]} to {tokens[target]}")
    return Passage(
        graph,
        side,
        base=ends[0],
        quote=ends[1],
        directions=among(graph, directions, tokens=first.reached),
        first=first,
        rank=None,
    )
