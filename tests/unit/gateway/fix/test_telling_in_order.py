"""Where an order stands is told after the reports that it counts in, however late those come."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.fix import telling as module
from router.gateway.fix.marks import Mark
from router.gateway.fix.telling import Telling
from router.gateway.link import Code, LinkError
from router.gateway.report_data import report_data
from tests.unit.gateway.fix.test_conversing import (
    PEER,
    Box,
    Clock,
    Scripted,
    Talking,
    new,
    settled,
    text,
)
from tests.unit.gateway.fix_messages.daemon import order_of, started
from tests.unit.gateway.fix_messages.told import ASSETS

REACHED = [9, -1]
OTHER = {"client": "other", "order": "of another"}


class Reports(Box):
    def __init__(self):
        super().__init__(Mark(place=(6, 0), settled=(6, 0)))

    def report(self, messages, *, place):
        self.told.extend(messages)
        self.mark = replace(self.mark, place=place)


class Late:
    """A line over which reports come when the test says."""

    def __init__(self):
        self.events = asyncio.Queue()

    async def up(self):
        return self

    async def ask(self, do):
        assert do == "status"
        return {"place": REACHED}

    async def follow(self, do, *, after, reached):
        assert (do, reached) == ("reports", True)
        while not isinstance(event := await self.events.get(), LinkError):
            assert event.get("place", REACHED) > after
            yield event
        raise event


def told_of(line, box):
    return Telling(
        *(PEER, box, line),
        clock=Clock(),
        is_meant=lambda report: report["client"] == PEER.client,
        window=DurationNs(NS_PER_S),
    )


async def ended(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.mark.parametrize("last", [{"reached": REACHED}, {"place": [7, 1], **OTHER}])
def test_what_is_told_up_to_a_place_is_waited_for(last):
    async def play():
        line = Late()
        telling = told_of(line, Reports())
        running = asyncio.create_task(telling.run())
        waiting = asyncio.create_task(telling.told((7, 1)))
        line.events.put_nowait({"place": [7, 0], **OTHER})
        await settled()
        assert not waiting.done()

        line.events.put_nowait(last)
        await settled()

        assert waiting.done()
        await telling.told((7, 1))
        await ended(running)

    asyncio.run(play())


def test_after_the_line_was_down_reports_are_waited_for_anew():
    async def play():
        line = Late()
        telling = told_of(line, Reports())
        running = asyncio.create_task(telling.run())
        line.events.put_nowait({"reached": REACHED})
        await settled()
        line.events.put_nowait(LinkError("away", code=Code.AWAY))
        await settled()
        waiting = asyncio.create_task(telling.told((8, 0)))
        await settled()
        assert not waiting.done()

        line.events.put_nowait({"place": [8, 0], **OTHER})
        await settled()

        assert waiting.done()
        await ended(running)

    asyncio.run(play())


def test_until_the_desk_is_there_again_nothing_counts_as_told():
    async def play():
        line, is_there = Late(), asyncio.Event()
        telling = told_of(line, Reports())
        running = asyncio.create_task(telling.run())
        line.events.put_nowait({"reached": REACHED})
        await settled()
        status = line.ask

        async def late(do):
            await is_there.wait()
            return await status(do) | {"place": [2, -1]}  # of another journal

        line.ask = late
        line.events.put_nowait(LinkError("away", code=Code.AWAY))
        await settled()
        waiting = asyncio.create_task(telling.told((1, 0)))
        is_there.set()
        await settled()
        assert not waiting.done()

        line.events.put_nowait({"place": [1, 0], **OTHER})
        await settled()

        assert waiting.done()
        await ended(running)

    asyncio.run(play())


def test_reports_that_do_not_come_are_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(module, "_LATE_S", 0.01)

    async def play():
        with pytest.raises(LinkError, match="still to be told") as raised:
            await told_of(Late(), Reports()).told((7, 0))
        return raised.value.code

    assert asyncio.run(play()) == Code.AWAY


def test_an_order_that_was_taken_before_is_answered_after_its_reports():
    daemon = started()
    daemon.say("D", *order_of())
    report = report_data(daemon.reports[0], ASSETS) | {"kind": "status", "place": [7, 1]}

    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.is_told.clear()
        talking.application.take(new(2, "a"))
        await settled()
        line.answers[0].set_result({"is_new": False, "order": "o"})
        await settled()
        line.answers[1].set_result(report)
        await settled()
        assert talking.waited_for == [report]
        assert box.answers == []

        talking.is_told.set()
        await settled()

        assert box.answers == [(2, ["8"])]
        assert not faults

    asyncio.run(play())


CANCEL = text(3, "F", "11=c|41=a|1=main|55=ETH/USDC|54=1|60=20260101-00:00:00|38=1|")
STATUS = text(2, "H", "11=a|55=ETH/USDC|54=1|")


@pytest.mark.parametrize("before", [new(2, "a"), STATUS])
def test_a_cancel_waits_for_no_report_that_comes_late(before):
    daemon = started()
    daemon.say("D", *order_of())
    report = report_data(daemon.reports[0], ASSETS) | {"kind": "status", "place": [7, 1]}
    found = {"order": {"order": "o", "is_new": False}, "role": "order", "outcome": None}
    answers = {
        "submit": {"is_new": False, "order": "o"},
        "last_report": report,
        "cancel": {"result": "done"},
    }

    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.is_told.clear()
        talking.application.take(before)
        talking.application.take(CANCEL)
        for number in range(8):
            await settled()
            if number < len(line.asked):
                ask = line.asked[number]
                unused = {"order": None, "role": None, "outcome": None}
                known = unused if ask.fields.get("name") == "c" else found
                line.answers[number].set_result(answers.get(ask.do, known))

        assert line.asked[-1].do == "cancel"
        assert len(talking.waited_for) == 1
        assert not faults

    asyncio.run(play())
