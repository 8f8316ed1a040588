"""Many streams, and one that does not read: all are told all, or told from where to go on."""

import asyncio
import socket
from functools import partial

import aiohttp
import orjson

from router.compose.doors.http import parts_of, serving
from router.gateway.http.outbox import Outbox
from router.gateway.http.stream import GOING, SLOW, resume_reason
from router.shell.clock import SystemClock
from tests.integration.http.door import Client, config_text, linked
from tests.integration.http.scripted import ScriptedDesk
from tests.integration.http.streaming import heard, places, story, subscribed


def test_two_hundred_streams_are_told_everything_over_one_line(tmp_path):
    count, reports = 200, 300

    async def tell(client, desk):
        async def listen():
            async with client.stream() as stream:
                await subscribed(stream)
                ready.release()
                return await places(stream, reports)

        ready = asyncio.Semaphore(0)
        listening = [asyncio.create_task(listen()) for _ in range(count)]
        for _ in range(count):
            await ready.acquire()
        for _ in range(reports):
            await desk.tell()
        found = [await each for each in listening]

        assert all(each == [[n, 0] for n in range(1, reports + 1)] for each in found)
        assert [do for do, _ in desk.follows if do == "reports"] == ["reports"]

    story(tmp_path, tell, text=config_text())


def test_a_gateway_that_goes_says_so(tmp_path):
    path = tmp_path / "headrace.toml"
    path.write_text(config_text())
    clock = SystemClock()

    async def tell():
        parts = parts_of(path, {}, clock, started_at=clock.now())
        async with aiohttp.ClientSession() as session:
            async with serving(parts) as port:
                stream = await Client(session, port).stream()
                assert (await stream.receive_json())["op"] == "welcome"
                listening = asyncio.create_task(stream.receive())
                await asyncio.sleep(0)
            await listening
            assert stream.close_code == GOING

    asyncio.run(tell())


def test_who_does_not_read_is_closed_and_told_from_where_to_go_on(tmp_path):
    async def tell(client, desk):
        slow = await deaf(client)
        async with client.stream() as quick:
            await subscribed(quick)
            seen = []
            for batch in range(10):
                for _ in range(500):
                    desk.put(name="x" * 2_000)
                await desk.tell(name="x" * 2_000)
                seen += await places(quick, 501)
                assert len(seen) == 501 * (batch + 1)
        told, resume = await read_to_the_end(slow)

        assert told == [[number, 0] for number in range(1, len(told) + 1)]
        assert len(told) < len(seen)
        async with client.stream() as again:
            await subscribed(again, after=resume or told[-1])
            after = (resume or told[-1])[0]
            rest = await places(again, len(seen) - after)
        assert rest == seen[after:]

    small = partial(Outbox, pending_max=1_500)
    story(tmp_path, tell, text=config_text(), outbox=small)


def test_twenty_who_never_read_hold_no_more_than_their_share_and_are_let_go(tmp_path):
    boxes, bound = [], 400

    def small():
        boxes.append(Outbox(pending_max=bound))
        return boxes[-1]

    async def tell(client, desk):
        deaf_ones = [await deaf(client) for _ in range(20)]
        async with client.stream() as quick:
            await subscribed(quick)
            while len(boxes) < 21 or sum(each.overflowed.is_set() for each in boxes) < 20:
                for _ in range(100):
                    desk.put(name="x" * 1_000)
                await desk.tell(name="x" * 1_000)
                await places(quick, 101)  # is told as ever
                assert all(each.waiting <= bound for each in boxes)
                assert len(desk.reports) < 20_000
            assert sum(each.overflowed.is_set() for each in boxes) == 20
        assert sum(each.waiting for each in boxes) == 0
        for each in deaf_ones:
            each.close()

    story(tmp_path, tell, text=config_text(), outbox=small)


class LargeBooks(ScriptedDesk):
    """Tells a book again and again, each much larger than a packet."""

    versions = 2_000

    async def tell_book(self, _fields):
        for version in range(1, self.versions + 1):
            yield {"version": version, "levels": "x" * 4_000}
            await asyncio.sleep(0)
        await asyncio.Event().wait()


