"""What a desk that is opened again and again leaves in memory."""

import asyncio
import sqlite3
import weakref

from router.compose import keeper as keeper_module
from router.compose.desk import Desk
from router.domain.event import HourStruck
from router.shell.store import JournalStore
from tests.unit.compose.linked_floor import assembled, kept, settings
from tests.unit.shell.floor import Floor, run

FAULTS = 3


def test_of_desks_that_a_disk_ended_one_is_left_at_most(tmp_path, monkeypatch):
    floor, commit, full = Floor(), vars(JournalStore)["_commit"], []

    def failing(store, batch):
        if full:
            full.clear()
            raise sqlite3.OperationalError("database or disk is full")
        commit(store, batch)

    def renewed(*_):
        return assembled(floor.restarted(), settings(tmp_path)).setups

    monkeypatch.setattr(JournalStore, "_commit", failing)
    monkeypatch.setattr(keeper_module, "setups", renewed)

    async def opened(desk, ended):
        while not isinstance(desk.keeper.now, Desk) or desk.keeper.now.runtime in ended:  # noqa: ASYNC110 - nobody tells that it is another
            await asyncio.sleep(0.001)
        await desk.keeper.now.runtime.started.wait()

    async def left():
        ended = weakref.WeakSet()
        async with kept(tmp_path, floor) as desk:
            for _ in range(FAULTS):
                runtime = desk.keeper.now.runtime
                ended.add(runtime)
                full.append(True)
                runtime.post(HourStruck(floor.clock.now()))
                del runtime
                await opened(desk, ended)
            return len(ended)

    assert run(left()) <= 1
