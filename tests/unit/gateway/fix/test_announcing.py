"""What a peer is told again of orders after its numbers began anew: each once, if there is it."""

import asyncio

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.fix.telling import Telling
from router.gateway.link import Code, LinkError
from router.gateway.report_data import report_data
from tests.unit.gateway.fix.test_conversing import PEER, Box, Clock
from tests.unit.gateway.fix.test_telling_in_order import Reports
from tests.unit.gateway.fix_messages.daemon import order_of, started
from tests.unit.gateway.fix_messages.told import ASSETS

FILLED = "2"  # OrdStatus


class Desk:
    """A desk that is away once while it tells, and has never heard of one of the orders."""

    def __init__(self, report):
        self.report = report
        self.is_away_next = True

    async def up(self):
        return self

    async def follow(self, _do, *, after, reached):
        if reached:
            yield {"reached": after}
        await asyncio.Event().wait()

    async def ask(self, do, **fields):
        if do == "status":
            return {"place": [5, -1]}
        if do == "orders":
            orders = [{"client": "desk", "order": name} for name in ("gone", "one", "two")]
            return {"orders": orders, "next": None}
        if fields["order"] == "gone":
            raise LinkError("order: 'gone' is not known", code=Code.UNKNOWN)
        if fields["order"] == "two" and self.is_away_next:
            self.is_away_next = False
            raise LinkError("away", code=Code.AWAY)
        return self.report | {"order": fields["order"]}


def test_each_order_is_told_once_though_the_desk_goes_and_one_is_of_another_journal():
    daemon = started()
    daemon.say("D", *order_of())
    report = report_data(daemon.reports[0], ASSETS) | {"kind": "status"}

    async def play():
        box, desk = Box(), Desk(report)
        telling = Telling(
            *(PEER, box, desk),
            clock=Clock(),
            is_meant=lambda _: True,
            window=DurationNs(NS_PER_S),
        )
        running = asyncio.create_task(telling.run())
        async with asyncio.timeout(5):
            await telling.announce()
        running.cancel()
        await asyncio.wait({running})
        return [each.body.get(37) for each in box.told]

    assert asyncio.run(play()) == ["one", "two"]


class Overtaken(Desk):
    """A desk that trades while it answers: the report of that comes first."""

    def __init__(self, report):
        super().__init__(report)
        self.is_away_next = False
        self.events = asyncio.Queue()

    async def follow(self, _do, **_):
        while True:
            yield await self.events.get()

    async def ask(self, do, **_):
        if do == "orders":
            return {"orders": [{"client": "desk", "order": "one"}], "next": None}
        if do == "status":
            return {"place": [5, -1]}
        if self.events.empty() and not self.is_away_next:
            self.is_away_next = True
            before, trade = self._of(6, "new"), self._of(7, "filled")
            for event in (before, trade | {"kind": "new"}):
                self.events.put_nowait(event)
            return before
        return self._of(7, "filled")

    def _of(self, sequence, status):
        return self.report | {"order": "one", "place": [sequence, 0], "status": status}


def test_an_order_is_not_announced_as_it_stood_before_what_was_told_of_it_meanwhile():
    daemon = started()
    daemon.say("D", *order_of())
    report = report_data(daemon.reports[0], ASSETS) | {"kind": "status", "client": "desk"}

    async def play():
        box, desk = Reports(), Overtaken(report)
        telling = Telling(
            *(PEER, box, desk),
            clock=Clock(),
            is_meant=lambda _: True,
            window=DurationNs(NS_PER_S),
        )
        running = asyncio.create_task(telling.run())
        desk.events.put_nowait({"reached": [5, -1]})
        async with asyncio.timeout(5):
            await telling.announce()
        running.cancel()
        await asyncio.wait({running})
        return [each.body.get(39) for each in box.told]

    statuses = asyncio.run(play())

    assert statuses[-1] == FILLED
    assert statuses[statuses.index(FILLED) :] == [FILLED] * (len(statuses) - statuses.index(FILLED))
