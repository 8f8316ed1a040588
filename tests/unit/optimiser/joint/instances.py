"""Seeded joint instances: small ones as `RoutingProblem`, those of every size as a selection.

Synthetic: fee tiers of 1 to 100 bp, log-normal depth decaying away from the price, books a few
basis points around it; accounts that hold positions of either sign, tiers of all three rules,
scenarios of gaps up to 30 % either way and funding that turns, little collateral in about half.
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from router.domain.instrument import Instrument, InstrumentKind
from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginAccount,
    MarginTier,
    Reservation,
    StressScenario,
    StressShock,
)
from router.domain.market import BookSnapshot
from router.domain.plan import BookCandidate, ChainCash, QuantityKind, RoutingProblem
from router.domain.units import (
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
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from router.optimiser.market.market import Selection, prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.world import ETH, MID, UNIT, USD, USDC, book, pool, problem

BTC = AssetId("BTC")
FEES = ((100, 1), (500, 10), (3_000, 60), (10_000, 200))
LIMIT = 0.05
NOW = TimestampNs(0)


@dataclass(frozen=True)
class Size:
    """How large an instance is; ticks are those of both sides of a pool."""

    pools: int
    ticks: int
    chains: int
    books: int
    levels: int
    accounts: int
    scenarios: int


SIZES = {
    "2x100+1x20+10": Size(2, 100, 1, 1, 20, 1, 10),
    "10x100+3x50+50": Size(10, 100, 1, 3, 50, 1, 50),
    "20x200+4x100+50": Size(20, 200, 1, 4, 100, 1, 50),
    "20x200+4x100+500": Size(20, 200, 1, 4, 100, 1, 500),
    "20x200+10x200+200": Size(20, 200, 1, 10, 200, 4, 200),
    "50x100+10x100+50": Size(50, 100, 3, 10, 100, 4, 50),
    "200x1000+10x200+500": Size(200, 1_000, 3, 10, 200, 1, 500),
}


@dataclass(frozen=True)
class Case:
    """An instance and its curves, in the order of the scaled problem."""

    selection: Selection
    quantity: float
    scaled: ScaledProblem

    @property
    def problem(self) -> RoutingProblem:
        return self.selection.market.problem


def case(seed: int, size: Size) -> Case:
    """Return an instance of a size to buy or sell 1 to 6 million dollars' worth."""
    rng = random.Random(seed)
    side = rng.choice(tuple(Side))
    quantity = rng.uniform(500.0, 3_000.0)
    chains = [AccountId(f"chain:{i}") for i in range(size.chains)]
    # Pools of one shape over and over: an instance is made in a moment, and still differs.
    merged = tuple(
        (
            account,
            merge([pool_curve(rng, size.ticks, side) for _ in range(i, size.pools, size.chains)]),
        )
        for i, account in enumerate(chains)
    )
    accounts = [AccountId(f"perp:{i}") for i in range(size.accounts)]
    books = tuple(
        _with_rules(
            _book(f"perp-{i}", rng, size.levels, accounts[i % size.accounts]), rng, quantity
        )
        for i in range(size.books)
    )
    made = _problem(side, quantity, chains=chains, books=books)
    made = replace(
        made,
        scenarios=scenarios(rng, size.scenarios),
        margins=tuple(_margin(a, books, rng, quantity=quantity) for a in accounts),
    )
    selection = replace(select(prepare(made), ()), chains=merged)
    if rng.random() < 0.75:
        selection = _short(selection, quantity, rng)
    return Case(selection, quantity, scale(selection, quantity))


