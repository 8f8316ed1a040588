"""Seeded graphs of concentrated pools inside their no-arbitrage bands, and small ones by hand."""

import math
import random

import numpy as np

from router.domain.units import AssetId, Side
from router.liquidity.curve import CostCurve
from router.optimiser.network.graph import TokenGraph, TokenPool

FEES = (1e-4, 5e-4, 3e-3, 1e-2)
SPACINGS = (1, 10, 60, 200)
DEPTH_MEDIAN_USD = 3e6  # within 2 % of the price
DEPTH_SIGMA = 1.3
SPAN = 0.4  # ticks are spread over about this much of the price, as a logarithm


def token(index: int) -> AssetId:
    return AssetId(f"T{index:03}")


def random_graph(seed: int, *, tokens: int, pools: int, ticks: int) -> TokenGraph:
    """Return a connected graph; T000 is worth a dollar, the others anything from 1e-3 to 1e4."""
    rng = random.Random(seed)
    worth = [1.0] + [10.0 ** rng.uniform(-3.0, 4.0) for _ in range(tokens - 1)]
    pairs = [(i, rng.randrange(i)) for i in range(1, tokens)]
    hubs = min(3, tokens)
    while len(pairs) < pools:
        a = rng.randrange(hubs) if rng.random() < 0.5 else rng.randrange(tokens)
        b = rng.randrange(tokens)
        if a != b:
            pairs.append((a, b))
    return TokenGraph(
        tuple(random_pool(rng, pair, worth=worth, ticks=ticks) for pair in pairs[:pools])
    )


def random_pool(rng, pair, *, worth, ticks) -> TokenPool:
    base, quote = pair
    kind = rng.choice((0, 1, 1, 2, 2, 3))
    fee = FEES[kind]
    # Each token is off its worth by less than a quarter of the least fee of the two: no loop gains.
    price = worth[base] / worth[quote] * math.exp(rng.uniform(-0.9, 0.9) * fee)
    usd = DEPTH_MEDIAN_USD * math.exp(rng.gauss(0.0, DEPTH_SIGMA))
    # Within 2 % of the price a pool of liquidity L holds about L sqrt(p) / 100 of quote.
    liquidity = usd / worth[quote] / math.sqrt(price) * 100.0 / 2.0
    return concentrated(
        rng, (token(base), token(quote)), price=price, fee=fee, liquidity=liquidity, ticks=ticks
    )


def concentrated(rng, pair, *, price, fee, liquidity, ticks) -> TokenPool:
    """Return a pool whose liquidity decays away from its price, with 50 % noise."""
    buy = _direction(rng, Side.BUY, price=price, fee=fee, liquidity=liquidity, ticks=ticks // 2)
    sell = _direction(rng, Side.SELL, price=price, fee=fee, liquidity=liquidity, ticks=ticks // 2)
    return TokenPool(*pair, buy=buy, sell=sell)


def _direction(rng, side, *, price, fee, liquidity, ticks) -> CostCurve:
    sign = 1.0 if side is Side.BUY else -1.0
    steps = np.array([rng.uniform(0.2, 1.8) for _ in range(ticks)]) * SPAN / ticks
    distance = np.concatenate(([0.0], np.cumsum(steps)))
    root = math.sqrt(price / (1.0 - fee) ** sign) * np.exp(sign * distance / 2.0)
    noise = np.array([rng.uniform(0.5, 1.5) for _ in range(ticks)])
    depth = liquidity * np.exp(-distance[:-1] * 4.0) * noise / math.sqrt(1.0 - fee)
    start, end = root[:-1], root[1:]
    return CostCurve(
        side=side,
        root_start=start,
        root_end=end,
        depth=depth,
        quantity=depth * np.abs(1.0 / start - 1.0 / end),
    )


def scattered_graph(seed: int, *, tokens: int, pools: int, ticks: int) -> TokenGraph:
    """Return a graph in which some small pools were forgotten by arbitrage: loops gain."""
    graph = random_graph(seed, tokens=tokens, pools=pools, ticks=ticks)
    rng = random.Random(-seed - 1)
    made = list(graph.pools)
    for index in rng.sample(range(pools), max(1, pools // 5)):
        made[index] = _moved(
            made[index], math.exp(rng.choice((-1.0, 1.0)) * rng.uniform(0.01, 0.2))
        )
    return TokenGraph(tuple(made))


def _moved(pool: TokenPool, factor: float) -> TokenPool:
    return TokenPool(
        pool.base,
        pool.quote,
        buy=rescaled(pool.buy, base=1.0, quote=factor, depth=0.03),
        sell=rescaled(pool.sell, base=1.0, quote=factor, depth=0.03),
    )


def rescaled(curve: CostCurve, *, base: float, quote: float, depth: float = 1.0) -> CostCurve:
    """Return a curve in units of which one old base is `base`, and one old quote `quote`."""
    root = math.sqrt(quote / base)
    return CostCurve(
        side=curve.side,
        root_start=curve.root_start * root,
        root_end=curve.root_end * root,
        depth=curve.depth * math.sqrt(base * quote) * depth,
        quantity=curve.quantity * base * depth,
    )


def levels(side: Side, table: list[tuple[float, float]]) -> CostCurve:
    """Return a curve of flat levels: prices with quantities, best first."""
    root = np.sqrt(np.array([price for price, _ in table]))
    return CostCurve(
        side=side,
        root_start=root,
        root_end=root,
        depth=np.full_like(root, np.inf),
        quantity=np.array([quantity for _, quantity in table]),
    )


def nothing(side: Side) -> CostCurve:
    """Return a direction that does not exist."""
    return levels(side, [])


def flattened(pool: TokenPool) -> TokenPool:
    """Return a pool known by chords alone: every segment a level at its mean price."""
    return TokenPool(pool.base, pool.quote, buy=_flat(pool.buy), sell=_flat(pool.sell))


def _flat(curve: CostCurve) -> CostCurve:
    prices = (curve.root_start * curve.root_end).tolist()
    return levels(curve.side, list(zip(prices, curve.quantity.tolist(), strict=True)))
