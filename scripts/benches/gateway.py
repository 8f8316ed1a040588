"""How many orders come in durably by FIX and by HTTP, and how long one waits for its answer.

The daemon, its link and its gateways are the real ones, each in its own process, on a journal on
disk; the venue and the solver cost nothing, and nothing trades. The loads come from one more
process, encoded and signed before the clock starts, so that they take little of the machine.
"""

import asyncio
import base64
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import orjson
from _figures import figure
from _gateway_desk import CONFIG
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from router.gateway.link import Link, link_path, linked

NAME = "gateway"
DESCRIPTION = "orders taken in durably by FIX, by HTTP and over the link, and by whom it is watched"

FIX_OF_ECHO_MIN: Final = 0.8
REST_PER_S_MIN: Final = 1_500.0
REST_P99_MS_MAX: Final = 20.0
WATCHED_MIN: Final = 0.9  # of what is taken in while nobody watches: the noise of this machine
SUBSCRIBERS: Final = 200
SLOW: Final = 20  # of them, that never read
AT_ONCE: Final = 64
CONNECTIONS: Final = 24
FOLDER: Final = Path(__file__).parent
DISK: Final = FOLDER.parents[1] / "run"  # not /tmp, which may be memory
CLIENT: Final = """\
[gateway.clients.desk]
accounts = ["main"]
"""
HTTP: Final = """\
[[gateway.clients.desk.keys]]
id = "bench"
ed25519 = "{public}"
roles = ["trader"]
[gateway.http]
window_ms = 60000
requests_per_s = 100000
requests_burst = 100000
streams_of_key_max = 300
"""
FIX: Final = """\
[gateway.fix.sessions.bench]
kind = "order-entry"
client = "desk"
target = "BENCH"
heartbeat_s = 300
allow_reset = true
messages_per_s = 100000
messages_burst = 100000
"""


class Run:
    """What a load told: orders a second, and the waits' ranks in milliseconds."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.rate = len(told["waits"]) / told["seconds"]
        ranks = statistics.quantiles(told["waits"], n=100, method="inclusive")
        self.p50, self.p99 = ranks[49] * 1e3, ranks[98] * 1e3


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; medians of a few rounds, the peer in the same rounds."""
    DISK.mkdir(exist_ok=True)
    count, rounds = (1_000, 1) if quick else (4_000, 3)
    found: dict[str, list[Run]] = {}
    for _ in range(rounds):
        for name, told in _round(count):
            found.setdefault(name, []).append(told)
    rate = {name: statistics.median(r.rate for r in runs) for name, runs in found.items()}
    p50 = {name: statistics.median(r.p50 for r in runs) for name, runs in found.items()}
    p99 = {name: statistics.median(r.p99 for r in runs) for name, runs in found.items()}
    return [*_throughput(rate, p99), *_waits(p50, p99)]


def _throughput(rate: dict[str, float], p99: dict[str, float]) -> list[dict[str, object]]:
    of_echo, watched = rate["fix"] / rate["echo"], rate["watched"] / rate["link"]
    is_fast = rate["rest"] >= REST_PER_S_MIN and p99["rest"] <= REST_P99_MS_MAX
    return [
        figure(
            f"by FIX, {AT_ONCE} on their way",
            rate["fix"],
            "orders/s",
            against=f"a QuickFIX acceptor that only echoes: {rate['echo']:,.0f}/s",
            ratio=of_echo,
            goal=f"at least {FIX_OF_ECHO_MIN:.0%} of the echo",
            met=of_echo >= FIX_OF_ECHO_MIN,
        ),
        figure(
            f"by HTTP, each signed with Ed25519, {CONNECTIONS} on their way",
            rate["rest"],
            "orders/s",
            against=f"p99 {p99['rest']:.3g} ms",
            goal=f"at least {REST_PER_S_MIN:,.0f}/s, p99 at most {REST_P99_MS_MAX:g} ms",
            met=is_fast,
        ),
        figure(f"over the link, {AT_ONCE} on their way", rate["link"], "orders/s"),
        figure(
            f"the same with {SUBSCRIBERS} subscribers to a stream, {SLOW} of whom never read",
            rate["watched"],
            "orders/s",
            against="the same without",
            ratio=watched,
            goal=f"at least {WATCHED_MIN:.0%}",
            met=watched >= WATCHED_MIN,
        ),
    ]


def _waits(p50: dict[str, float], p99: dict[str, float]) -> list[dict[str, object]]:
    doors = {"echo, 1": "the echo", "link, 1": "the link", "rest, 1": "HTTP", "fix, 1": "FIX"}
    return [
        figure(f"one order at a time, {door}, {rank}", ranks[name], "ms")
        for name, door in doors.items()
        for rank, ranks in (("p50", p50), ("p99", p99))
    ]


