"""A desk of perp accounts, inventory and books, in dollars; USDC has six decimals."""

from router.domain.account import AccountSnapshot, MarkedPosition
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits, VenueMargin
from router.domain.margin import HeldPosition, MarginTier, StressShock
from router.domain.market import BookSnapshot, PerpContext
from router.domain.observation import ChainGas, Observation, Survey
from router.domain.stress import Scenario, VenueShock
from router.domain.units import (
    NATIVE,
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    Pico,
    Pips,
    Price,
    TimestampNs,
    VenueId,
)
from router.risk.stress import depth
from router.risk.stress.book import Bucket, Depths, StressBook, assembled
from router.risk.stress.exact import Exposure

DOLLAR = 10**6
BTC, ETH, SOL, USDC = (AssetId(name) for name in ("BTC", "ETH", "SOL", "USDC"))
HERE, THERE = VenueId("here"), VenueId("there")
FLAT = (MarginTier(0, 25, Pico(20_000_000_000)),)  # 2 % keeps
# 2 % up to 100,000, 5 % above: at 150,000 that is 2,000 + 2,500.
STEPS = (
    MarginTier(0, 25, Pico(20_000_000_000)),
    MarginTier(100_000 * DOLLAR, 10, Pico(50_000_000_000)),
)
T0 = TimestampNs(1_700_000_000 * 10**9)


def pips(percent: float) -> Pips:
    return Pips(round(percent * 10_000))


def held(asset: AssetId, dollars: int, tiers: tuple[MarginTier, ...] = FLAT) -> HeldPosition:
    return HeldPosition(asset, dollars * DOLLAR, tiers, Pico(10**11))


def account(equity: int, *positions: HeldPosition, venue: VenueId = HERE, buffer: int = 0):
    return Exposure(venue, equity * DOLLAR, positions, buffer * DOLLAR)


def gap(percent: float, **rest) -> Scenario:
    return Scenario("gap", gap_pips=pips(percent), **rest)


def apart(asset: AssetId, percent: float, funding: float = 0) -> StressShock:
    return StressShock(asset, pips(percent), pips(funding))


def at(venue: VenueId, **shock) -> tuple[VenueShock, ...]:
    return (VenueShock(venue, **shock),)


def market(venue: VenueId, asset: AssetId) -> InstrumentId:
    return InstrumentId(f"{venue}:{asset}")


def levels(*sold: tuple[float, float], fee: float = 0.0) -> Depths:
    """Return a market alike on both sides: (per cent from the mark, dollars there)."""
    line = depth.line([(percent / 100, dollars) for percent, dollars in sold])
    return Depths(line, line, fee)


def book(*accounts: Exposure, depths=None, inventory=(), names=None) -> StressBook:
    """Return a book of one bucket an account; `depths` by (venue, asset)."""
    names = names or [f"account {number}" for number in range(len(accounts))]
    return assembled(
        [
            Bucket(
                AccountId(name),
                one,
                USDC,
                6,
                tuple(market(one.venue, position.asset) for position in one.positions),
            )
            for name, one in zip(names, accounts, strict=True)
        ],
        {market(*place): found for place, found in (depths or {}).items()},
        inventory,
    )


# A desk as a survey finds it: ether in a pool's account, and a perp account.

_ETHER, _DOLLARS = Asset(ETH, 18), Asset(USDC, 6)
CHAIN, MARGIN = AccountId("chain:0xaa"), AccountId("here:0xbb")
POOL = Instrument(
    id=InstrumentId("pool:ETH/USDC"),
    venue=VenueId("pool"),
    symbol="0xp001",
    kind=InstrumentKind.SPOT_POOL,
    base=_ETHER,
    quote=_DOLLARS,
    account=CHAIN,
    lot_atoms=1,
    notional_min_atoms=0,
    fee_pips=Pips(500),
)
PERP = Instrument(
    id=market(HERE, ETH),
    venue=HERE,
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=_ETHER,
    quote=_DOLLARS,
    account=MARGIN,
    lot_atoms=10**14,
    notional_min_atoms=10 * DOLLAR,
    fee_pips=Pips(450),
    tick_decimals=2,
)


def limits(*stresses: Scenario, buffer: int = 0) -> Limits:
    return Limits(
        order_notional_max=(),
        slippage_max_pips=Pips(10_000),
        plan_rounds_max=1,
        child_lifetime=DurationNs(10**9),
        slippage_tolerance_pips=Pips(1_000),
        venue_margins=(VenueMargin(HERE, (Amount(USDC, buffer * DOLLAR),), reduces_only=False),),
        stresses=stresses,
    )


def survey(*, equity: int, short: int, ethers: int = 100) -> Survey:
    """Return ether on a chain at 3,000 and a short of so many dollars against it.

    The book shows a hundred ether a dollar from the mark on both sides.
    """
    balances = (
        Amount(ETH, ethers * 10**18),
        Amount(USDC, 50_000 * DOLLAR),
        Amount(NATIVE, 2 * 10**18),
        Amount(AssetId("ODD"), 5),
    )
    marked = (MarkedPosition(PERP.id, held(ETH, -short)),) if short else ()
    chain = AccountSnapshot(CHAIN, balances, balances, (), 0, 0, 1, None, T0)
    perp = AccountSnapshot(MARGIN, (), (), (), equity * DOLLAR, 0, None, None, T0, marked=marked)
    return Survey(
        Observation(
            pools=(),
            books=(BookSnapshot(PERP.id, ((299_900, 10**6),), ((300_100, 10**6),), T0, T0),),
            contexts=(PerpContext(PERP.id, 300_000, 300_000, Pico(0), T0),),
            accounts=(chain, perp),
            # 20 gwei at 3,000: 250,000 units cost 0.005 ether, 15 dollars.
            gas=(ChainGas(CHAIN, 20 * 10**9, Price(ETH, USDC, 3_000 * DOLLAR, 10**18)),),
        )
    )
