import asyncio

import pytest

from router.gateway.access import PERMISSIONS, Principal
from router.gateway.http import reports_hub
from router.gateway.http.frames import FRAME_BYTES_MAX
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError
from router.gateway.http.reports_hub import Reader, ReportsHub, Scope, Told, scope_of
from router.gateway.link import Code, LinkError
from tests.unit.gateway.http.hub_scene import (
    Clock,
    Line,
    Pipe,
    box,
    numbers,
    play,
    report,
    said,
    settled,
)

ALL = Scope(None, None)


def story(tell, *, reports=(), kept_max=100, status=None):
    line = Line(reports, status=status)
    play(line, lambda: ReportsHub(line, Clock(), kept_max=kept_max), tell)


def test_it_begins_where_the_daemon_is():
    async def tell(hub, line):
        assert hub.place == (7, -1)
        assert line.followed == [("reports", {"after": [7, -1]})]

    story(tell, status={"journal": "j", "place": [7, -1]})


def test_a_line_that_breaks_is_followed_again_from_the_last_place():
    reports = [report(number) for number in range(1, 6)]

    async def tell(hub, line):
        assert [fields["after"] for _, fields in line.followed] == [[0, -1]]
        line.told += [report(6), report(7)]
        assert hub.place == (5, 0)

    story(tell, reports=reports)

    async def breaking():
        line = Line(reports)
        line.breaks_after = reports[2]
        hub = ReportsHub(line, Clock())
        running = asyncio.create_task(hub.run())
        await settled()
        running.cancel()
        await asyncio.wait({running})
        outbox = box()
        hub.subscribe(Reader(outbox, "r", ALL), (0, -1))
        assert await numbers(outbox) == [1, 2, 3, 4, 5]
        assert [fields["after"] for _, fields in line.followed] == [[0, -1], [3, 0]]

    asyncio.run(breaking())


@pytest.mark.parametrize("after", range(6))
def test_who_resumes_is_told_what_came_after(after):
    async def tell(hub, _line):
        outbox = box()
        assert hub.subscribe(Reader(outbox, "r", ALL), (after, 0)) is True
        assert await numbers(outbox) == list(range(after + 1, 6))

    story(tell, reports=[report(number) for number in range(1, 6)])


def test_what_is_no_longer_kept_is_read_back_and_joins_without_gap_or_double():
    reports = [report(number) for number in range(1, 31)]

    async def tell(hub, line):
        outbox = box()
        reader = Reader(outbox, "r", ALL)

        assert hub.subscribe(reader, (3, 0)) is False
        await hub.catch_up(reader, (3, 0))

        assert await numbers(outbox) == list(range(4, 31))
        assert line.followed[-1] == ("reports", {"after": [3, 0]})

    story(tell, reports=reports, kept_max=5)


def test_a_place_that_lies_ahead_is_lost():
    async def tell(hub, _line):
        with pytest.raises(ProblemError) as refused:
            hub.subscribe(Reader(box(), "r", ALL), (99, 0))
        assert refused.value.code == "lost"

    story(tell, reports=[report(1)])


def test_before_the_daemon_was_heard_nobody_subscribes():
    async def run():
        hub = ReportsHub(Line(), Clock())
        with pytest.raises(ProblemError) as refused:
            hub.subscribe(Reader(box(), "r", ALL), None)
        assert refused.value.code == "degraded"

    asyncio.run(run())


def test_who_left_is_told_no_more():
    async def tell(hub, _line):
        outbox = box()
        reader = Reader(outbox, "r", ALL)
        hub.subscribe(reader, None)
        hub.forget(reader)
        hub.forget(reader)  # as when a stream ends that has unsubscribed
        assert outbox.waiting == 0

    story(tell)


@pytest.mark.parametrize(
    ("accounts", "asked", "seen"),
    [
        (None, None, {"main", "side", "theirs"}),
        (None, "theirs", {"theirs"}),
        (("main", "side"), None, {"main", "side"}),
        (("main", "side"), "side", {"side"}),
        (("main",), None, {"main"}),
    ],
)
def test_a_key_sees_its_accounts(accounts, asked, seen):
    principal = Principal("k", "desk", ("viewer",), PERMISSIONS["viewer"], accounts)
    told = [
        Told((1, 0), "fund" if account == "theirs" else "desk", account, b"{}", b"{}")
        for account in ("main", "side", "theirs")
    ]

    scope = scope_of(principal, asked)

    assert {each.account for each in told if scope.sees(each)} == seen


class Held(Clock):
    """Time that stands still until it is told to go on."""

    def __init__(self):
        self.goes_on = asyncio.Event()

    async def sleep(self, duration):
        await self.goes_on.wait()
        await super().sleep(duration)


