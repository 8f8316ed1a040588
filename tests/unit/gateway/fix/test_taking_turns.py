"""What waits for what of a session's messages, what is counted, and streams in want of a desk."""

import asyncio

import pytest

from router.gateway.fix.asks import Ask, Follow
from router.gateway.fix.line import Line
from router.gateway.fix.streams import Streams
from router.gateway.link import Code, LinkError
from tests.unit.gateway.fix.test_conversing import (
    Asked,
    Box,
    Clock,
    Scripted,
    Talking,
    new,
    settled,
    text,
)

MASS_CANCEL = "11=all|530=7|60=20260101-00:00:00|"


async def ended(talking):
    for task in talking.tasks:
        task.cancel()
    await asyncio.wait(talking.tasks)


def test_a_cancel_of_many_waits_for_orders_and_for_no_dry_run():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(text(2, "R", "131=r|146=1|55=ETH/USDC|54=1|38=1|"))
        talking.application.take(new(3, "a"))
        talking.application.take(text(4, "q", MASS_CANCEL))
        await settled()
        assert [ask.do for ask in line.asked] == ["quote", "submit"]

        line.answers[1].set_result({"is_new": True, "order": "o"})
        await settled()

        assert [ask.do for ask in line.asked] == ["quote", "submit", "mass_cancel"]
        await ended(talking)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("D", None),
        ("F", "11=c|41=list.1|55=ETH/USDC|54=1|60=20260101-00:00:00|38=1|"),
        ("H", "11=list.1|55=ETH/USDC|54=1|"),
    ],
)
def test_what_is_about_an_order_does_not_overtake_a_cancel_of_many(kind, body):
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(text(2, "q", MASS_CANCEL))
        talking.application.take(new(3, "after") if body is None else text(3, kind, body))
        await settled()
        assert [ask.do for ask in line.asked] == ["mass_cancel"]

        line.answers[0].set_result({"affected": [], "refused": []})
        await settled()

        assert [ask.do for ask in line.asked][1:] == ["submit" if kind == "D" else "find"]
        await ended(talking)

    asyncio.run(play())


QUOTE = "131=r|146=1|55=ETH/USDC|54=1|38=1|"


def test_a_slow_quote_keeps_no_other_answer_back_and_is_told_when_it_comes():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(text(2, "R", QUOTE))
        talking.application.take(new(3, "a"))
        await settled()
        line.answers[1].set_exception(LinkError("no", code=Code.REFUSED))
        await settled()
        assert box.answers == [(2, []), (3, ["8"])]
        assert talking.application.is_idle

        line.answers[0].set_exception(LinkError("no", code=Code.NO_ROUTE))
        await settled()

        assert [each.kind for each in box.told] == ["AG"]
        assert box.answers == [(2, []), (3, ["8"])]
        assert not faults

    asyncio.run(play())


# What was sent while the mark is behind it would be asked for, and sent, again after a crash.
def test_a_quote_is_not_answered_before_the_mark_can_say_so():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(new(2, "a"))
        talking.application.take(text(3, "R", QUOTE))
        await settled()
        line.answers[1].set_exception(LinkError("no", code=Code.NO_ROUTE))
        await settled()
        assert (box.answers, box.told) == ([], [])

        line.answers[0].set_result({"is_new": True, "order": "o"})
        await settled()

        assert box.answers == [(2, []), (3, ["AG"])]
        assert not box.told

    asyncio.run(play())


def test_a_quote_that_nothing_waits_behind_holds_the_mark():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(text(2, "R", QUOTE))
        talking.application.take(new(3, "a"))
        await settled()
        assert box.answers == []
        assert not talking.application.is_idle

        line.answers[0].set_exception(LinkError("no", code=Code.NO_ROUTE))
        await settled()

        assert box.answers == [(2, ["AG"])]
        await ended(talking)

    asyncio.run(play())


def test_what_came_once_before_is_not_counted_again_and_what_only_says_so_is():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)  # of whom a hundred are let through at once
        talking.application.begin_at(2, received=100)
        for number in range(2, 221):
            again = new(number, f"o{number}").replace("\x0152=", "\x0143=Y\x0152=")
            talking.application.take(again)
        await settled()

        assert len(line.asked) == 99 + 100
        await ended(talking)

    asyncio.run(play())


def test_what_is_answered_at_once_is_handed_on_to_the_record():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(new(2, "a").replace("1=main", "1=theirs"))
        talking.application.take(new(3, "b"))
        talking.application.take(text(4, "H", "11=a|55=ETH/USDC|54=1|"))
        await settled()
        line.answers[0].set_exception(LinkError("no", code=Code.REFUSED))
        await settled()

        kept = [(asked.kind, answer.kind, number) for asked, answer, number in talking.kept]
        assert kept == [("D", "8", 2), ("D", "8", 3)]
        await ended(talking)

    asyncio.run(play())


class Leaving(Asked):
    """A link whose daemon goes while it is asked, and is back."""

    async def ask(self, do, **fields):
        if not self.asked:
            self.asked.append((do, fields))
            raise LinkError("gone", code=Code.AWAY)
        return await super().ask(do, **fields)


def test_what_a_daemon_left_unanswered_is_asked_again_as_what_may_be_known(tmp_path):
    async def play():
        line, link = Line(tmp_path / "nobody", Clock()), Leaving()
        line._link = link  # noqa: SLF001 - as after a call of run
        order = Ask("submit", {"order": {"client_order_id": "a"}, "on_known": "refuse"})

        assert await line.asked(order, is_repeat=False, sent_at=Clock().now()) == "done"

        assert [fields["on_known"] for _, fields in link.asked] == ["refuse", "return"]

    asyncio.run(play())


class Telling:
    """A line that tells, or refuses to, as the test says."""

    def __init__(self, *said):
        self.said = list(said)

    async def up(self):
        return self

    async def rest(self):
        await asyncio.sleep(0)

    async def follow(self, _do):
        said = self.said.pop(0)
        if isinstance(said, LinkError):
            raise said
        yield said
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("refused", "told"),
    [(Code.DEGRADED, ["book"]), (Code.BUSY, ["book"]), (Code.INVALID, ["INVALID: no"])],
)
def test_a_stream_outlives_a_desk_that_is_opened_anew_and_says_when_it_ends(refused, told):
    async def play():
        box, tasks = Box(), []

        def start(work):
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        streams = Streams(Telling(LinkError("no", code=refused), "book"), box, start=start)

        streams.change(Follow("s", "book", {}, lambda event: (event,), lambda why: (why,)))
        await settled()

        assert box.told == told
        streams.end()
        await asyncio.wait(tasks)

    asyncio.run(play())
