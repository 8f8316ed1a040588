"""Liquidation: accounts whose equity no longer covers their maintenance margin.

A bucket below its maintenance margin first loses its open orders, then sells into the book: the
whole of every position, or a slice of a large one unless the account is cooling down from a slice
before. If it is healed, the rest stays with the account. Below two thirds of the maintenance margin
the liquidator vault takes positions and margin over at the mark. Below zero others are closed
against it. Source: the venue's documentation on liquidations, read August 2026. Not documented and
therefore ours: the largest position goes first, and a bucket that is found below two thirds goes to
the vault without asking the book.
"""

from venues.sandbox.hyperliquid.clearing import adl
from venues.sandbox.hyperliquid.clearing.bucket import Bucket, buckets, is_short
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.ledger.trades import book_transfer, liquidation_direction
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO, ceil_div, to_text
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    AccountLiquidated,
    LedgerUpdated,
    LiquidationMark,
    Stamp,
)

_PERCENT = 100


def sweep(state: Exchange, matching: Matching, now_ms: int) -> None:
    """Look at every account a mark or a trade may have hurt, and do what has to be done."""
    markets = state.markets.values()
    is_remarked = any(market.is_remarked for market in markets)
    looked_at = [
        account for account in state.accounts.values() if is_remarked or account.is_unsettled
    ]
    for market in markets:
        market.is_remarked = False
    stamp = Stamp(now_ms, NO_ACTION_HASH)
    is_any_short = False
    for account in looked_at:
        account.is_unsettled = False
        if account.is_margined and is_short(account, state):
            is_any_short = True
            if not account.is_liquidator:
                _liquidate(state, matching, account, stamp=stamp)
    if is_any_short:
        adl.run(state, matching, stamp)


def _liquidate(state: Exchange, matching: Matching, account: Account, *, stamp: Stamp) -> None:
    for bucket in list(buckets(account, state)):
        value, needed = bucket.value(state), bucket.maintenance(state)
        if value >= needed or not bucket.positions(state):
            continue
        found = _found(state, bucket, stamp)
        told, fills = len(state.events), len(account.fills)
        _cancel_orders(state, matching, bucket, stamp=stamp)
        if value >= 0 and not _is_lost(value, needed):
            cash_before = account.usd.get(bucket.dex, 0)
            _sell(state, matching, bucket, stamp=stamp)
            if bucket.coin is not None:
                adl.cover(state, bucket, cash_before=cash_before)
            value, needed = bucket.value(state), bucket.maintenance(state)
        if value >= 0 and _is_lost(value, needed):
            _take_over(state, matching, bucket, stamp=stamp)
        if value < 0 or len(account.fills) > fills:
            _report(state, account, found, before=told)


def _is_lost(value: int, needed: int) -> bool:
    return 3 * value < 2 * needed


def _sell(state: Exchange, matching: Matching, bucket: Bucket, *, stamp: Stamp) -> None:
    config = state.config
    account = bucket.account
    is_cooling = stamp.time_ms < account.cooling_until_ms
    for market, position in bucket.positions(state):
        size = held = abs(position.size)
        if not is_cooling and held * market.marked > config.liquidation_slice_above_usd * MICRO:
            size = ceil_div(held * config.liquidation_slice_percent, _PERCENT)
        done = matching.liquidate(account, market, size, stamp=stamp)
        if 0 < done < held:
            account.cooling_until_ms = stamp.time_ms + config.liquidation_cooldown_ms
        if bucket.value(state) >= bucket.maintenance(state):
            return


def _take_over(state: Exchange, matching: Matching, bucket: Bucket, *, stamp: Stamp) -> None:
    # Positions at their marks, then whatever cash the bucket is left with.
    account, vault = bucket.account, state.account(LIQUIDATOR_ADDRESS)
    cash_before = account.usd.get(bucket.dex, 0)
    for market, position in bucket.positions(state):
        book_transfer(
            state,
            giver=account,
            taker=vault,
            market=market,
            price=market.marked,
            signed_size=position.size,
            stamp=stamp,
            liquidation=_mark(account, market),
            directions=(liquidation_direction(position), None),
        )
        matching.position_changed(account, market.spec.name, stamp)
    left = account.usd.get(bucket.dex, 0)
    taken = left if bucket.coin is None else left - cash_before
    account.usd[bucket.dex] = left - taken
    vault.usd[bucket.dex] = vault.usd.get(bucket.dex, 0) + taken


def _mark(account: Account, market: Market) -> LiquidationMark:
    return LiquidationMark(account.address, market.marked, "backstop")


def _cancel_orders(state: Exchange, matching: Matching, bucket: Bucket, *, stamp: Stamp) -> None:
    account = bucket.account
    for order in list(account.open_orders.values()):
        market = state.markets.get(order.coin)
        is_in = market is not None and market.dex == bucket.dex
        is_in = is_in and bucket.coin in (None, order.coin)
        # Cancelling one may have cancelled its siblings.
        if is_in and order.oid in account.open_orders:
            matching.cancel(order, status="liquidatedCanceled", stamp=stamp)


def _found(state: Exchange, bucket: Bucket, stamp: Stamp) -> AccountLiquidated:
    rows = bucket.positions(state)
    return AccountLiquidated(
        account=bucket.account.address,
        liquidation_id=state.next_liquidation_id,
        liquidator=LIQUIDATOR_ADDRESS,
        notional=sum(abs(position.size) * market.marked for market, position in rows),
        account_value=bucket.value(state),
        is_cross=bucket.coin is None,
        positions=tuple((market.spec.name, position.size) for market, position in rows),
        time_ms=stamp.time_ms,
    )


def _report(state: Exchange, account: Account, event: AccountLiquidated, *, before: int) -> None:
    # Ahead of the fills it led to. A bucket of which nothing could be sold is not liquidated yet.
    state.next_liquidation_id += 1
    update = LedgerUpdated(account.address, _delta(state, event), event.time_ms, NO_ACTION_HASH)
    account.ledger_updates.append(update)
    state.events[before:before] = (event, update)


def _delta(state: Exchange, event: AccountLiquidated) -> dict[str, object]:
    return {
        "type": "liquidation",
        "liquidatedNtlPos": to_text(event.notional, 6),
        "accountValue": to_text(event.account_value, 6),
        "leverageType": "Cross" if event.is_cross else "Isolated",
        "liquidatedPositions": [
            {"coin": coin, "szi": to_text(size, state.markets[coin].spec.size_decimals)}
            for coin, size in event.positions
        ],
    }
