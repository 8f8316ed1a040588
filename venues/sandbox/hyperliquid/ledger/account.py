"""One account's ledger: cash and signed sizes, nothing else that counts.

Cash is in micro-USD and takes the whole cost of every trade, as the venue keeps it; entry price,
profit and margin are derived when somebody looks. `cost` is remembered only to show an entry price.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from venues.sandbox.hyperliquid.margin import Exposure
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import Fill, FundingSettled, Order

_DEFAULT_LEVERAGE = 20


@dataclass(slots=True)
class Position:
    """A signed size with what it cost, and the funding it has paid (micro-USD)."""

    size: int = 0
    cost: int = 0
    funding_all_time: int = 0
    funding_since_open: int = 0
    funding_since_change: int = 0


@dataclass(slots=True)
class Account:
    """Cash, positions, resting orders and history of one address."""

    address: str
    cash: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    open_orders: dict[int, Order] = field(default_factory=dict)
    resting_size: dict[tuple[str, bool], int] = field(default_factory=dict)
    """Per coin and side, the size of resting orders that could open a position."""
    cloids: dict[str, int] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    fundings: list[FundingSettled] = field(default_factory=list)
    volume_micro_usd: int = 0
    cancel_all_at_ms: int | None = None
    is_margined: bool = True
    """False for the house, whose pockets are as deep as its book."""

    def position(self, coin: str) -> Position:
        """Return the position in `coin`, a flat one if there was none."""
        return self.positions.setdefault(coin, Position())

    def leverage_of(self, market: Market) -> int:
        """Return the leverage chosen for a market, or the venue's default."""
        return self.leverage.get(market.spec.name, min(_DEFAULT_LEVERAGE, market.spec.max_leverage))

    def reserve(self, order: Order, size: int) -> None:
        """Add `size` (negative: take away) to what resting orders hold margin for."""
        if not order.reduce_only:
            key = (order.coin, order.is_buy)
            self.resting_size[key] = self.resting_size.get(key, 0) + size

    def trade(self, coin: str, signed_size: int, price: int) -> int:
        """Apply an execution to cash and position; return the profit it realised, in micro-USD."""
        position = self.position(coin)
        notional = signed_size * price
        self.cash -= notional
        closes = position.size * signed_size < 0
        before = position.size
        position.size += signed_size
        position.funding_since_change = 0
        if before == 0 or before * position.size < 0:
            position.funding_since_open = 0
        if not closes:
            position.cost += notional
            return 0
        closed = min(abs(signed_size), abs(before))
        released = round(Fraction(position.cost * closed, abs(before)))
        closed_notional = (closed if before > 0 else -closed) * price
        opened = abs(signed_size) - closed
        remaining = position.cost - released
        position.cost = (opened if signed_size > 0 else -opened) * price if opened else remaining
        return closed_notional - released


Markets = Mapping[str, Market]


def usd(micro: int | Fraction) -> Fraction:
    """Return micro-USD as USD."""
    return Fraction(micro) / MICRO


def account_value(account: Account, markets: Markets) -> Fraction:
    """Return cash plus every signed size at its mark, in USD."""
    held = sum(p.size * markets[coin].mark() for coin, p in account.positions.items() if p.size)
    return usd(account.cash + held)


def position_initial(account: Account, market: Market, size: int) -> Fraction:
    """Return the initial margin of a position of `size` in a market, in USD."""
    return usd(abs(size) * market.mark()) / account.leverage_of(market)


def reserved_initial(
    account: Account, markets: Markets, extra: tuple[str, bool, int] | None = None
) -> Fraction:
    """Return the initial margin that positions and resting orders need together, in USD.

    A coin needs margin for the larger of what it would be if every resting buy filled and if every
    resting sell did; reduce-only orders need none. The venue does not publish its own rule.
    `extra` is one more order: coin, side, size.
    """
    total = Fraction(0)
    for coin, market in markets.items():
        resting = {
            side: account.resting_size.get((coin, side), 0)
            + (extra[2] if extra is not None and extra[:2] == (coin, side) else 0)
            for side in (True, False)
        }
        position = account.positions.get(coin)
        size = 0 if position is None else position.size
        worst = max(abs(size + resting[True]), abs(size - resting[False]))
        if worst:
            total += position_initial(account, market, worst)
    return total


def maintenance(account: Account, markets: Markets, *, without: str | None = None) -> Fraction:
    """Return the maintenance margin of all positions but one coin's, in USD."""
    return sum(
        (
            markets[coin].spec.margin_table.maintenance(usd(abs(p.size) * markets[coin].mark()))
            for coin, p in account.positions.items()
            if p.size and coin != without
        ),
        Fraction(0),
    )


def exposure(account: Account, markets: Markets, coin: str) -> Exposure:
    """Return one position as the margin arithmetic wants it: coins and USD."""
    spec = markets[coin].spec
    return Exposure(
        size=Fraction(account.positions[coin].size, 10**spec.size_decimals),
        mark=Fraction(markets[coin].mark(), 10**spec.price_decimals),
        account_value=account_value(account, markets),
        other_maintenance=maintenance(account, markets, without=coin),
    )
