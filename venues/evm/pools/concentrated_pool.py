"""Pool contracts made after Uniswap V3's: their words, state and logs, with what sets them apart.

Each pool is a contract of its own with `slot0`, `liquidity`, `ticks` and `tickBitmap`, and reports
its changes by Swap, Mint and Burn. Everything else a pool logs (collected fees, flash loans, the
protocol's share, oracle slots, staking) changes nothing that a trade depends on. Refuses to tell
what a trade costs: that is `router.liquidity`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import ConfigError, MalformedDataError
from router.domain.market import (
    BlockRef,
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
)
from router.domain.units import TimestampNs
from router.liquidity.fixed_point import TICK_MAX
from venues.evm.pools.family import PoolSetup, SwapSeen
from venues.evm.pools.pool_setup import COMPUTED, POOL_FACTORY, exactly
from venues.evm.words import abi, tick_bitmap
from venues.evm.words.log_form import check_form, malformed, signed_topic
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import Log

MINT: Final = "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde"
BURN: Final = "0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c"

TOKEN0: Final = bytes.fromhex("0dfe1681")
TOKEN1: Final = bytes.fromhex("d21220a7")
FACTORY: Final = bytes.fromhex("c45a0155")
FEE: Final = bytes.fromhex("ddca3f43")
TICK_SPACING: Final = bytes.fromhex("d0c93a7c")
SLOT0: Final = bytes.fromhex("3850c7bd")
LIQUIDITY: Final = bytes.fromhex("1a686502")
TICKS: Final = bytes.fromhex("f30dba93")
TICK_BITMAP: Final = bytes.fromhex("5339c296")

_SWAP_TOPICS: Final = 3
_POSITION_TOPICS: Final = 4
_MINT_BYTES: Final = 4 * abi.WORD
_BURN_BYTES: Final = 3 * abi.WORD
_INT24_BITS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What sets one family's contracts apart.

    Attributes
    ----------
    swap_topic : str
        Of the Swap event, whose data begins with both amounts, price, liquidity and tick.
    swap_words, slot0_words : int
        How many words the event's data has, and at least the answer to `slot0`, which begins with
        price and tick.
    get_pool : bytes
        Selector of the factory's lookup by token, token and key.
    is_keyed_by_fee : bool
        Whether the key is the fee, which then never changes; else it is the tick spacing, and the
        fee may be another in every block.
    """

    swap_topic: str
    swap_words: int
    slot0_words: int
    get_pool: bytes
    is_keyed_by_fee: bool


