"""Seeded instances for the optimiser's bench: pools as curves, books with tiers, scenarios.

Synthetic: fee tiers of 1 to 100 bp with their tick spacings, log-normal depth that decays away
from the price with half of it noise; accounts that hold positions, with little collateral.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.margin import InitialMargin, MarginAccount, MarginTier, StressScenario
from router.domain.market import BookSnapshot
from router.domain.plan import BookCandidate, ChainCash, QuantityKind, RoutingProblem
from router.domain.units import (
    PICO_PER_UNIT,
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
from router.optimiser.convex.scaled import CashRow, Demand, ScaledCurve, ScaledProblem
from router.optimiser.convex.split import separable
from router.optimiser.market.accounts import GRAIN_MIN, Member, account_rows
from router.optimiser.market.source import book_cost

MID: Final = 2_000.0
_ETH: Final = Asset(AssetId("ETH"), 18)
_USDC: Final = Asset(AssetId("USDC"), 6)
_USD: Final = 10**6
_FEES_AND_SPACINGS: Final = ((100, 1), (500, 10), (3_000, 60), (10_000, 200))
_NOW: Final = TimestampNs(0)
LIMIT: Final = 1.05
_PLENTY: Final = 10.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large an instance is; ticks are those of both sides of a pool."""

    pools: int
    ticks: int
    chains: int
    books: int
    levels: int
    accounts: int
    scenarios: int


HEADLINE: Final = Size(20, 200, 1, 4, 100, 1, 50)
LARGE: Final = Size(200, 1_000, 3, 10, 200, 4, 500)


@dataclass(frozen=True, slots=True)
class Case:
    """An instance: the curves of every chain's pools, the books' own, and all of it scaled."""

    pools: tuple[tuple[CostCurve, ...], ...]
    books: tuple[CostCurve, ...]
    scaled: ScaledProblem


def case(seed: int, size: Size, *, binding: bool) -> Case:
    """Return an instance to buy 1 to 6 million dollars' worth.

    Parameters
    ----------
    binding : bool
        Little collateral, so that margin binds in most; otherwise no row does.
    """
    rng = random.Random(seed)  # noqa: S311 - a seeded instance, not a secret
    quantity = rng.uniform(500.0, 3_000.0)
    chains = [AccountId(f"chain:{i}") for i in range(size.chains)]
    pools = tuple(
        tuple(pool_curve(rng, size.ticks) for _ in range(i, size.pools, size.chains))
        for i in range(size.chains)
    )
    accounts = [AccountId(f"perp:{i}") for i in range(size.accounts)]
    books = tuple(
        _book(
            f"perp-{i}",
            rng,
            levels=size.levels,
            account=accounts[i % size.accounts],
            quantity=quantity,
        )
        for i in range(size.books)
    )
    problem = _problem(quantity, chains=chains, books=books, scenarios=_scenarios(rng, size))
    merged = [_chain_curve(a, merge(own), quantity) for a, own in zip(chains, pools, strict=True)]
    members = [
        Member(len(merged) + i, book, problem.side, MID) for i, book in enumerate(problem.books)
    ]
    notional = quantity * MID
    curves = tuple(book_cost(b, problem.side, limit=problem.limit_price) for b in books)
    taken = [_book_curve(m, c, notional) for m, c in zip(members, curves, strict=True)]
    scaled = ScaledProblem(
        curves=(*merged, *taken),
        demands=(Demand("bench", 1.0),),
        cash=tuple(
            CashRow(f"cash:{a}", (c,), pays_quote=True, room=_PLENTY, grain=GRAIN_MIN)
            for c, a in enumerate(chains)
        ),
        accounts=tuple(
            account_rows(
                account,
                MarginAccount(account, round(_PLENTY * notional * _USD), 0),
                [m for m in members if m.book.instrument.account == account],
                scenarios=problem.scenarios,
                reservations=(),
                curves=(*merged, *taken),
                notional=notional,
            )
            for account in accounts
        ),
    )
    return Case(pools, curves, _short(scaled, rng) if binding else scaled)


