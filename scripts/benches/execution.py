"""How many orders an engine takes in durably, and how long a decision takes to reach the wire.

The runtime, the engine, the journal on disk and a signature over secp256k1 are the real ones. What
is not measured is made to cost nothing: the solver answers at once, and the venue is in memory.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeVar

from _execution_floor import STARTED, BenchFloor, bench_order
from _figures import figure

from router.domain.event import ParentSubmitted
from router.domain.order import OrderStatus, ParentOrder
from router.domain.units import DurationNs
from router.journal.codec import encode
from router.journal.record import Record, genesis, make_record
from router.shell import observe
from router.shell.runtime import Runtime
from router.shell.store import open_journal
from router.state.world import World

NAME = "execution"
DESCRIPTION = "orders taken in durably, and from a decision to the wire"

PARENTS_PER_S_MIN: Final = 2_000.0
WIRE_P99_MS_MAX: Final = 15.0
ROUNDS: Final = 3
AT_ONCE: Final = 64  # orders handed over before the loop may turn
BEHIND_MAX: Final = 512
NO_TIME, PAUSE = DurationNs(0), DurationNs(2_000_000)
DISK: Final = Path(__file__).resolve().parents[2] / "run"  # not /tmp, which may be memory

T = TypeVar("T")


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; medians of a few rounds, the bound in the same rounds."""
    observe.configure(verbose=False)
    parents_count, children_count = (1_000, 100) if quick else (5_000, 500)
    DISK.mkdir(exist_ok=True)
    accepted, bound, waits, rates = [], [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=DISK) as folder:
            orders = [bench_order(n) for n in range(parents_count)]
            accepted.append(_loop(_accept(Path(folder) / "a.journal", orders)))
            bound.append(_loop(_append(Path(folder) / "b.journal", _records(orders))))
            seconds, found = _loop(_trade(Path(folder) / "c.journal", children_count))
            waits += found
            rates.append(children_count / seconds)
    rate, most = statistics.median(accepted), statistics.median(bound)
    ranks = statistics.quantiles(waits, n=100, method="inclusive")
    return [
        figure(
            f"parent orders taken in durably, {parents_count} of them",
            rate,
            "orders/s",
            against=f"the journal alone, the same records: {most:,.0f}/s",
            ratio=rate / most,
            goal=f"at least {PARENTS_PER_S_MIN:,.0f} orders/s",
            met=rate >= PARENTS_PER_S_MIN,
        ),
        figure(
            "from the plan to the bytes leaving, two records durable on the way, p50",
            ranks[49] * 1e3,
            "ms",
        ),
        figure(
            "from the plan to the bytes leaving, two records durable on the way, p99",
            ranks[98] * 1e3,
            "ms",
            goal=f"at most {WIRE_P99_MS_MAX:g} ms",
            met=ranks[98] * 1e3 <= WIRE_P99_MS_MAX,
        ),
        figure(
            "orders observed, planned, signed, sent, filled and reconciled, one child each",
            statistics.median(rates),
            "orders/s",
        ),
    ]


def _loop(work: Coroutine[Any, Any, T]) -> T:
    import uvloop  # noqa: PLC0415 - as the daemon does

    return uvloop.run(work)


async def _accept(path: Path, orders: list[ParentOrder]) -> float:
    # The accounts do not answer: everything is taken in, and nothing is planned beside it.
    floor = BenchFloor(answers=False)
    with closing(open_journal(path, journal_id=STARTED.journal_id)) as journal:
        async with floor.running(journal) as runtime:
            begun = perf_counter()
            for first in range(0, len(orders), AT_ONCE):
                for order in orders[first : first + AT_ONCE]:
                    runtime.submit(order)
                await floor.clock.sleep(PAUSE if runtime.behind > BEHIND_MAX else NO_TIME)
            await runtime.flushed()
            return len(orders) / (perf_counter() - begun)


async def _append(path: Path, records: list[Record]) -> float:
    with closing(open_journal(path, journal_id=STARTED.journal_id)) as journal:
        begun = perf_counter()
        answers = [journal.append(record) for record in records]
        for answer in answers:
            await answer
        return len(records) / (perf_counter() - begun)


def _records(orders: list[ParentOrder]) -> list[Record]:
    tip, found = genesis(STARTED.journal_id), []
    for order in orders:
        event = encode(ParentSubmitted(order, order.submitted_at))
        found.append(make_record(tip, event, ()))
        tip = found[-1].tip
    return found


async def _trade(path: Path, count: int) -> tuple[float, list[float]]:
    floor = BenchFloor(answers=True)
    with closing(open_journal(path, journal_id=STARTED.journal_id)) as journal:
        async with floor.running(journal) as runtime:
            await _ready(runtime)
            begun = perf_counter()
            for n in range(count):
                runtime.submit(bench_order(n))
            for n in range(count):
                done = await runtime.finished(bench_order(n).id)
                assert done.status is OrderStatus.FILLED, done.reason
            return perf_counter() - begun, floor.waits()


async def _ready(runtime: Runtime) -> None:
    ready = asyncio.Event()

    def look(_event: object, world: World) -> None:
        if world.is_ready:
            ready.set()

    runtime.watch(look)
    await ready.wait()
    runtime.unwatch(look)
