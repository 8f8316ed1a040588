import asyncio
import stat
from collections import deque
from contextlib import asynccontextmanager

import orjson
import pytest

from router.gateway import link
from router.gateway.link import Code, LinkError, link_path, linked, serving

DEADLINE_S = 10.0
MANY = 3_000
MOST, ROOM = 4_096, 512
STOPPING = ("cancel", "mass_cancel", "cancel_basket", "switch")


def run(coroutine):
    """Run to the end, or fail rather than hang."""

    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await coroutine

    return asyncio.run(bounded())


class Scripted:
    """A daemon that does what the test says."""

    def __init__(self):
        self.asked = []
        self.faults = []
        self.held = asyncio.Event()
        self.stopped = asyncio.Event()
        self.events = deque()
        self.more = asyncio.Event()

    def served(self):
        return link.Desk(self.answer, self.follow, self.faults.append)

    async def answer(self, do, fields):
        self.asked.append((do, dict(fields)))
        if do == "hold" or fields.get("hold"):
            await self.held.wait()
        if do == "break":
            raise ZeroDivisionError
        if do == "refuse":
            raise LinkError("quantity: too much", code=Code.INVALID, field="quantity")
        return orjson.dumps({"do": do, **fields})

    async def follow(self, do, _fields):
        if do == "nothing":
            raise LinkError("nobody tells of that", code=Code.INVALID)
        try:
            while True:
                while self.events:
                    yield orjson.dumps(self.events.popleft())
                self.more.clear()
                await self.more.wait()
        finally:
            self.stopped.set()


@asynccontextmanager
async def joined(tmp_path):
    desk = Scripted()
    path = link_path(tmp_path / "a.journal")
    async with serving(path, desk.served()), linked(path) as line:
        yield desk, line


def test_an_answer_finds_whoever_asked_whichever_comes_first(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line), asyncio.TaskGroup() as group:
            slow = group.create_task(line.ask("hold", name="first"))
            quick = await line.ask("echo", name="second")
            was_waiting = not slow.done()
            desk.held.set()
            return was_waiting, quick, await slow

    was_waiting, quick, slow = run(talk())

    assert was_waiting
    assert quick == {"do": "echo", "name": "second"}
    assert slow == {"do": "hold", "name": "first"}


def test_a_refusal_carries_its_code_and_its_field(tmp_path):
    async def talk():
        async with joined(tmp_path) as (_, line):
            await line.ask("refuse")

    with pytest.raises(LinkError, match="quantity: too much") as caught:
        run(talk())

    assert (caught.value.code, caught.value.field) == (Code.INVALID, "quantity")


def test_thousands_may_be_asked_at_a_time_and_each_is_answered(tmp_path):
    async def talk():
        async with joined(tmp_path) as (_, line), asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.ask("echo", n=n)) for n in range(MANY)]
        return [task.result()["n"] for task in tasks]

    assert run(talk()) == list(range(MANY))


def test_where_too_much_is_asked_at_a_time_there_is_room_for_what_stops_trading(tmp_path):
    async def held(group, line, do, count):
        asked = [group.create_task(refusal(line.ask(do, hold=True))) for _ in range(count + 1)]
        refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        return asked, {task.result() for task in refused}

    async def talk():
        async with joined(tmp_path) as (desk, line), asyncio.TaskGroup() as group:
            orders, no_order = await held(group, line, "submit", MOST)
            looks, no_look = await held(group, line, "find", ROOM)
            stopping = [await refusal(line.ask(do)) for do in STOPPING]
            cancels, no_cancel = await held(group, line, "cancel", ROOM)
            desk.held.set()
            told = [await task for task in (*orders, *looks, *cancels)]
        return told, stopping, no_order | no_look | no_cancel

    told, stopping, refused = run(talk())

    assert refused == {Code.BUSY}
    assert stopping == [None] * len(STOPPING)
    assert told.count(Code.BUSY) == 3


