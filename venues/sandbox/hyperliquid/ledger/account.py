"""One account's ledger: cash and signed sizes, nothing else that counts.

Cash is in micro-USD and takes the whole cost of every trade, as the venue keeps it; entry price,
profit and margin are derived when somebody looks. `cost` is remembered only to show an entry price.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.order import Fill, FundingSettled, LedgerUpdated, Order

_DEFAULT_LEVERAGE = 20


class AccountKind(StrEnum):
    """What an address is."""

    USER = "user"
    SUB_ACCOUNT = "subAccount"
    VAULT = "vault"


@dataclass(frozen=True, slots=True)
class Leverage:
    """What an account has chosen for a coin."""

    value: int
    is_cross: bool = True


@dataclass(slots=True)
class Position:
    """A signed size with what it cost, and the funding it has paid (micro-USD)."""

    size: int = 0
    cost: int = 0
    isolated_usd: int | None = None
    """Isolated positions: their own cash leg, margin deposited less cost and fees; None on
    cross margin."""
    funding_all_time: int = 0
    funding_since_open: int = 0
    funding_since_change: int = 0
    resting_buys: int = 0
    """Size of resting buys that could open a position; reduce-only ones do not count."""
    resting_sells: int = 0


@dataclass(slots=True)
class SpotBalance:
    """A token held, in its smallest unit (10^-weiDecimals); `hold` is reserved by open orders."""

    total: int = 0
    hold: int = 0
    cost: int = 0
    """What the balance cost, in the smallest unit of the quote."""


@dataclass(slots=True)
class DayVolume:
    """What an account traded in a UTC day, micro-USD, perpetuals first."""

    taker: int = 0
    maker: int = 0
    spot_taker: int = 0
    spot_maker: int = 0


@dataclass(slots=True)
class Account:
    """Cash, positions, resting orders and history of one address."""

    address: str
    usd: dict[str, int] = field(default_factory=dict)
    """Cross cash leg by dex, micro-USD; the nameless first dex is ""."""
    kind: AccountKind = AccountKind.USER
    master: str | None = None
    """Owner of a sub-account, leader of a vault."""
    name: str = ""
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, Leverage] = field(default_factory=dict)
    spot: dict[int, SpotBalance] = field(default_factory=dict)
    """By token index."""
    open_orders: dict[int, Order] = field(default_factory=dict)
    """Resting ones and those that wait for a trigger."""
    cloids: dict[str, int] = field(default_factory=dict)
    """The newest order of each client id."""
    order_ids: list[int] = field(default_factory=list)
    """Every order it ever had, oldest first."""
    fills: list[Fill] = field(default_factory=list)
    fundings: list[FundingSettled] = field(default_factory=list)
    ledger_updates: list[LedgerUpdated] = field(default_factory=list)
    volume_micro_usd: int = 0
    """All it ever traded; what the address's request allowance grows with."""
    volume_by_day: dict[int, DayVolume] = field(default_factory=dict)
    """By days since the Unix epoch."""
    builder_approvals: dict[str, int] = field(default_factory=dict)
    """Most a builder may charge, in tenths of a basis point."""
    abstraction: str = "default"
    requests_used: int = 0
    requests_reserved: int = 0
    cancel_all_at_ms: int | None = None
    cancel_all_day: int = 0
    cancel_all_count: int = 0
    """How often the scheduled cancel has fired on that UTC day."""
    cooling_until_ms: int = 0
    """Until then a liquidation takes whole positions."""
    is_unsettled: bool = False
    """It traded since its margin was looked at last."""
    referrer: str | None = None
    fee_day: int = -1
    """The UTC day for which `fee_rates` holds."""
    fee_rates: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Taker, maker, spot taker, spot maker, in 1e-12 of the notional."""
    is_liquidator: bool = False
    """It takes over what books could not; all of it on cross margin."""
    is_margined: bool = True
    """False for the house, whose pockets are as deep as its book."""

    @property
    def cash(self) -> int:
        """Return the cross cash leg of the first dex, micro-USD."""
        return self.usd.get("", 0)

    @cash.setter
    def cash(self, micro_usd: int) -> None:
        self.usd[""] = micro_usd

    def position(self, coin: str) -> Position:
        """Return the position in `coin`, a flat one if there was none."""
        found = self.positions.get(coin)
        if found is None:
            found = self.positions[coin] = Position()
        return found

    def is_cross(self, market: Market) -> bool:
        """Tell whether a position in a market would be carried by the cross margin of its dex."""
        chosen = self.leverage.get(market.spec.name)
        is_cross_allowed = self.is_liquidator or not market.is_isolated_only
        return is_cross_allowed and (chosen is None or chosen.is_cross)

    def leverage_of(self, market: Market) -> int:
        """Return the leverage chosen for a market, or the venue's default."""
        chosen = self.leverage.get(market.spec.name)
        return chosen.value if chosen else min(_DEFAULT_LEVERAGE, market.spec.max_leverage)

    def reserve(self, order: Order, size: int) -> None:
        """Add `size` (negative: take away) to what resting orders hold margin for."""
        if order.reduce_only:
            return
        position = self.position(order.coin)
        if order.is_buy:
            position.resting_buys += size
        else:
            position.resting_sells += size
