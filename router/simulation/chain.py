"""A chain with one wallet: blocks, a pool of waiting transactions, and branches that are given up.

It is the truth: nothing here is lost or told wrongly, that is what links are for. A transaction is
executed once on a branch, by its nonce; a branch of up to three blocks may be given up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from router.domain.market import (
    BlockRef,
    ChainReorganised,
    HeadAdvanced,
    MarketEvent,
    ReservesSnapshot,
    ReservesSynced,
)
from router.domain.order import ChildOrder, Replacement
from router.domain.units import InstrumentId, TimestampNs
from router.liquidity.constant_product import Pool, swap
from router.simulation.town import (
    CHAIN,
    CONFIRMATIONS,
    POOLS,
    REORG_DEPTH_MAX,
    RESERVES,
    WALLET_BALANCES,
)
from router.simulation.transaction import Mined, State, Transaction, executed, swapped
from router.simulation.virtual_time import VirtualTimeLoop
from router.simulation.weather import Weather

BLOCK_TIME_S: Final = 1.5
_BASE_FEE_WEI: Final = 10**9
_PRICE_WEI: Final = 2 * 10**9
_FIRST_BLOCK: Final = 100
_KEPT_BLOCKS: Final = 24
_OVERTAKEN_SHARE: Final = 0.003  # of a pool's reserve that others trade at once, at most

Told: TypeAlias = tuple[MarketEvent, ...]
Hear: TypeAlias = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Block:
    """A block, what of ours is in it, and the state after it."""

    ref: BlockRef
    mined: tuple[Mined, ...]
    state: State
    moved: tuple[InstrumentId, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a node shows of the transactions of one nonce.

    Attributes
    ----------
    depth : int
        Of the block that has one; 0 where none has.
    taken : bool
        The nonce is used by none of those asked for.
    """

    head: BlockRef
    mined: Mined | None
    depth: int
    taken: bool
    is_pooled: bool


