"""What sessions do between the engine and the daemon: in which order, and what is remembered."""

import asyncio
from dataclasses import dataclass, field

import pytest

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.gateway.fix import dialect, disconnect
from router.gateway.fix.application import Application, Ways
from router.gateway.fix.asks import Ask, Follow, Unfollow
from router.gateway.fix.disconnect import Disconnect
from router.gateway.fix.execution import OF_OURS
from router.gateway.fix.fields import fields
from router.gateway.fix.line import Line
from router.gateway.fix.marks import Mark
from router.gateway.fix.peer import Peer
from router.gateway.fix.specification import DIALECTS, header, messages, trailer
from router.gateway.fix.streams import Streams
from router.gateway.fix.telling import Telling
from router.gateway.fix.throttle import Throttle
from router.gateway.link import Code, LinkError

PEER = Peer("ems", "order-entry", dialect.FIX44, "desk", ("main",), "fix.ems")


class Clock:
    def now(self):
        return TimestampNs(1_780_000_000_000_000_000)

    async def sleep(self, _duration):
        await asyncio.sleep(0)


@dataclass
class Box:
    mark: Mark = field(default_factory=Mark)
    answers: list = field(default_factory=list)
    told: list = field(default_factory=list)

    def change(self, mark):
        self.mark = mark

    def tell(self, messages):
        self.told.extend(messages)

    def answer(self, messages, *, number):
        self.answers.append((number, [each.kind for each in messages]))


class Scripted:
    """A line whose answers come when the test says."""

    def __init__(self):
        self.asked = []
        self.answers = {}

    async def asked_for(self, ask):
        self.asked.append(ask)
        self.answers[len(self.asked) - 1] = future = asyncio.get_running_loop().create_future()
        return await future


class Talking:
    def __init__(self, line, box, faults=None):
        async def asked(ask, **_how):
            return await line.asked_for(ask)

        async def record(_ask, _number):
            pass

        async def told(report):
            self.waited_for.append(report)
            await self.is_told.wait()

        line_like = type("L", (), {"asked": staticmethod(asked)})()
        self.tasks, self.kept = [], []
        throttle = Throttle(rate=100, burst=100, now=lambda: 0)
        ways = (line_like, box, throttle, Clock(), self.start, _ignore, record, faults.append)
        self.waited_for, self.is_told = [], asyncio.Event()
        self.is_told.set()
        kept = self.kept.append
        self.application = Application(PEER, Ways(*ways, lambda *said: kept(said), told))

    def start(self, work):
        self.tasks.append(asyncio.create_task(work))


def _ignore(_wanted):
    pass


def text(number, kind, body):
    head = f"8=FIX.4.4|9=1|35={kind}|34={number}|49=EMS|52=20260101-00:00:00|56=HEADRACE|"
    return f"{head}{body}10=000|".replace("|", "\x01")


def new(number, name):
    body = f"11={name}|1=main|55=ETH/USDC|54=1|60=20260101-00:00:00|38=1|40=2|44=2500|59=1|"
    return text(number, "D", body)


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def test_answers_come_in_the_order_of_the_messages():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(new(2, "a"))
        talking.application.take(new(3, "b"))
        await settled()
        line.answers[1].set_exception(LinkError("no", code=Code.REFUSED))
        await settled()
        assert box.answers == []

        line.answers[0].set_result({"is_new": True, "order": "o"})
        await settled()

        assert box.answers == [(2, []), (3, ["8"])]
        assert not faults

    asyncio.run(play())


def test_what_is_about_one_order_waits_for_what_was_asked_of_it_before():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(new(2, "a"))
        body = "11=c|41=a|55=ETH/USDC|54=1|60=20260101-00:00:00|38=1|"
        talking.application.take(text(3, "F", body))
        await settled()
        assert [ask.do for ask in line.asked] == ["submit"]

        line.answers[0].set_result({"is_new": True, "order": "o"})
        await settled()

        assert [ask.do for ask in line.asked] == ["submit", "find"]
        for task in talking.tasks:
            task.cancel()
        await asyncio.wait(talking.tasks)

    asyncio.run(play())


