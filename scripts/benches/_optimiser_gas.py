"""Gas: how long the choice of pools takes, and how far it can be from the best.

Pools of 200 ticks of every fee tier with log-normal depth, orders of ten thousand to a million
dollars, gas of 0.05 to 15 dollars a pool: all combinations, over seeds.
"""

import itertools
import math
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from _figures import figure

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import BlockRef, PoolSnapshot, PoolTick
from router.domain.plan import ChainCash, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import (
    NATIVE,
    PICO_PER_UNIT,
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    ParentId,
    Pips,
    Price,
    Side,
    TimestampNs,
    VenueId,
)
from router.liquidity.fixed_point import sqrt_price_to_tick
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.gas.bound import prove_gas
from router.optimiser.gas.search import Solved, cost_with_gas, worth_their_gas
from router.optimiser.market.market import Market, prepare, select
from router.optimiser.market.scaling import scale

MID: Final = 2_000.0
GAS_USD: Final = (0.05, 3.0, 15.0)  # of a pool; a transaction is as much again
ORDERS_USD: Final = (1e4, 1e5, 1e6)
BPS: Final = 1e4

_SEEDS: Final = 8
_COUNTS: Final = (12, 20, 50)
_GOAL_MS: Final = 3.0
_GOAL_COUNT: Final = 50
_GAP_MAX: Final = 0.25
_UNITS: Final = 100_000
_TIERS: Final = ((100, 1), (500, 10), (3_000, 60), (10_000, 200))
_TICKS: Final = 200
_ETH: Final = Asset(AssetId("ETH"), 18)
_USDC: Final = Asset(AssetId("USDC"), 6)
_CHAIN: Final = AccountId("chain:bench")
_NOW: Final = TimestampNs(0)


@dataclass(frozen=True, slots=True)
class Order:
    """An order, and how to solve it over some of its pools."""

    market: Market
    quantity: float

    def solve(self, pools: tuple[int, ...]) -> Solved | None:
        """Return the certified split over some pools."""
        selection = select(self.market, pools)
        scaled = scale(selection, self.quantity)
        split = solve_continuous(scaled)
        return None if split is None else Solved(selection, scaled, split)

    def full(self) -> Solved:
        """Return the certified split over all pools, blind to gas."""
        found = self.solve(tuple(range(len(self.market.pools))))
        assert found is not None, "all pools together carry the order"
        return found


def gas_rows(*, quick: bool) -> list[dict[str, object]]:
    """Return time and gap of the choice for 12, 20 and 50 pools."""
    return [row for count in _COUNTS for row in _rows(count, seeds=1 if quick else _SEEDS)]


def orders(count: int, *, seeds: int) -> Iterator[Order]:
    """Return an order of every size at every price of gas, for each seed."""
    for seed, gas_usd, usd in itertools.product(range(seeds), GAS_USD, ORDERS_USD):
        yield _order(seed, count=count, gas_usd=gas_usd, usd=usd)


def _rows(count: int, *, seeds: int) -> list[dict[str, object]]:
    searched, proved, gaps = [], [], []
    # Orders are made and split before the clock runs, as everywhere in this bench.
    prepared = [(made, made.full()) for made in orders(count, seeds=seeds)]
    for made, full in prepared:
        worth_their_gas(full, made.solve)
        begin = time.perf_counter_ns()
        best = worth_their_gas(full, made.solve)
        middle = time.perf_counter_ns()
        bounds = prove_gas(full, best)
        end = time.perf_counter_ns()
        searched.append((middle - begin) / 1e6)
        proved.append((end - middle) / 1e6)
        lower = min(bound.lower_bound for bound in bounds) / PICO_PER_UNIT
        gaps.append((cost_with_gas(best) - lower) * BPS)
    spent = statistics.median(searched)
    goal = f"at most {_GOAL_MS} ms" if count == _GOAL_COUNT else ""
    return [
        figure(
            f"gas, {count} pools: choice found and solved, p50",
            spent,
            "ms",
            goal=goal,
            met=spent <= _GOAL_MS if goal else None,
        ),
        figure(
            f"gas, {count} pools: choice found and solved, p99",
            float(np.percentile(searched, 99)),
            "ms",
        ),
        figure(f"gas, {count} pools: cases bounded, p50", statistics.median(proved), "ms"),
        figure(f"gas, {count} pools: certified gap, median", statistics.median(gaps), "bps"),
        figure(
            f"gas, {count} pools: certified gap, worst",
            max(gaps),
            "bps",
            against="Lagrangian bound by cases",
            goal=f"at most {_GAP_MAX}",
            met=max(gaps) <= _GAP_MAX,
        ),
    ]


def _order(seed: int, *, count: int, gas_usd: float, usd: float) -> Order:
    rng = random.Random(seed)  # noqa: S311 - a seeded instance, not a secret
    pools = tuple(_pool(f"pool-{i:02}", rng) for i in range(count))
    price = Price(NATIVE, _USDC.id, round(MID * 1e6), 10**18)
    quantity = usd / MID
    problem = RoutingProblem(
        parent=ParentId("bench"),
        side=Side.BUY,
        kind=QuantityKind.BASE,
        quantity=Amount(_ETH.id, round(quantity * 1e18)),
        arrival_mid=Price(_ETH.id, _USDC.id, round(MID * 1e6), 10**18),
        limit_price=Price(_ETH.id, _USDC.id, round(MID * 1.1e6), 10**18),
        holding_horizon_s=0,
        gas_fee_wei=round(gas_usd / MID / _UNITS * 1e18),
        slippage_tolerance_pips=Pips(5_000),
        pools=pools,
        books=(),
        chains=(ChainCash(_CHAIN, (Amount(_USDC.id, 10**16),), _UNITS, price),),
        margins=(),
    )
    return Order(prepare(problem), quantity)


def _pool(name: str, rng: random.Random) -> PoolCandidate:
    fee, spacing = rng.choice(_TIERS)
    price = MID * (1.0 + rng.uniform(-1.0, 1.0) * fee * 1e-6)
    sqrt_price_x96 = int(math.sqrt(price * 1e-12) * 2**96)
    tick = sqrt_price_to_tick(sqrt_price_x96)
    depth = 3e6 * math.exp(rng.gauss(0.0, 1.3))
    level = depth / (math.sqrt(price) * 0.01) * 1e12
    step = max(round(8_000 / _TICKS / spacing), 1) * spacing
    first = (tick // spacing - _TICKS // 2 * step // spacing) * spacing
    before, active, ticks = 0, 0, []
    for i in range(_TICKS + 1):
        index = first + i * step
        away = abs(index - tick) / 4_000
        liquidity = int(level * math.exp(-away) * rng.uniform(0.5, 1.5)) if i < _TICKS else 0
        ticks.append(PoolTick(index, liquidity - before, before + liquidity))
        before = liquidity
        active = liquidity if index <= tick else active
    instrument = Instrument(
        id=InstrumentId(name),
        venue=VenueId("bench"),
        symbol=name,
        kind=InstrumentKind.SPOT_POOL,
        base=_ETH,
        quote=_USDC,
        account=_CHAIN,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(fee),
    )
    snapshot = PoolSnapshot(
        instrument.id,
        BlockRef(1, "0x1", "0x0", _NOW),
        fee,
        spacing,
        sqrt_price_x96,
        tick,
        active,
        tuple(ticks),
        _NOW,
    )
    return PoolCandidate(replace(instrument, base_is_token0=True), snapshot, _UNITS)