class Chain:
    """The chain itself, and the nodes' pool."""

    def __init__(self, loop: VirtualTimeLoop, rng: Random, weather: Callable[[], Weather]) -> None:
        self._loop = loop
        self._rng = rng
        self._weather = weather
        pools = {pool.id: Pool(*RESERVES[pool.id], fee_pips=pool.fee_pips) for pool in POOLS}
        genesis = BlockRef(_FIRST_BLOCK, "0xb0", "0x", loop.moment)
        self._blocks = [Block(genesis, (), State(WALLET_BALANCES, 0, pools), ())]
        self._pooled: dict[str, Transaction] = {}
        self._signed: dict[str, Transaction] = {}
        self._made_count = 0
        self._hear: Hear | None = None
        self.mined: dict[str, Mined] = {}  # on the branch that counts, by hash
        self.ever_mined: list[Mined] = []  # on any branch
        self.on_mined: Callable[[Mined], None] = _ignore

    def begin(self) -> None:
        """Make blocks from now on."""
        self._loop.call_later(BLOCK_TIME_S, self._tick)

    def listen(self, hear: Hear | None) -> None:
        """Tell `hear`, and nobody else, of what happens."""
        self._hear = hear

    @property
    def head(self) -> Block:
        """The newest block."""
        return self._blocks[-1]

    def at(self, behind: int) -> Block:
        """Return the head as a node sees it that is some blocks behind."""
        return self._blocks[max(-len(self._blocks), -1 - behind)]

    def snapshots(self, received_at: TimestampNs) -> Told:
        """Return the pools and the head as they are."""
        block = self.head
        pools = (
            ReservesSnapshot(
                instrument=pool.id,
                block=block.ref,
                fee_pips=pool.fee_pips,
                reserve0=block.state.pools[pool.id].reserve0,
                reserve1=block.state.pools[pool.id].reserve1,
                received_at=received_at,
            )
            for pool in POOLS
        )
        return (*pools, _headed(block, received_at))

    def sign(self, child: ChildOrder, attempts: int, kind: Replacement | None) -> Transaction:
        """Return a transaction of a child; its hash stands for its bytes."""
        self._made_count += 1
        price = _PRICE_WEI * 9**attempts // 8**attempts
        name = f"0xt{self._made_count}"
        made = Transaction(name, child, child.nonce, price, kind)
        self._signed[name] = made
        return made

    def rehearse(self, child: ChildOrder) -> str:
        """Return why a child would revert now; empty where it would not."""
        trial = Transaction("", child, child.nonce, _PRICE_WEI, None)
        state = self.head.state
        told = swapped(state, trial, self._loop.moment)
        return told if isinstance(told, str) else ""

    def offer(self, name: str) -> str:
        """Take the bytes of a hash; returns what a node says to them, empty where it took them."""
        offered = self._signed[name]
        if offered.nonce < self.head.state.nonce:
            return "nonce too low"
        rival = max(
            (t for t in self._pooled.values() if t.nonce == offered.nonce and t.hash != name),
            key=lambda t: t.price_wei,
            default=None,
        )
        if rival is not None and rival.price_wei >= offered.price_wei:
            return "replacement transaction underpriced"
        self._pooled[name] = offered
        return ""

    def look(self, names: Sequence[str], nonce: int, behind: int) -> Sighting:
        """Return what a node shows that is some blocks behind."""
        seen = self.at(behind)
        found = [self.mined[n] for n in names if n in self.mined]
        mined = next((m for m in found if m.gas.block_number <= seen.ref.number), None)
        depth = 0 if mined is None else seen.ref.number - mined.gas.block_number + 1
        taken = mined is None and seen.state.nonce > nonce
        return Sighting(seen.ref, mined, depth, taken, names[-1] in self._pooled)

    def _tick(self) -> None:
        weather, rng = self._weather(), self._rng
        if len(self._blocks) > 2 * REORG_DEPTH_MAX and rng.random() < weather.reorg:
            self._reorganise(rng.randint(1, REORG_DEPTH_MAX), weather)
        else:
            self._tell(self._news(self._mine(weather)))
        for name in tuple(self._pooled):
            if rng.random() < weather.drop:
                del self._pooled[name]
        del self._blocks[:-_KEPT_BLOCKS]
        self._loop.call_later(BLOCK_TIME_S, self._tick)

    def _reorganise(self, depth: int, weather: Weather) -> None:
        void = self._blocks[-depth:]
        del self._blocks[-depth:]
        for mined in (m for block in void for m in block.mined):
            del self.mined[mined.transaction.hash]
            if self._rng.random() >= weather.drop:
                self._pooled[mined.transaction.hash] = mined.transaction
        told: Told = (ChainReorganised(CHAIN, self.head.ref, self._loop.moment),)
        for _ in range(depth + 1):
            told = (*told, *self._news(self._mine(weather)))
        self._tell(told)

    def _mine(self, weather: Weather) -> Block:
        parent, at = self.head, self._loop.moment
        self._made_count += 1
        number, name = parent.ref.number + 1, f"0xb{self._made_count}"
        state, moved = self._overtaken(parent.state, weather)
        included: list[Mined] = []
        while (chosen := self._chosen(state.nonce, weather)) is not None:
            before = state
            state, mined = executed(state, chosen, (number, name, at))
            moved |= {p for p in state.pools if state.pools[p] is not before.pools[p]}
            included.append(mined)
            self.mined[chosen.hash] = mined
            self.ever_mined.append(mined)
            self.on_mined(mined)
        self._pooled = {n: t for n, t in self._pooled.items() if t.nonce >= state.nonce}
        ref = BlockRef(number, name, parent.ref.hash, at)
        block = Block(ref, tuple(included), state, tuple(sorted(moved)))
        self._blocks.append(block)
        return block

    # Of those that wait with the next nonce mostly the dearest; but a miner may have another.
    def _chosen(self, nonce: int, weather: Weather) -> Transaction | None:
        waiting = [t for t in self._pooled.values() if t.nonce == nonce]
        if not waiting or self._rng.random() < weather.exclude:
            return None
        if self._rng.random() < weather.exclude:
            return self._rng.choice(waiting)
        return max(waiting, key=lambda t: t.price_wei)

    def _overtaken(self, state: State, weather: Weather) -> tuple[State, set[InstrumentId]]:
        pools = dict(state.pools)
        for name, pool in state.pools.items():
            if self._rng.random() < weather.overtaken:
                share = self._rng.random() * _OVERTAKEN_SHARE
                falls = self._rng.random() < 0.5  # noqa: PLR2004 - a coin
                amount = 1 + int(share * (pool.reserve0 if falls else pool.reserve1))
                pools[name] = swap(pool, zero_for_one=falls, amount_specified=amount).pool
        moved = {name for name in pools if pools[name] is not state.pools[name]}
        return State(state.balances, state.nonce, pools), moved

    def _news(self, block: Block) -> Told:
        synced = (
            ReservesSynced(
                instrument=name,
                block_number=block.ref.number,
                block_hash=block.ref.hash,
                log_index=index,
                reserve0=block.state.pools[name].reserve0,
                reserve1=block.state.pools[name].reserve1,
            )
            for index, name in enumerate(block.moved)
        )
        return (*synced, _headed(block, self._loop.moment))

    def _tell(self, told: Told) -> None:
        if self._hear is not None:
            self._hear(told)


def is_final(sighting: Sighting) -> bool:
    """Tell whether what is seen mined can no longer be replaced."""
    return sighting.depth >= CONFIRMATIONS


def _headed(block: Block, received_at: TimestampNs) -> HeadAdvanced:
    return HeadAdvanced(CHAIN, block.ref, _BASE_FEE_WEI, _BASE_FEE_WEI, received_at)


def _ignore(_mined: Mined) -> None:
    return