def small_problem(seed: int, *, jumps: bool = True) -> RoutingProblem:
    """Return an instance of 1-3 pools on 1-2 chains and 1-3 books on 1-2 accounts."""
    rng = random.Random(seed)
    quantity = math.exp(rng.uniform(math.log(20.0), math.log(1_000.0)))
    pools = []
    for i in range(rng.randint(1, 3)):
        fee, spacing = rng.choice(FEES[:3])
        pools.append(
            pool(
                f"pool-{i}",
                fee_pips=fee,
                spacing=spacing,
                price=MID * (1.0 + rng.uniform(-1.0, 1.0) * fee * 1e-6),
                depth_usd=3e6 * math.exp(rng.gauss(0.0, 1.0)),
                seed=rng.randrange(10**6),
                account=rng.choice(("chain:a", "chain:a", "chain:b")),
                base_is_token0=rng.random() < 0.5,
            )
        )
    books = []
    for i in range(rng.randint(1, 3)):
        made = book(
            f"perp-{i}",
            price=MID * (1.0 + rng.uniform(-1.0, 1.0) * 3e-4),
            level_usd=100_000.0 * math.exp(rng.gauss(0.0, 1.0)),
            levels=12,
            seed=rng.randrange(10**6),
            funding=rng.randint(-(10**8), 10**8),
            account=rng.choice(("perp:a", "perp:a", "perp:b")),
            lots_max=rng.choice((None, None, rng.randint(10**4, 10**6))),
        )
        books.append(_with_rules(made, rng, quantity, jumps=jumps))
    side = rng.choice(tuple(Side))
    made = problem(
        side=side,
        quantity=quantity,
        pools=tuple(pools),
        books=tuple(books),
        gas_usd=None,
        limit=LIMIT,
    )
    notional = quantity * MID
    cash = notional * rng.choice((0.3, 0.7, 10.0, 10.0))
    return replace(
        made,
        chains=tuple(replace(c, spendable=_spendable(cash)) for c in made.chains),
        scenarios=scenarios(rng, rng.choice((0, 3, 10))),
        margins=tuple(_margin(m.account, books, rng, quantity=quantity) for m in made.margins),
        reservations=tuple(_reservations(made, rng, notional)),
    )


def apart(made: RoutingProblem, seed: int) -> RoutingProblem:
    """Return a problem whose accounts survive scenarios of their own; in half, fills gain at once.

    In the other half the order hedges what is held elsewhere, and what hedges is closed early.
    """
    rng = random.Random(seed)
    sign = 1 if made.side is Side.BUY else -1
    notional = made.quantity.atoms * made.arrival_mid.quote_atoms // made.arrival_mid.base_atoms
    books, margins = made.books, []
    if gains := rng.random() < 0.5:
        books = tuple(
            replace(b, mark_ticks=round(b.mark_ticks * (1.0 + sign * rng.uniform(0.0, 0.02))))
            for b in books
        )
    for margin in made.margins:
        held, equity, own = margin.elsewhere, margin.equity_atoms, scenarios(rng, rng.randint(0, 4))
        if not gains:
            part = -sign * rng.uniform(0.2, 1.0)
            held = (HeldPosition(ETH.id, round(part * notional), (), Pico(2 * 10**10)),)
            equity = round(notional * rng.uniform(0.05, 0.3))
            own += (StressScenario("hedged", Pips(sign * 200_000), Pips(0)),)
        befalls = tuple(
            replace(
                each,
                name=f"own-{each.name}",
                mark_pips=Pips(rng.choice((0, 0, rng.randint(-50_000, 50_000)))),
                closed_pips=Pips(rng.choice((0, rng.randint(1, 1_000_000)))),
                closed_at_pips=Pips(rng.randint(0, 1_000_000)),
            )
            for each in own
        )
        margins.append(replace(margin, scenarios=befalls, elsewhere=held, equity_atoms=equity))
    return replace(made, books=books, margins=tuple(margins))


