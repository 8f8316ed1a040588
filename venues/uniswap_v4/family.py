"""Uniswap V4 as a family of pool contracts; satisfies `venues.evm.pools.family.Family`.

State is read through StateView; where a hook changes amounts there are quotes of the V4Quoter in
place of it. Which contract is asked stands in `PoolSetup.contracts`.
"""

from collections.abc import Mapping, Sequence

from router.domain.error import ConfigError
from router.domain.market import (
    BlockRef,
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
    QuotedSnapshot,
)
from router.domain.units import TimestampNs
from venues.evm.pools.concentrated_pool import liquidity_changed
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, PoolSetup, SwapSeen
from venues.evm.pools.pool_setup import configured_pair, exactly
from venues.evm.words import abi, tick_bitmap
from venues.evm.words.log_form import malformed
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import Log
from venues.uniswap_v4 import quotes, settings, wire
from venues.uniswap_v4.settings import QUOTER, STATE_VIEW
from venues.uniswap_v4.spec import DYNAMIC_FEE, NAME

configured = settings.configured


def identity_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the reads of whose state is shown, and quoted if it is; and of price and fee."""
    managers = [ContractCall(pool.contracts[name], wire.POOL_MANAGER) for name in _asked(pool)]
    return [*managers, _view(pool, wire.GET_SLOT0)]


def check_identity(pool: PoolSetup, answers: Sequence[bytes]) -> None:
    """Compare a configured pool with the one on the chain; its id is the hash of its key."""
    asked = _asked(pool)
    *managers, data = exactly(len(asked) + 1, answers)
    for name, manager in zip(asked, managers, strict=True):
        if not manager:
            raise ConfigError(f"{NAME}.{name}: there is no contract at {pool.contracts[name]}")
        found = abi.read_address(manager, 0)
        if found != pool.emitter:
            raise ConfigError(
                f"{NAME}.{name}: {pool.contracts[name]} shows the pools of {found}, "
                f"pool_manager was {pool.emitter}; correct one of them"
            )
    slot0 = wire.read_slot0(data)
    name = f"{NAME}.pools.{pool.instrument.id}"
    if slot0.sqrt_price_x96 == 0:
        raise ConfigError(
            f"{name}: there is no pool {pool.topic}; correct base, quote, native, fee_pips, "
            "tick_spacing or hooks, of which its id is made"
        )
    if not _has_dynamic_fee(pool) and slot0.fee_pips != pool.fee_pips:
        raise ConfigError(
            f"{name}.fee_pips: the chain says {slot0.fee_pips}, was {pool.fee_pips}; correct it"
        )


def first_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the reads of price, fees, liquidity and every word of the tick bitmap; or quotes."""
    if not pool.is_replayable:
        return quotes.first_calls(pool)
    words = (
        _view(pool, wire.GET_TICK_BITMAP, abi.word(index))
        for index in tick_bitmap.word_indices(pool.tick_spacing)
    )
    return [_view(pool, wire.GET_SLOT0), _view(pool, wire.GET_LIQUIDITY), *words]


def second_calls(pool: PoolSetup, first: Sequence[bytes]) -> list[ContractCall]:
    """Return the reads of the liquidity at each initialised tick; or more quotes."""
    if not pool.is_replayable:
        return quotes.second_calls(pool, first)
    return [
        _view(pool, wire.GET_TICK_LIQUIDITY, abi.word(tick))
        for tick in tick_bitmap.initialised_ticks(first[2:], pool.tick_spacing)
    ]


def snapshot(
    pool: PoolSetup,
    first: Sequence[bytes],
    second: Sequence[bytes],
    *,
    block: BlockRef,
    received_at: TimestampNs,
) -> PoolSnapshot | QuotedSnapshot:
    """Assemble the pool's state, or what it was quoted to give."""
    if not pool.is_replayable:
        return quotes.snapshot(pool, first, second, block=block, received_at=received_at)
    indices = tick_bitmap.initialised_ticks(first[2:], pool.tick_spacing)
    slot0 = wire.read_slot0(first[0])
    return tick_bitmap.checked(
        PoolSnapshot(
            instrument=pool.instrument.id,
            block=block,
            fee_pips=slot0.fee_pips,
            tick_spacing=pool.tick_spacing,
            sqrt_price_x96=slot0.sqrt_price_x96,
            tick=slot0.tick,
            liquidity=abi.read_uint(first[1], 0, bits=128),
            ticks=tick_bitmap.read_ticks(indices, second),
            received_at=received_at,
            protocol_fees_pips=slot0.protocol_fees_pips,
        )
    )


