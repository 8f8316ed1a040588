"""What venues tell about markets: folded into knowledge by `router.state`, not journaled singly."""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.margin import InitialMargin, MarginTier
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
    # On top of the fee, token0 for token1 and the reverse. Uniswap V4 only: elsewhere the
    # protocol's part comes out of the fee, and a trader does not feel it.
    protocol_fees_pips: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class ReservesSnapshot:
    """The whole state of a constant-product pool after a block."""

    instrument: InstrumentId
    block: BlockRef
    fee_pips: int
    reserve0: int
    reserve1: int
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class QuotedSnapshot:
    """What a pool gives after a block, as the chain's own quoter says: its state does not tell.

    Attributes
    ----------
    zero_for_one, one_for_zero : tuple of (int, int)
        An amount in and the amount out for it, in atoms, ascending; empty where it gives nothing.
    """

    instrument: InstrumentId
    block: BlockRef
    received_at: TimestampNs
    zero_for_one: tuple[tuple[int, int], ...]
    one_for_zero: tuple[tuple[int, int], ...]


AnyPoolSnapshot: TypeAlias = PoolSnapshot | ReservesSnapshot | QuotedSnapshot


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
    fee_pips: int | None = None  # what was charged in all, where the event says it
    is_exact: bool = True  # False where the fee may be another, or a hook had a say in the amounts


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
class PoolFeeChanged:
    """From this block on the pool charges another fee."""

    instrument: InstrumentId
    block_number: int
    block_hash: str
    fee_pips: int
    protocol_fees_pips: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReservesSynced:
    """The reserves of a constant-product pool after whatever changed them."""

    instrument: InstrumentId
    block_number: int
    block_hash: str
    log_index: int
    reserve0: int
    reserve1: int


@dataclass(frozen=True, slots=True)
class ReservesSwapped:
    """A swap in a constant-product pool; comes after the ReservesSynced that it led to."""

    instrument: InstrumentId
    block_number: int
    block_hash: str
    log_index: int
    amount0_in: int
    amount1_in: int
    amount0_out: int
    amount1_out: int


@dataclass(frozen=True, slots=True)
class ChainReorganised:
    """Every block of the venue after `ancestor` is void; the blocks in their place follow."""

    venue: VenueId
    ancestor: BlockRef
    received_at: TimestampNs


@dataclass(frozen=True, slots=True)
class PoolQuarantined:
    """A pool whose state or identity cannot be trusted; it is not used until its next snapshot."""

    instrument: InstrumentId
    reason: str
    received_at: TimestampNs


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

    A positive `funding_rate_per_hour` means that longs pay. The venue takes no immediate order that
    is worth more than `order_notional_max_atoms` (of the quote); None where it has no such rule.
    `tiers` are the margin tiers of a position by its notional; empty where the venue tells none.
    """

    instrument: InstrumentId
    mark_ticks: int
    oracle_ticks: int
    funding_rate_per_hour: Pico
    received_at: TimestampNs
    order_notional_max_atoms: int | None = None
    tiers: tuple[MarginTier, ...] = ()
    initial_margin: InitialMargin = InitialMargin.AT_LEVERAGE


@dataclass(frozen=True, slots=True)
class MarketTraded:
    """A public trade at a book, whoever made it; pools tell theirs by their swaps.

    Attributes
    ----------
    trade : int
        The venue's own identity of it; a second report is dropped.
    """

    instrument: InstrumentId
    lots: int
    trade: int
    at_venue: TimestampNs


@dataclass(frozen=True, slots=True)
class VenueWarned:
    """Something at a venue that somebody should see to, though nothing is wrong yet."""

    venue: VenueId
    message: str
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class StreamLost:
    """A venue's stream broke: what it told is stale until it goes on.

    Books come anew as snapshots. A chain goes on where it was if every block since can be had, and
    with snapshots of all pools if not.
    """

    venue: VenueId
    reason: str
    received_at: TimestampNs


PoolEvent: TypeAlias = (
    PoolSwapped | PoolLiquidityChanged | PoolFeeChanged | ReservesSynced | ReservesSwapped
)
MarketEvent: TypeAlias = (
    AnyPoolSnapshot
    | PoolEvent
    | PoolQuarantined
    | ChainReorganised
    | HeadAdvanced
    | BookSnapshot
    | PerpContext
    | StreamLost
    | MarketTraded
    | VenueWarned
)
