"""What a family of pool contracts has to say for itself; everything else is shared.

A family is a module whose functions satisfy `Family`: it knows its contracts' words, and nothing of
connections, blocks or transactions. Its folder is one of `venues`.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.domain.instrument import Asset, Instrument
from router.domain.market import AnyPoolSnapshot, BlockRef, PoolEvent, PoolFeeChanged
from router.domain.units import AccountId, AssetId, TimestampNs, VenueId
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import Log

NATIVE_COIN = "0x" + "00" * 20  # how Uniswap V4 writes the chain's own coin


class Dialect(enum.Enum):
    """Which words a router uses for a swap in a pool."""

    V2 = "v2"
    V3 = "v3"
    V4 = "v4"


@dataclass(frozen=True, slots=True)
class TokenContract:
    """The token that carries an asset on a chain."""

    address: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """What a family's configuration may refer to.

    Attributes
    ----------
    venue : VenueId
        The chain's name in the configuration, which its instruments carry as their venue.
    routers : Mapping[str, str]
        Address of each router the account may use, by its name.
    native : AssetId
        The asset whose token wraps the chain's coin.
    """

    venue: VenueId
    account: AccountId
    assets: Mapping[str, Asset]
    tokens: Mapping[AssetId, TokenContract]
    routers: Mapping[str, str]
    native: AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSetup:
    """One configured pool, and what has to be known to read it and to trade there.

    Addresses are in lower case.

    Attributes
    ----------
    emitter : str
        The contract whose logs tell of the pool.
    topic : str | None
        What the second topic of its logs must be; None where every log of the emitter is its own.
    token0, token1 : str
        In the pool's order; `NATIVE_COIN` where it trades the coin itself.
    fee_pips : int
        As the pool's key has it; what is charged is in its snapshots.
    tick_spacing : int
        Zero where there are no ticks.
    hooks : str
        V4's hook contract, or `NATIVE_COIN` for none.
    contracts : Mapping[str, str]
        Others of the family that are asked about the pool: factory, state view.
    is_replayable : bool
        Whether its swaps follow from its state: not where a hook may change amounts. Then its
        snapshots are quotes, are taken after every block, and its logs change nothing.
    """

    instrument: Instrument
    dialect: Dialect
    emitter: str
    topic: str | None
    token0: str
    token1: str
    fee_pips: int
    tick_spacing: int
    hooks: str
    contracts: Mapping[str, str]
    is_replayable: bool = True


@dataclass(frozen=True, slots=True)
class SwapSeen:
    """A swap as a log tells it; amounts are the pool's, what it paid out is negative.

    `sender` called the pool, which for an order of ours is a router.
    """

    sender: str
    amount0: int
    amount1: int


class Family(Protocol):
    """The functions of a family's module ``venues.<family>.family``."""

    def configured(self, table: Mapping[str, object], facts: ChainFacts) -> tuple[PoolSetup, ...]:
        """Read the family's table of a chain's configuration; connects to nothing.

        Raises
        ------
        ConfigError
            If a pool names what is not configured, or one that may not be traded.
        pydantic.ValidationError
            If the table has not the right keys and types.
        """
        ...

    def identity_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the reads that `check_identity` takes."""
        ...

    def check_identity(self, pool: PoolSetup, answers: Sequence[bytes]) -> None:
        """Compare a configured pool with the one on the chain.

        Raises
        ------
        ConfigError
            If tokens, key or factory are others, or it has no price; names the field.
        MalformedDataError
            If the answers have not the form of the contract's.
        """
        ...

    def first_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the first round of reads for a snapshot."""
        ...

    def second_calls(self, pool: PoolSetup, first: Sequence[bytes]) -> list[ContractCall]:
        """Return the second round, which depends on the answers to the first; may be empty."""
        ...

    def snapshot(
        self,
        pool: PoolSetup,
        first: Sequence[bytes],
        second: Sequence[bytes],
        *,
        block: BlockRef,
        received_at: TimestampNs,
    ) -> AnyPoolSnapshot:
        """Assemble the pool's state from the answers to both rounds, all of one block.

        Raises
        ------
        MalformedDataError
            If they contradict each other.
        """
        ...

    def refresh_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the reads to be made after every block: of what changes without a log."""
        ...

    def refreshed(
        self, pool: PoolSetup, answers: Sequence[bytes], *, block: BlockRef
    ) -> PoolFeeChanged | None:
        """Return what the answers to `refresh_calls` tell."""
        ...

    def read_log(self, pool: PoolSetup, log: Log) -> PoolEvent | None:
        """Return what a log changes; None where it changes nothing that trades depend on.

        Raises
        ------
        MalformedDataError
            If it has not the event's form.
        """
        ...

    def swap_seen(self, pool: PoolSetup, log: Log) -> SwapSeen | None:
        """Return the swap a log tells of, None if it tells of something else."""
        ...

    def log_topics(self) -> frozenset[str]:
        """Return the first topics that `read_log` knows."""
        ...

    def discovery_topic(self) -> str:
        """Return the first topic of the log by which a pool of the family is made."""
        ...

    def discovered(self, log: Log, facts: ChainFacts) -> Mapping[str, object] | None:
        """Return a pool's configuration table from the log that made it.

        None where one of its tokens is not configured, or it may not be traded.
        """
        ...
