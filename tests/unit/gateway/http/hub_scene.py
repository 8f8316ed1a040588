"""A line to a daemon that tells what it is given, and a clock that does not wait."""

import asyncio

import orjson

from router.gateway.http.outbox import Outbox
from router.gateway.link import Code, LinkError


class Line:
    """Tells events of a list; whoever follows is told them from a place on, then hears no more."""

    def __init__(self, told=(), *, status=None):
        self.told = list(told)
        self.status = status or {"journal": "j", "place": [0, -1]}
        self.followed = []
        self.linked = asyncio.Event()
        self.linked.set()
        self.breaks_after = None
        self.reached = None

    async def ask(self, do, **_fields):
        assert do == "status"
        return self.status | ({} if self.reached is None else {"place": self.reached})

    async def follow(self, do, **fields):
        self.followed.append((do, fields))
        for told in tuple(self.told):
            if self.is_after(told, fields):
                self.reached = told.get("place")
                yield told
                if told == self.breaks_after:
                    self.breaks_after = None
                    raise LinkError("gone", code=Code.AWAY)
        await asyncio.Event().wait()

    def is_after(self, told, fields):
        if "place" in told:
            return told["place"] > fields["after"]
        return told.get("sequence", 1) > fields.get("after", 0)


class Clock:
    """Time that passes at once."""

    def now(self):
        return 0

    async def sleep(self, _duration):
        await asyncio.sleep(0)


class Pipe:
    """A socket that takes what it is told, or not."""

    def __init__(self, *, is_free=True):
        self.is_free = is_free
        self.frames = []

    def write(self, frames):
        self.frames.append(frames)


def report(number, *, client="desk", account="main"):
    return {"place": [number, 0], "client": client, "account": account}


async def settled():
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


def play(line, made, tell):
    """Run a hub on a line for as long as a test tells its story."""

    async def run():
        hub = made()
        running = asyncio.create_task(hub.run())
        await settled()
        try:
            await tell(hub, line)
        finally:
            running.cancel()
            await asyncio.wait({running})

    asyncio.run(run())


async def numbers(outbox):
    """Return the places that wait in an outbox."""
    found = []
    while outbox.waiting:
        found += [each["place"][0] for each in said(outbox.take())["events"]]
    return found


def said(frame):
    """Return what one frame of a server's says."""
    (text,) = texts(frame)
    return orjson.loads(text)


def texts(data):
    """Return the texts of whole frames, as RFC 6455 has them."""
    found, at = [], 0
    while at < len(data):
        assert data[at] == 0x81
        size, begin = data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, begin = int.from_bytes(data[begin : begin + width]), begin + width
        at = begin + size
        assert at <= len(data)
        found.append(data[begin:at])
    return found


def box():
    return Outbox()