def refresh_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the read of the fee where a hook sets it; it does so without a log."""
    return [_view(pool, wire.GET_SLOT0)] if _is_refreshed(pool) else []


def refreshed(
    pool: PoolSetup, answers: Sequence[bytes], *, block: BlockRef
) -> PoolFeeChanged | None:
    """Return the fees that were read, whether they are others or not."""
    if not _is_refreshed(pool):
        return None
    slot0 = wire.read_slot0(exactly(1, answers)[0])
    return PoolFeeChanged(
        instrument=pool.instrument.id,
        block_number=block.number,
        block_hash=block.hash,
        fee_pips=slot0.fee_pips,
        protocol_fees_pips=slot0.protocol_fees_pips,
    )


def read_log(
    pool: PoolSetup, log: Log
) -> PoolSwapped | PoolLiquidityChanged | PoolFeeChanged | None:
    """Return what a log of the pool changes; nothing where only quotes tell what it gives."""
    topic = log.topics[0] if log.topics else ""
    if topic not in _TOPICS or not pool.is_replayable:
        return None
    if log.topics[1:2] != (pool.topic,):
        raise malformed(log, f"it must be of pool {pool.topic}")
    if topic == wire.SWAP:
        swap = wire.read_swap(log)
        return PoolSwapped(
            instrument=pool.instrument.id,
            block_number=log.block_number,
            block_hash=log.block_hash,
            log_index=log.index,
            amount0=swap.amount0,
            amount1=swap.amount1,
            sqrt_price_x96=swap.sqrt_price_x96,
            liquidity=swap.liquidity,
            tick=swap.tick,
            fee_pips=swap.fee_pips,
        )
    if topic == wire.MODIFY_LIQUIDITY:
        lower, upper, delta = wire.read_position(log)
        return liquidity_changed(pool, log, lower=lower, upper=upper, delta=delta)
    return _protocol_fee_changed(pool, log)


def swap_seen(pool: PoolSetup, log: Log) -> SwapSeen | None:
    """Return the swap a log tells of, None if it is another pool's or of something else."""
    if log.address != pool.emitter or log.topics[:2] != (wire.SWAP, pool.topic):
        return None
    swap = wire.read_swap(log)
    sender = abi.read_address(abi.hex_bytes(log.topics[2]), 0)
    return SwapSeen(sender=sender, amount0=swap.amount0, amount1=swap.amount1)


def log_topics() -> frozenset[str]:
    """Return the first topics that `read_log` knows."""
    return _TOPICS


def discovery_topic() -> str:
    """Return the first topic of the PoolManager's Initialize, which carries the key."""
    return wire.INITIALIZE


def discovered(log: Log, facts: ChainFacts) -> Mapping[str, object] | None:
    """Return a pool's configuration table; None also where it needs leave for its hook."""
    if log.topics[:1] != (wire.INITIALIZE,):
        return None
    key = wire.read_key(log)
    assets = configured_pair(key.currency0, key.currency1, facts)
    is_dynamic = key.fee == DYNAMIC_FEE
    if assets is None or settings.refusal(key.hooks, has_dynamic_fee=is_dynamic) is not None:
        return None
    table: dict[str, object] = {
        "base": assets[0],
        "quote": assets[1],
        "fee_pips": key.fee,
        "tick_spacing": key.tick_spacing,
        "native": key.currency0 == NATIVE_COIN,
    }
    return table if key.hooks == NATIVE_COIN else table | {"hooks": key.hooks}


_TOPICS = frozenset((wire.SWAP, wire.MODIFY_LIQUIDITY, wire.PROTOCOL_FEE_UPDATED))


# The contracts of the family that are asked about a pool, by their names in the configuration.
def _asked(pool: PoolSetup) -> tuple[str, ...]:
    return (STATE_VIEW,) if pool.is_replayable else (STATE_VIEW, QUOTER)


def _has_dynamic_fee(pool: PoolSetup) -> bool:
    return pool.fee_pips == DYNAMIC_FEE


# Quotes contain the fee.
def _is_refreshed(pool: PoolSetup) -> bool:
    return _has_dynamic_fee(pool) and pool.is_replayable


# Where the fee is dynamic the log does not tell it; both are read after the block then.
def _protocol_fee_changed(pool: PoolSetup, log: Log) -> PoolFeeChanged | None:
    fees = wire.read_protocol_fees(log)
    if _has_dynamic_fee(pool):
        return None
    return PoolFeeChanged(
        instrument=pool.instrument.id,
        block_number=log.block_number,
        block_hash=log.block_hash,
        fee_pips=pool.fee_pips,
        protocol_fees_pips=fees,
    )


def _view(pool: PoolSetup, selector: bytes, *arguments: bytes) -> ContractCall:
    assert pool.topic is not None, f"{pool.instrument.id} has no id"
    identity = abi.hex_bytes(pool.topic)
    return ContractCall(pool.contracts[STATE_VIEW], b"".join((selector, identity, *arguments)))
