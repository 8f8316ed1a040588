"""How fast the journal takes records and encodes what a decision saw."""

import asyncio
import itertools
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Final

from _figures import figure

from router.domain.event import ChildFilled, MarketObserved
from router.domain.market import BlockRef, BookSnapshot, PoolSnapshot, PoolTick
from router.domain.observation import Observation
from router.domain.order import Fill
from router.domain.units import (
    Amount,
    AssetId,
    ChildId,
    InstrumentId,
    ParentId,
    TimestampNs,
)
from router.journal.codec import encode
from router.journal.record import Record, genesis, make_record, to_row
from router.shell.store import JournalStore, open_journal

NAME = "journal"
DESCRIPTION = "durable appends, and encoding a decision's market state"

JOURNAL_ID: Final = "bench"
IN_FLIGHT: Final = 64
IN_FLIGHT_RATIO_MIN: Final = 10.0
ALONE_RATIO_MIN: Final = 0.5  # the price of a hop to the writer thread and back
ENCODE_US_MAX: Final = 1_000.0
ROUNDS: Final = 3
NOW: Final = TimestampNs(1_700_000_000_000_000_000)
DISK: Final = Path(__file__).resolve().parents[2] / "run"  # not /tmp, which may be memory


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; medians of a few rounds, the peers in the same rounds."""
    alone, many = (300, 3_000) if quick else (1_000, 30_000)
    DISK.mkdir(exist_ok=True)
    rounds = [_round(alone, many) for _ in range(ROUNDS)]
    autocommit, one_at_a_time, in_flight = map(statistics.median, zip(*rounds, strict=True))
    event_bytes = len(_records(1)[0].event)
    peer = f"sqlite3, one autocommit each, same settings: {autocommit:,.0f}/s"
    return [
        figure(
            f"durable appends one at a time, {event_bytes} B events",
            one_at_a_time,
            "records/s",
            against=peer,
            ratio=one_at_a_time / autocommit,
            goal=f"ratio >= {ALONE_RATIO_MIN}",
            met=one_at_a_time >= ALONE_RATIO_MIN * autocommit,
        ),
        figure(
            f"durable appends with {IN_FLIGHT} in flight, {event_bytes} B events",
            in_flight,
            "records/s",
            against=peer,
            ratio=in_flight / autocommit,
            goal=f"ratio >= {IN_FLIGHT_RATIO_MIN}",
            met=in_flight >= IN_FLIGHT_RATIO_MIN * autocommit,
        ),
        _encode_figure(200 if quick else 2_000, commit_us=1e6 / autocommit),
    ]


def _round(alone: int, many: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        path = Path(folder)
        return (
            _autocommit_rate(path / "peer.sqlite", _records(alone)),
            _store_rate(path / "alone.journal", _records(alone), in_flight=1),
            _store_rate(path / "many.journal", _records(many), in_flight=IN_FLIGHT),
        )


def _autocommit_rate(path: Path, records: Sequence[Record]) -> float:
    rows = [to_row(record) for record in records]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE r (s INT, q INTEGER PRIMARY KEY, p, e, c, h)")
        started = perf_counter()
        for row in rows:
            connection.execute("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)", row)
        return len(rows) / (perf_counter() - started)


def _store_rate(path: Path, records: Sequence[Record], *, in_flight: int) -> float:
    store = open_journal(path, journal_id=JOURNAL_ID)
    try:
        started = perf_counter()
        asyncio.run(_append_all(store, iter(records), in_flight=in_flight))
        return len(records) / (perf_counter() - started)
    finally:
        store.close()


async def _append_all(store: JournalStore, records: Iterator[Record], *, in_flight: int) -> None:
    async def append_some() -> None:
        for record in records:
            await store.append(record)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(append_some())


def _records(count: int) -> list[Record]:
    event = encode(_fill())
    tips = itertools.accumulate(
        range(count),
        lambda record, _: make_record(record.tip, event, ()),
        initial=make_record(genesis(JOURNAL_ID), event, ()),
    )
    return list(itertools.islice(tips, count))


def _fill() -> ChildFilled:
    child = ChildId("0x" + "5d" * 16)
    fill = Fill(
        id="0x" + "7e" * 32,
        child=child,
        instrument=InstrumentId("hyperliquid:ETH"),
        quantity=Amount(AssetId("ETH"), 3 * 10**18),
        notional=Amount(AssetId("USDC"), 9_000 * 10**6),
        fee=Amount(AssetId("USDC"), 4_050_000),
        at_venue=NOW,
    )
    return ChildFilled(child, fill, NOW)


def _encode_figure(count: int, *, commit_us: float) -> dict[str, object]:
    event = _observed(ticks=60, levels=20)
    event_bytes = len(encode(event))
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        for _ in range(count):
            encode(event)
        times.append((perf_counter() - started) / count * 1e6)
    encode_us = statistics.median(times)
    return figure(
        f"encode MarketObserved: a pool of 60 ticks, a book of 2 x 20 levels, {event_bytes} B",
        encode_us,
        "us",
        against=f"one durable commit: {commit_us:,.0f} us",
        ratio=encode_us / commit_us,
        goal=f"value < {ENCODE_US_MAX:,.0f}",
        met=encode_us < ENCODE_US_MAX,
    )


def _observed(*, ticks: int, levels: int) -> MarketObserved:
    pool = PoolSnapshot(
        instrument=InstrumentId("uniswap_v3:ETH-USDC-500"),
        block=BlockRef(21_000_000, "0x" + "ab" * 32, "0x" + "cd" * 32, NOW),
        fee_pips=500,
        tick_spacing=10,
        sqrt_price_x96=54 * 2**96,
        tick=79_800,
        liquidity=10**22,
        ticks=tuple(
            PoolTick(79_500 + 10 * index, (-1) ** index * 10**20, 10**20) for index in range(ticks)
        ),
        received_at=NOW,
    )
    book = BookSnapshot(
        instrument=InstrumentId("hyperliquid:ETH"),
        bids=tuple((29_999 - index, 10_000 + index) for index in range(levels)),
        asks=tuple((30_000 + index, 20_000 + index) for index in range(levels)),
        at_venue=NOW,
        received_at=NOW,
    )
    seen = Observation(pools=(pool,), books=(book,), contexts=(), accounts=(), gas=())
    return MarketObserved(ParentId("p-1"), seen, NOW)
