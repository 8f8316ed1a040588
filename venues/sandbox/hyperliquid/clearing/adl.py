"""Auto-deleveraging: what is worth less than nothing is closed against those who won.

Holders of the other side are ranked by profit times leverage, (mark / entry) * (notional / account
value) for longs and (entry / mark) * (notional / account value) for shorts, and closed one after
the other at the previous mark, at no fee. Whoever has no position bears nothing. What closing could
not bring back to zero falls to the liquidator vault. Source: the venue's documentation, read August
2026; the ratio for shorts is not documented and is the mirror image.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from typing import TypeAlias

from venues.sandbox.hyperliquid.clearing.bucket import Bucket, buckets, is_short
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.ledger.trades import (
    DELEVERAGED,
    book_transfer,
    liquidation_direction,
)
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import LiquidationMark, Stamp

_Order: TypeAlias = tuple[bool, Fraction, str]


@dataclass(frozen=True, slots=True)
class Rank:
    """A holder's place in the queue; the highest is closed first."""

    account: Account
    is_last_resort: bool
    """Has no equity to lose, or is the house."""
    index: Fraction

    @property
    def order(self) -> _Order:
        """Return what to sort by; equal indices go by address, so that the order is one."""
        return self.is_last_resort, -self.index, self.account.address


def run(state: Exchange, matching: Matching, stamp: Stamp) -> None:
    """Close buckets below zero until none is left that holds a position.

    Ends because every turn empties a bucket for good, except the vault's, which takes over what
    the others could not bear and has nothing more to close once it was closed itself.
    """
    Round(state, matching, stamp).run()


class Round:
    """One round: every account is looked at once, and again only when closing others touched it."""

    def __init__(self, state: Exchange, matching: Matching, stamp: Stamp) -> None:
        self._state = state
        self._matching = matching
        self._stamp = stamp
        self._vault = state.account(LIQUIDATOR_ADDRESS)
        self._pending: deque[Account] = deque(state.accounts.values())
        # By coin and side, the best first. A rank is out of date once its account was touched
        # after it was made; whoever is touched gets new ones.
        self._queues: dict[tuple[str, bool], list[tuple[_Order, int, Account]]] = {}
        self._touches: dict[str, int] = {}

    def run(self) -> None:
        """Close all that is below zero, the vault last."""
        while self._pending:
            while self._pending:
                account = self._pending.popleft()
                if account is not self._vault:
                    self._relieve(account)
            # The vault last: what others leave behind falls to it.
            self._relieve(self._vault)

    def _relieve(self, account: Account) -> None:
        if not account.is_margined or not is_short(account, self._state):
            return
        for bucket in buckets(account, self._state):
            if bucket.value(self._state) < 0 and not _is_hopeless(self._state, bucket):
                cash_before = account.usd.get(bucket.dex, 0)
                self._close(bucket)
                cover(self._state, bucket, cash_before=cash_before)
                self._touch(account)
                self._touch(self._vault)

    def _close(self, bucket: Bucket) -> None:
        account = bucket.account
        for market, position in bucket.positions(self._state):
            coin = market.spec.name
            direction = liquidation_direction(position)
            mark = LiquidationMark(account.address, market.marked, "backstop")
            while position.size:
                other = self.first(market, against_long=position.size > 0)
                size = min(abs(position.size), abs(other.position(coin).size))
                book_transfer(
                    self._state,
                    giver=account,
                    taker=other,
                    market=market,
                    price=market.previous_mark,
                    signed_size=size if position.size > 0 else -size,
                    stamp=self._stamp,
                    liquidation=mark,
                    directions=(direction, DELEVERAGED),
                )
                self._matching.position_changed(other, coin, self._stamp)
                self._touch(other)
                self._pending.append(other)
            self._matching.position_changed(account, coin, self._stamp)

    def first(self, market: Market, *, against_long: bool) -> Account:
        """Return who is closed next against a position."""
        key = market.spec.name, against_long
        waiting = self._queues.get(key)
        if waiting is None:
            ranks = _ranks(self._state, market, against_long=against_long)
            waiting = self._queues[key] = [self._entry(rank) for rank in ranks]
        while waiting:
            _, touches, account = waiting[0]
            is_current = touches == self._touches.get(account.address, 0)
            if is_current and _is_opposite(account, market, against_long=against_long):
                return account
            heappop(waiting)
        raise AssertionError(f"sizes of {key[0]} sum to zero, so somebody holds the other side")

    def _touch(self, account: Account) -> None:
        self._touches[account.address] = self._touches.get(account.address, 0) + 1
        for (coin, against_long), waiting in self._queues.items():
            market = self._state.markets[coin]
            if _is_opposite(account, market, against_long=against_long):
                heappush(waiting, self._entry(_rank(self._state, account, market)))

    def _entry(self, rank: Rank) -> tuple[_Order, int, Account]:
        # The order ends in the address and the count follows, so accounts are never compared.
        account = rank.account
        return rank.order, self._touches.get(account.address, 0), account


def queue(state: Exchange, market: Market, *, against_long: bool) -> list[Account]:
    """Return who would be closed against a position, the first one first."""
    return [rank.account for rank in _ranks(state, market, against_long=against_long)]


def _ranks(state: Exchange, market: Market, *, against_long: bool) -> list[Rank]:
    ranks = [
        _rank(state, account, market)
        for account in state.accounts.values()
        if _is_opposite(account, market, against_long=against_long)
    ]
    return sorted(ranks, key=lambda rank: rank.order)


def _is_hopeless(state: Exchange, bucket: Bucket) -> bool:
    return bucket.account.is_liquidator and not bucket.positions(state)


def cover(state: Exchange, bucket: Bucket, *, cash_before: int) -> None:
    """Let the vault pay what a bucket without positions owes.

    What an isolated position that is gone still owed was taken from the cash of its dex; what a
    cross bucket owes is its cash. Neither is the account's to pay.
    """
    account = bucket.account
    if account.is_liquidator:
        return
    cash = account.usd.get(bucket.dex, 0)
    missing = -cash if bucket.coin is None else cash_before - cash
    if missing > 0:
        vault = state.account(LIQUIDATOR_ADDRESS)
        account.usd[bucket.dex] = cash + missing
        vault.usd[bucket.dex] = vault.usd.get(bucket.dex, 0) - missing


def _is_opposite(account: Account, market: Market, *, against_long: bool) -> bool:
    position = account.positions.get(market.spec.name)
    if position is None or position.size == 0:
        return False
    return (position.size < 0) == against_long


def _rank(state: Exchange, account: Account, market: Market) -> Rank:
    position = account.positions[market.spec.name]
    coin = None if position.isolated_usd is None else market.spec.name
    value = Bucket(account, market.dex, coin).value(state)
    now, entry = abs(position.size) * market.marked, max(1, abs(position.cost))
    if value <= 0 or not account.is_margined:
        return Rank(account, is_last_resort=True, index=Fraction(0))
    profit = Fraction(now, entry) if position.size > 0 else Fraction(entry, now)
    return Rank(account, is_last_resort=False, index=profit * Fraction(now, value))
