"""What a sandbox venue is made of: markets, tokens, accounts, keys, fees, limits, scene, cadence.

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
LIQUIDATOR_ADDRESS = "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14"
VAULT_ADDRESS = "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303"
DEPLOYER_ADDRESS = "0x88806a71d74ad0a510b350545c9ae490912f0888"

PERP_DECIMALS_SUM = 6
"""Price decimals plus size decimals of a perpetual; the venue's rule for both grids."""
SPOT_DECIMALS_SUM = 8
DEFAULT_DEX = ""
USDC_TOKEN = 0
MINUTE_MS = 60_000

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class CoinConfig:
    """One perpetual: grids, margin table, and the state the venue opens with."""

    name: str
    """On a builder's dex "dex:COIN"."""
    size_decimals: int
    max_leverage: int
    margin_table: MarginTable
    oracle_price: str
    """Opening oracle price and mid, USD."""
    funding_rate: str = "0.0000125"
    """Per hour; a long pays when positive. What the first hour shows before it has samples."""
    is_isolated_only: bool = False
    margin_mode: str | None = None
    """"strictIsolated" or "noCross"; None is ordinary."""
    impact_notional_usd: int = 6_000
    oi_cap_usd: int | None = None
    """Most open interest, USD of notional; None for no cap."""
    interest: str = "0.0001"
    """Per 8 hours, towards which funding is pulled."""
    is_delisted: bool = False

    @property
    def price_decimals(self) -> int:
        """Return the most decimals a price may have."""
        return PERP_DECIMALS_SUM - self.size_decimals


@dataclass(frozen=True, slots=True)
class DexConfig:
    """A builder's perpetual exchange on the venue, its coins after its own name and a colon."""

    name: str
    coins: tuple[CoinConfig, ...]
    full_name: str = ""
    deployer: str = DEPLOYER_ADDRESS
    fee_scale: str = "1"
    """The deployer's share: s < 1 multiplies fees by 1 + s, a larger one by 2s."""
    collateral: str = "USDC"
    funding_multiplier: str = "1"
    """0 to 10, on the premium's funding."""
    is_growth_mode: bool = False


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """A spot token; balances count 10^-wei_decimals, orders 10^-size_decimals."""

    name: str
    index: int
    size_decimals: int
    wei_decimals: int
    token_id: str
    """16 bytes, hex."""
    full_name: str | None = None
    is_canonical: bool = True
    supply: str = "1000000000"


@dataclass(frozen=True, slots=True)
class SpotPairConfig:
    """One spot market."""

    index: int
    base: TokenConfig
    quote: TokenConfig
    price: str
    """Opening mid, in quote tokens."""
    canonical_name: str | None = None
    """None for a pair that is called by its number."""

    @property
    def name(self) -> str:
        """Return what clients call the pair."""
        return self.canonical_name or f"@{self.index}"

    @property
    def size_decimals(self) -> int:
        """Return the decimals of a size: those of the base token."""
        return self.base.size_decimals

    @property
    def price_decimals(self) -> int:
        """Return the most decimals a price may have."""
        return SPOT_DECIMALS_SUM - self.size_decimals


@dataclass(frozen=True, slots=True)
class FeeTier:
    """Fees in pips from more than `volume_usd` on, weighted volume of the last 14 days."""

    volume_usd: int
    taker_pips: int
    maker_pips: int
    spot_taker_pips: int
    spot_maker_pips: int


@dataclass(frozen=True, slots=True)
class RebateTier:
    """What a maker gets from more than this share of all maker volume on; pips are negative."""

    maker_share: str
    pips: int


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Trading fees in millionths of the notional (pips); tier zero first, then the tiers above."""

    taker_pips: int = 450
    maker_pips: int = 150
    spot_taker_pips: int = 700
    spot_maker_pips: int = 400
    tiers: tuple[FeeTier, ...] = (
        FeeTier(5_000_000, 400, 120, 600, 300),
        FeeTier(25_000_000, 350, 80, 500, 200),
        FeeTier(100_000_000, 300, 40, 400, 100),
        FeeTier(500_000_000, 280, 0, 350, 0),
        FeeTier(2_000_000_000, 260, 0, 300, 0),
        FeeTier(7_000_000_000, 240, 0, 250, 0),
    )
    rebates: tuple[RebateTier, ...] = (
        RebateTier("0.005", -10),
        RebateTier("0.015", -20),
        RebateTier("0.03", -30),
    )
    staking_discounts: tuple[tuple[str, str], ...] = (
        ("0.0", "0.0"),
        ("0.0001", "0.05"),
        ("0.001", "0.1"),
        ("0.01", "0.15"),
        ("0.1", "0.2"),
        ("1.0", "0.3"),
        ("5.0", "0.4"),
    )
    """(basis points of the maximum supply that are staked, discount); only shown, nobody stakes."""
    referral_discount: str = "0.04"
    """For a referred account's first `referral_volume_usd`."""
    referral_volume_usd: int = 25_000_000
    is_referral_on: bool = False


