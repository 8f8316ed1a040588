"""How fast blocks are folded into pools, beside what merely reading or decoding their logs takes.

The blocks are recorded from the local chain, where somebody trades in pools of every family: the
bytes a node answers with when asked for each block's logs. Folded means: parsed, checked against
the block, given to their pool, decoded, each swap made again from the state before it and compared
to the atom, and remembered for undoing.
"""

import gc
import importlib
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Final

import orjson
from _figures import figure
from eth_abi.abi import decode

from router.domain.market import AnyPoolSnapshot
from router.domain.units import NS_PER_S, DurationNs, TimestampNs, VenueId
from router.state.market import MarketView, Staleness
from venues.evm.pools.family import PoolSetup
from venues.evm.state.heads import Path
from venues.evm.state.roster import Roster
from venues.evm.state.session import Session, Told
from venues.evm.words.node import Header, parse_header
from venues.sandbox.chain import start

# The tests know how to configure every family and how to trade there; tests are not typed.
families: Any = importlib.import_module("tests.integration.families.scene")
sync: Any = importlib.import_module("tests.integration.sync.scene")
crowds: Any = importlib.import_module("tests.integration.sync.crowd")

NAME = "pool-sync"
DESCRIPTION = "folding blocks of pool logs, against reading and decoding the same bytes"

SEED: Final = 7
GOAL_LOGS_PER_S: Final = 20_000
ROUNDS: Final = 5
ROUNDS_QUICK: Final = 2
BLOCKS: Final = 60
BLOCKS_QUICK: Final = 12
TRADES: Final = (60, 100)  # of one block
NEVER_STALE: Final = DurationNs(3600 * NS_PER_S)
TOLD: Final = Told(10**9, TimestampNs(0))

# What the events hold beside their topics, as a general decoder has to be told.
_SWAP: Final = ("int256", "int256", "uint160", "uint128", "int24")
LAYOUTS: Final[Mapping[int, Sequence[str]]] = {
    32 * 1: ("uint128",),
    32 * 2: ("uint112", "uint112"),
    32 * 3: ("uint128", "uint256", "uint256"),
    32 * 4: ("uint256", "uint256", "uint256", "uint256"),
    32 * 5: _SWAP,
    32 * 6: ("int128", "int128", "uint160", "uint128", "int24", "uint24"),
    32 * 7: (*_SWAP, "uint128", "uint128"),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A stretch of a chain as a node tells it.

    Attributes
    ----------
    answers : list of (Header, list of bytes)
        Each block, and the logs in it, as JSON.
    """

    pools: tuple[PoolSetup, ...]
    snapshots: tuple[AnyPoolSnapshot, ...]
    first: Header
    answers: list[tuple[Header, list[bytes]]]


def run(*, quick: bool) -> list[dict[str, object]]:
    """Record once, then measure all in the same rounds; medians."""
    recording = _record(blocks=BLOCKS_QUICK if quick else BLOCKS)
    bodies = [body for _, own in recording.answers for body in own]
    logs_count = sum(len(orjson.loads(body)) for body in bodies)
    folded: list[float] = []
    undone: list[float] = []
    read: list[float] = []
    decoded: list[float] = []
    for _ in range(ROUNDS_QUICK if quick else ROUNDS):
        view, session = _begin(recording)
        folded.append(_timed(partial(_fold, recording, view, session)))
        undone.append(_timed(partial(_undo, view, session)))
        read.append(_timed(lambda: [orjson.loads(body) for body in bodies]))
        decoded.append(_timed(lambda: [_decode(body) for body in bodies]))
    fold_s, read_s, decode_s = map(statistics.median, (folded, read, decoded))
    rate = logs_count / fold_s
    blocks_count = len(recording.answers)
    per_block = logs_count / blocks_count
    return [
        figure(
            "logs folded",
            rate,
            "1/s",
            against=f"bound, orjson reading the same bytes: {logs_count / read_s:,.0f} 1/s",
            ratio=read_s / fold_s,
            goal=f">= {GOAL_LOGS_PER_S:,} 1/s",
            met=rate >= GOAL_LOGS_PER_S,
        ),
        figure(
            "the same, beside a decoder",
            rate,
            "1/s",
            against=f"peer, eth-abi only decoding the data: {logs_count / decode_s:,.0f} 1/s",
            ratio=decode_s / fold_s,
        ),
        figure(f"blocks of {per_block:.0f} logs folded", blocks_count / fold_s, "1/s"),
        figure(
            f"undo {blocks_count} blocks of {len(recording.pools)} pools",
            statistics.median(undone) * 1e3,
            "ms",
        ),
    ]


def _record(*, blocks: int) -> Recording:
    with start(families=True, seed=SEED) as chain:
        followed = sync.pools(chain.manifest, quick=True)
        rng = random.Random(SEED)  # noqa: S311 (a market, not a secret)
        crowd = crowds.Crowd(chain, [entry for _, entry in followed], rng, trades=TRADES)
        pools = tuple(pool for pool, _ in followed)
        first = families.head(chain)
        snapshots = tuple(
            families.snapshot(chain, families.FAMILIES[pool.instrument.protocol], pool)
            for pool in pools
        )
        for _ in range(blocks):
            crowd.block()
        filters = Roster(pools, families.FAMILIES).filters
        rpc, answers = chain.client.rpc, []
        for number in range(first.number + 1, chain.client.block_number() + 1):
            header = parse_header(chain.client.header(hex(number)))
            queries = [each | {"blockHash": header.hash} for each in filters]
            own = [rpc.request("eth_getLogs", query) for query in queries]
            answers.append((header, [orjson.dumps(each) for each in own]))
    return Recording(pools, snapshots, first, answers)


def _begin(recording: Recording) -> tuple[MarketView, Session]:
    session = Session(VenueId("local"), Roster(recording.pools, families.FAMILIES), recording.first)
    instruments = tuple(pool.instrument for pool in recording.pools)
    view = MarketView(instruments, Staleness(NEVER_STALE, NEVER_STALE))
    for snapshot in recording.snapshots:
        view.fold(session.resume(snapshot, is_provisional=False))
    return view, session


def _fold(recording: Recording, view: MarketView, session: Session) -> None:
    for header, bodies in recording.answers:
        block = session.read_block(header, [orjson.loads(body) for body in bodies])
        for event in session.complete(block, TOLD):
            view.fold(event)
    assert not view.quarantined, "every swap followed from the state before it"


def _undo(view: MarketView, session: Session) -> None:
    oldest = session.heads.head
    while (parent := session.heads.on_branch(oldest.parent_hash)) is not None:
        oldest = parent
    for event in session.turn(Path(oldest, (), is_reorganisation=True), TOLD):
        view.fold(event)


def _decode(body: bytes) -> list[tuple[object, ...]]:
    data = (bytes.fromhex(log["data"][2:]) for log in orjson.loads(body))
    return [decode(LAYOUTS[len(each)], each) for each in data]


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    started = perf_counter()
    work()
    return perf_counter() - started