def test_what_waits_takes_no_room_of_the_looks_before_a_cancel(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line), asyncio.TaskGroup() as group:
            held = [
                group.create_task(refusal(line.ask("last_report", hold=True)))
                for _ in range(MOST + 1)
            ]
            await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)
            looks = [
                await refusal(line.ask("find")),
                await refusal(line.ask("last_report", at_once=True)),
            ]
            desk.held.set()
            return looks, [await task for task in held].count(Code.BUSY)

    assert run(talk()) == ([None, None], 1)


def test_what_is_followed_is_told_in_order_until_nobody_listens(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line):
            desk.events.extend({"n": n} for n in range(5))
            told = []
            events = line.follow("reports")
            async for event in events:
                told.append(event["n"])
                if len(told) == 5:
                    break
            await events.aclose()
            await desk.stopped.wait()
            return told

    assert run(talk()) == [0, 1, 2, 3, 4]


def test_who_may_not_follow_is_told_why(tmp_path):
    async def talk():
        async with joined(tmp_path) as (_, line):
            async for _ in line.follow("nothing"):
                pass

    with pytest.raises(LinkError, match="nobody tells"):
        run(talk())


def test_when_the_daemon_goes_what_was_asked_may_have_been_done(tmp_path):
    async def talk():
        desk, path = Scripted(), link_path(tmp_path / "a.journal")
        async with asyncio.TaskGroup() as group:
            async with serving(path, desk.served()):
                line = await link.Link.open(path)
                running = group.create_task(line.run())
                asked = group.create_task(refusal(line.ask("hold")))
                told = group.create_task(refusal(anext(line.follow("reports"))))
                await line.ask("echo")  # the others are there by now
            await running
            return await asked, await told, await refusal(line.ask("echo")), line.is_away

    *codes, is_away = run(talk())

    assert codes == [Code.AWAY] * 3
    assert is_away


async def refusal(asked):
    try:
        await asked
    except LinkError as error:
        return error.code
    return None


def test_only_its_owner_may_open_it(tmp_path):
    path = link_path(tmp_path / "a.journal")

    async def mode():
        async with serving(path, Scripted().served()):
            return stat.S_IMODE(path.stat().st_mode)

    assert run(mode()) == 0o600
    assert not path.exists()


def test_words_that_are_no_request_end_the_connection_and_nothing_else(tmp_path):
    async def talk():
        async with joined(tmp_path) as (_, line):
            path = link_path(tmp_path / "a.journal")
            for garbage in (b"not json\n", b"[]\n", b'{"do": "echo"}\n', b'{"id": "x", "do": 1}\n'):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(garbage)
                assert await reader.read() == b""
                writer.close()
            return await line.ask("echo")

    assert run(talk()) == {"do": "echo"}


def test_a_fault_of_ours_is_told_and_the_others_are_served_on(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line):
            code = await refusal(line.ask("break"))
            return code, await line.ask("echo"), desk.faults

    code, answer, faults = run(talk())

    assert code == Code.INTERNAL
    assert answer == {"do": "echo"}
    assert [type(fault) for fault in faults] == [ZeroDivisionError]


def test_whoever_has_much_to_tell_lets_others_be_answered_meanwhile(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line):
            desk.events.extend(range(MANY))
            told = line.follow("numbers")
            await anext(told)
            await line.ask("echo")
            left = len(desk.events)
            await told.aclose()
            return left

    assert run(talk()) > MANY // 2


def test_a_gateway_that_goes_while_it_is_told_much_is_no_fault(tmp_path):
    async def talk():
        async with joined(tmp_path) as (desk, line):
            desk.events.extend("x" * 1_000 for _ in range(MANY))
            reader, writer = await asyncio.open_unix_connection(link_path(tmp_path / "a.journal"))
            writer.write(b'{"id": 1, "do": "numbers", "follow": true}\n')
            await reader.readline()
            writer.transport.abort()
            await desk.stopped.wait()
            return await line.ask("echo"), desk.faults

    assert run(talk()) == ({"do": "echo"}, [])