def pool_curve(rng: random.Random, ticks: int) -> CostCurve:
    """Return the half of a pool that a buy meets."""
    fee, spacing = rng.choice(_FEES_AND_SPACINGS)
    price = MID * (1.0 + rng.uniform(-1.0, 1.0) * fee * 1e-6)
    depth = 3e6 * math.exp(rng.gauss(0.0, 1.3))
    level = depth / (math.sqrt(price) * 0.01)
    step = max(round(8_000 / ticks / spacing), 1) * spacing
    tick = math.log(price) / math.log(1.0001)
    ends = (math.floor(tick / spacing) + 1) * spacing + step * np.arange(ticks // 2)
    edges = np.concatenate(([math.sqrt(price)], 1.0001 ** (ends / 2.0)))
    away = np.abs(np.concatenate(([tick], ends[:-1])) - tick) / 4_000
    noise = np.array([rng.uniform(0.5, 1.5) for _ in away])
    liquidity = level * np.exp(-away) * noise
    gross = 1.0 / (1.0 - fee * 1e-6)
    root, width = edges * math.sqrt(gross), 1.0 / edges[:-1] - 1.0 / edges[1:]
    return CostCurve(
        Side.BUY,
        root[:-1],
        root[1:],
        depth=liquidity * math.sqrt(gross),
        quantity=liquidity * width,
    )


def _chain_curve(account: AccountId, curve: CostCurve, quantity: float) -> ScaledCurve:
    cap = min(curve.capacity / quantity, 1.0)
    return ScaledCurve(account, curve, curve, 0, quantity, MID, cap, adder=0.0)


def _book_curve(member: Member, curve: CostCurve, notional: float) -> ScaledCurve:
    quantity = notional / MID
    hourly = member.book.funding_rate_per_hour / PICO_PER_UNIT
    return ScaledCurve(
        name=member.book.instrument.id,
        curve=curve,
        floor=curve,
        demand=0,
        quantity=quantity,
        mid=MID,
        cap=min(curve.capacity / quantity, 1.0),
        adder=hourly * member.mark,
    )


def _problem(
    quantity: float,
    *,
    chains: Sequence[AccountId],
    books: tuple[BookCandidate, ...],
    scenarios: tuple[StressScenario, ...],
) -> RoutingProblem:
    return RoutingProblem(
        parent=ParentId("bench"),
        side=Side.BUY,
        kind=QuantityKind.BASE,
        quantity=Amount(_ETH.id, round(quantity * 1e18)),
        arrival_mid=Price(_ETH.id, _USDC.id, round(MID * _USD), 10**18),
        limit_price=Price(_ETH.id, _USDC.id, round(MID * LIMIT * _USD), 10**18),
        holding_horizon_s=3_600,
        gas_fee_wei=0,
        slippage_tolerance_pips=Pips(5_000),
        pools=(),
        books=books,
        chains=tuple(ChainCash(a, (Amount(_USDC.id, 10**16),), 0, None) for a in chains),
        margins=(),
        scenarios=scenarios,
    )


def _book(
    name: str, rng: random.Random, *, levels: int, account: AccountId, quantity: float
) -> BookCandidate:
    centre = round(MID * 10 * (1.0 + rng.uniform(-3e-4, 3e-4)))
    ticks, asks = centre, []
    for _ in range(levels):
        ticks += rng.randint(1, 4)
        asks.append((ticks, rng.randint(20_000, 400_000)))
    instrument = Instrument(
        id=InstrumentId(name),
        venue=VenueId("bench"),
        symbol=name,
        kind=InstrumentKind.PERP_BOOK,
        base=_ETH,
        quote=_USDC,
        account=account,
        lot_atoms=10**14,
        notional_min_atoms=10 * _USD,
        fee_pips=Pips(450),
        tick_decimals=1,
    )
    position = rng.choice((0, 0, rng.uniform(-0.3, 0.3)))
    bounds = (0.0, rng.uniform(0.05, 0.2), rng.uniform(0.25, 0.5))
    rates = ((25, 20_000), (10, 50_000), (5, 100_000))
    return BookCandidate(
        instrument,
        BookSnapshot(instrument.id, (), tuple(asks), _NOW, _NOW),
        centre,
        Pico(rng.randint(-(10**7), 10**7)),
        round(position * quantity * 10_000),
        25,
        None,
        tiers=tuple(
            MarginTier(round(bound * quantity * MID * _USD), leverage, Pico(rate * 10**6))
            for bound, (leverage, rate) in zip(bounds, rates, strict=True)
        ),
        initial_margin=InitialMargin.MARGINAL,
    )


# Gaps of up to 30 % either way, or small ones, so that the initial margin of tiers binds; and
# funding that turns against either side.
def _scenarios(rng: random.Random, size: Size) -> tuple[StressScenario, ...]:
    gap_max = rng.choice((20_000, 300_000))
    return tuple(
        StressScenario(
            f"gap-{i}", Pips(rng.randint(-gap_max, gap_max)), Pips(rng.randint(-20_000, 20_000))
        )
        for i in range(size.scenarios)
    )


# As little collateral as binds: between what the split without rows uses, and none for the order.
def _short(scaled: ScaledProblem, rng: random.Random) -> ScaledProblem:
    shares, _ = separable(scaled)
    uses, rooms = scaled.uses(shares), scaled.rooms()
    accounts = []
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        own = slice(first, first + len(account.names))
        spare, free = float(np.min((rooms - uses)[own])), float(np.min(rooms[own]))
        taken = spare + rng.uniform(-0.2, 0.9) * max(free - spare, 0.0)
        accounts.append(replace(account, rooms=account.rooms - taken))
    return replace(scaled, accounts=tuple(accounts))
