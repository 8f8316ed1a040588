"""What other ways to split an order cost beside ours, gas and margin in, on the same instances.

A grid of percentages is the best such a grid can do, by dynamic programming over its steps; a
gas-blind split is exact but uses every pool that is cheap enough; a single venue is the cheapest
that holds the order. Margin: pools and perps split as if it did not exist, then the perps scaled
down until it holds, and the pools left with the rest.
"""

import statistics
from collections.abc import Callable
from typing import Final

import numpy as np
from _figures import figure
from _optimiser_gas import BPS, Order, orders
from _optimiser_instances import HEADLINE, case

from router.domain.error import SolverError
from router.liquidity.curve import Floats
from router.optimiser.convex.certificate import is_feasible
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import filled, separable
from router.optimiser.gas.search import cost_with_gas, worth_their_gas
from router.optimiser.gas.ways import ways_of

_POOLS: Final = 20
_SEEDS: Final = 8
_MARGIN_SEEDS: Final = 60
_HALVINGS: Final = 50


def quality_rows(*, quick: bool) -> list[dict[str, object]]:
    """Return what each other way costs more than ours, median and worst."""
    others: dict[str, Callable[[Order], float]] = {
        "5 % grid": lambda order: _grid(order, 20),
        "10 % grid": lambda order: _grid(order, 10),
        "best single venue": lambda order: _grid(order, 1),
        "gas-blind split": lambda order: cost_with_gas(order.full()),
    }
    extra: dict[str, list[float]] = {name: [] for name in others}
    for order in orders(_POOLS, seeds=1 if quick else _SEEDS):
        ours = cost_with_gas(worth_their_gas(order.full(), order.solve))
        for name, cost in others.items():
            extra[name].append((cost(order) - ours) * BPS)
    seeds = _MARGIN_SEEDS // 10 if quick else _MARGIN_SEEDS
    found = (_scaled_down(case(seed, HEADLINE, binding=True).scaled) for seed in range(seeds))
    extra["pools and perps apart, scaled down to margin"] = [
        more * BPS for more in found if more is not None
    ]
    return [row for name, values in extra.items() for row in _rows(name, values)]


def _rows(name: str, extra: list[float]) -> list[dict[str, object]]:
    against = f"our plan, {len(extra)} orders"
    return [
        figure(f"extra cost of {name}, median", statistics.median(extra), "bps", against=against),
        figure(f"extra cost of {name}, worst", max(extra), "bps", against=against),
    ]


# The cheapest split into so many equal steps, gas in.
def _grid(order: Order, steps: int) -> float:
    full = order.full()
    ways = ways_of(full.selection, full.scaled)
    sizes = np.arange(steps + 1) / steps * order.quantity
    notional = order.quantity * order.market.mid
    best = np.full(steps + 1, np.inf)
    best[0] = 0.0
    for way in ways.ways:
        cost: Floats = way.curve.cost(np.minimum(sizes, sizes[-1])) / notional + way.gas
        cost[0] = 0.0
        best = np.array([np.min(best[: k + 1] + cost[k::-1]) for k in range(steps + 1)])
    return float(best[steps]) + ways.transactions[0] - 1.0


# None where no row binds, or nothing fits.
def _scaled_down(scaled: ScaledProblem) -> float | None:
    shares, _ = separable(scaled)
    if is_feasible(scaled, shares):
        return None
    try:
        ours = solve_continuous(scaled)
    except SolverError:
        return None
    if ours is None:
        return None
    chains = [c for row in scaled.cash for c in row.members]
    low, high = 0.0, 1.0
    best: Floats | None = None
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        made = shares * middle
        own, _ = filled([scaled.curves[c] for c in chains], 1.0 - _others(made, chains))
        made[chains] = own
        if is_feasible(scaled, made):
            low, best = middle, made
        else:
            high = middle
    return None if best is None else scaled.cost(best) - ours.upper


def _others(shares: Floats, chains: list[int]) -> float:
    return float(np.sum(shares) - np.sum(shares[chains]))