@dataclass(frozen=True, slots=True)
class LimitConfig:
    """How much one IP may ask, by the clock the venue follows, and one address, by venue time."""

    by_ip: bool = True
    """The rules for requests, sockets, subscriptions, messages and posts."""
    by_address: bool = True
    """The rule for actions."""
    weight_per_minute: int = 1_200
    connections: int = 10
    connections_per_minute: int = 30
    subscriptions: int = 1_000
    users: int = 10
    """Distinct ones over all user-specific subscriptions."""
    messages_per_minute: int = 2_000
    posts_in_flight: int = 100
    requests_initial: int = 10_000
    """What an address may ask before it has traded; then one more for each USDC."""
    cancels_extra: int = 100_000
    """Cancels may go up to this much, or to twice the limit, beyond the limit: the lesser."""
    exhausted_every_ms: int = 10_000
    open_orders: int = 1_000
    open_orders_max: int = 5_000
    open_order_volume_usd: int = 5_000_000
    """Volume that allows for one more open order."""


@dataclass(frozen=True, slots=True)
class Shock:
    """A scripted move of the fair price, spread evenly over its duration."""

    start_ms: int
    """After the venue opened."""
    duration_ms: int
    bps: int
    """Of the price at the start; -2500 is a quarter down."""
    coins: tuple[str, ...] = ()
    """Empty: every coin."""


@dataclass(frozen=True, slots=True)
class SceneConfig:
    """Who trades besides the clients, and where prices go. All of it follows from the seed."""

    volatility_percent_year: int = 60
    jumps_per_day: int = 4
    jump_bps_max: int = 80
    shocks: tuple[Shock, ...] = ()
    path_step_ms: int = 500
    makers: int = 3
    maker_deposit_usd: int = 50_000_000
    replenish_ms: int = 1_500
    """How long a maker that was swept waits before it shows the taken size again."""
    noise_takers: int = 6
    taker_deposit_usd: int = 5_000_000
    noise_per_minute: int = 30
    """Market orders of all noise takers together, for each coin."""
    noise_notional_usd: int = 5_000
    crowd: int = 0
    """Leveraged accounts that open positions at the start, as fuel for a cascade."""
    crowd_deposit_usd: int = 20_000


@dataclass(frozen=True, slots=True)
class FundedAccount:
    """An account that exists when the venue opens, with its deposit in micro-USD."""

    address: str
    deposit_micro_usd: int
    tokens: tuple[tuple[str, str], ...] = ()
    """(token name, amount) of its spot balances."""


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """A vault that exists when the venue opens; its leader trades it by `vaultAddress`."""

    address: str = VAULT_ADDRESS
    name: str = "Sandbox vault"
    leader: str = DEV_MASTER_ADDRESS
    deposit_micro_usd: int = 100_000 * MICRO


@dataclass(frozen=True, slots=True)
class Agent:
    """A key that may trade for `master` but owns nothing."""

    address: str
    master: str
    name: str = ""
    valid_until_ms: int | None = None
    """None: until it is replaced."""


def flat_table(max_leverage: int) -> MarginTable:
    """Return the table of one tier; the venue numbers such tables by their leverage."""
    return MarginTable(max_leverage, f"{max_leverage}x", (MarginTier(0, max_leverage),))


