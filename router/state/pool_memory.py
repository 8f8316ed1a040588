"""One pool as it is followed: its state now, and after each of the last blocks that changed it.

Every swap is made again from the state before it, to the last atom. Refuses a change that does not
follow: then something was missed, and only a snapshot helps.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from router.domain.market import (
    AnyPoolSnapshot,
    BlockRef,
    PoolEvent,
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
    QuotedSnapshot,
    ReservesSnapshot,
    ReservesSwapped,
    ReservesSynced,
)
from router.domain.units import PIPS_PER_UNIT, TimestampNs
from router.liquidity import concentrated, constant_product, quoted
from router.liquidity.oracle import InconsistentPoolError
from router.liquidity.pool import AnyPool, check, pool_of
from router.liquidity.replay import replay, replay_without_amounts

BLOCKS_REMEMBERED_MAX: Final = 256  # in which the pool changed


@dataclass(frozen=True, slots=True)
class _Sync:
    """Reserves that were told, and what they were before; the swap that did it may follow."""

    log_index: int
    before: constant_product.Pool


class PoolMemory:
    """The state of one pool; values are immutable, so remembering them costs a reference each.

    Raises
    ------
    LiquidityError
        If the snapshot contradicts itself.
    """

    def __init__(self, snapshot: AnyPoolSnapshot) -> None:
        pool = pool_of(snapshot)
        check(pool)
        self.pool: AnyPool = pool
        self.snapshot = snapshot
        self.changed_in = 0  # the block of the last change since the snapshot
        self._sync: _Sync | None = None
        # Oldest first. One more than are remembered: the state before the oldest of them.
        self._past: deque[tuple[int, AnyPool]] = deque(maxlen=BLOCKS_REMEMBERED_MAX + 1)
        self._past.append((snapshot.block.number, pool))

    def apply(self, event: PoolEvent) -> None:
        """Take in a change.

        Raises
        ------
        LiquidityError
            If it does not follow from the state before it.
        """
        pool = self.pool
        # Swaps are by far the most common, and all that has to be fast.
        if isinstance(event, PoolSwapped) and isinstance(pool, concentrated.Pool):
            after: AnyPool = _swapped(pool, event)
        else:
            after = self._changed(pool, event)
        self.pool = after
        number = self.changed_in = event.block_number
        past = self._past
        if past[-1][0] == number:
            past[-1] = (number, after)
        else:
            past.append((number, after))

    def precedes(self, snapshot: AnyPoolSnapshot) -> bool:
        """Tell whether a snapshot is of a later block than the one this began with."""
        return self.snapshot.block.number < snapshot.block.number

    def requote(self, snapshot: QuotedSnapshot) -> None:
        """Take in the quotes after a later block, which are all that there is to such a pool.

        Raises
        ------
        LiquidityError
            If they contradict themselves.
        """
        pool, number = pool_of(snapshot), snapshot.block.number
        check(pool)
        past = self._past
        while past and past[-1][0] >= number:
            past.pop()
        past.append((number, pool))
        self.pool, self.changed_in = pool, number

    def rewind(self, number: int) -> bool:
        """Go back to the state after block `number`; False if it is not remembered."""
        past = self._past
        while past and past[-1][0] > number:
            past.pop()
        if not past:
            return False
        self.changed_in, self.pool = past[-1]
        self._sync = None
        return True

    def state(self, block: BlockRef, received_at: TimestampNs) -> AnyPoolSnapshot:
        """Return the state now, as that after `block`."""
        pool = self.pool
        match self.snapshot, pool:
            case PoolSnapshot() as snapshot, concentrated.Pool():
                return replace(
                    snapshot,
                    block=block,
                    fee_pips=pool.fee_pips,
                    sqrt_price_x96=pool.sqrt_price_x96,
                    tick=pool.tick,
                    liquidity=pool.liquidity,
                    ticks=pool.ticks,
                    protocol_fees_pips=pool.protocol_fees_pips,
                    received_at=received_at,
                )
            case ReservesSnapshot() as snapshot, constant_product.Pool():
                return replace(
                    snapshot,
                    block=block,
                    fee_pips=pool.fee_pips,
                    reserve0=pool.reserve0,
                    reserve1=pool.reserve1,
                    received_at=received_at,
                )
            case QuotedSnapshot() as snapshot, quoted.Pool():
                return replace(
                    snapshot,
                    block=block,
                    zero_for_one=pool.zero_for_one,
                    one_for_zero=pool.one_for_zero,
                    received_at=received_at,
                )
            case _:
                raise AssertionError("a pool stays of the kind its snapshot is of")

    def _changed(self, pool: AnyPool, event: PoolEvent) -> AnyPool:
        if isinstance(pool, constant_product.Pool):
            if isinstance(event, ReservesSynced):
                self._sync = _Sync(event.log_index, pool)
                after = constant_product.Pool(event.reserve0, event.reserve1, pool.fee_pips)
                constant_product.check(after)
                return after
            if isinstance(event, ReservesSwapped):
                sync, self._sync = self._sync, None
                if sync is None or sync.log_index + 1 != event.log_index:
                    raise InconsistentPoolError("a swap came without the reserves it led to")
                _check_reserves(sync.before, event, after=pool)
                return pool
            if isinstance(event, PoolFeeChanged):
                return replace(pool, fee_pips=event.fee_pips)
        elif isinstance(pool, concentrated.Pool):
            moved = _ranges_changed(pool, event)
            if moved is not None:
                return moved
        raise InconsistentPoolError(
            f"{type(event).__name__} is of another kind of pool than its snapshot"
        )


def _ranges_changed(pool: concentrated.Pool, event: PoolEvent) -> concentrated.Pool | None:
    if isinstance(event, PoolLiquidityChanged):
        return concentrated.modify_liquidity(
            pool,
            lower=event.tick_lower,
            upper=event.tick_upper,
            delta=event.liquidity_delta,
        )
    if isinstance(event, PoolFeeChanged):
        return replace(pool, fee_pips=event.fee_pips, protocol_fees_pips=event.protocol_fees_pips)
    return None


def _swapped(pool: concentrated.Pool, event: PoolSwapped) -> concentrated.Pool:
    try:
        return replay(
            pool,
            amount0=event.amount0,
            amount1=event.amount1,
            sqrt_price_x96=event.sqrt_price_x96,
            liquidity=event.liquidity,
            tick=event.tick,
            fee_pips=event.fee_pips,
        )
    except InconsistentPoolError:
        if event.is_exact:
            raise
    return replay_without_amounts(
        pool,
        sqrt_price_x96=event.sqrt_price_x96,
        liquidity=event.liquidity,
        tick=event.tick,
    )


# What the pair itself demands of a swap: the reserves move by what was paid, and their product,
# less the fee on what came in, does not fall.
def _check_reserves(
    before: constant_product.Pool, event: ReservesSwapped, *, after: constant_product.Pool
) -> None:
    for name, old, paid, received, new in (
        ("reserve0", before.reserve0, event.amount0_in, event.amount0_out, after.reserve0),
        ("reserve1", before.reserve1, event.amount1_in, event.amount1_out, after.reserve1),
    ):
        if old + paid - received != new:
            raise InconsistentPoolError(
                f"{name} is {new}, from the state before the swap follows {old + paid - received}"
            )
    fee = before.fee_pips
    left0 = after.reserve0 * PIPS_PER_UNIT - event.amount0_in * fee
    left1 = after.reserve1 * PIPS_PER_UNIT - event.amount1_in * fee
    if left0 * left1 < before.reserve0 * before.reserve1 * PIPS_PER_UNIT**2:
        raise InconsistentPoolError(f"the swap paid less than the fee of {fee} pips asks for")