@pytest.mark.parametrize(
    "status", [{"journal": "j", "place": [2, -1]}, {"journal": "other", "place": [9, -1]}]
)
def test_with_another_journal_or_less_of_it_whoever_follows_is_told_that_its_place_is_lost(status):
    async def run():
        line = Line([report(number) for number in range(1, 6)])
        line.breaks_after = report(5)
        clock, outbox, problems = Held(), box(), []
        hub = ReportsHub(line, clock)
        running = asyncio.create_task(hub.run())
        await settled()  # it broke, and is not asked again yet
        hub.subscribe(Reader(outbox, "r", ALL, problems.append), (0, -1))
        line.told, line.reached, line.status = [], None, status
        clock.goes_on.set()
        await settled()
        running.cancel()
        await asyncio.wait({running})
        return hub, await numbers(outbox), problems

    hub, told, problems = asyncio.run(run())

    assert [problem.code for problem in problems] == ["lost"]
    assert (hub.journal, list(hub.place)) == (status["journal"], status["place"])
    assert told == [1, 2, 3, 4, 5]  # what came before is told


class Hasty(Line):
    """Tells a few at a time, and says then that they were not taken as fast as they came."""

    async def follow(self, do, **fields):
        count = 0
        async for told in super().follow(do, **fields):
            yield told
            count += 1
            if count == 4 and len(self.followed) > 1:  # the first is the hub itself
                raise LinkError("too many wait", code=Code.LOST)


def test_what_is_told_faster_than_a_stream_takes_it_is_asked_again_from_where_it_is():
    async def run():
        line = Hasty([report(number) for number in range(1, 31)])
        hub, outbox = ReportsHub(line, Clock(), kept_max=5), box()
        running = asyncio.create_task(hub.run())
        await settled()
        await hub.catch_up(Reader(outbox, "r", ALL), (3, 0))
        running.cancel()
        await asyncio.wait({running})
        return await numbers(outbox), [fields["after"][0] for _, fields in line.followed[1:]]

    found, begun = asyncio.run(run())

    assert found == list(range(4, 31))
    assert begun == [3, 7, 11, 15, 19, 23]


def test_who_takes_nothing_while_catching_up_is_hung_up_on_and_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(reports_hub, "_TAKES_WITHIN_S", 0.01)

    async def tell(hub, _line):
        outbox = Outbox(pending_max=8)
        with pytest.raises(ProblemError):
            await hub.catch_up(Reader(outbox, "r", ALL), (3, 0))
        assert outbox.overflowed.is_set()

    story(tell, reports=[report(number) for number in range(1, 31)], kept_max=5)


def test_who_is_slow_to_catch_up_keeps_nobody_else_from_it():
    async def tell(hub, _line):
        slow = [Reader(Outbox(pending_max=8), "r", ALL) for _ in range(8)]
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            waiting = [group.create_task(hub.catch_up(each, (3, 0))) for each in slow]
            await settled()
            quick = box()
            await hub.catch_up(Reader(quick, "r", ALL), (3, 0))
            assert not any(each.done() for each in waiting)
            assert await numbers(quick) == list(range(4, 31))
            for each in slow:
                assert await taken_slowly(each.outbox, 27) == list(range(4, 31))

    story(tell, reports=[report(number) for number in range(1, 31)], kept_max=5)


async def taken_slowly(outbox, count):
    found = []
    while len(found) < count:
        await outbox.filled()
        found += await numbers(outbox)
    return found


class Growing(Line):
    """Goes on telling what is added."""

    def __init__(self):
        super().__init__()
        self.more = asyncio.Queue()

    async def follow(self, do, **fields):
        self.followed.append((do, fields))
        while True:
            yield await self.more.get()


def piped(hub, *scopes):
    """Return the sockets of streams that follow, and take all they are told."""
    pipes = []
    for scope in scopes:
        outbox = box()
        pipes.append(Pipe())
        outbox.through(pipes[-1])
        hub.subscribe(Reader(outbox, "r", scope), None)
    return pipes


def growing(tell):
    line = Growing()
    play(line, lambda: ReportsHub(line, Clock()), tell)


def places(pipe):
    return [each["place"][0] for frame in pipe.frames for each in said(frame)["events"]]


def test_what_many_see_is_made_once_and_each_sees_its_own():
    async def tell(hub, line):
        main = Scope(None, frozenset({"main"}))
        one, other, third = piped(hub, ALL, ALL, main)
        for number in range(1, 7):
            line.more.put_nowait(report(number, account="main" if number % 2 else "side"))
        await settled()

        assert len(one.frames) == 1
        assert all(mine is theirs for mine, theirs in zip(one.frames, other.frames, strict=True))
        assert places(one) == [1, 2, 3, 4, 5, 6]
        assert places(third) == [1, 3, 5]

    growing(tell)


def test_a_flood_is_told_in_frames_that_a_client_can_take():
    size, count = 10_000, 80

    async def tell(hub, line):
        (pipe,) = piped(hub, ALL)
        for number in range(1, count + 1):
            line.more.put_nowait({**report(number), "text": "x" * size})
        await settled()

        assert places(pipe) == list(range(1, count + 1))
        assert max(map(len, pipe.frames)) < FRAME_BYTES_MAX + 2 * size
        assert len(pipe.frames) <= count * size // FRAME_BYTES_MAX  # and they are full

    growing(tell)
