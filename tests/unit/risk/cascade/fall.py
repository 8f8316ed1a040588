"""What a fall of the town is drawn from: accounts, prices, rules, and what is kept of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits
from router.domain.observation import Survey
from router.domain.risk import Assessment, Cut, Zone, ZoneRules
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    Pips,
    VenueId,
)
from router.risk.deleverage import assess
from venues.sandbox.hyperliquid.config import BTC, ETH, HYPE, SOL
from venues.sandbox.hyperliquid.number import MICRO

COINS = (BTC, ETH, SOL, HYPE)
VENUE = VenueId("hyperliquid")
USDC = Asset(AssetId("USDC"), 6)
FEE_PIPS = Pips(450)
CALM_S, GAP_S, AFTER_S = 30, 300, 60
LATE_S = 30
GAP = -0.25
DEPTH_DIVISOR = 5
# (tenths of a basis point from the price, USD a side) of all makers of the largest coins, in calm.
LADDER = ((20, 400_000), (80, 1_000_000), (250, 1_600_000), (800, 3_000_000))
DEPTH_PERCENT = {"BTC": 100, "ETH": 100, "SOL": 40, "HYPE": 30}
RULES = ZoneRules(
    venue=VENUE,
    early_pips=Pips(300_000),
    soft_pips=Pips(400_000),
    hard_pips=Pips(550_000),
    target_pips=Pips(100_000),
    slice_max_pips=Pips(400_000),
    cost_max_pips=Pips(4_000),
)
LIMITS = Limits(
    order_notional_max=(Amount(USDC.id, 2_000_000 * MICRO),),
    slippage_max_pips=Pips(30_000),
    plan_rounds_max=1,
    child_lifetime=DurationNs(10**10),
    slippage_tolerance_pips=Pips(0),
    zones=(RULES,),
)

WORTH_IT = 1_000 * MICRO

Policy = Callable[[Survey, tuple[Instrument, ...], Assessment | None], tuple[Cut, ...]]


def policy(
    survey: Survey, instruments: tuple[Instrument, ...], before: Assessment | None
) -> tuple[Cut, ...]:
    """Cut as the desk does."""
    return assess(survey, instruments, LIMITS, before=before).cuts


def nothing(
    survey: Survey, instruments: tuple[Instrument, ...], before: Assessment | None
) -> tuple[Cut, ...]:
    """Leave it to the venue."""
    del survey, instruments, before
    return ()


@dataclass
class Book:
    """What one account holds at first: signed USD by coin, and maintenance over equity."""

    usd: dict[str, int]
    ratio: float


@dataclass
class Draw:
    """What a seed decides."""

    paths: dict[str, list[int]]  # fair price of a coin by second, in its price units
    ours: dict[str, Book]
    crowd: list[Book]


@dataclass
class Moment:
    """What was known when marks were published, for the bound on all policies."""

    second: int
    marks: dict[str, int]
    shown: dict[str, tuple[int, int]]  # lots on each side
    zones: dict[str, Zone]


@dataclass
class Outcome:
    """How it ended."""

    liquidated: dict[str, int]  # name -> second
    start_usd: float
    end_usd: float
    by_account: dict[str, float]  # what each lost, USD
    moments: list[Moment]
    touches: dict[int, dict[str, tuple[int, int]]]  # best bid and ask by second
    cash: dict[str, int]  # of each account at first, micro-USD
    sizes: dict[str, dict[str, int]]
    cuts: int
    bared: list[str] = field(default_factory=list)  # what raised the firm's exposure

    @property
    def lost_usd(self) -> float:
        return self.start_usd - self.end_usd


def drawn(seed: int) -> Draw:
    """Draw paths, accounts and a crowd."""
    random = Random(f"cascade:{seed}")
    paths = _paths(random)
    coins = random.sample([c.name for c in COINS], random.randint(1, 4))
    weight = random.choice((1, 1, 1, 6))  # some are large for the book
    anna = {
        c: (1 if random.random() < 0.75 else -1)
        * random.randrange(30_000, 600_000)
        * weight
        * DEPTH_PERCENT[c]
        // 100
        for c in coins
    }
    ours = {"anna": Book(anna, random.uniform(0.1, 0.4))}
    if random.random() < 0.5:
        hedged = random.sample(coins, random.randint(1, len(coins)))
        bert = {c: -int(anna[c] * random.uniform(0.4, 1)) for c in hedged}
        ours["bert"] = Book(bert, random.uniform(0.1, 0.4))
    crowd = [
        Book({random.choice(coins): random.randrange(20_000, 200_000)}, random.uniform(0.3, 0.9))
        for _ in range(8)
    ]
    return Draw(paths, ours, crowd)


def _paths(random: Random) -> dict[str, list[int]]:
    # The gap is a quarter for all, on a path of its own for each, with the market's noise in it.
    total = CALM_S + GAP_S + AFTER_S
    common = [random.gauss(0, 4e-4) for _ in range(total)]
    pace = [random.uniform(0.3, 1.7) for _ in range(GAP_S // 30)]
    scale = sum(pace) / len(pace)
    found = {}
    for spec in COINS:
        price = float(spec.oracle_price)
        opening, level, noise = price, 0.0, 0.0
        prices = []
        for second in range(total):
            if CALM_S <= second < CALM_S + GAP_S:
                level += GAP / GAP_S * pace[(second - CALM_S) // 30] / scale
            noise = 0.98 * noise + common[second] + random.gauss(0, 2e-4)
            prices.append(int(opening * (1 + level) * (1 + noise) * 10**spec.price_decimals))
        found[spec.name] = prices
    return found


def instrument(name: str, coin: str) -> Instrument:
    """Return the instrument of an account's coin: each account is a venue account of its own."""
    spec = next(c for c in COINS if c.name == coin)
    return Instrument(
        id=InstrumentId(f"{VENUE}:{name}:{coin}"),
        venue=VENUE,
        symbol=coin,
        kind=InstrumentKind.PERP_BOOK,
        base=Asset(AssetId(coin), 18),
        quote=USDC,
        account=AccountId(f"{VENUE}:{name}"),
        lot_atoms=10 ** (18 - spec.size_decimals),
        notional_min_atoms=10 * MICRO,
        fee_pips=FEE_PIPS,
        tick_decimals=spec.price_decimals,
    )
