"""What a certified split costs: separable, joint through cvxpy and HiGHS itself, and its peers.

Synthetic, seeded instances; margin or a scenario binds in all of the joint ones. Every time holds
the certificate and the exact check of all rows; merging curves is timed apart. Run alone: the
ratio is what counts, the milliseconds are this machine's.
"""

import importlib
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from _figures import figure
from _optimiser_full import solve_full
from _optimiser_instances import HEADLINE, LARGE, Case, Size, case, pool_curve

from router.liquidity.merged import merge_tree
from router.optimiser.convex import direct, programme
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.split import solve_separable

NAME: Final = "optimiser"
DESCRIPTION: Final = "certified split of 20 pools x 200 ticks, 4 books x 100 levels, 50 scenarios"

_BPS: Final = 1e4
_GAP_MAX: Final = 0.01
_COUNT: Final = 200
_COUNT_LARGE: Final = 40
_COUNT_FULL: Final = 12
_THROUGH_CVXPY: Final = Effort(solvers=(programme.solve,))
_DIRECT: Final = Effort(solvers=(direct.solve,))
# Modules beside this one that add their rows: (module, function).
_MORE: Final = (
    ("_optimiser_network", "network_rows"),
    ("_optimiser_gas", "gas_rows"),
    ("_optimiser_robust", "robust_rows"),
    ("_optimiser_quality", "quality_rows"),
)


def run(*, quick: bool) -> list[dict[str, object]]:
    """Return the figures; `quick` takes a tenth of the instances."""
    programme.warm_up()
    began = time.perf_counter_ns(), time.process_time_ns()
    parts = 10 if quick else 1
    free = [case(seed, HEADLINE, binding=False) for seed in range(_COUNT // parts)]
    tight = _binding(HEADLINE, _COUNT // parts)
    gaps: list[float] = []
    separable = _times(lambda c: solve_separable(c.scaled), free)
    cached, fast = (_times(_joint(e, gaps), tight) for e in (_THROUGH_CVXPY, _DIRECT))
    full = _times(_full, tight[: max(_COUNT_FULL // parts, 3)])
    return [
        *_percentiles("separable split", separable, goals=(0.5, 1.5)),
        *_percentiles("joint split through cvxpy", cached, goals=(5.0, 12.0)),
        *_percentiles("joint split by HiGHS itself", fast, goals=(2.0, 5.0)),
        *_ratios(full, [("through cvxpy", cached, 8.0), ("by HiGHS itself", fast, 20.0)]),
        *_large(gaps, _COUNT_LARGE // parts),
        *_merging(),
        figure(
            "certified gap, worst",
            max(gaps),
            "bps",
            against="Lagrangian bound",
            goal=f"at most {_GAP_MAX}",
            met=max(gaps) <= _GAP_MAX,
        ),
        *_more(quick=quick),
        _own_time(began),
    ]


# Where it is far below one, others had the machine and the milliseconds are theirs, too.
def _own_time(began: tuple[int, int]) -> dict[str, object]:
    clock, own = time.perf_counter_ns() - began[0], time.process_time_ns() - began[1]
    return figure("processor time of this run, of the clock's", own / max(clock, 1), "")


def _large(gaps: list[float], count: int) -> list[dict[str, object]]:
    tight = _binding(LARGE, count)
    cached, fast = (_times(_joint(e, gaps), tight) for e in (_THROUGH_CVXPY, _DIRECT))
    name = "200 x 1,000 on 3 chains, 10 x 200 on 4 accounts, 500 scenarios"
    return [
        *_percentiles(f"{name}, through cvxpy", cached, goals=(12.0, 25.0)),
        *_percentiles(f"{name}, by HiGHS itself", fast, goals=(5.0, 10.0)),
    ]


# Building the merged curve is no part of a solve: it is kept while pools change one by one.
def _merging() -> list[dict[str, object]]:
    rows = []
    for size in (HEADLINE, LARGE):
        rng = random.Random(size.pools)  # noqa: S311 - a seeded instance, not a secret
        curves = [pool_curve(rng, size.ticks) for _ in range(size.pools)]
        tree = merge_tree(curves)
        whole = statistics.median(_times(merge_tree, [curves] * 10))
        changed = [{i % size.pools: pool_curve(rng, size.ticks)} for i in range(20)]
        one = statistics.median(_times(tree.replaced, changed))
        name = f"merging {size.pools} pools x {size.ticks} ticks"
        rows.append(figure(f"{name}, all", whole, "ms"))
        rows.append(
            figure(f"{name}, one changed", one, "ms", against="merging all", ratio=whole / one)
        )
    return rows


def _ratios(
    full: list[float], ours: Sequence[tuple[str, list[float], float]]
) -> list[dict[str, object]]:
    peer = statistics.median(full)
    rows = []
    for name, taken, least in ours:
        ratio = peer / statistics.median(taken)
        rows.append(
            figure(
                f"one cvxpy programme over every segment and scenario, over joint {name}",
                peer,
                "ms",
                against=f"joint split {name}, p50",
                ratio=ratio,
                goal=f"ratio at least {least}",
                met=ratio >= least,
            )
        )
    return rows


def _percentiles(
    name: str, taken: list[float], *, goals: tuple[float, float]
) -> list[dict[str, object]]:
    values = (statistics.median(taken), float(np.percentile(taken, 99)))
    return [
        figure(f"{name}, {which}", value, "ms", goal=f"at most {goal} ms", met=value <= goal)
        for which, value, goal in zip(("p50", "p99"), values, goals, strict=True)
    ]


def _times(work: Callable[[Any], object], instances: Sequence[Any]) -> list[float]:
    work(instances[0])
    taken = []
    for instance in instances:
        start = time.perf_counter_ns()
        work(instance)
        taken.append((time.perf_counter_ns() - start) / 1e6)
    return taken


def _binding(size: Size, count: int) -> list[Case]:
    found: list[Case] = []
    for seed in range(10 * count):
        made = case(seed, size, binding=True)
        if solve_separable(made.scaled) is None:
            found.append(made)
        if len(found) == count:
            break
    return found


def _joint(effort: Effort, gaps: list[float]) -> Callable[[Case], None]:
    def solve(made: Case) -> None:
        split = solve_continuous(made.scaled, effort=effort)
        assert split is not None, "the instances are feasible"
        gaps.append(split.gap * _BPS)

    return solve


def _full(made: Case) -> None:
    cost = solve_full(made)
    split = solve_continuous(made.scaled, effort=_DIRECT)
    assert split is not None
    # Its chords lie above the curves, by as much as a tick is wide;
    # 1e-8 is what the solver's own tolerances may take off.
    assert cost >= split.lower - 1e-8, "a bound was beaten"


def _more(*, quick: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for module, name in _MORE:
        if (Path(__file__).parent / f"{module}.py").exists():
            rows += getattr(importlib.import_module(module), name)(quick=quick)
    return rows
