"""All that the venue remembers, in one place; its parts are functions and classes on it.

Only plain holding: nothing here decides, trades or computes. What money there is lies in
`Exchange.accounts` and `Exchange.till`, and together they are always what was paid in less what was
paid out: `ledger.conservation` checks it at every block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from venues.sandbox.hyperliquid.config import Agent, SandboxConfig
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.order import Event, Order, Twap


@dataclass(slots=True)
class Till:
    """Money that belongs to no account, micro-USD, and what entered and left the venue."""

    fees: int = 0
    """Trading fees less rebates, builders' shares taken out."""
    priority_fees: int = 0
    """Burned by the venue; kept here so that the sum stays whole."""
    funding_residual: int = 0
    """What rounding funding payments against the accounts left over."""
    paid_in: int = 0
    paid_out: int = 0
    spot_paid_in: dict[int, int] = field(default_factory=dict)
    """By token index, what was credited from outside less what left, in its smallest unit."""
    spot_fees: dict[int, int] = field(default_factory=dict)
    """By token index, in the token's smallest unit."""


@dataclass(slots=True)
class Modes:
    """What the operator of the venue has switched on."""

    post_only: bool = False
    """Right after a network upgrade only orders that add liquidity are taken."""
    halted: set[str] = field(default_factory=set)
    """Coins that do not trade for now."""
    delisted: set[str] = field(default_factory=set)
    """Coins and pairs that trade no more."""
    capped: set[str] = field(default_factory=set)
    """Coins at their open interest cap, whatever the interest is."""

    def is_closed(self, coin: str) -> bool:
        """Tell whether a coin does not trade, for now or for good."""
        return coin in self.halted or coin in self.delisted


@dataclass(slots=True)
class Exchange:
    """Markets, accounts, orders, keys, and the time of the present block.

    Attributes
    ----------
    markets : dict of str to Market
        Perpetuals of every dex, by coin.
    spot_markets : dict of str to SpotMarket
        Pairs, by the name orders and books carry ("PURR/USDC", "@1").
    by_asset : dict of int to Market or SpotMarket
        Perpetuals of every dex (index; 100000 + 10000 * dex + index), spot pairs (10000 + index).
    agents : dict of str to Agent
        By the agent's address, lower case; expired ones stay until they are replaced.
    settled_rates : dict of (coin, hour) to Fraction
        Hourly funding rate by the hour's end in milliseconds since the Unix epoch.
    """

    config: SandboxConfig
    now_ms: int
    markets: dict[str, Market]
    by_asset: dict[int, Market | SpotMarket]
    spot_markets: dict[str, SpotMarket] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    twaps: dict[int, Twap] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    nonces: dict[str, list[int]] = field(default_factory=dict)
    """By signing key, ascending."""
    events: list[Event] = field(default_factory=list)
    till: Till = field(default_factory=Till)
    modes: Modes = field(default_factory=Modes)
    settled_rates: dict[tuple[str, int], Fraction] = field(default_factory=dict)
    settled_premiums: dict[tuple[str, int], Fraction] = field(default_factory=dict)
    """Mean premium of the same hours; absent where no sample was taken."""
    cleared_ms: int | None = None
    """Up to when funding, marks and liquidations have been done."""
    next_liquidation_id: int = 1
    next_oid: int = 1
    next_trade_id: int = 1
    next_twap_id: int = 1

    def account(self, address: str) -> Account:
        """Return the account of an address, opening an empty one when there is none."""
        found = self.accounts.get(address)
        if found is None:
            found = self.accounts[address] = Account(address)
        return found

    def perps(self, dex: str = "") -> Iterator[Market]:
        """Yield the perpetuals of one dex in the order of their numbers."""
        return (m for m in self.markets.values() if m.dex == dex)

    def market(self, coin: str) -> Market | SpotMarket:
        """Return the market of a coin or pair."""
        return self.markets.get(coin) or self.spot_markets[coin]
