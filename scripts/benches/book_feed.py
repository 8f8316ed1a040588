"""How many frames of a 20-level book become snapshots in a second, beside a floor and two peers.

The floor is the bare JSON decode of the same frames. The venue's own client is measured in its own
environment: what its handler does with a message, and with the bytes that come off its socket, for
its WebSocket library is pure Python. It leaves numbers as text, and we make them ticks and lots.
What NautilusTrader published of its adapter is shown, not measured: another machine, and Rust.
"""

import asyncio
import math
import os
import random
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import orjson
from _figures import figure
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import BookSnapshot
from router.domain.units import AccountId, AssetId, InstrumentId, Pips, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.feed.book_feed import BookFeed
from venues.hyperliquid.spec import VENUE

NAME = "book-feed"
DESCRIPTION = "a 20-level book frame to a snapshot, against bare JSON and the venue's own client"

FLOOR_RATIO_MAX: Final = 1.6
CLIENT_RATIO_MIN: Final = 5.0
SEED: Final = 20_251_122
DEPTH: Final = 20
BATCH: Final = 20  # frames between two looks at the clock: short, to fit between others at work
RECEIVED_AT: Final = TimestampNs(1_754_450_974_500_000_000)
FIRST_MS: Final = 1_754_450_974_231
ORACLE_TIMEOUT_S: Final = 300
ROOT: Final = Path(__file__).resolve().parents[2]
NAUTILUS: Final = (
    "published: crates/adapters/hyperliquid/benches/BENCHMARKS.md of nautechsystems/nautilus_trader"
    ", inbound_pipeline/book_deltas, Rust, Ryzen Threadripper 9980X, 2026-05-18; 3.25 us of it JSON"
)
NAUTILUS_US: Final = 3.95

BTC: Final = Instrument(
    id=InstrumentId("btc-perp"),
    venue=VENUE,
    symbol="BTC",
    kind=InstrumentKind.PERP_BOOK,
    base=Asset(AssetId("BTC"), 8),
    quote=Asset(AssetId("USDC"), 6),
    account=AccountId(f"{VENUE}:0x{'0' * 40}"),
    lot_atoms=1_000,
    notional_min_atoms=10_000_000,
    fee_pips=Pips(450),
    tick_decimals=1,
)

