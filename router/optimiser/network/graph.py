"""Tokens and the pools between them, and which directions of the pools a route may use.

Refuses a pool whose own two directions cross; several pools may well cross each other.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from router.domain.units import AssetId, Side
from router.liquidity.curve import CostCurve, Floats, Places
from router.liquidity.oracle import LiquidityError
from router.liquidity.pointwise import PointCurve
from router.optimiser.network.cells import LEVEL_WIDTHS, Cells, Stack, cells_of, stacked

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TokenPool:
    """A market between two tokens, in both directions.

    Attributes
    ----------
    buy, sell : CostCurve
        Of `base`, priced in `quote`; unshifted. A direction that does not exist has no segments.
    """

    base: AssetId
    quote: AssetId
    buy: CostCurve
    sell: CostCurve
    has_levels: bool = field(init=False)
    cells: tuple[Cells, ...] = field(init=False, repr=False)  # one for each width of its levels

    def __post_init__(self) -> None:
        if self.buy.side is not Side.BUY or self.sell.side is not Side.SELL:
            raise LiquidityError("buy and sell must be curves of these sides")
        if self.base == self.quote:
            raise LiquidityError(f"a pool must be between two tokens, was {self.base} twice")
        has_levels = any(np.any(np.isinf(curve.depth)) for curve in (self.buy, self.sell))
        object.__setattr__(self, "has_levels", has_levels)
        widths = LEVEL_WIDTHS if has_levels else LEVEL_WIDTHS[-1:]
        cells = tuple(cells_of(self.buy, self.sell, width=width) for width in widths)
        object.__setattr__(self, "cells", cells)


@dataclass(frozen=True, slots=True, eq=False)
class TokenGraph:
    """Pools between tokens. Each is priced once, however many paths lead over it.

    Attributes
    ----------
    tokens : tuple[AssetId, ...]
        Of all pools, sorted.
    base, quote : intp, shape (n_pools,)
        Places of the pools' tokens in `tokens`.
    ask, bid : float64, shape (n_pools,), [quote / base]
        Logarithms of the best prices after fee; infinite where a direction does not exist.
    """

    pools: tuple[TokenPool, ...]
    tokens: tuple[AssetId, ...] = field(init=False)
    ask: Floats = field(init=False, repr=False)
    bid: Floats = field(init=False, repr=False)
    base: Places = field(init=False, repr=False)
    quote: Places = field(init=False, repr=False)
    stacks: tuple[Stack, ...] = field(init=False, repr=False)  # for ever narrower levels

    def __post_init__(self) -> None:
        if not self.pools:
            raise LiquidityError("a graph must have a pool")
        tokens = sorted({token for pool in self.pools for token in (pool.base, pool.quote)})
        place = {token: index for index, token in enumerate(tokens)}
        object.__setattr__(self, "tokens", tuple(tokens))
        object.__setattr__(self, "base", np.array([place[pool.base] for pool in self.pools]))
        object.__setattr__(self, "quote", np.array([place[pool.quote] for pool in self.pools]))
        widths = max(len(pool.cells) for pool in self.pools)
        tables = [pool.cells * (widths if len(pool.cells) == 1 else 1) for pool in self.pools]
        stacks = tuple(stacked(cells) for cells in zip(*tables, strict=True))
        object.__setattr__(self, "stacks", stacks)
        asks = [p.buy.root_start[0] if p.buy.quantity.size else np.inf for p in self.pools]
        bids = [p.sell.root_start[0] if p.sell.quantity.size else 0.0 for p in self.pools]
        with np.errstate(divide="ignore"):
            object.__setattr__(self, "ask", 2.0 * np.log(np.array(asks)))
            object.__setattr__(self, "bid", 2.0 * np.log(np.array(bids)))

    def place(self, token: AssetId) -> int:
        """Return the place of a token.

        Raises
        ------
        LiquidityError
            If no pool trades it.
        """
        if token not in self.tokens:
            raise LiquidityError(f"{token} must be a token of a pool of the graph")
        return self.tokens.index(token)

    def gain(self, index: int, price: float) -> float:
        """Return what the best trade with a pool gains at a price of its base, [quote].

        Its levels are taken as they are, without a width.
        """
        pool = self.pools[index]
        buy, sell = PointCurve(pool.buy), PointCurve(pool.sell)
        bought, sold = buy.quantity_at(price), sell.quantity_at(-price)
        return price * (bought - sold) - buy.cost(bought) - sell.cost(sold)

    def replaced(self, index: int, pool: TokenPool) -> "TokenGraph":
        """Return the graph with one pool changed."""
        pools = (*self.pools[:index], pool, *self.pools[index + 1 :])
        return TokenGraph(pools)


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The pools a flow may use, and the range their prices are kept in to close a direction.

    Attributes
    ----------
    pools : intp, shape (n,)
        Places of the pools that are open in either direction.
    low, high : float64, shape (n,)
        Bounds on half the logarithm of a pool's price. Where a direction is closed, the bound lies
        between its best prices, where nothing trades.
    buys, sells : bool, shape (n,)
        Which directions are open.
    """

    pools: Places
    low: Floats
    high: Floats
    buys: Flags
    sells: Flags


def between(graph: TokenGraph, *, source: int, target: int) -> Directions:
    """Return the directions that lead away from a source and towards a target."""
    buys = np.isfinite(graph.ask) & (graph.quote != target) & (graph.base != source)
    sells = np.isfinite(graph.bid) & (graph.base != target) & (graph.quote != source)
    return _directions(graph, buys=buys, sells=sells)


def along(graph: TokenGraph, directions: Directions, *, rank: Places) -> Directions:
    """Return those directions that lead from a token to one of a higher rank.

    Parameters
    ----------
    rank : intp, shape (n_tokens,)
    """
    rises = rank[graph.base] > rank[graph.quote]
    falls = rank[graph.base] < rank[graph.quote]
    buys, sells = opened(graph, directions)
    return _directions(graph, buys=buys & rises, sells=sells & falls)


def among(graph: TokenGraph, directions: Directions, *, tokens: Flags) -> Directions:
    """Return those directions that lead from one of some tokens to another."""
    inside = tokens[graph.base] & tokens[graph.quote]
    buys, sells = opened(graph, directions)
    return _directions(graph, buys=buys & inside, sells=sells & inside)


def opened(graph: TokenGraph, directions: Directions) -> tuple[Flags, Flags]:
    """Return which pools of the graph may be bought from, and which sold to."""
    buys, sells = (np.zeros(len(graph.pools), dtype=np.bool_) for _ in range(2))
    buys[directions.pools] = directions.buys
    sells[directions.pools] = directions.sells
    return buys, sells


def _directions(graph: TokenGraph, *, buys: Flags, sells: Flags) -> Directions:
    pools = np.flatnonzero(buys | sells)
    ask, bid = graph.ask[pools], graph.bid[pools]
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isfinite(ask) & np.isfinite(bid), 0.25 * (ask + bid), 0.0)
    middle = np.where(np.isinf(bid), 0.5 * ask - 1.0, middle)
    middle = np.where(np.isinf(ask), 0.5 * bid + 1.0, middle)
    return Directions(
        pools=pools,
        low=np.where(sells[pools], -np.inf, middle),
        high=np.where(buys[pools], np.inf, middle),
        buys=buys[pools],
        sells=sells[pools],
    )