class ConcentratedPools:
    """The part of `venues.evm.pools.family.Family` that needs no configuration table."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._swap_topic = contract.swap_topic
        self._swap_bytes = contract.swap_words * abi.WORD

    def identity_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the reads that `check_identity` takes."""
        key = pool.fee_pips if self._contract.is_keyed_by_fee else pool.tick_spacing
        lookup = b"".join(
            (
                self._contract.get_pool,
                abi.address(pool.token0),
                abi.address(pool.token1),
                abi.word(key),
            )
        )
        own = (TOKEN0, TOKEN1, FACTORY, FEE, TICK_SPACING, SLOT0)
        calls = [ContractCall(pool.emitter, data) for data in own]
        return [*calls, ContractCall(pool.contracts[POOL_FACTORY], lookup)]

    def check_identity(self, pool: PoolSetup, answers: Sequence[bytes]) -> None:
        """Compare a configured pool with the one on the chain; errors as `Family` says."""
        token0, token1, factory, fee, spacing, slot0, known = exactly(7, answers)
        tokens = (abi.read_address(token0, 0), abi.read_address(token1, 0))
        if tokens != (pool.token0, pool.token1):
            raise ConfigError(
                f"{_name(pool)}.base, quote: the tokens of {pool.emitter} are {tokens[0]} and "
                f"{tokens[1]}, not {pool.token0} and {pool.token1}; correct the pair or the address"
            )
        wanted = pool.contracts[POOL_FACTORY]
        _same(pool, "factory", found=abi.read_address(factory, 0), wanted=wanted)
        of_pool = abi.read_int(spacing, 0, bits=_INT24_BITS)
        _same(pool, "tick_spacing", found=of_pool, wanted=pool.tick_spacing)
        if self._contract.is_keyed_by_fee:
            charged = abi.read_uint(fee, 0, bits=24)
            _same(pool, "fee_pips", found=charged, wanted=pool.fee_pips)
        for place in (abi.read_address(known, 0), pool.contracts.get(COMPUTED, pool.emitter)):
            _same(pool, "address", found=place, wanted=pool.emitter)
        if self._price(slot0)[0] == 0:
            raise ConfigError(
                f"{_name(pool)}.address: {pool.emitter} was never given a price; remove the pool "
                "until it is"
            )

    def first_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the reads of price, liquidity, fee and every word of the tick bitmap."""
        state = [ContractCall(pool.emitter, data) for data in (SLOT0, LIQUIDITY, FEE)]
        words = (
            ContractCall(pool.emitter, TICK_BITMAP + abi.word(index))
            for index in tick_bitmap.word_indices(pool.tick_spacing)
        )
        return [*state, *words]

    def second_calls(self, pool: PoolSetup, first: Sequence[bytes]) -> list[ContractCall]:
        """Return the reads of the liquidity at each initialised tick."""
        return [
            ContractCall(pool.emitter, TICKS + abi.word(tick))
            for tick in tick_bitmap.initialised_ticks(first[3:], pool.tick_spacing)
        ]

    def snapshot(
        self,
        pool: PoolSetup,
        first: Sequence[bytes],
        second: Sequence[bytes],
        *,
        block: BlockRef,
        received_at: TimestampNs,
    ) -> PoolSnapshot:
        """Assemble the pool's state; errors as `Family` says."""
        indices = tick_bitmap.initialised_ticks(first[3:], pool.tick_spacing)
        slot0, liquidity, fee = first[:3]
        sqrt_price_x96, tick = self._price(slot0)
        return tick_bitmap.checked(
            PoolSnapshot(
                instrument=pool.instrument.id,
                block=block,
                fee_pips=abi.read_uint(fee, 0, bits=24),
                tick_spacing=pool.tick_spacing,
                sqrt_price_x96=sqrt_price_x96,
                tick=tick,
                liquidity=abi.read_uint(liquidity, 0, bits=128),
                ticks=tick_bitmap.read_ticks(indices, second),
                received_at=received_at,
            )
        )

    def refresh_calls(self, pool: PoolSetup) -> list[ContractCall]:
        """Return the read of the fee where it may change; it does so without a log."""
        return [] if self._contract.is_keyed_by_fee else [ContractCall(pool.emitter, FEE)]

    def refreshed(
        self, pool: PoolSetup, answers: Sequence[bytes], *, block: BlockRef
    ) -> PoolFeeChanged | None:
        """Return the fee that was read, whether it is another or not."""
        if self._contract.is_keyed_by_fee:
            return None
        (fee,) = exactly(1, answers)
        return PoolFeeChanged(
            instrument=pool.instrument.id,
            block_number=block.number,
            block_hash=block.hash,
            fee_pips=abi.read_uint(fee, 0, bits=24),
            protocol_fees_pips=(0, 0),
        )

    def read_log(self, pool: PoolSetup, log: Log) -> PoolSwapped | PoolLiquidityChanged | None:
        """Return what a log of the pool changes; errors as `Family` says."""
        topics = log.topics
        topic = topics[0] if topics else ""
        if topic == self._swap_topic:
            return self._swapped(pool, log)
        if topic == MINT:  # the data begins with the sender
            return _position_changed(pool, log, size=_MINT_BYTES, at=abi.WORD, sign=1)
        if topic == BURN:
            return _position_changed(pool, log, size=_BURN_BYTES, at=0, sign=-1)
        return None

    def swap_seen(self, pool: PoolSetup, log: Log) -> SwapSeen | None:
        """Return the swap a log tells of, None if it is another pool's or of something else."""
        if log.address != pool.emitter or log.topics[:1] != (self._swap_topic,):
            return None
        swap = self._swapped(pool, log)
        sender = abi.read_address(abi.hex_bytes(log.topics[1]), 0)
        return SwapSeen(sender=sender, amount0=swap.amount0, amount1=swap.amount1)

    def log_topics(self) -> frozenset[str]:
        """Return the first topics that `read_log` knows."""
        return frozenset((self._swap_topic, MINT, BURN))

    # Called for every swap of every pool, so the words are read in place, without `abi`.
    def _swapped(self, pool: PoolSetup, log: Log) -> PoolSwapped:
        data = log.data
        check_form(log, topics=_SWAP_TOPICS, size=self._swap_bytes)
        price = int.from_bytes(data[64:96], "big")
        liquidity = int.from_bytes(data[96:128], "big")
        tick = int.from_bytes(data[128:160], "big", signed=True)
        if price >> 160 or liquidity >> 128 or not -TICK_MAX - 1 <= tick <= TICK_MAX:
            raise malformed(log, f"price {price}, liquidity {liquidity} or tick {tick} is none")
        return PoolSwapped(
            instrument=pool.instrument.id,
            block_number=log.block_number,
            block_hash=log.block_hash,
            log_index=log.index,
            amount0=int.from_bytes(data[0:32], "big", signed=True),
            amount1=int.from_bytes(data[32:64], "big", signed=True),
            sqrt_price_x96=price,
            liquidity=liquidity,
            tick=tick,
        )

    def _price(self, slot0: bytes) -> tuple[int, int]:
        if len(slot0) < self._contract.slot0_words * abi.WORD:
            raise MalformedDataError(f"slot0 has {len(slot0)} bytes, which is too few")
        return abi.read_uint(slot0, 0, bits=160), abi.read_int(slot0, 1, bits=_INT24_BITS)


