"""The pool contract's words into the words of the house. Refuses what does not fit together."""

from collections.abc import Iterator, Mapping

from router.domain.account import AccountSnapshot
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import (
    BlockRef,
    PoolLiquidityChanged,
    PoolSwapped,
)
from router.domain.order import ChildOrder, Fill
from router.domain.plan import Leg
from router.domain.units import NATIVE, AccountId, Amount, AssetId, Side, TimestampNs
from venues.evm.node import Log, Receipt
from venues.uniswap_v3 import wire
from venues.uniswap_v3.wire import PositionLog, SwapLog


def pool_event(instrument: Instrument, log: Log) -> PoolSwapped | PoolLiquidityChanged | None:
    """Return what a log of a pool changes; None where it changes nothing that trades depend on."""
    match wire.read_log(log):
        case SwapLog() as swap:
            return PoolSwapped(
                instrument=instrument.id,
                block_number=log.block_number,
                block_hash=log.block_hash,
                log_index=log.index,
                amount0=swap.amount0,
                amount1=swap.amount1,
                sqrt_price_x96=swap.sqrt_price_x96,
                liquidity=swap.liquidity,
                tick=swap.tick,
            )
        case PositionLog(liquidity_delta=delta) as position if delta:
            return PoolLiquidityChanged(
                instrument=instrument.id,
                block_number=log.block_number,
                block_hash=log.block_hash,
                log_index=log.index,
                tick_lower=position.tick_lower,
                tick_upper=position.tick_upper,
                liquidity_delta=delta,
            )
    return None


def account_snapshot(
    account: AccountId,
    *,
    tokens: Mapping[AssetId, tuple[int, int]],
    native_wei: int,
    next_nonce: int,
    block: BlockRef,
    received_at: TimestampNs,
) -> AccountSnapshot:
    """Assemble balances; `tokens` holds balance and allowance to Permit2."""
    native = Amount(NATIVE, native_wei)
    balances = (Amount(asset, balance) for asset, (balance, _) in tokens.items())
    spendable = (Amount(asset, min(pair)) for asset, pair in tokens.items())
    return AccountSnapshot(
        account=account,
        balances=(native, *balances),
        spendable=(native, *spendable),
        positions=(),
        equity_atoms=0,
        margin_used_atoms=0,
        next_nonce=next_nonce,
        block=block,
        received_at=received_at,
    )


def fills(
    child: ChildOrder, receipt: Receipt, *, router: str, recipient: str, at_venue: TimestampNs
) -> tuple[Fill, ...]:
    """Return what each pool of a child paid and took, from the receipt's own logs.

    Raises
    ------
    MalformedDataError
        If a leg has no swap of ours in a transaction that succeeded, or more than one.
    """
    done = []
    for leg in child.legs:
        ours = list(_own_swaps(leg.instrument, receipt, router=router, recipient=recipient))
        if len(ours) != 1:
            raise MalformedDataError(
                f"{receipt.hash}: {len(ours)} swaps of ours in {leg.instrument.symbol}"
            )
        log, swap = ours[0]
        done.append(_fill(child, leg, swap, name=f"{receipt.hash}:{log.index}", at=at_venue))
    return tuple(done)


def _fill(child: ChildOrder, leg: Leg, swap: SwapLog, *, name: str, at: TimestampNs) -> Fill:
    instrument = leg.instrument
    base, quote = swap.amount0, swap.amount1
    if not instrument.base_is_token0:
        base, quote = quote, base
    # The pool's signs: what it paid out is negative.
    bought = 1 if leg.side is Side.BUY else -1
    if base * bought > 0 or quote * bought < 0:
        raise MalformedDataError(f"{name}: the pool moved the other way than a {leg.side.value}")
    return Fill(
        id=name,
        child=child.id,
        instrument=instrument.id,
        quantity=Amount(instrument.base.id, abs(base)),
        notional=Amount(instrument.quote.id, abs(quote)),
        fee=Amount(instrument.quote.id, 0),
        at_venue=at,
    )


def _own_swaps(
    instrument: Instrument, receipt: Receipt, *, router: str, recipient: str
) -> Iterator[tuple[Log, SwapLog]]:
    for log in receipt.logs:
        if log.address != instrument.symbol.lower():
            continue
        event = wire.read_log(log)
        if isinstance(event, SwapLog) and event.sender == router.lower():
            if event.recipient != recipient.lower():
                raise MalformedDataError(f"{receipt.hash}: a swap paid {event.recipient}")
            yield log, event