def _round(count: int) -> Iterator[tuple[str, Run]]:
    few = count // 4
    with _echo() as port:
        yield "echo", _fix(port, count, AT_ONCE, first=1)
        yield "echo, 1", _fix(port, few, 1, first=2)
    with _desk("") as desk:
        yield "link", desk.over_link(count, AT_ONCE, first=1)
        yield "link, 1", desk.over_link(few, 1, first=2)
    with _desk(HTTP) as desk:
        yield "rest", desk.over_http(count, CONNECTIONS, first=1)
        yield "rest, 1", desk.over_http(few, 1, first=2)
    with _desk(FIX) as desk:
        yield "fix", _fix(desk.port, count, AT_ONCE, first=1)
    # A session that begins anew is told of every open order: those of before would be in the way.
    with _desk(FIX) as desk:
        yield "fix, 1", _fix(desk.port, few, 1, first=2)
    with _desk(HTTP) as desk, desk.subscribed(count):
        yield "watched", desk.over_link(count, AT_ONCE, first=1)


class _Desk:
    """A daemon with its gateways, in processes of their own."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self._folder = folder
        self.port = int(facts.get("port", 0))  # of its one gateway, if it has one

    def over_link(self, count: int, at_once: int, *, first: int) -> Run:
        """Send orders as a gateway does."""
        import uvloop  # noqa: PLC0415 - as the gateways do

        return uvloop.run(_submit(self._folder / "bench.journal", count, at_once, first=first))

    def over_http(self, count: int, at_once: int, *, first: int) -> Run:
        """Send orders as an algo desk does."""
        words = (self.port, count, at_once, first, self._folder / "key")
        return Run(_told("_gateway_rest_load.py", *words))

    @contextmanager
    def subscribed(self, count: int) -> Iterator[None]:
        """Have many watch; what they are to be told of so many orders is checked at the end."""
        words = (self.port, SUBSCRIBERS, SLOW, count, self._folder / "key")
        with _process("_gateway_stream_load.py", *words) as (process, _ready):
            yield
            assert process.stdout is not None
            told = orjson.loads(process.stdout.readline())
            assert told["orders"] == count, told
            assert told["cut_off"] == 0, told


@contextmanager
def _desk(doors: str) -> Iterator[_Desk]:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        folder = Path(name)
        (folder / "key").write_bytes(key.private_bytes_raw())
        config = folder / "bench.toml"
        told = CONFIG + CLIENT + doors.format(public=public.decode())
        config.write_text(told, encoding="utf-8")
        with _process("_gateway_desk.py", config) as (_, line):
            yield _Desk(folder, orjson.loads(line))


@contextmanager
def _echo() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(dir=DISK) as folder,
        _process("_gateway_echo.py", folder, port),
    ):
        yield port


def _fix(port: int, count: int, at_once: int, *, first: int) -> Run:
    return Run(_told("_gateway_fix_load.py", port, count, at_once, first))


def _told(script: str, *words: object) -> dict[str, Any]:
    with _process(script, *words) as (_, line):
        told: dict[str, Any] = orjson.loads(line)
        return told


# Until the block is left; yields the first line it prints. It ends when its input does.
@contextmanager
def _process(script: str, *words: object) -> Iterator[tuple["subprocess.Popen[bytes]", bytes]]:
    command = [sys.executable, str(FOLDER / script), *map(str, words)]
    paths = os.pathsep.join((str(FOLDER), str(FOLDER.parents[1])))
    with subprocess.Popen(  # noqa: S603 - our own scripts
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"{script} said nothing"
            yield process, line
        finally:
            process.stdin.close()
    assert process.returncode == 0, f"{script} ended with {process.returncode}"


async def _submit(journal: Path, count: int, at_once: int, *, first: int) -> Run:
    waits: list[float] = []
    names = iter([f"{first}-{n:06d}" for n in range(count)])
    async with linked(link_path(journal)) as link:
        begun = perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_submit_each(link, names, waits))
        return Run({"waits": waits, "seconds": perf_counter() - begun})


async def _submit_each(link: Link, names: Iterator[str], waits: list[float]) -> None:
    for name in names:
        begun = perf_counter()
        order = {"client_order_id": name, "client": "desk", "account": "main", "by": "bench"}
        order |= {"side": "buy", "base": "ETH", "quote": "USDC", "quantity": "0.01"}
        answer = await link.ask("submit", order=order)
        waits.append(perf_counter() - begun)
        assert answer["is_new"]