def liquidity_changed(
    pool: PoolSetup, log: Log, *, lower: int, upper: int, delta: int
) -> PoolLiquidityChanged | None:
    """Return the change of a position; None where it only collects.

    Raises
    ------
    MalformedDataError
        If the pool can have no such position.
    """
    if not -TICK_MAX <= lower < upper <= TICK_MAX or (lower % pool.tick_spacing) != 0:
        raise malformed(log, f"there is no position from tick {lower} to {upper}")
    if (upper % pool.tick_spacing) != 0 or not -(1 << 127) <= delta < 1 << 127:
        raise malformed(log, f"liquidity {delta} cannot change at tick {upper}")
    if delta == 0:
        return None
    return PoolLiquidityChanged(
        instrument=pool.instrument.id,
        block_number=log.block_number,
        block_hash=log.block_hash,
        log_index=log.index,
        tick_lower=lower,
        tick_upper=upper,
        liquidity_delta=delta,
    )


def _position_changed(
    pool: PoolSetup, log: Log, *, size: int, at: int, sign: int
) -> PoolLiquidityChanged | None:
    check_form(log, topics=_POSITION_TOPICS, size=size)
    amount = int.from_bytes(log.data[at : at + abi.WORD], "big")
    return liquidity_changed(
        pool,
        log,
        lower=signed_topic(log.topics[2]),
        upper=signed_topic(log.topics[3]),
        delta=sign * amount,
    )


def _same(pool: PoolSetup, field: str, *, found: object, wanted: object) -> None:
    if found != wanted:
        raise ConfigError(
            f"{_name(pool)}.{field}: the chain says {found}, was {wanted}; correct it, or remove "
            "the pool"
        )


def _name(pool: PoolSetup) -> str:
    return f"{pool.instrument.protocol}.pools.{pool.instrument.id}"
