"""A FIX gateway in a process of its own, and peers that speak to it byte by byte."""

import asyncio
import atexit
import datetime as dt
import functools
import os
import signal
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager, suppress

import orjson

SOH = "\x01"
_CONFIG = """
[engine]
journal = "desk.journal"
solve_deadline_ms = 5000
[limits]
order_notional_max = { USDC = "2000000", ETH = "700" }
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 3
child_lifetime_ms = 60000
[staleness]
head_age_max_ms = 5000
book_age_max_ms = 5000
[assets]
ETH = 18
USDC = 6
[gateway.clients.desk]
accounts = ["main", "other"]
[gateway.clients.else]
accounts = ["theirs"]
"""


class Gateway:
    """The process, and where it listens."""

    def __init__(self, directory, tables):
        self.config = directory / "gateway.toml"
        self.config.write_text(_CONFIG + tables)
        self.journal = directory / "desk.journal"
        self.port = 0
        self._id = None
        for suffix in (".said", ".status"):
            os.mkfifo(self.config.with_suffix(suffix))

    def start(self):
        zygote = _zygote()
        zygote.stdin.write(f"{self.config}\n".encode())
        zygote.stdin.flush()
        self._id = int(zygote.stdout.readline())
        with self.config.with_suffix(".said").open() as said:
            line = said.readline()
        if not line:
            raise AssertionError(self.config.with_suffix(".wrong").read_text())
        self.port = orjson.loads(line)["port"]

    def end(self, how=signal.SIGTERM):
        """End it, and return its exit status."""
        os.kill(self._id, how)
        self._id = None
        with self.config.with_suffix(".status").open() as status:
            code = int(status.read())
        wrong = self.config.with_suffix(".wrong").read_text()
        assert "Traceback" not in wrong, wrong
        return code

    def kill(self):
        self.end(signal.SIGKILL)

    @property
    def is_running(self):
        return self._id is not None


@functools.cache
def _zygote():
    words = (sys.executable, "-m", "tests.integration.fix.zygote")
    zygote = subprocess.Popen(  # noqa: S603 - this interpreter, and our own words
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(_end, zygote)
    assert zygote.stdout.readline() == b"imported\n"
    return zygote


def _end(zygote):
    zygote.stdin.close()
    zygote.wait(timeout=20)
    zygote.stdout.close()


@contextmanager
def running(gateway):
    """Run a gateway until the block is left."""
    gateway.start()
    try:
        yield gateway
    finally:
        if gateway.is_running:
            assert gateway.end() == 0


def session(target, kind="order-entry", **more):
    """Return the table of a session."""
    lines = [f"[gateway.fix.sessions.{target}]", f'kind = "{kind}"', f'target = "{target}"']
    terms = {"client": '"desk"'} | more
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in terms.items()), ""])


class Peer:
    """One end of a connection; it does what it is told, right or wrong."""

    def __init__(self, reader, writer, *, target="EMS", begin="FIX.4.4"):
        self.reader = reader
        self.writer = writer
        self.target = target
        self.begin = begin
        self.next_out = 1
        self._rest = b""

    def send(self, kind, body="", **header):
        """Send a message; `body` has bars between its fields. Header fields may be replaced."""
        said = {
            "begin": self.begin,
            "sender": self.target,
            "target": "HEADRACE",
            "number": self.next_out,
            "time": stamp(),
            "more": "",
        } | header
        self.raw(framed(kind, body, said))
        if header.get("number") is None:
            self.next_out += 1

    def raw(self, data):
        self.writer.write(data)

    async def receive(self):
        """Return the next message as a list of pairs; an empty one at the end of the line."""
        async with asyncio.timeout(20):
            while (end := _end_of(self._rest)) is None:
                more = await self._read()
                if not more:
                    return Said([])
                self._rest += more
        message, self._rest = self._rest[:end], self._rest[end:]
        return Said(pairs(message))

    async def _read(self):
        try:
            return await self.reader.read(65_536)
        except ConnectionError:
            return b""

    async def expect(self, kind, **fields):
        """Receive a message of a type with these fields, named like f34="2"."""
        said = await self.receive()
        assert said.kind == kind, said
        for name, value in fields.items():
            assert said[int(name[1:])] == value, (name, value, said)
        return said

    async def is_hung_up_on(self):
        return not (await self.receive()).fields

    async def log_on(self, number=1, more="", **header):
        self.next_out = number + 1
        version = "1137=9|" if self.begin == "FIXT.1.1" else ""
        self.send("A", f"98=0|108=30|{version}{more}", number=number, **header)

    async def logged_on(self, number=1, more="", **fields):
        await self.log_on(number, more)
        return await self.expect("A", **fields)

    async def leave(self):
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


class Said:
    """A message that was received."""

    def __init__(self, fields):
        self.fields = fields

    def __getitem__(self, tag):
        return next((value for name, value in self.fields if name == tag), None)

    def __repr__(self):
        return "|".join(f"{tag}={value}" for tag, value in self.fields)

    @property
    def kind(self):
        return self[35]


@asynccontextmanager
async def connected(gateway, *, tls=None, **who):
    """Connect a peer until the block is left."""
    name = None if tls is None else "localhost"
    streams = await asyncio.open_connection(
        "127.0.0.1", gateway.port, ssl=tls, server_hostname=name
    )
    peer = Peer(*streams, **who)
    try:
        yield peer
    finally:
        await peer.leave()


def framed(kind, body, said):
    head = f"35={kind}|34={said['number']}|49={said['sender']}|52={said['time']}"
    inside = f"{head}|56={said['target']}|{said['more']}{body}".replace("|", SOH)
    whole = f"8={said['begin']}{SOH}9={len(inside)}{SOH}{inside}"
    return f"{whole}10={sum(whole.encode()) % 256:03d}{SOH}".encode()


def pairs(message):
    fields = message.decode().split(SOH)[:-1]
    return [(int(tag), value) for tag, _, value in (each.partition("=") for each in fields)]


def stamp(seconds=0):
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03d}"


def order(name, quantity="1.5", account="main"):
    """Return the body of a NewOrderSingle."""
    return (
        f"11={name}|1={account}|21=1|55=ETH/USDC|54=1|60={stamp()}|38={quantity}|40=2|44=2500|59=1|"
    )


def _end_of(data):
    at = data.find(b"\x0110=")
    if at < 0:
        return None
    end = data.find(b"\x01", at + 1)
    return None if end < 0 else end + 1
