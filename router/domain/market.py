"""What venues tell about markets: folded into knowledge by `router.state`, not journaled singly."""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.units import InstrumentId, Pico, TimestampNs, VenueId


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block by number and hash; the hash is what identifies it."""

    number: int
    hash: str
    parent_hash: str
    at_venue: TimestampNs


@dataclass(frozen=True, slots=True)
class PoolTick:
    """An initialised tick of a concentrated-liquidity pool."""

    index: int
    liquidity_net: int
    liquidity_gross: int


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The whole state of a pool after a block, as the contract's own integers."""

    instrument: InstrumentId
    block: BlockRef
    fee_pips: int
    tick_spacing: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[PoolTick, ...]  # ascending by index
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class PoolSwapped:
    """A swap the chain reports: amounts are the pool's (positive came in), state is after it."""

    instrument: InstrumentId
    block_number: int
    block_hash: str
    log_index: int
    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


@dataclass(frozen=True, slots=True)
class PoolLiquidityChanged:
    """Liquidity added (positive) or removed (negative) between two ticks."""

    instrument: InstrumentId
    block_number: int
    block_hash: str
    log_index: int
    tick_lower: int
    tick_upper: int
    liquidity_delta: int


@dataclass(frozen=True, slots=True)
class HeadAdvanced:
    """A new head whose logs have all been delivered before it; stamps every pool of the venue."""

    venue: VenueId
    block: BlockRef
    base_fee_wei: int
    priority_fee_wei: int  # what the chain asks at present for inclusion
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """The visible book: levels as (price in ticks, quantity in lots), best first."""

    instrument: InstrumentId
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    at_venue: TimestampNs
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class PerpContext:
    """Mark, oracle and funding of a perpetual; prices in ticks of the instrument, rounded down.

    A positive `funding_rate_per_hour` means that longs pay.
    """

    instrument: InstrumentId
    mark_ticks: int
    oracle_ticks: int
    funding_rate_per_hour: Pico
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class StreamLost:
    """A venue's stream broke or showed a gap: what it told is stale until a new snapshot."""

    venue: VenueId
    reason: str
    received_at: TimestampNs


MarketEvent: TypeAlias = (
    PoolSnapshot
    | PoolSwapped
    | PoolLiquidityChanged
    | HeadAdvanced
    | BookSnapshot
    | PerpContext
    | StreamLost
)