BTC = CoinConfig(
    name="BTC",
    size_decimals=5,
    max_leverage=40,
    margin_table=MarginTable(56, "tiered 40x", (MarginTier(0, 40), MarginTier(150_000_000, 20))),
    oracle_price="90000",
    impact_notional_usd=20_000,
)
ETH = CoinConfig(
    name="ETH",
    size_decimals=4,
    max_leverage=25,
    margin_table=MarginTable(55, "tiered 25x", (MarginTier(0, 25), MarginTier(100_000_000, 15))),
    oracle_price="3000",
    impact_notional_usd=20_000,
)
SOL = CoinConfig(
    name="SOL",
    size_decimals=2,
    max_leverage=20,
    margin_table=MarginTable(54, "tiered 20x", (MarginTier(0, 20), MarginTier(70_000_000, 10))),
    oracle_price="140",
)
HYPE = CoinConfig(
    name="HYPE",
    size_decimals=2,
    max_leverage=10,
    margin_table=MarginTable(52, "tiered 10x", (MarginTier(0, 10), MarginTier(20_000_000, 5))),
    oracle_price="35",
)
XYZ_DEX = DexConfig(
    name="xyz",
    full_name="Sandbox stocks",
    coins=(
        CoinConfig(
            name="xyz:NVDA",
            size_decimals=3,
            max_leverage=10,
            margin_table=flat_table(10),
            oracle_price="180",
            is_isolated_only=True,
            margin_mode="strictIsolated",
        ),
        CoinConfig(
            name="xyz:XYZ100",
            size_decimals=4,
            max_leverage=20,
            margin_table=flat_table(20),
            oracle_price="25000",
        ),
    ),
)

USDC = TokenConfig("USDC", USDC_TOKEN, 8, 8, "0x6d1e7cde53ba9467b783cb7c530ce054")
PURR = TokenConfig("PURR", 1, 0, 5, "0xc1fb593aeffbeb02f85e0308e9956a90", supply="600000000")
HYPE_TOKEN = TokenConfig(
    "HYPE", 150, 2, 8, "0x0d01dc56dcaaca66ad901c959b4011ec", full_name="Hyperliquid"
)
PURR_USDC = SpotPairConfig(0, PURR, USDC, "0.2", canonical_name="PURR/USDC")
HYPE_USDC = SpotPairConfig(1, HYPE_TOKEN, USDC, "35")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything that decides how a sandbox behaves; equal configurations behave equally."""

    host: str = "127.0.0.1"
    port: int = 0
    """Zero takes a free one."""
    coins: tuple[CoinConfig, ...] = (BTC, ETH)
    """Asset ids are the positions in this tuple."""
    builder_dexs: tuple[DexConfig, ...] = (XYZ_DEX,)
    """The first has number 1: its asset ids start at 110000."""
    tokens: tuple[TokenConfig, ...] = (USDC, PURR, HYPE_TOKEN)
    spot_pairs: tuple[SpotPairConfig, ...] = (PURR_USDC, HYPE_USDC)
    accounts: tuple[FundedAccount, ...] = (FundedAccount(DEV_MASTER_ADDRESS, 2_000_000 * MICRO),)
    agents: tuple[Agent, ...] = (Agent(DEV_AGENT_ADDRESS, DEV_MASTER_ADDRESS, "sandbox"),)
    vaults: tuple[VaultConfig, ...] = (VaultConfig(),)
    fees: FeeSchedule = FeeSchedule()
    limits: LimitConfig = LimitConfig()
    scene: SceneConfig | None = None
    """None: a house that quotes once and never again by itself."""
    seed: int = 7
    """Shapes the resting liquidity and all of the scene."""
    block_ms: int = 0
    """Time between blocks, at most a second; zero makes every request a block of its own."""
    time_factor: int = 1
    """Venue seconds for each second of the clock."""
    signs_as_mainnet: bool = False
    """Expect source "a" in signatures; a local address makes the official client sign "b"."""
    liquidator_deposit_micro_usd: int = 5_000_000 * MICRO
    liquidation_slice_above_usd: int = 100_000
    """A larger position is liquidated by slices."""
    liquidation_slice_percent: int = 20
    liquidation_cooldown_ms: int = 30_000
    sub_account_volume_min_usd: int = 0
    """Volume before sub-accounts may be made; the venue asks for 100,000."""
    schedule_cancel_volume_min_usd: int = 0
    """Volume before a cancel may be scheduled; the venue asks for 1,000,000."""
    is_priority_funded: bool = False
    """Take priority fees from the trading balance; the venue asks for stake, and nobody stakes."""
    book_interval_ms: int = 0
    """Least time between two book frames of one subscription; zero sends one for every change."""
    repeat_ms: int = 500
    """Books, contexts and mids are sent again after this long even if nothing changed."""
    tick_ms: int = 50
    """How often the server lets time do its work."""
    idle_close_ms: int = 60_000
    """A socket to which nothing was sent for this long is closed."""
