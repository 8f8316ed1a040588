"""Which pools are followed, whose log is whose, and which pools wait for a snapshot. Sans I/O.

A pool is followed from its snapshot on. One that contradicts itself or the chain waits for another
one, alone; what it logs meanwhile is passed over. Refuses nothing: a log of nobody is nobody's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.market import BlockRef
from router.domain.units import InstrumentId
from venues.evm.pools.family import Family, PoolSetup
from venues.evm.words.multicall import ContractCall
from venues.transport.json_rpc import Json

RETRY_BLOCKS_MAX: Final = 256  # the longest a pool waits before its snapshot is tried again


@dataclass(slots=True)
class Followed:
    """One pool, and how it stands.

    Attributes
    ----------
    since : int | None
        The block of its snapshot: later ones are followed. None while it waits for one.
    reason : str
        Why it waits; empty where nothing is wrong with it.
    due : int
        The block from which on a snapshot may be tried.
    is_exact : bool
        Whether its swaps follow from its state to the atom.
    is_identified : bool
        Whether the chain agreed once that it is what the configuration says.
    is_provisional : bool
        Whether its snapshot was of the newest block, for which a node may show the state of the
        next one while it makes it. It is taken again after the next head.
    fee : tuple of int | None
        What was last said of it where it changes without a log.
    """

    setup: PoolSetup
    family: Family
    refresh: tuple[ContractCall, ...]
    is_exact: bool
    since: int | None = None
    reason: str = ""
    due: int = 0
    failures_count: int = 0
    is_identified: bool = False
    is_provisional: bool = False
    fee: tuple[int, tuple[int, int]] | None = None

    @property
    def id(self) -> InstrumentId:
        """The pool's instrument."""
        return self.setup.instrument.id

    @property
    def is_refreshed(self) -> bool:
        """Whether it has to be asked after every block, since its logs do not tell all."""
        return bool(self.refresh) or not self.setup.is_replayable

    def restart(self) -> None:
        """Wait for a first snapshot; what was wrong with it is remembered."""
        self.since, self.due, self.is_provisional = None, 0, False

    def suspend(self, reason: str) -> None:
        """Wait for a snapshot, which may be tried at once."""
        self.since, self.reason, self.is_provisional = None, reason, False
        self.due = 0

    def postpone(self, reason: str, *, number: int) -> None:
        """Wait for a snapshot, longer after every failure in a row."""
        self.suspend(reason)
        self.failures_count += 1
        self.due = number + min(1 << self.failures_count, RETRY_BLOCKS_MAX)

    def resume(self, block: BlockRef, *, is_provisional: bool) -> None:
        """Follow it from a snapshot on."""
        self.since, self.reason, self.fee = block.number, "", None
        self.failures_count, self.is_provisional = 0, is_provisional


class Roster:
    """All pools of one chain, found by what their logs carry.

    Attributes
    ----------
    filters : tuple of dict
        What a node has to look for, apart from the block.
    sound_tokens : set of str
        Tokens that were tried and found to arrive whole.
    """

    def __init__(self, pools: Iterable[PoolSetup], families: Mapping[str, Family]) -> None:
        self.all = tuple(_followed(pool, families) for pool in pools)
        self._by_id = {each.id: each for each in self.all}
        self._alone = {each.setup.emitter: each for each in self.all if each.setup.topic is None}
        # Contracts that hold many pools name the pool in the second topic of every log.
        self._shared = {
            (each.setup.emitter, each.setup.topic): each
            for each in self.all
            if each.setup.topic is not None
        }
        self.filters = _filters(self.all)
        self.sound_tokens: set[str] = set()

    def __getitem__(self, instrument: InstrumentId) -> Followed:
        """Return a pool by its instrument."""
        return self._by_id[instrument]

    @property
    def waiting(self) -> Mapping[InstrumentId, str]:
        """Return why each pool that has something wrong with it is not followed."""
        return {each.id: each.reason for each in self.all if each.reason}

    def owner(self, address: str, topics: tuple[str, ...]) -> Followed | None:
        """Return the pool that a log tells of; all in lower case."""
        alone = self._alone.get(address)
        if alone is not None or len(topics) < 2:  # noqa: PLR2004 - the second names the pool
            return alone
        return self._shared.get((address, topics[1]))

    def due(self, number: int) -> list[Followed]:
        """Return the pools whose snapshot should be taken before block `number` is folded."""
        return [
            each
            for each in self.all
            if each.is_provisional or (each.since is None and each.due <= number)
        ]

    def refreshing(self) -> list[Followed]:
        """Return the pools that have to be asked after every block."""
        return [each for each in self.all if each.is_refreshed and each.since is not None]


def _followed(pool: PoolSetup, families: Mapping[str, Family]) -> Followed:
    family = families[pool.instrument.protocol]
    refresh = tuple(family.refresh_calls(pool))
    # A fee that is read after a block may have been another in it.
    return Followed(pool, family, refresh, is_exact=pool.is_replayable and not refresh)


# Logs of contracts that hold many pools are asked for by pool, since most are of others.
def _filters(pools: tuple[Followed, ...]) -> tuple[dict[str, Json], ...]:
    alone = [each for each in pools if each.setup.topic is None]
    shared = [each for each in pools if each.setup.topic is not None]
    filters: list[dict[str, Json]] = []
    if alone:
        filters.append({"address": _emitters(alone), "topics": [_topics(alone)]})
    if shared:
        names: list[Json] = [each.setup.topic for each in shared]
        filters.append({"address": _emitters(shared), "topics": [_topics(shared), names]})
    return tuple(filters)


def _emitters(pools: list[Followed]) -> list[Json]:
    return list(dict.fromkeys(each.setup.emitter for each in pools))


def _topics(pools: list[Followed]) -> list[Json]:
    return [*sorted({topic for each in pools for topic in each.family.log_topics()})]
