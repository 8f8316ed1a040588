"""Uniswap V2 as a family of pool contracts; satisfies `venues.evm.pools.family.Family`.

Whatever changes a pair's reserves ends in a Sync: swaps, mints, burns, donations. A Swap comes
after the Sync it led to.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from router.domain.error import ConfigError
from router.domain.market import (
    BlockRef,
    PoolFeeChanged,
    ReservesSnapshot,
    ReservesSwapped,
    ReservesSynced,
)
from router.domain.units import TimestampNs
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, Dialect, PoolSetup, SwapSeen
from venues.evm.pools.pool_setup import (
    COMPUTED,
    POOL_FACTORY,
    STRICT,
    UNIVERSAL_ROUTER,
    Address,
    FeePips,
    Hash,
    Market,
    configured_pair,
    distinct,
    exactly,
)
from venues.evm.words import abi
from venues.evm.words.hashing import create2_address, keccak256
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import Log
from venues.uniswap_v2 import wire
from venues.uniswap_v2.spec import FEE_PIPS, INIT_CODE_HASH, NAME

_MARKET = Market(family=NAME, router=UNIVERSAL_ROUTER)
_TOPICS = frozenset((wire.SYNC, wire.SWAP))


class PoolSettings(BaseModel):
    """One pair, seen from the asset that is traded."""

    model_config = STRICT

    address: Address
    base: str
    quote: str
    fee_pips: FeePips = FEE_PIPS


class Settings(BaseModel):
    """The table ``[chains.NAME.uniswap_v2]``."""

    model_config = STRICT

    factory: Address
    init_code_hash: Hash = INIT_CODE_HASH
    pools: Annotated[list[PoolSettings], Field(min_length=1)]


def configured(table: Mapping[str, object], facts: ChainFacts) -> tuple[PoolSetup, ...]:
    """Read the family's table; the fee is the one that the router reckons with."""
    settings = Settings.model_validate(dict(table))
    for pool in settings.pools:
        if pool.fee_pips != FEE_PIPS:
            raise ConfigError(
                f"{NAME}.pools: fee_pips of {pool.base}/{pool.quote} at {pool.address} must be "
                f"{FEE_PIPS}, was {pool.fee_pips}; the Universal Router cannot trade a pair with "
                "another fee, remove it"
            )
    return distinct(_setup(pool, settings, facts) for pool in settings.pools)


def identity_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the reads that `check_identity` takes."""
    own = (wire.TOKEN0, wire.TOKEN1, wire.FACTORY, wire.GET_RESERVES)
    lookup = wire.GET_PAIR + abi.address(pool.token0) + abi.address(pool.token1)
    calls = [ContractCall(pool.emitter, data) for data in own]
    return [*calls, ContractCall(pool.contracts[POOL_FACTORY], lookup)]


def check_identity(pool: PoolSetup, answers: Sequence[bytes]) -> None:
    """Compare a configured pair with the one on the chain, which does not tell its fee."""
    token0, token1, factory, reserves, known = exactly(5, answers)
    name = f"{NAME}.pools.{pool.instrument.id}"
    tokens = (abi.read_address(token0, 0), abi.read_address(token1, 0))
    if tokens != (pool.token0, pool.token1):
        raise ConfigError(
            f"{name}.base, quote: the tokens of {pool.emitter} are {tokens[0]} and {tokens[1]}, "
            f"not {pool.token0} and {pool.token1}; correct the pair or the address"
        )
    maker, wanted = abi.read_address(factory, 0), pool.contracts[POOL_FACTORY]
    if maker != wanted:
        raise ConfigError(f"{name}.factory: the chain says {maker}, was {wanted}; correct it")
    for place in (abi.read_address(known, 0), pool.contracts[COMPUTED]):
        if place != pool.emitter:
            raise ConfigError(
                f"{name}.address: the factory has this pair at {place}, was {pool.emitter}; "
                "correct it, or the factory's init_code_hash"
            )
    if 0 in wire.read_reserves(reserves):
        raise ConfigError(f"{name}.address: {pool.emitter} is empty; remove it until it is not")


def first_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the read of the reserves."""
    return [ContractCall(pool.emitter, wire.GET_RESERVES)]


def second_calls(pool: PoolSetup, first: Sequence[bytes]) -> list[ContractCall]:  # noqa: ARG001 (one round is enough here)
    """Return nothing: the first round tells all."""
    return []


