import asyncio

import pytest

from router.gateway.http import latest_hub
from router.gateway.http.latest_hub import LatestHub
from router.gateway.http.problems import ProblemError
from router.gateway.link import Code, LinkError
from tests.unit.gateway.http.hub_scene import Clock, Line, box, said, settled

BOOK = ("book", (("base", "ETH"), ("quote", "USDC")))


def story(tell, line=None):
    async def run():
        async with asyncio.TaskGroup() as group:
            used = line or Line([{"version": number} for number in range(5)])
            hub = LatestHub(used, Clock(), group)
            await tell(hub, used)
            hub.close()

    asyncio.run(run())


def test_one_thing_is_followed_once_for_all_who_want_it():
    async def tell(hub, line):
        boxes = [box() for _ in range(3)]
        for outbox in boxes:
            hub.subscribe(outbox, "b", BOOK)
        await settled()

        assert line.followed == [("book", {"base": "ETH", "quote": "USDC"})]
        for outbox in boxes:
            assert said(outbox.take())["events"] == [{"version": 4}]

    story(tell)


def test_who_comes_later_is_given_the_newest_at_once():
    async def tell(hub, _line):
        hub.subscribe(box(), "b", BOOK)
        await settled()
        late = box()
        hub.subscribe(late, "b", BOOK)

        assert said(late.take())["events"] == [{"version": 4}]

    story(tell)


def test_what_nobody_wants_is_followed_no_more():
    async def tell(hub, line):
        outbox = box()
        hub.subscribe(outbox, "b", BOOK)
        await settled()
        hub.forget(outbox, "b")
        hub.subscribe(outbox, "b", BOOK)
        await settled()

        assert len(line.followed) == 2

    story(tell)


def test_what_is_refused_is_told_to_who_wants_it():
    class Refusing(Line):
        async def follow(self, do, **_fields):
            self.followed.append(do)
            raise LinkError("base: no market trades it", code=Code.INVALID, field="base")
            yield

    async def run():
        async def tell(hub, line):
            outbox = box()
            hub.subscribe(outbox, "b", BOOK)
            await settled()
            told = said(outbox.take())

            assert (told["op"], told["id"], told["problem"]["field"]) == ("error", "b", "base")
            assert line.followed == ["book"]

        async with asyncio.TaskGroup() as group:
            line = Refusing()
            hub = LatestHub(line, Clock(), group)
            await tell(hub, line)
            hub.close()

    asyncio.run(run())


def test_the_number_of_different_things_is_bounded():
    async def tell(hub, _line):
        for number in range(latest_hub.WATCHED_MAX):
            hub.subscribe(box(), "b", ("book", (("depth", number),)))
        with pytest.raises(ProblemError) as refused:
            hub.subscribe(box(), "b", ("book", (("depth", -1),)))
        assert refused.value.code == "busy"

    story(tell)
