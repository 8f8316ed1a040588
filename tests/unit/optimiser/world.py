"""Small worlds to route in: seeded, of one pair, with pools on chains and books on perp venues."""

import math
import random
from dataclasses import replace

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.margin import MarginAccount
from router.domain.market import BlockRef, BookSnapshot, PoolSnapshot, ReservesSnapshot
from router.domain.plan import (
    BookCandidate,
    ChainCash,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import (
    NATIVE,
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    ParentId,
    Pico,
    Pips,
    Price,
    Side,
    TimestampNs,
    VenueId,
)
from router.liquidity.concentrated import Pool, modify_liquidity
from router.liquidity.fixed_point import sqrt_price_to_tick

ETH = Asset(AssetId("ETH"), 18)
USDC = Asset(AssetId("USDC"), 6)
USDT = Asset(AssetId("USDT"), 6)
WBTC = Asset(AssetId("WBTC"), 8)
DAI = Asset(AssetId("DAI"), 18)
USD_PRICE = {"ETH": 2_000.0, "USDC": 1.0, "USDT": 1.0, "WBTC": 60_000.0, "DAI": 1.0}
UNIT = 10**18
USD = 10**6
BLOCK = BlockRef(100, "0x64", "0x63", TimestampNs(0))
MID = 2_000.0
TIERS = ((100, 1), (500, 10), (3000, 60), (10000, 200))


def pool(
    name: str = "pool-a",
    *,
    fee_pips: int = 500,
    price: float | None = None,
    depth_usd: float = 5e6,
    spacing: int = 10,
    seed: int = 0,
    positions: int = 6,
    account: str = "chain:me",
    gas_units: int = 120_000,
    base_is_token0: bool = True,
    base: Asset = ETH,
    quote: Asset = USDC,
    protocol_fees_pips: tuple[int, int] = (0, 0),
) -> PoolCandidate:
    """Return a pool with about `depth_usd` within two per cent of `price`."""
    rng = random.Random(seed)
    price = fair(base, quote) if price is None else price
    raw = price * 10.0 ** (quote.decimals - base.decimals)
    raw = raw if base_is_token0 else 1.0 / raw
    sqrt_price_x96 = int(math.sqrt(raw) * 2**96)
    tick = sqrt_price_to_tick(sqrt_price_x96)
    state = Pool(fee_pips, spacing, sqrt_price_x96, tick, 0, ())
    # Depth D within a fraction e of the price takes a liquidity of D / (sqrt(p) * e / 2).
    depth = depth_usd / USD_PRICE[quote.id]
    scale = 10.0 ** ((base.decimals + quote.decimals) / 2)
    unit = depth / (math.sqrt(price) * 0.01) * scale / positions
    centre = tick // spacing
    for _ in range(positions):
        half = rng.randint(max(300 // spacing, 2), max(6000 // spacing, 4))
        shift = rng.randint(-half // 2, half // 2)
        lower, upper = (centre + shift - half) * spacing, (centre + shift + half) * spacing
        delta = int(unit * rng.uniform(0.3, 2.0))
        state = modify_liquidity(state, lower=lower, upper=upper, delta=delta)
    snapshot = PoolSnapshot(
        instrument=InstrumentId(name),
        block=BLOCK,
        fee_pips=fee_pips,
        tick_spacing=spacing,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        liquidity=state.liquidity,
        ticks=state.ticks,
        received_at=TimestampNs(0),
        protocol_fees_pips=protocol_fees_pips,
    )
    made = _spot(name, base, quote, account=account, fee_pips=fee_pips)
    return PoolCandidate(replace(made, base_is_token0=base_is_token0), snapshot, gas_units)


def pair(
    name: str = "pair-a",
    *,
    fee_pips: int = 3_000,
    price: float | None = None,
    worth_usd: float = 2e7,
    account: str = "chain:me",
    gas_units: int = 100_000,
    base_is_token0: bool = True,
    base: Asset = ETH,
    quote: Asset = USDC,
) -> PoolCandidate:
    """Return a constant-product pool whose reserves of either side are worth `worth_usd`."""
    price = fair(base, quote) if price is None else price
    cash = worth_usd / USD_PRICE[quote.id]
    held = (int(cash / price * 10**base.decimals), int(cash * 10**quote.decimals))
    reserves = held if base_is_token0 else held[::-1]
    snapshot = ReservesSnapshot(InstrumentId(name), BLOCK, fee_pips, *reserves, TimestampNs(0))
    made = _spot(name, base, quote, account=account, fee_pips=fee_pips)
    return PoolCandidate(replace(made, base_is_token0=base_is_token0), snapshot, gas_units)


def route(
    name: str, base_pools: tuple[PoolCandidate, ...], quote_pools: tuple[PoolCandidate, ...]
) -> RouteCandidate:
    """Return the route through the asset in which the two hops meet."""
    first, last = base_pools[0].instrument, quote_pools[0].instrument
    made = _spot(name, first.base, last.quote, account=first.account, fee_pips=0)
    instrument = replace(made, kind=InstrumentKind.SPOT_ROUTE)
    return RouteCandidate(instrument, base_pools, quote_pools)


def via_usdt(**more: object) -> RouteCandidate:
    """Return a route of two pools a hop, of three families."""
    return route(
        "via-USDT",
        (
            pool("hop-a", quote=USDT, protocol_fees_pips=(500, 500), **more),
            pair("hop-b", quote=USDT, worth_usd=4e7),
        ),
        (
            pool("hop-c", base=USDT, fee_pips=100, spacing=1, **more),
            pair("hop-d", base=USDT, fee_pips=500),
        ),
    )


def fair(base: Asset, quote: Asset) -> float:
    """Return the price at which the pair is worth the same everywhere."""
    return USD_PRICE[base.id] / USD_PRICE[quote.id]


def _spot(name: str, base: Asset, quote: Asset, *, account: str, fee_pips: int) -> Instrument:
    return Instrument(
        id=InstrumentId(name),
        venue=VenueId("local"),
        symbol=name,
        kind=InstrumentKind.SPOT_POOL,
        base=base,
        quote=quote,
        account=AccountId(account),
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(fee_pips),
    )


def book(
    name: str = "perp-a",
    *,
    price: float = MID,
    level_usd: float = 100_000.0,
    levels: int = 40,
    fee_pips: int = 450,
    account: str = "perp:me",
    position_lots: int = 0,
    leverage: int = 10,
    funding: int = 0,
    seed: int = 0,
    lots_max: int | None = None,
) -> BookCandidate:
    """Return a book with one tick (0.1 USD) to a few between levels; a lot is 0.0001 ETH."""
    rng = random.Random(seed)
    centre = round(price * 10)
    sides = []
    for sign in (-1, 1):
        ticks, rows = centre, []
        for _ in range(levels):
            ticks += sign * rng.randint(1, 6)
            rows.append((ticks, max(int(level_usd * rng.uniform(0.2, 2.0) / price * 10_000), 1)))
        sides.append(tuple(rows))
    instrument = Instrument(
        id=InstrumentId(name),
        venue=VenueId("hyperliquid"),
        symbol="ETH",
        kind=InstrumentKind.PERP_BOOK,
        base=ETH,
        quote=USDC,
        account=AccountId(account),
        lot_atoms=10**14,
        notional_min_atoms=10 * USD,
        fee_pips=Pips(fee_pips),
        tick_decimals=1,
    )
    snapshot = BookSnapshot(instrument.id, sides[0], sides[1], TimestampNs(0), TimestampNs(0))
    return BookCandidate(
        instrument, snapshot, centre, Pico(funding), position_lots, leverage, lots_max
    )


def problem(
    *,
    side: Side = Side.BUY,
    quantity: float = 100.0,
    kind: QuantityKind = QuantityKind.BASE,
    pools: tuple[PoolCandidate, ...] = (),
    books: tuple[BookCandidate, ...] = (),
    routes: tuple[RouteCandidate, ...] = (),
    cash: float = 1e9,
    equity: float = 1e9,
    elsewhere: float = 0.0,
    gas_usd: float | None = 0.0,
    limit: float = 0.1,
    tolerance: int = 5_000,
    horizon_s: int = 3600,
) -> RoutingProblem:
    """Return a problem; `cash` is in dollars on every chain, `limit` a fraction of the mid.

    `gas_usd` is what 100,000 units of gas cost; None leaves gas without a price.
    """
    asset = ETH if kind is QuantityKind.BASE else USDC
    accounts = sorted({c.instrument.account for c in (*pools, *routes)})
    margins = sorted({b.instrument.account for b in books})
    sign = 1.0 if side is Side.BUY else -1.0
    gas_price = None if gas_usd is None else Price(NATIVE, USDC.id, 2_000 * USD, UNIT)
    return RoutingProblem(
        parent=ParentId("p-1"),
        side=side,
        kind=kind,
        quantity=Amount(asset.id, round(quantity * 10**asset.decimals)),
        arrival_mid=Price(ETH.id, USDC.id, round(MID * USD), UNIT),
        limit_price=Price(ETH.id, USDC.id, round(MID * (1.0 + sign * limit) * USD), UNIT),
        holding_horizon_s=horizon_s,
        gas_fee_wei=round((gas_usd or 0.0) / 2_000 * UNIT / 100_000),
        slippage_tolerance_pips=Pips(tolerance),
        pools=pools,
        books=books,
        chains=tuple(
            ChainCash(
                a,
                (Amount(USDC.id, round(cash * USD)), Amount(ETH.id, round(cash / MID * UNIT))),
                100_000,
                gas_price,
            )
            for a in accounts
        ),
        margins=tuple(
            MarginAccount(a, round(equity * USD), round(elsewhere * USD)) for a in margins
        ),
        routes=routes,
    )


def random_problem(seed: int, *, binding: bool = False) -> RoutingProblem:
    """Return an instance of 1-6 pools and 0-2 books; `binding` leaves little collateral or cash."""
    rng = random.Random(seed)
    pools = []
    for i in range(rng.randint(1, 6)):
        fee, spacing = rng.choice(TIERS)
        pools.append(
            pool(
                f"pool-{i}",
                fee_pips=fee,
                spacing=spacing,
                price=MID * (1 + rng.uniform(-1, 1) * fee * 1e-6),
                depth_usd=3e6 * math.exp(rng.gauss(0, 1.0)),
                seed=rng.randrange(10**6),
                account=rng.choice(("chain:a", "chain:a", "chain:b")),
                base_is_token0=rng.random() < 0.5,
            )
        )
    books = tuple(
        book(
            f"perp-{i}",
            price=MID * (1 + rng.uniform(-1, 1) * 3e-4),
            level_usd=100_000 * math.exp(rng.gauss(0, 1.0)),
            seed=rng.randrange(10**6),
            funding=rng.randint(-(10**8), 10**8),
            position_lots=rng.choice((0, 0, rng.randint(-(10**6), 10**6))),
            leverage=rng.choice((3, 10, 25)),
            account=rng.choice(("perp:a", "perp:a", "perp:b")),
        )
        for i in range(rng.randint(1 if binding else 0, 2))
    )
    side = rng.choice((Side.BUY, Side.SELL))
    made = problem(
        side=side,
        quantity=math.exp(rng.uniform(math.log(5), math.log(800))),
        pools=tuple(pools),
        books=books,
        gas_usd=rng.choice((None, 0.05, 3.0)),
    )
    if not binding:
        return made
    held = sum(abs(b.position_lots) * 1e-4 * MID / b.leverage for b in books)
    notional = made.quantity.atoms / UNIT * MID
    equity = round((held + notional * rng.uniform(0.005, 0.06)) * USD)
    return replace(made, margins=tuple(replace(m, equity_atoms=equity) for m in made.margins))


def random_pool(name: str, rng: random.Random, *, base: Asset, quote: Asset) -> PoolCandidate:
    """Return a pool of any family near the fair price, in or just outside its fee."""
    fee, spacing = rng.choice(TIERS)
    price = fair(base, quote) * (1 + rng.uniform(-1, 1) * fee * 1e-6)
    depth = 2e6 * math.exp(rng.gauss(0, 1.0))
    zero = rng.random() < 0.5
    assets = {"base": base, "quote": quote, "price": price, "base_is_token0": zero}
    if rng.random() < 0.35:
        return pair(name, worth_usd=20 * depth, **assets)
    protocol = rng.choice(((0, 0), (0, 0), (1_000, 250)))
    return pool(
        name,
        fee_pips=fee,
        spacing=spacing,
        depth_usd=depth,
        seed=rng.randrange(10**6),
        protocol_fees_pips=protocol,
        **assets,
    )


def random_network(seed: int) -> RoutingProblem:
    """Return an instance of 0-3 pools, 1-2 routes of 1-3 pools a hop, and at most one book."""
    rng = random.Random(seed)

    def pools_of(base: Asset, quote: Asset, least: int) -> tuple[PoolCandidate, ...]:
        names = (f"{base.id}-{quote.id}-{i}" for i in range(rng.randint(least, 3)))
        return tuple(random_pool(name, rng, base=base, quote=quote) for name in names)

    middles = rng.sample((USDT, WBTC, DAI), rng.randint(1, 2))
    pools = pools_of(ETH, USDC, 0)
    routes = tuple(route(f"via-{m.id}", pools_of(ETH, m, 1), pools_of(m, USDC, 1)) for m in middles)
    books = (book(seed=rng.randrange(10**6), level_usd=5e4),) if rng.random() < 0.4 else ()
    kind = rng.choice(tuple(QuantityKind))
    quantity = math.exp(rng.uniform(math.log(1), math.log(500)))
    return problem(
        side=rng.choice(tuple(Side)),
        kind=kind,
        quantity=quantity if kind is QuantityKind.BASE else quantity * MID,
        pools=pools,
        books=books,
        routes=routes,
        gas_usd=rng.choice((None, 0.05, 3.0)),
        equity=quantity * MID * rng.choice((0.01, 1.0)),
    )