def scenarios(
    rng: random.Random, count: int, *, gap_max: int | None = None
) -> tuple[StressScenario, ...]:
    """Return gaps up to 30 % with some noise between assets, and funding that turns."""
    gap_max = rng.choice((20_000, 300_000)) if gap_max is None else gap_max
    made = []
    for i in range(count):
        gap, funding = rng.randint(-gap_max, gap_max), rng.randint(-20_000, 20_000)
        apart = StressShock(BTC, Pips(round(0.8 * gap + rng.gauss(0, 5_000))), Pips(-funding))
        made.append(
            StressScenario(f"gap-{i}", Pips(gap), Pips(funding), rng.choice(((), (apart,))))
        )
    return tuple(made)


def pool_curve(
    rng: random.Random, ticks: int, side: Side, *, mid: float = MID, depth: float = 3e6
) -> CostCurve:
    """Return the half of a pool that an order meets, about `depth` within two per cent."""
    fee, spacing = rng.choice(FEES)
    sign = 1.0 if side is Side.BUY else -1.0
    price = mid * (1.0 + rng.uniform(-1.0, 1.0) * fee * 1e-6)
    level = depth * math.exp(rng.gauss(0.0, 1.3)) / (math.sqrt(price) * 0.01)
    step = max(round(8_000 / ticks / spacing), 1) * spacing
    away = step * np.arange(max(ticks // 2, 1) + 1) + np.append(
        0.0, [-rng.uniform(0, step * 0.9)] * max(ticks // 2, 1)
    )
    edges = math.sqrt(price) * 1.0001 ** (sign * away / 2.0)
    noise = np.random.default_rng(rng.randrange(2**32)).uniform(0.5, 1.5, away.size - 1)
    liquidity = level * np.exp(-away[:-1] / 4_000) * noise
    gross = (1.0 - fee * 1e-6) ** -sign
    root, width = edges * math.sqrt(gross), np.abs(1.0 / edges[:-1] - 1.0 / edges[1:])
    return CostCurve(
        side, root[:-1], root[1:], depth=liquidity * math.sqrt(gross), quantity=liquidity * width
    )


def _spendable(cash: float) -> tuple[Amount, ...]:
    return (Amount(USDC.id, round(cash * USD)), Amount(ETH.id, round(cash / MID * UNIT)))


def _with_rules(
    made: BookCandidate, rng: random.Random, quantity: float, *, jumps: bool = True
) -> BookCandidate:
    """Return a book with tiers of one of the rules, a position, and sometimes caps."""
    rules = tuple(InitialMargin) if jumps else (InitialMargin.AT_LEVERAGE, InitialMargin.MARGINAL)
    rule = rng.choice(rules)
    notional = quantity * MID * USD
    bounds = (0.0, rng.uniform(0.05, 0.3), rng.uniform(0.35, 0.8))
    rates = ((25, 20_000), (10, 50_000), (5, 100_000))
    tiers = tuple(
        MarginTier(round(bound * notional), leverage, Pico(rate * 10**6))
        for bound, (leverage, rate) in zip(bounds, rates, strict=True)
    )
    position = rng.choice((0.0, rng.uniform(-0.4, 0.4)))
    return replace(
        made,
        position_lots=round(position * quantity * 10_000),
        leverage=rng.choice((3, 10, 25)),
        tiers=rng.choice((tiers, tiers, ())),
        initial_margin=rule,
        position_max_atoms=rng.choice((None, None, None, round(rng.uniform(0.1, 1.0) * notional))),
        reduces_only=rng.random() < 0.08,
        basis=Pico(rng.randint(-(10**8), 10**8)),
    )


def _margin(
    account: AccountId, books: Iterable[BookCandidate], rng: random.Random, *, quantity: float
) -> MarginAccount:
    own = [b for b in books if b.instrument.account == account]
    notional = quantity * MID * USD
    held = sum(abs(b.position_lots) * 1e-4 * MID * USD / min(b.leverage, 10) for b in own)
    tiers = own[0].tiers
    elsewhere = tuple(
        HeldPosition(BTC, round(rng.uniform(-0.3, 0.3) * notional), tiers, Pico(10**11))
        for _ in range(rng.choice((0, 0, 1)))
    )
    used = sum(abs(p.notional_atoms) for p in elsewhere) // 10
    # From a breach before the order, over a thin room, to plenty.
    free = rng.choice((-0.03, 0.01, 0.05, 0.2, 0.5, 10.0)) * rng.uniform(0.5, 1.5)
    return MarginAccount(
        account,
        equity_atoms=max(round(held + used + free * notional), 0),
        margin_used_elsewhere_atoms=used,
        elsewhere=elsewhere,
        stress_buffer_atoms=rng.choice((0, round(0.01 * notional))),
        reduces_only=rng.random() < 0.05,
    )


def _reservations(made: RoutingProblem, rng: random.Random, notional: float) -> list[Reservation]:
    if rng.random() < 0.6:
        return []
    atoms = round(notional * rng.uniform(0.0, 0.05) * USD)
    accounts = [c.account for c in made.chains] + [m.account for m in made.margins]
    return [Reservation(rng.choice(accounts), Amount(USDC.id, atoms))]


def _book(name: str, rng: random.Random, levels: int, account: AccountId) -> BookCandidate:
    centre = round(MID * 10 * (1.0 + rng.uniform(-3e-4, 3e-4)))
    sides = []
    for sign in (-1, 1):
        ticks = (centre + sign * t for t in np.cumsum([rng.randint(1, 4) for _ in range(levels)]))
        sides.append(tuple((int(t), rng.randint(20_000, 400_000)) for t in ticks))
    instrument = Instrument(
        id=InstrumentId(name),
        venue=VenueId("local"),
        symbol=name,
        kind=InstrumentKind.PERP_BOOK,
        base=ETH,
        quote=USDC,
        account=account,
        lot_atoms=10**14,
        notional_min_atoms=0,
        fee_pips=Pips(rng.choice((-20, 100, 450))),
        tick_decimals=1,
    )
    snapshot = BookSnapshot(instrument.id, sides[0], sides[1], NOW, NOW)
    funding = Pico(rng.randint(-(10**7), 10**7))
    return BookCandidate(instrument, snapshot, centre, funding, 0, 10, None)


def _problem(
    side: Side, quantity: float, *, chains: list[AccountId], books: tuple[BookCandidate, ...]
) -> RoutingProblem:
    sign = 1.0 if side is Side.BUY else -1.0
    return RoutingProblem(
        parent=ParentId("p-1"),
        side=side,
        kind=QuantityKind.BASE,
        quantity=Amount(ETH.id, round(quantity * UNIT)),
        arrival_mid=Price(ETH.id, USDC.id, round(MID * USD), UNIT),
        limit_price=Price(ETH.id, USDC.id, round(MID * (1.0 + sign * LIMIT) * USD), UNIT),
        holding_horizon_s=3_600,
        gas_fee_wei=0,
        slippage_tolerance_pips=Pips(5_000),
        pools=(),
        books=books,
        chains=tuple(ChainCash(a, _spendable(1e9), 0, None) for a in chains),
        margins=(),
    )


# Collateral between what the split without rows would use, and none for the order.
def _short(selection: Selection, quantity: float, rng: random.Random) -> Selection:
    scaled = scale(selection, quantity)
    shares, _ = separable(scaled)
    uses, rooms = scaled.uses(shares), scaled.rooms()
    margins = {m.account: m for m in selection.market.problem.margins}
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        own = slice(first, first + len(account.names))
        spare, free = float(np.min((rooms - uses)[own])), float(np.min(rooms[own]))
        if math.isfinite(free) and free > spare:
            taken = spare + rng.uniform(-0.2, 0.9) * (free - spare)
            margin = margins[account.account]
            atoms = margin.equity_atoms - round(taken * quantity * MID * USD)
            margins[account.account] = replace(margin, equity_atoms=max(atoms, 0))
    made = replace(selection.market.problem, margins=tuple(margins[m] for m in sorted(margins)))
    return replace(selection, market=replace(selection.market, problem=made))
