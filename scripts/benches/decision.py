"""From a parent order accepted to its child orders signed, and the parts of that time.

The real thing: two sandboxes, a desk with its journal on disk and its solver process, orders one
after another. Each part ends with a durable record, so the parts add up to the whole.
"""

import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import uvloop
from _figures import figure

from router.compose.assembly import assemble
from router.compose.desk import Desk, open_desk
from router.compose.sandbox import sandboxes
from router.domain.event import ChildSigned, Event, MarketObserved, ParentSubmitted, RouteSolved
from router.domain.units import ParentId
from router.optimiser.solve import solve
from router.shell import observe
from router.shell.clock import SystemClock
from router.state.world import World

NAME: Final = "decision"
DESCRIPTION: Final = "parent order accepted to child orders signed, p50 and p99, and its parts"

_ORDERS: Final = 100
_ORDERS_QUICK: Final = 15
_WARM_UP: Final = 3
_QUANTITY: Final = "20"
# Submitted, observed, solved and signed are durable one after another.
_SYNCS: Final = 4
_SYNC_BYTES: Final = 8_192
_SYNC_SAMPLES: Final = 200
_NS_PER_MS: Final = 1_000_000
_TEMPLATE: Final = Path(__file__).parents[2] / "configs" / "demo.toml"

# The first stage only: what an order waits for before anything can be sent.
_PARTS: Final = (
    (ParentSubmitted, MarketObserved, "observe: accounts read, fresh state, journaled"),
    (MarketObserved, RouteSolved, "solve: problem to certified plan and back, journaled"),
    (RouteSolved, ChildSigned, "sign: checked, simulated, signed, journaled"),
)


class _Times:
    """When each kind of event of each parent became durable first, in ns."""

    def __init__(self) -> None:
        self.first: dict[ParentId, dict[type, int]] = defaultdict(dict)
        self.problems: list[Any] = []

    def __call__(self, event: Event, world: World) -> None:
        now = time.perf_counter_ns()
        match event:
            case ParentSubmitted():
                parent = event.order.id
            case MarketObserved() | RouteSolved():
                parent = event.parent
                problem = world.parents[parent].problem
                if problem is not None:
                    self.problems.append(problem)
            case ChildSigned():
                parent = world.children[event.child].order.parent
            case _:
                return
        self.first[parent].setdefault(type(event), now)

    def spent_ms(self, begin: type, end: type) -> list[float]:
        """Return the time between two kinds of events of each parent that has both."""
        return [
            (times[end] - times[begin]) / _NS_PER_MS
            for times in list(self.first.values())[_WARM_UP:]
            if begin in times and end in times
        ]


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; a figure for the whole and for each part."""
    observe.configure(verbose=False)
    times = _Times()
    count = _WARM_UP + (_ORDERS_QUICK if quick else _ORDERS)
    with (
        tempfile.TemporaryDirectory() as directory,
        sandboxes(Path(directory), seed=7, block_time_s=1.0) as running,
    ):
        path = Path(directory) / "headrace.toml"
        path.write_text(_TEMPLATE.read_text(encoding="utf-8") + running.tables(), encoding="utf-8")
        assembly = assemble(path, {**os.environ, **running.environment}, SystemClock())
        uvloop.run(_work(assembly, times, count))
        disk_ms = _disk_ms(Path(directory))
    return [*_figures(times), _disk_figure(times, disk_ms)]


async def _work(assembly: Any, times: _Times, count: int) -> None:  # noqa: ANN401 - as assembled
    async with open_desk(assembly) as desk:
        desk.runtime.watch(times)
        for number in range(count):
            await _trade(desk, number)


async def _trade(desk: Desk, number: int) -> None:
    request = {
        "client_order_id": f"bench-{number}",
        "side": "buy" if number % 2 == 0 else "sell",
        "quantity": _QUANTITY,
        "base": "ETH",
        "quote": "USDC",
    }
    report = await desk.work(request, lambda _line: None)
    if report.status.value != "filled":
        raise RuntimeError(f"order {number} ended {report.status.value}: {report.reason}")


def _figures(times: _Times) -> list[dict[str, object]]:
    bare_ms = _bare_solve_ms(times)
    whole = times.spent_ms(ParentSubmitted, ChildSigned)
    against = "the optimiser alone, same problems, in process"
    figures = [
        figure(
            f"accepted to signed, p{percent}",
            round(float(np.percentile(whole, percent)), 2),
            "ms",
            against=f"{against}: {bare_ms:.2f} ms",
            ratio=round(float(np.percentile(whole, percent)) / bare_ms, 1),
        )
        for percent in (50, 99)
    ]
    total = median(whole)
    for begin, end, name in _PARTS:
        spent = times.spent_ms(begin, end)
        figures += [
            figure(
                f"{name}, p{percent}",
                round(float(np.percentile(spent, percent)), 2),
                "ms",
                against=f"the whole, p50: {total:.2f} ms",
                ratio=round(float(np.percentile(spent, percent)) / total, 2),
            )
            for percent in (50, 99)
        ]
    return figures


def _disk_figure(times: _Times, disk_ms: float) -> dict[str, object]:
    total = median(times.spent_ms(ParentSubmitted, ChildSigned))
    return figure(
        f"of it the disk: {_SYNCS} synced writes, p50",
        round(_SYNCS * disk_ms, 2),
        "ms",
        against=f"the whole, p50: {total:.2f} ms",
        ratio=round(_SYNCS * disk_ms / total, 2),
    )


def _disk_ms(directory: Path) -> float:
    # What this disk takes to make a few kilobytes durable, without anything of ours around it.
    spent = []
    with (directory / "disk").open("wb", buffering=0) as file:
        for _ in range(_SYNC_SAMPLES):
            begin = time.perf_counter_ns()
            file.write(bytes(_SYNC_BYTES))
            os.fdatasync(file.fileno())
            spent.append((time.perf_counter_ns() - begin) / _NS_PER_MS)
    return median(spent)


def _bare_solve_ms(times: _Times) -> float:
    spent = []
    for problem in times.problems:
        begin = time.perf_counter_ns()
        solve(problem)
        spent.append((time.perf_counter_ns() - begin) / _NS_PER_MS)
    return median(spent)