def test_a_fault_of_ours_is_told_and_ends_nothing():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        talking.application.take(new(2, "a"))
        await settled()
        line.answers[0].set_exception(ZeroDivisionError())
        await settled()

        assert box.answers == [(2, ["j"])]
        assert [type(each) for each in faults] == [ZeroDivisionError]

    asyncio.run(play())


def test_numbers_that_begin_anew_are_noticed_and_old_talks_do_not_count():
    async def play():
        line, box, faults = Scripted(), Box(), []
        talking = Talking(line, box, faults)
        assert not talking.application.take(new(9, "a"))
        await settled()
        assert talking.application.take(new(2, "b"))
        await settled()
        line.answers[0].set_result({"is_new": True, "order": "o"})
        line.answers[1].set_result({"is_new": True, "order": "p"})
        await settled()

        assert box.answers == [(None, []), (2, [])]

    asyncio.run(play())


def test_a_desk_that_is_away_is_waited_for_a_little_and_then_nothing_was_done(tmp_path):
    async def play():
        line = Line(tmp_path / "nobody", Clock())
        ask = Ask("submit", {"order": {}, "on_known": "refuse"})

        with pytest.raises(LinkError, match="nothing was done"):
            await line.asked(ask, is_repeat=False, sent_at=Clock().now())

    asyncio.run(play())


def test_a_stream_takes_the_place_of_one_of_its_name_and_ends_with_the_peer(tmp_path):
    async def play():
        tasks = []

        def start(work):
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        streams = Streams(Line(tmp_path / "nobody", Clock()), Box(), start=start)
        for name in ("a", "a", "b", "c"):
            streams.change(followed(name))
        await settled()
        streams.change(Unfollow("b"))
        await settled()
        assert [task.done() for task in tasks] == [True, False, True, False]

        streams.end()
        await settled()

        assert all(task.cancelled() for task in tasks)

    asyncio.run(play())


def followed(name):
    return Follow(name, "book", {}, lambda _: (), lambda why: (why,))


def test_a_session_follows_so_much_and_no_more(tmp_path):
    async def play():
        box, tasks = Box(), []

        def start(work):
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        streams = Streams(Line(tmp_path / "nobody", Clock()), box, start=start)
        for number in range(129):
            streams.change(followed(str(number)))
        streams.change(followed("0"))
        assert len(box.told) == 1
        assert "more than 128" in box.told[0]

        streams.change(Unfollow("7"))
        streams.change(followed("129"))
        streams.end()
        await settled()
        assert len(box.told) == 1

    asyncio.run(play())


class Asked:
    """A link whose daemon was asked something once, and knows some names."""

    is_away = False

    def __init__(self, *known):
        self.known = known
        self.asked = []

    async def ask(self, do, **fields):
        self.asked.append((do, fields))
        if do == "find":
            return {"role": "order" if fields["name"] in self.known else None}
        return "done"


BASKET = Ask("basket", {"basket": {"client_order_id": "L", "orders": "[]"}, "client": "desk"})
AMEND = Ask("amend", {"order": "o", "client": "desk", "request": "G1", "terms": {}})


@pytest.mark.parametrize(("ask", "name"), [(BASKET, "L.1"), (AMEND, "G1")])
def test_what_was_taken_is_answered_however_late_it_is_repeated(tmp_path, ask, name):
    assert asyncio.run(_repeated(tmp_path, ask, Asked(name))) == "done"


@pytest.mark.parametrize("ask", [BASKET, AMEND])
def test_what_was_not_taken_is_refused_when_it_is_repeated_late(tmp_path, ask):
    link = Asked()

    with pytest.raises(LinkError, match="too late"):
        asyncio.run(_repeated(tmp_path, ask, link))
    assert [do for do, _ in link.asked] == ["find"]


