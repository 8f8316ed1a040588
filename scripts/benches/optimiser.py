"""What a certified split costs: separable, joint through cvxpy, and one programme over every tick.

Synthetic, seeded instances of 20 pools with 200 ticks and 4 books of 100 levels; collateral is
short in all of the joint ones. Run alone: the ratio is what counts, the milliseconds are this
machine's.
"""

import importlib
import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from _figures import figure

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.margin import MarginAccount
from router.domain.market import BlockRef, BookSnapshot, PoolSnapshot, PoolTick
from router.domain.plan import BookCandidate, ChainCash, PoolCandidate, QuantityKind, RoutingProblem
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
from router.liquidity.fixed_point import sqrt_price_to_tick
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import solve_separable
from router.optimiser.market.market import Market, prepare, scale, select
from router.optimiser.solve import solve, warm_up

NAME: Final = "optimiser"
DESCRIPTION: Final = "certified split of 20 pools x 200 ticks and 4 books x 100 levels"

_MID: Final = 2_000.0
_ETH: Final = Asset(AssetId("ETH"), 18)
_USDC: Final = Asset(AssetId("USDC"), 6)
_TIERS: Final = ((100, 1), (500, 10), (3_000, 60), (10_000, 200))
_BPS: Final = 1e4
_GAP_MAX: Final = 0.01
_RATIO_MIN: Final = 8.0
_TICKS: Final = 200
_CHAIN: Final = AccountId("chain:bench")
_PERP: Final = AccountId("perp:bench")
_NOW: Final = TimestampNs(0)


@dataclass(frozen=True, slots=True)
class _Case:
    market: Market
    scaled: ScaledProblem


