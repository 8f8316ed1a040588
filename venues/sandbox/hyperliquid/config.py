"""What a sandbox venue is made of: coins, funded accounts, keys, fees, cadence.

Data only. The development keys below are public, worthless, and the same on every machine; the
sandbox refuses nothing because of them, so never send money to their addresses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from venues.sandbox.hyperliquid.margin import MarginTable, MarginTier
from venues.sandbox.hyperliquid.number import MICRO

DEV_MASTER_KEY = "0x" + "5a" * 31 + "01"
DEV_MASTER_ADDRESS = "0x076248b1c1fb1c1dc081e020d99cbc1e9b3a1a8d"
DEV_AGENT_KEY = "0x" + "5a" * 31 + "02"
DEV_AGENT_ADDRESS = "0x3fd7388a97d455fb56933eb8b0a84d26956643c8"
HOUSE_ADDRESS = "0x96d49f6daa4f3d662f3f066e05aca05784c430e5"

PRICE_DECIMALS_SUM = 6
"""Price decimals plus size decimals of a perpetual; the venue's rule for both grids."""

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class CoinConfig:
    """One perpetual: grids, margin table, and the state the venue opens with."""

    name: str
    size_decimals: int
    max_leverage: int
    margin_table: MarginTable
    oracle_price: str
    """Opening oracle price and mid, USD."""
    funding_rate: str = "0.0000125"
    """Per hour; a long pays when positive."""

    @property
    def price_decimals(self) -> int:
        """Return the most decimals a price may have."""
        return PRICE_DECIMALS_SUM - self.size_decimals


@dataclass(frozen=True, slots=True)
class Fees:
    """Trading fees in millionths of the notional (pips)."""

    taker_pips: int = 450
    maker_pips: int = 150


@dataclass(frozen=True, slots=True)
class FundedAccount:
    """An account that exists when the venue opens, with its deposit in micro-USD."""

    address: str
    deposit_micro_usd: int


@dataclass(frozen=True, slots=True)
class Agent:
    """A key that may trade for `master` but owns nothing."""

    address: str
    master: str
    name: str = ""


BTC = CoinConfig(
    name="BTC",
    size_decimals=5,
    max_leverage=40,
    margin_table=MarginTable(56, "tiered 40x", (MarginTier(0, 40), MarginTier(150_000_000, 20))),
    oracle_price="90000",
)
ETH = CoinConfig(
    name="ETH",
    size_decimals=4,
    max_leverage=25,
    margin_table=MarginTable(55, "tiered 25x", (MarginTier(0, 25), MarginTier(100_000_000, 15))),
    oracle_price="3000",
)


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything that decides how a sandbox behaves; equal configurations behave equally."""

    host: str = "127.0.0.1"
    port: int = 0
    """Zero takes a free one."""
    coins: tuple[CoinConfig, ...] = (BTC, ETH)
    """Asset ids are the positions in this tuple."""
    accounts: tuple[FundedAccount, ...] = (FundedAccount(DEV_MASTER_ADDRESS, 2_000_000 * MICRO),)
    agents: tuple[Agent, ...] = (Agent(DEV_AGENT_ADDRESS, DEV_MASTER_ADDRESS, "sandbox"),)
    fees: Fees = Fees()
    seed: int = 7
    """Shapes the resting liquidity."""
    signs_as_mainnet: bool = False
    """Expect source "a" in signatures; a local address makes the official client sign "b"."""
    book_interval_ms: int = 0
    """Least time between two book frames of one subscription; zero sends one for every change."""
    repeat_ms: int = 500
    """Books, contexts and mids are sent again after this long even if nothing changed."""
    tick_ms: int = 50
    """How often the server lets time do its work."""
    idle_close_ms: int = 60_000
    """A socket to which nothing was sent for this long is closed."""
