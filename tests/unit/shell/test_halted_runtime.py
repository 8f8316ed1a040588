import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from router.domain.event import (
    ChildNotSent,
    ChildSigned,
    ControlTripped,
    RouteSolved,
    SwitchSet,
)
from router.domain.order import OrderStatus
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.journal.codec import decode_event
from router.shell.runtime import Parts, Runtime
from router.shell.switch_file import SwitchFiles
from router.shell.switchboard import Switchboard
from router.state.world import Phase, World
from tests.unit.engine.scene import STARTED, T0, order
from tests.unit.shell.floor import Floor, events, opened, replayed, run

HALT = SwitchSetting(FIRM, TradingState.HALTED, "ann", "a drill", T0)
FREE = replace(HALT, state=TradingState.ACTIVE, reason="over")


@pytest.fixture
def files(tmp_path):
    return SwitchFiles.beside(tmp_path / "desk.journal")


class WedgedSink:
    """A journal whose disk answers no more once a plan is to be written, until it is let go.

    What comes after the plan is never durable.
    """

    def __init__(self, journal):
        self._journal = journal
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.told = asyncio.Event()  # what became of the signature

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        event = decode_event(record.event)
        if self.reached.is_set():
            self._journal.append(record)
            if isinstance(event, ChildSigned | ChildNotSent):
                self.told.set()
            return asyncio.get_running_loop().create_future()
        if isinstance(event, RouteSolved):
            self.reached.set()
            return asyncio.create_task(self._late(self._journal.append(record)))
        return self._journal.append(record)

    async def _late(self, durable):
        await self.go.wait()
        await durable


@asynccontextmanager
async def a_desk(floor, journal, board, *, world=None, with_runtime=None):
    parts = Parts(floor.reader, floor.solver, journal, floor.clock, board)
    runtime = Runtime(parts, world or World())
    if with_runtime is not None:
        with_runtime.runtime = runtime
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(runtime.run(STARTED, stop))
        await runtime.started.wait()
        try:
            yield runtime
        finally:
            stop.set()


@pytest.mark.parametrize("is_halted", [True, False])
def test_with_the_journals_disk_wedged_the_latch_still_stops_the_signer(tmp_path, is_halted):
    floor = Floor()

    async def work():
        async with opened(tmp_path / "journal") as journal:
            sink, board = WedgedSink(journal), Switchboard(floor.clock)
            async with a_desk(floor, sink, board) as runtime:
                runtime.submit(order())
                await sink.reached.wait()
                if is_halted:
                    board.halt(by="signal", reason="a drill")
                sink.go.set()  # the plan is on disk, and that there is a halt never will be
                await sink.told.wait()
                return [c.reason for c in runtime.world.children.values()]

    (reason,) = run(work())

    assert bool(floor.perp.signs.calls) is not is_halted
    assert ("firm is halted" in reason) is is_halted
    assert floor.perp.submits.calls == floor.chain.submits.calls == []


class Doubling:
    """A journal in whose hands an engine gone wrong makes a child twice."""

    def __init__(self, journal):
        self._journal = journal
        self.runtime = None

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        world = self.runtime.world
        if isinstance(decode_event(record.event), RouteSolved):
            (child,) = world.open_children()
            twin = replace(child, order=replace(child.order, id="twin"))
            self.runtime.world = world.with_child(twin)
        return self._journal.append(record)


def test_more_children_than_were_ordered_are_not_signed_and_halt_the_firm(tmp_path, files):
    floor = Floor()

    async def work():
        board = Switchboard(floor.clock, files)
        halted = asyncio.Event()
        async with opened(tmp_path / "journal") as journal:
            sink = Doubling(journal)
            async with a_desk(floor, sink, board, with_runtime=sink) as runtime:
                runtime.watch(lambda event, _: halted.set() if is_tripped(event) else None)
                runtime.submit(order(4))
                await halted.wait()
                return board.settings

    held = run(work())[FIRM]

    assert (held.state, held.by) == (TradingState.HALTED, "control C10-conservation")
    assert floor.perp.signs.calls == floor.perp.submits.calls == []


def is_tripped(event):
    return isinstance(event, ControlTripped)


def test_a_halt_between_signing_and_sending_is_obeyed_by_the_signer(tmp_path):
    floor, board = Floor(), None
    sign = floor.perp.sign

    async def work():
        nonlocal board
        board = Switchboard(floor.clock)

        async def and_halt(child):
            signed = await sign(child)
            board.halt(by="signal", reason="between the two")
            return signed

        floor.perp.sign = and_halt
        async with (
            opened(tmp_path / "journal") as journal,
            a_desk(floor, journal, board) as runtime,
        ):
            runtime.submit(order())
            return await runtime.finished(order().id)

    parent = run(work())

    assert parent.status is OrderStatus.REJECTED
    assert "firm is halted" in parent.reason
    assert floor.perp.submits.calls == floor.chain.submits.calls == []
    assert SwitchSet in {type(e) for e in events(tmp_path / "journal")}
    assert replayed(tmp_path / "journal").world.switches[FIRM].state is TradingState.HALTED


def test_halted_stays_halted_across_a_restart_and_goes_on_when_freed(tmp_path, files):
    async def first():
        floor = Floor()
        board = Switchboard(floor.clock, files)
        async with opened(tmp_path / "journal") as journal, a_desk(floor, journal, board):
            await board.set(HALT)
        return floor

    async def second(floor, world):
        board = Switchboard(floor.clock, files)
        async with (
            opened(tmp_path / "journal") as journal,
            a_desk(floor, journal, board, world=world) as runtime,
        ):
            runtime.submit(order(name="refused"))
            refused = await runtime.finished(order(name="refused").id)
            await board.set(replace(FREE, at=floor.clock.now() + 1))
            runtime.submit(order(name="taken"))
            return refused, await runtime.finished(order(name="taken").id)

    before = run(first())
    files.settings.unlink()  # the journal remembers by itself
    refused, taken = run(second(before.restarted(), replayed(tmp_path / "journal").world))

    assert (refused.phase, refused.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert refused.children == ()
    assert taken.status is OrderStatus.FILLED
