"""Networks: how long the cheapest flow over many tokens and pools takes, and how well it is proved.

Seeded graphs of concentrated pools within their no-arbitrage bands; orders of a thousand to three
million dollars' worth, either side. Building the graph is no part of a solve.
"""

import importlib
import random
import statistics
import time
from typing import Any, Final

import numpy as np
from _figures import figure

from router.domain.units import Side
from router.optimiser.network.graph import TokenGraph
from router.optimiser.network.loops import passage, solve_network
from router.optimiser.network.solve import Solution

_INSTANCES: Final = "tests.unit.optimiser.network.instances"
_TOKENS: Final = 10
_POOLS: Final = 50
_TICKS: Final = 100
_COUNT: Final = 100
_USD: Final = (3.0, 6.5)  # powers of ten
_GOAL_MS: Final = 2.0
_GAP_GOAL: Final = 0.01


def network_rows(*, quick: bool) -> list[dict[str, object]]:
    """Return time and gap of orders over 10 tokens and 50 pools."""
    instances: Any = importlib.import_module(_INSTANCES)
    taken, gaps = [], []
    for seed in range(_COUNT // 10 if quick else _COUNT):
        graph = instances.random_graph(seed, tokens=_TOKENS, pools=_POOLS, ticks=_TICKS)
        spent, solution = _timed(graph, random.Random(seed))  # noqa: S311 - a seeded instance
        taken.append(spent)
        gaps.append(solution.gap_bp)
    name = f"network of {_TOKENS} tokens, {_POOLS} pools x {_TICKS} ticks"
    spent = statistics.median(taken)
    return [
        figure(f"{name}, p50", spent, "ms", goal=f"at most {_GOAL_MS} ms", met=spent <= _GOAL_MS),
        figure(f"{name}, p99", float(np.percentile(taken, 99)), "ms"),
        figure(
            f"{name}: certified gap, worst",
            max(gaps),
            "bps",
            against="bound at node prices",
            goal=f"at most {_GAP_GOAL}",
            met=max(gaps) <= _GAP_GOAL,
        ),
    ]


def _timed(graph: TokenGraph, rng: random.Random) -> tuple[float, Solution]:
    quote, *others = graph.tokens
    base, side = rng.choice(others), rng.choice(list(Side))
    ways = passage(graph, base=base, quote=quote, side=side, quantity=1.0)
    quantity = 10.0 ** rng.uniform(*_USD) / ways.first_price
    start = time.perf_counter_ns()
    found = solve_network(graph, base=base, quote=quote, side=side, quantity=quantity)
    return (time.perf_counter_ns() - start) / 1e6, found