def test_of_a_book_whoever_is_slow_is_told_the_newest_and_stays(tmp_path):
    wanted = {"op": "subscribe", "id": "b", "channel": "book", "base": "ETH", "quote": "USDC"}

    async def tell(client, _desk):
        slow = await deaf(client, wanted)
        async with client.stream() as quick:
            await subscribed(quick, "b", "book", base="ETH", quote="USDC")
            newest = 0
            while newest < LargeBooks.versions:
                newest = (await heard(quick, "events"))["events"][-1]["version"]
        told = await versions(slow, LargeBooks.versions)
        slow.close()

        assert told == sorted(set(told))
        assert told[-1] == LargeBooks.versions
        assert len(told) < LargeBooks.versions // 2

    story(tmp_path, tell, text=config_text(), desk=LargeBooks())


async def versions(made, last):
    """Return the versions of a book that a socket gives, until the last."""
    loop, data, found = asyncio.get_running_loop(), b"", [0]
    async with asyncio.timeout(20):
        while found[-1] != last:
            data += await loop.sock_recv(made, 1 << 20)
            begin = data.index(b"\r\n\r\n") + 4
            said = [orjson.loads(body) for opcode, body in frames(data[begin:]) if opcode == 1]
            found = [0, *(each["version"] for one in said for each in one.get("events", ()))]
    return found[1:]


def test_whoever_resumes_is_told_each_report_once_through_other_gateways_and_daemons(tmp_path):
    reports = []

    async def tell(client, desk):
        count = len(desk.reports)
        await client.daemon.hang_up()
        desk.put()
        await client.daemon.come_back()
        await linked(client)
        async with client.stream() as stream:
            for after in range(count + 1):
                place = [after, 0] if after else [0, -1]
                said = {"op": "subscribe", "id": str(after), "channel": "reports", "after": place}
                await stream.send_json(said)
            await desk.tell()
            wanted = {str(after): list(range(after + 1, count + 3)) for after in range(count + 1)}
            told = {name: [] for name in wanted}
            while any(told[name] != wanted[name] for name in wanted):
                said = await heard(stream, "events")
                told[said["id"]] += [each["place"][0] for each in said["events"]]
                assert told[said["id"]] == wanted[said["id"]][: len(told[said["id"]])]

    for _ in range(3):  # gateways, one after another
        desk = ScriptedDesk()
        desk.reports = reports
        story(tmp_path, tell, text=config_text(), desk=desk)


def test_what_a_frame_that_closes_has_no_room_for_is_left_out():
    places = {f"{number:02d}-{'n' * 20}": (10**9 + number, 3) for number in range(8)}

    reason = resume_reason(places)

    told = orjson.loads(reason)["resume"]
    assert len(reason) <= 123
    assert told
    assert all(tuple(place) == places[name] for name, place in told.items())


async def deaf(client, wanted=None):
    """Return the socket of a stream that subscribes, and then reads nothing."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    made.setblocking(0)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, ("127.0.0.1", client.port))
    head = (
        f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await loop.sock_sendall(made, head.encode())
    said = orjson.dumps(wanted or {"op": "subscribe", "id": "r", "channel": "reports"})
    assert len(said) < 126
    await loop.sock_sendall(made, bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said)
    return made


async def read_to_the_end(made):
    """Return the places a socket still gives, and from where its close says to go on."""
    loop, data = asyncio.get_running_loop(), b""
    async with asyncio.timeout(20):
        try:
            while chunk := await loop.sock_recv(made, 1 << 16):
                data += chunk
        except ConnectionResetError:
            pass
    made.close()
    found, resume = [], None
    for opcode, body in frames(data[data.index(b"\r\n\r\n") + 4 :]):
        if opcode == 1:
            found += [each["place"] for each in orjson.loads(body).get("events", ())]
        elif opcode == 8:
            assert int.from_bytes(body[:2]) == SLOW
            resume = orjson.loads(body[2:])["resume"]["r"]
    return found, resume


def frames(data):
    """Yield the frames that are whole."""
    at = 0
    while at + 2 <= len(data):
        opcode, size, begin = data[at] & 15, data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, begin = int.from_bytes(data[begin : begin + width]), begin + width
        at = begin + size
        if at <= len(data):
            yield opcode, data[begin:at]