def run(*, quick: bool) -> list[dict[str, object]]:
    """Return the figures; `quick` takes a tenth of the instances."""
    count = 6 if quick else 60
    few = max(count // 6, 3)
    warm_up()
    free = [_scaled(_problem(seed, collateral=10.0)) for seed in range(count)]
    tight = (_scaled(_problem(seed, collateral=0.005)) for seed in range(2 * count))
    short = [case for case in tight if solve_separable(case.scaled) is None][:count]
    gaps: list[float] = []

    def joint(case: _Case) -> None:
        split = solve_continuous(case.scaled)
        assert split is not None, "the instances are feasible"
        gaps.append(split.gap * _BPS)

    separable_ms = _times(lambda case: solve_separable(case.scaled), free)
    joint_ms = _times(joint, short)
    full_ms = statistics.median(_times(_full_programme, short[:few]))
    whole_ms = _times(solve, [_problem(seed, collateral=0.005) for seed in range(few)])
    ratio = full_ms / statistics.median(joint_ms)
    return [
        *_percentiles("separable split, certified", separable_ms, goals=(0.5, 1.5)),
        *_percentiles("joint split through cvxpy", joint_ms, goals=(5.0, 12.0)),
        figure("whole solve with lots, atoms and singles, p50", statistics.median(whole_ms), "ms"),
        figure(
            "one cvxpy programme over every segment, p50",
            full_ms,
            "ms",
            against="joint split through cvxpy, p50",
            ratio=ratio,
            goal=f"ratio at least {_RATIO_MIN}",
            met=ratio >= _RATIO_MIN,
        ),
        figure(
            "certified gap, worst",
            max(gaps),
            "bps",
            against="Lagrangian bound",
            goal=f"at most {_GAP_MAX}",
            met=max(gaps) <= _GAP_MAX,
        ),
    ]


def _percentiles(
    name: str, taken: list[float], *, goals: tuple[float, float]
) -> list[dict[str, object]]:
    values = (statistics.median(taken), float(np.percentile(taken, 99)))
    return [
        figure(f"{name}, {which}", value, "ms", goal=f"at most {goal} ms", met=value <= goal)
        for which, value, goal in zip(("p50", "p99"), values, goals, strict=True)
    ]


def _times(work: Callable[[Any], object], instances: list[Any]) -> list[float]:
    work(instances[0])
    taken = []
    for instance in instances:
        start = time.perf_counter_ns()
        work(instance)
        taken.append((time.perf_counter_ns() - start) / 1e6)
    return taken


# What one would write first: a variable for every segment of every pool and level of every book.
def _full_programme(case: _Case) -> None:
    cp: Any = importlib.import_module("cvxpy")
    scaled = case.scaled
    curves = [*case.market.pool_curves, *case.market.book_curves]
    tables = [c.segments() for c in curves]
    costs = [t.cost / t.quantity / _MID for t in tables]
    taken = [cp.Variable(t.quantity.size, nonneg=True) for t in tables]
    rules = [
        v <= t.quantity / scaled.curves[0].quantity for v, t in zip(taken, tables, strict=True)
    ]
    rules.append(sum(cp.sum(v) for v in taken) == 1.0)
    first = len(case.market.pool_curves)
    spent = sum(c @ v for v, c in zip(taken[:first], costs[:first], strict=True))
    rules.append(spent <= scaled.rows[0].room)
    total = sum((c - 1.0) @ v for v, c in zip(taken, costs, strict=True))
    used = []
    for book, share, cost in zip(scaled.curves[1:], taken[first:], costs[first:], strict=True):
        total = total + book.adder * cp.sum(share)
        used.append((cost - 1.0 + book.row_linear) @ share)
        used.append(book.row_position * cp.abs(book.position + cp.sum(share)))
    rules.append(sum(used) <= scaled.rows[1].room)
    problem = cp.Problem(cp.Minimize(total), rules)
    problem.solve(solver=cp.HIGHS)
    assert problem.status == cp.OPTIMAL, problem.status


def _scaled(problem: RoutingProblem) -> _Case:
    market = prepare(problem)
    selection = select(market, range(len(problem.pools)))
    return _Case(market, scale(selection, problem.quantity.atoms / 1e18))


def _problem(seed: int, *, collateral: float) -> RoutingProblem:
    rng = random.Random(seed)  # noqa: S311 - a seeded instance, not a secret
    pools = tuple(_pool(f"pool-{i:02}", rng) for i in range(20))
    books = tuple(_book(f"perp-{i}", rng) for i in range(4))
    quantity = rng.uniform(500.0, 3_000.0)
    return RoutingProblem(
        parent=ParentId("bench"),
        side=Side.BUY,
        kind=QuantityKind.BASE,
        quantity=Amount(_ETH.id, round(quantity * 1e18)),
        arrival_mid=Price(_ETH.id, _USDC.id, round(_MID * 1e6), 10**18),
        limit_price=Price(_ETH.id, _USDC.id, round(_MID * 1.05e6), 10**18),
        holding_horizon_s=3_600,
        gas_fee_wei=0,
        slippage_tolerance_pips=Pips(5_000),
        pools=pools,
        books=books,
        chains=(ChainCash(_CHAIN, (Amount(_USDC.id, 10**16),), 100_000, None),),
        margins=(MarginAccount(_PERP, round(quantity * _MID * collateral * 1e6), 0),),
    )


def _pool(name: str, rng: random.Random) -> PoolCandidate:
    fee, spacing = rng.choice(_TIERS)
    price = _MID * (1.0 + rng.uniform(-1.0, 1.0) * fee * 1e-6)
    sqrt_price_x96 = int(math.sqrt(price * 1e-12) * 2**96)
    tick = sqrt_price_to_tick(sqrt_price_x96)
    depth = 3e6 * math.exp(rng.gauss(0.0, 1.3))
    level = depth / (math.sqrt(price) * 0.01) * 1e12
    step = max(round(8_000 / _TICKS / spacing), 1) * spacing
    first = (tick // spacing - 100 * step // spacing) * spacing
    before, active, ticks = 0, 0, []
    for i in range(_TICKS + 1):
        index = first + i * step
        away = abs(index - tick) / 4_000
        liquidity = int(level * math.exp(-away) * rng.uniform(0.5, 1.5)) if i < _TICKS else 0
        net = liquidity - before
        ticks.append(PoolTick(index, net, before + liquidity))
        before = liquidity
        active = liquidity if index <= tick else active
    instrument = _instrument(name, InstrumentKind.SPOT_POOL, account=_CHAIN, fee=fee)
    block = BlockRef(1, "0x1", "0x0", _NOW)
    snapshot = PoolSnapshot(
        instrument.id, block, fee, spacing, sqrt_price_x96, tick, active, tuple(ticks), _NOW
    )
    return PoolCandidate(instrument, snapshot, 120_000)


def _book(name: str, rng: random.Random) -> BookCandidate:
    centre = round(_MID * 10 * (1.0 + rng.uniform(-3e-4, 3e-4)))
    ticks, levels = centre, []
    for _ in range(100):
        ticks += rng.randint(1, 4)
        levels.append((ticks, rng.randint(20_000, 400_000)))
    instrument = _instrument(name, InstrumentKind.PERP_BOOK, account=_PERP, fee=450)
    snapshot = BookSnapshot(instrument.id, (), tuple(levels), _NOW, _NOW)
    return BookCandidate(instrument, snapshot, centre, Pico(10**7), 0, 10, None)


def _instrument(name: str, kind: InstrumentKind, *, account: AccountId, fee: int) -> Instrument:
    is_pool = kind is InstrumentKind.SPOT_POOL
    return Instrument(
        id=InstrumentId(name),
        venue=VenueId("bench"),
        symbol=name,
        kind=kind,
        base=_ETH,
        quote=_USDC,
        account=account,
        lot_atoms=1 if is_pool else 10**14,
        notional_min_atoms=0 if is_pool else 10**7,
        fee_pips=Pips(fee),
        tick_decimals=0 if is_pool else 1,
    )
