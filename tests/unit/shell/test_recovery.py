import asyncio
from dataclasses import replace

import pytest

from router.domain.error import ConfigError, JournalError
from router.domain.order import OrderStatus
from router.domain.units import DurationNs
from router.shell.runtime import Parts, Runtime
from router.state.world import World
from tests.unit.engine.scene import CHAIN, PERP, POOL, STARTED, order
from tests.unit.shell.floor import Floor, kinds, opened, replayed, run, work


class FailingJournal:
    """A journal whose disk fails at one record."""

    def __init__(self, journal, sequence):
        self._journal = journal
        self._sequence = sequence

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        if record.sequence < self._sequence:
            return self._journal.append(record)
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(JournalError("the disk is full"))
        return refused


def test_a_journal_that_fails_stops_the_runtime_and_nothing_of_that_record_is_done(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    async def failing():
        async with (
            opened(path) as journal,
            floor.running(FailingJournal(journal, sequence=6)) as runtime,
        ):
            runtime.submit(asked)
            await runtime.finished(asked.id)

    with pytest.raises(ExceptionGroup) as failed:
        run(failing())

    assert failed.value.subgroup(JournalError) is not None
    assert kinds(path)[-1] == "RouteSolved"
    assert len(floor.perp.signs.calls) == 1
    assert floor.perp.submits.calls == []


def test_a_runtime_that_a_fault_ended_takes_no_more_notice_of_the_time(tmp_path):
    looks = replace(STARTED.limits.reconciliation, look_every=DurationNs(1_000_000))
    start = replace(STARTED, limits=replace(STARTED.limits, reconciliation=looks))

    async def failing():
        floor = Floor()
        async with opened(tmp_path / "a.journal") as journal:
            parts = Parts(
                floor.reader, floor.solver, FailingJournal(journal, sequence=3), floor.clock
            )
            runtime = Runtime(parts, World())
            with pytest.raises(ExceptionGroup):
                await runtime.run(start, asyncio.Event())
            left = runtime.behind
            await asyncio.sleep(0.02)  # many times as long as until the next look
            return left, runtime.behind

    left, later = run(failing())

    assert later == left


def test_a_fault_nobody_foresaw_ends_the_runtime(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()
    floor.perp.signs.answers.append(ZeroDivisionError("a bug"))

    with pytest.raises(ExceptionGroup) as failed:
        run(work(floor, path, asked))

    assert failed.value.subgroup(ZeroDivisionError) is not None


@pytest.mark.parametrize("sequence", range(3, 17))
def test_a_runtime_that_stopped_anywhere_is_taken_up_where_the_journal_ends(tmp_path, sequence):
    floor, path, asked = Floor(), tmp_path / "a.journal", order()

    stopped_at(path, sequence, floor)
    restarted = floor.restarted()
    world = run(resumed(restarted, path, asked))

    assert kinds(path).count("EngineStarted") == 2
    assert world.parents[asked.id].status is OrderStatus.FILLED
    assert world.reconciliation.differences == ()
    assert len(restarted.perp.known) == len(restarted.chain.known) == 1
    assert replayed(path).world == world


async def resumed(floor, path, asked):
    async with opened(path) as journal:
        world = replayed(path).world
        async with floor.running(journal, world) as runtime:
            await runtime.finished(asked.id)
            return runtime.world


def test_a_start_without_a_pool_that_an_order_is_in_flight_at_is_refused(tmp_path):
    worlds = [stopped_at(tmp_path / f"{sequence}.journal", sequence) for sequence in range(9, 17)]
    (in_flight, *_) = [
        world for world in worlds if any(c.order.account == CHAIN for c in world.open_children())
    ]
    floor = Floor()

    async def started(journal):
        parts = Parts(floor.reader, floor.solver, journal, floor.clock)
        start = replace(STARTED, instruments=(PERP,))
        await Runtime(parts, in_flight).run(start, asyncio.Event())

    async def work():
        async with opened(tmp_path / "again.journal") as journal:
            await started(journal)

    with pytest.raises(ConfigError, match=f"{POOL.id}: order .* is in flight there; put the pool"):
        run(work())


def stopped_at(path, sequence, floor=None):
    """Return the world that a runtime left behind whose journal failed at a record."""
    floor, asked = floor or Floor(), order()

    async def stopped():
        async with (
            opened(path) as journal,
            floor.running(FailingJournal(journal, sequence)) as runtime,
        ):
            runtime.submit(asked)
            await runtime.finished(asked.id)

    with pytest.raises(ExceptionGroup):
        run(stopped())
    return replayed(path).world