# Reads frames, one a line, from standard input. What `WebSocketApp` does between the socket and the
# handler is to receive a data frame, which checks its text, and to decode it.
ORACLE: Final = """
import json, struct, sys, time, io
import websocket
from hyperliquid.websocket_manager import ActiveSubscription, WebsocketManager
batch = int(sys.argv[1])
rounds = int(sys.argv[2])
frames = sys.stdin.buffer.read().splitlines()
texts = [frame.decode() for frame in frames]
seen = []
manager = WebsocketManager("http://127.0.0.1:1")
manager.active_subscriptions["l2Book:btc"].append(ActiveSubscription(seen.append, 1))
def best(batches):
    fastest = {}
    for _ in range(rounds):
        for index, run in enumerate(batches()):
            started = time.perf_counter()
            run()
            took = time.perf_counter() - started
            fastest[index] = min(took, fastest.get(index, took))
            seen[:-1] = []
    return sum(fastest.values()) / len(fastest) / batch * 1e6
def handled():
    for start in range(0, len(texts), batch):
        part = texts[start:start + batch]
        yield lambda: [manager.on_message(None, text) for text in part]
def received():
    for start in range(0, min(len(frames), 25 * batch), batch):
        part = frames[start:start + batch]
        raw = b"".join(struct.pack("!BBH", 0x81, 126, len(frame)) + frame for frame in part)
        socket = websocket.WebSocket()
        socket.frame_buffer.recv = io.BytesIO(raw).read
        def run():
            for _ in part:
                _, frame = socket.recv_data_frame(True)
                manager.on_message(None, frame.data.decode("utf-8"))
        yield run
answer = {"handled_us": best(handled), "last": seen[-1]["data"]["levels"][0][0]["px"],
    "received_us": best(received)}
json.dump(answer, sys.stdout)
"""


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; every way takes the same frames, and the fastest of a few rounds counts."""
    rounds = 2 if quick else 9
    frames = list(make_frames(500 if quick else 2_000))
    assert all(fold(BookFeed(BTC), frame).bids for frame in frames[:BATCH]), "real books only"
    floor_us, ours_us = _fastest_us(frames, rounds)
    received_us = asyncio.run(_received_us(frames, rounds))
    client = _client(frames, rounds)
    ratio = ours_us / floor_us
    return [
        figure("bare JSON decode of a frame (the floor)", floor_us, "us"),
        figure(
            "decode and fold a frame",
            ours_us,
            "us",
            against=f"the floor: {floor_us:.1f} us",
            ratio=ratio,
            goal=f"ratio <= {FLOOR_RATIO_MAX}",
            met=ratio <= FLOOR_RATIO_MAX,
        ),
        figure("the same", 1e6 / ours_us, "frames/s"),
        _against_client("the same", ours_us, client, key="handled_us"),
        _against_client("from the bytes of the socket on", received_us, client, key="received_us"),
        figure("NautilusTrader's adapter", NAUTILUS_US, "us", against=NAUTILUS),
    ]


def fold(feed: BookFeed, raw: bytes) -> BookSnapshot:
    """Turn a frame into a snapshot, as a session does it."""
    frame = wire.table(wire.decode(raw), "frame")
    assert wire.text(frame, "channel") == "l2Book"
    return feed.fold(frame.get("data"), RECEIVED_AT)


def make_frames(count: int) -> Iterator[bytes]:
    """Yield frames of a book that moves: the mid drifts, the levels near it change most often."""
    chance = random.Random(SEED)  # noqa: S311 - a made market, no secret
    mid, levels = 60_000, dict[int, dict[str, object]]()
    for number in range(count):
        mid += chance.choice((-2, -1, 0, 0, 0, 0, 1, 2))
        sides = [
            [
                _level(levels, mid + way * (1 + depth), depth=depth, chance=chance)
                for depth in range(DEPTH)
            ]
            for way in (-1, 1)
        ]
        data = {"coin": "BTC", "time": FIRST_MS + 500 * number, "levels": sides}
        yield orjson.dumps({"channel": "l2Book", "data": data})


# About a quarter of the levels change from one frame to the next.
def _level(
    levels: dict[int, dict[str, object]], price: int, *, depth: int, chance: random.Random
) -> Mapping[str, object]:
    if price not in levels or chance.random() < 0.1 + 0.6 * math.exp(-depth / 6):
        lots = max(1, int(chance.lognormvariate(10.5, 1.6)))
        size = str(lots / 100_000) if lots >= 10 else f"{lots / 100_000:.5f}"  # noqa: PLR2004 - no exponent
        levels[price] = {"px": f"{price}.0", "sz": size, "n": chance.randint(1, 40)}
    return levels[price]


# Both ways take turns on every batch, so that a busy machine slows both alike.
def _fastest_us(frames: Sequence[bytes], rounds: int) -> tuple[float, float]:
    fastest: dict[tuple[int, int], float] = {}
    for _ in range(rounds):
        feed = BookFeed(BTC)
        ways: tuple[Callable[[bytes], object], ...] = (orjson.loads, lambda raw: fold(feed, raw))  # noqa: B023 - used within the round
        for start in range(0, len(frames), BATCH):
            for index, way in enumerate(ways):
                started = perf_counter()
                for raw in frames[start : start + BATCH]:
                    way(raw)
                took = perf_counter() - started
                fastest[start, index] = min(took, fastest.get((start, index), took))
    floor, ours = (
        sum(took for (_, index), took in fastest.items() if index == way) for way in (0, 1)
    )
    return floor / len(frames) * 1e6, ours / len(frames) * 1e6


# With what the transport does with the bytes of a socket, but without the socket.
async def _received_us(frames: Sequence[bytes], rounds: int) -> float:
    loop = asyncio.get_running_loop()
    queue = WebSocketDataQueue(BaseProtocol(loop), 2**26, loop=loop)
    reader = WebSocketReader(queue, 2**26, compress=False, decode_text=False)
    fastest: dict[int, float] = {}
    for _ in range(rounds):
        feed = BookFeed(BTC)
        for start in range(0, len(frames), BATCH):
            batch = [
                struct.pack("!BBH", 0x81, 126, len(raw)) + raw
                for raw in frames[start : start + BATCH]
            ]
            started = perf_counter()
            for raw in batch:
                reader.feed_data(raw)
                fold(feed, (await queue.read()).data)
            took = perf_counter() - started
            fastest[start] = min(took, fastest.get(start, took))
    return sum(fastest.values()) / len(frames) * 1e6


def _against_client(
    name: str, value_us: float, client: Mapping[str, float] | None, *, key: str
) -> dict[str, object]:
    if client is None:
        missing = "venue's client: its environment is missing (scripts/setup makes it)"
        return figure(name, value_us, "us", against=missing)
    ratio = client[key] / value_us
    return figure(
        name,
        value_us,
        "us",
        against=f"venue's client 0.24.0: {client[key]:,.1f} us, and no numbers yet",
        ratio=ratio,
        goal=f"ratio >= {CLIENT_RATIO_MIN}",
        met=ratio >= CLIENT_RATIO_MIN,
    )


def _client(frames: Sequence[bytes], rounds: int) -> Mapping[str, float] | None:
    python = Path(os.environ.get("HEADRACE_ORACLE_PYTHON") or ROOT / ".venv-oracle/bin/python")
    if not python.exists():
        return None
    done = subprocess.run(  # noqa: S603 - our own script, in an interpreter the operator chose
        [python, "-c", ORACLE, str(BATCH), str(rounds)],
        input=b"\n".join(frames),
        stdout=subprocess.PIPE,
        check=True,
        timeout=ORACLE_TIMEOUT_S,
    )
    answer: dict[str, float] = orjson.loads(done.stdout)
    (price, _), *_ = fold(BookFeed(BTC), frames[-1]).bids
    assert float(answer.pop("last")) * 10 == price, "a comparison of different frames says nothing"
    return answer