def test_a_cancel_is_never_too_late_to_be_asked(tmp_path):
    ask = Ask("cancel", {"order": "o", "client": "desk", "request": "F1"})

    assert asyncio.run(_repeated(tmp_path, ask, Asked())) == "done"


async def _repeated(tmp_path, ask, link):
    line = Line(tmp_path / "nobody", Clock())
    line._link = link  # noqa: SLF001 - as after a call of run
    minute_ago = TimestampNs(Clock().now() - 60 * NS_PER_S)
    return await line.asked(ask, is_repeat=True, sent_at=minute_ago)


class Cancelling:
    """A link whose daemon refuses to cancel at first."""

    is_away = False

    def __init__(self, *refused):
        self.refused = list(refused)
        self.asked = []

    async def ask(self, do, **fields):
        self.asked.append((do, fields))
        refused = self.refused.pop(0) if self.refused else []
        return {"affected": [], "refused": refused}


def cut_off(tmp_path, link, mark, *, grace_s=10, idle=()):
    """Let a gateway begin where a peer was there, or had gone; return what was cancelled."""
    busy = list(idle)

    async def play():
        tasks, told = [], []

        def start(work):
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        line = Line(tmp_path / "nobody", Clock())
        line._link = link  # noqa: SLF001 - as after a call of run
        Disconnect(
            PEER,
            Box(mark),
            line,
            grace_s=grace_s,
            clock=Clock(),
            start=start,
            told=told.append,
            is_idle=lambda: busy.pop(0) if busy else True,
        ).begin()
        for task in tasks:
            await task
        return told

    return asyncio.run(play())


def test_only_what_its_own_session_placed_is_cancelled(tmp_path):
    link = Cancelling()

    cut_off(tmp_path, link, Mark(is_there=True))

    ((do, fields),) = link.asked
    assert (do, fields["placed_by"], fields["accounts"]) == ("mass_cancel", "fix.ems", ["main"])


def test_what_cannot_be_cancelled_yet_is_asked_again_by_the_same_name(tmp_path):
    link = Cancelling([{"order": "o", "message": "request G is under way"}])

    told = cut_off(tmp_path, link, Mark(is_there=True))

    assert len(link.asked) == 2
    assert len({fields["request"] for _, fields in link.asked}) == 1
    assert len(told) == 1


def test_an_order_that_is_still_on_its_way_is_cancelled_too(tmp_path):
    link = Cancelling()

    cut_off(tmp_path, link, Mark(is_there=True), idle=[False, False, True])

    assert len(link.asked) == 3


def test_nothing_is_cancelled_where_that_was_switched_off_since(tmp_path):
    link = Cancelling()

    assert cut_off(tmp_path, link, Mark(away_since=1), grace_s=None) == []
    assert link.asked == []


def test_a_report_is_settled_when_a_dead_line_would_have_been_noticed():
    box = Box(Mark(place=(5, 0)))
    telling = Telling(
        PEER, box, None, clock=Clock(), is_meant=lambda _: True, window=DurationNs(10)
    )

    telling.settle(TimestampNs(100), is_there=True)
    telling.settle(TimestampNs(109), is_there=True)
    assert box.mark.settled == Mark().settled
    telling.settle(TimestampNs(110), is_there=True)

    assert box.mark.settled == (5, 0)


def test_requests_that_nobody_made_are_known_by_their_names():
    assert OF_OURS.rstrip(".") == disconnect.REQUEST


@pytest.mark.parametrize("name", DIALECTS)
def test_every_field_of_every_message_is_known(name):
    def tags(entries):
        return {e.tag for e in entries} | {t for e in entries if e.group for t in tags(e.group)}

    used = tags(header(name)) | tags(trailer(name))
    for each in messages(name).values():
        used |= tags(each.entries)

    assert used <= set(fields(name))
    assert len({each.name for each in fields(name).values()}) == len(fields(name))
