import asyncio

import pytest

from router.gateway.http.problems import ProblemError
from router.gateway.http.risk_hub import RiskHub
from router.gateway.link import Code, LinkError
from tests.unit.gateway.http.hub_scene import Clock, Line, box, play, said, settled


def event(sequence, kind="FillTold", feed="f"):
    return {"feed": feed, "sequence": sequence, "kind": kind, "event": {}, "at": "0"}


def story(tell, *, told, kept_max=100):
    line = Line(told)
    play(line, lambda: RiskHub(line, Clock(), kept_max=kept_max), tell)


async def sequences(outbox):
    found = []
    while outbox.waiting:
        found += [each["sequence"] for each in said(outbox.take())["events"]]
    return found


def test_who_begins_is_given_the_newest_of_each_state_in_order():
    told = [event(1, "ProfitTold"), event(2, "MarginTold"), event(3), event(4, "ProfitTold")]

    async def tell(hub, _line):
        outbox = box()
        hub.subscribe(outbox, "k", None)
        assert await sequences(outbox) == [2, 4]

    story(tell, told=told)


def test_who_comes_back_is_told_each_happening_since():
    told = [event(1), event(2, "ProfitTold"), event(3), event(4), event(5, "ProfitTold")]

    async def tell(hub, _line):
        outbox = box()
        hub.subscribe(outbox, "k", ("f", 1))
        assert await sequences(outbox) == [3, 4, 5]

    story(tell, told=told)


@pytest.mark.parametrize("after", [("old", 3), ("f", 99), ("f", 1)])
def test_what_can_no_longer_be_told_is_lost_and_said_to_be(after):
    async def tell(hub, _line):
        with pytest.raises(ProblemError) as refused:
            hub.subscribe(box(), "k", after)
        assert refused.value.code == "lost"

    story(tell, told=[event(number) for number in range(1, 9)], kept_max=3)


def test_another_feed_forgets_the_places_of_the_one_before():
    told = [event(1), event(2), event(3, "ProfitTold", feed="g")]

    async def tell(hub, _line):
        with pytest.raises(ProblemError):
            hub.subscribe(box(), "k", ("f", 1))
        outbox = box()
        hub.subscribe(outbox, "k", ("g", 2))
        assert await sequences(outbox) == [3]

    story(tell, told=told)


def test_who_left_is_told_no_more():
    async def tell(hub, _line):
        outbox = box()
        hub.subscribe(outbox, "k", None)
        hub.forget(outbox, "k")
        hub.forget(outbox, "k")
        assert await sequences(outbox) == []

    story(tell, told=[event(1)])


class Losing(Line):
    """Cannot tell something when it is first asked to go on, and then tells of a feed."""

    def __init__(self, feed):
        super().__init__([event(1)])
        self.feed, self.subscribed = feed, asyncio.Event()

    async def follow(self, do, **fields):
        self.followed.append((do, fields))
        if not fields:
            yield event(1 if len(self.followed) == 1 else 9, feed=self.feed)
        if len(self.followed) == 1:
            self.feed = "f"
            await self.subscribed.wait()
            raise LinkError("too many wait", code=Code.LOST)
        await asyncio.Event().wait()


@pytest.mark.parametrize(("before", "codes"), [("f", ["lost"]), ("an older feed", [])])
def test_when_something_of_a_feed_could_not_be_told_its_streams_begin_again(before, codes):
    async def run():
        line, problems = Losing(before), []
        hub = RiskHub(line, Clock())
        running = asyncio.create_task(hub.run())
        await settled()
        hub.subscribe(box(), "k", None, lost=problems.append)
        line.subscribed.set()
        await settled()
        running.cancel()
        await asyncio.wait({running})
        return hub.sequence, [problem.code for problem in problems]

    assert asyncio.run(run()) == (9, codes)