def snapshot(
    pool: PoolSetup,
    first: Sequence[bytes],
    second: Sequence[bytes],
    *,
    block: BlockRef,
    received_at: TimestampNs,
) -> ReservesSnapshot:
    """Assemble the pair's state."""
    exactly(0, second)
    reserve0, reserve1 = wire.read_reserves(exactly(1, first)[0])
    return ReservesSnapshot(
        instrument=pool.instrument.id,
        block=block,
        fee_pips=pool.fee_pips,
        reserve0=reserve0,
        reserve1=reserve1,
        received_at=received_at,
    )


def refresh_calls(pool: PoolSetup) -> list[ContractCall]:  # noqa: ARG001 (of no pair)
    """Return nothing: all changes are logged."""
    return []


def refreshed(
    pool: PoolSetup,  # noqa: ARG001 (of no pair)
    answers: Sequence[bytes],
    *,
    block: BlockRef,  # noqa: ARG001 (of no pair)
) -> PoolFeeChanged | None:
    """Return nothing: no pair has another fee than before."""
    exactly(0, answers)
    return None


def read_log(pool: PoolSetup, log: Log) -> ReservesSynced | ReservesSwapped | None:
    """Return what a log of the pair changes, or tells of the change before it."""
    topic = log.topics[0] if log.topics else ""
    if topic == wire.SYNC:
        reserve0, reserve1 = wire.read_sync(log)
        return ReservesSynced(
            instrument=pool.instrument.id,
            block_number=log.block_number,
            block_hash=log.block_hash,
            log_index=log.index,
            reserve0=reserve0,
            reserve1=reserve1,
        )
    if topic == wire.SWAP:
        amount0_in, amount1_in, amount0_out, amount1_out = wire.read_swap(log)
        return ReservesSwapped(
            instrument=pool.instrument.id,
            block_number=log.block_number,
            block_hash=log.block_hash,
            log_index=log.index,
            amount0_in=amount0_in,
            amount1_in=amount1_in,
            amount0_out=amount0_out,
            amount1_out=amount1_out,
        )
    return None


def swap_seen(pool: PoolSetup, log: Log) -> SwapSeen | None:
    """Return the swap a log tells of, None if it is another pair's or of something else."""
    if log.address != pool.emitter or log.topics[:1] != (wire.SWAP,):
        return None
    amount0_in, amount1_in, amount0_out, amount1_out = wire.read_swap(log)
    return SwapSeen(
        sender=abi.read_address(abi.hex_bytes(log.topics[1]), 0),
        amount0=amount0_in - amount0_out,
        amount1=amount1_in - amount1_out,
    )


def log_topics() -> frozenset[str]:
    """Return the first topics that `read_log` knows."""
    return _TOPICS


def discovery_topic() -> str:
    """Return the first topic of the factory's PairCreated."""
    return wire.PAIR_CREATED


def discovered(log: Log, facts: ChainFacts) -> Mapping[str, object] | None:
    """Return a pair's configuration table from the log that made it."""
    if log.topics[:1] != (wire.PAIR_CREATED,):
        return None
    token0, token1, pair = wire.read_pair_created(log)
    assets = configured_pair(token0, token1, facts)
    if assets is None:
        return None
    return {"address": pair, "base": assets[0], "quote": assets[1]}


def _setup(pool: PoolSettings, settings: Settings, facts: ChainFacts) -> PoolSetup:
    pair = _MARKET.pair(pool.base, pool.quote, facts=facts)
    salt = keccak256(abi.address_bytes(pair.token0) + abi.address_bytes(pair.token1))
    return PoolSetup(
        instrument=_MARKET.instrument(
            pair,
            key=str(pool.fee_pips),
            symbol=pool.address,
            fee_pips=pool.fee_pips,
            facts=facts,
        ),
        dialect=Dialect.V2,
        emitter=pool.address.lower(),
        topic=None,
        token0=pair.token0,
        token1=pair.token1,
        fee_pips=pool.fee_pips,
        tick_spacing=0,
        hooks=NATIVE_COIN,
        contracts={
            POOL_FACTORY: settings.factory.lower(),
            COMPUTED: create2_address(
                settings.factory, salt=salt, init_code_hash=settings.init_code_hash
            ),
        },
    )
