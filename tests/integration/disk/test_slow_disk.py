"""A disk that takes its time: what it has not got is not answered, and not without a bound."""

import asyncio

import pytest

from router.domain.error import OrderError
from router.domain.event import ParentSubmitted
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, opened, run

BEHIND_MAX = 1_000


class SlowDisk:
    """A journal whose answers wait while it is told to."""

    def __init__(self, journal):
        self._journal = journal
        self._goes = asyncio.Event()
        self._goes.set()
        self._tasks = set()

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        durable = self._journal.append(record)
        task = asyncio.create_task(self._answered(durable))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answered(self, durable):
        await durable
        await self._goes.wait()

    def hangs(self):
        self._goes.clear()

    def goes_on(self):
        self._goes.set()


async def told(runtime, name):
    """Return once an order was said to be taken, which is when its record is durable."""
    taken = asyncio.Event()

    def look(event, _world):
        if isinstance(event, ParentSubmitted) and event.order.id == name:
            taken.set()

    runtime.watch(look)
    await taken.wait()
    runtime.unwatch(look)


def submit_many(runtime, count):
    for number in range(count):
        runtime.submit(order(name=str(number)))


def test_an_order_is_answered_when_it_is_on_disk_and_a_disk_far_behind_takes_no_more(tmp_path):
    async def story():
        async with opened(tmp_path / "desk.journal") as store:
            disk, floor = SlowDisk(store), Floor()
            async with floor.running(disk) as runtime:
                runtime.submit(order(name="first"))
                await runtime.finished(order(name="first").id)

                disk.hangs()
                waiting = asyncio.create_task(told(runtime, order(name="0").id))
                await asyncio.sleep(0)
                with pytest.raises(OrderError, match="disk is 1000 records behind"):
                    submit_many(runtime, BEHIND_MAX + 1)
                was_told = waiting.done()
                sent_meanwhile = len(floor.perp.submits.calls)

                disk.goes_on()
                await waiting
                runtime.submit(order(name="last"))
                await told(runtime, order(name="last").id)
                return was_told, sent_meanwhile

    was_told, sent_meanwhile = run(story())

    assert not was_told
    assert sent_meanwhile == 1  # the first order's
