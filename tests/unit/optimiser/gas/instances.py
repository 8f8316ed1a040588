"""Orders whose gas matters: seeded, and what every choice of pools would cost, by enumeration."""

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from router.domain.plan import RoutingProblem
from router.domain.units import NATIVE, Price, Side
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.gas.search import Solved
from router.optimiser.market.market import Market, prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.world import MID, TIERS, UNIT, USD, USDC, book, pool, problem

POOL_UNITS = 120_000
BASE_UNITS = 100_000
GAS_USD = (0.05, 3.0, 15.0)  # of a pool
ORDERS_USD = (1e4, 1e5, 1e6)


def order(
    seed: int,
    *,
    count: int,
    gas_usd: float,
    usd: float,
    side: Side = Side.BUY,
    books: int = 0,
    accounts: tuple[str, ...] = ("chain:a",),
) -> RoutingProblem:
    """Return an order over pools of every tier, each within its fee of the mid."""
    rng = random.Random(seed)
    pools = []
    for i in range(count):
        fee, spacing = rng.choice(TIERS)
        made = pool(
            f"pool-{i:02}",
            fee_pips=fee,
            spacing=spacing,
            price=MID * (1 + rng.uniform(-1, 1) * fee * 1e-6),
            depth_usd=3e6 * math.exp(rng.gauss(0, 1.3)),
            seed=rng.randrange(10**6),
            account=rng.choice(accounts),
            gas_units=POOL_UNITS,
        )
        pools.append(made)
    perps = tuple(
        book(
            f"perp-{i}",
            price=MID * (1 + rng.uniform(-1, 1) * 3e-4),
            level_usd=2e4,
            seed=rng.randrange(10**6),
        )
        for i in range(books)
    )
    return problem(
        side=side,
        quantity=usd / MID,
        pools=tuple(pools),
        books=perps,
        gas_usd=gas_usd * 100_000 / POOL_UNITS,
    )


def priced(made: RoutingProblem, usd: float) -> RoutingProblem:
    """Return the problem where 100,000 units of gas cost so much on every chain."""
    coin = Price(NATIVE, USDC.id, 2_000 * USD, UNIT)
    chains = tuple(replace(chain, gas_price=coin) for chain in made.chains)
    return replace(made, gas_fee_wei=round(usd / 2_000 * UNIT / 100_000), chains=chains)


@dataclass(frozen=True)
class Desk:
    """A problem, and how to solve it over some of its pools."""

    made: RoutingProblem
    market: Market

    @property
    def all_pools(self) -> tuple[int, ...]:
        return tuple(range(len(self.market.pools)))

    @property
    def quantity(self) -> float:
        return self.made.quantity.atoms / UNIT

    def solve(self, pools: tuple[int, ...]) -> Solved | None:
        selection = select(self.market, pools)
        if not selection.sources and not self.made.books:
            return None
        scaled = scale(selection, self.quantity)
        split = solve_continuous(scaled)
        return None if split is None else Solved(selection, scaled, split)

    def full(self) -> Solved:
        found = self.solve(self.all_pools)
        assert found is not None, "all pools together carry the order"
        return found


def desk(made: RoutingProblem) -> Desk:
    return Desk(made, prepare(made))


def choices(count: int) -> Iterator[tuple[int, ...]]:
    """Return every choice of so many pools."""
    for size in range(count + 1):
        yield from itertools.combinations(range(count), size)


def merged_cost(at: Desk, pools: tuple[int, ...]) -> float:
    """Return what a choice costs with gas where no row binds, as a rate; infinite if too small.

    All its pools and the books are filled to one price: nothing of the optimiser is asked.
    """
    curves: list[CostCurve] = [at.market.pool_curves[i] for i in pools]
    curves += at.market.book_curves
    quantity, sign = at.quantity, at.market.sign
    if sum(curve.capacity for curve in curves) < quantity:
        return math.inf
    cost = float(merge(curves).cost(quantity))
    return (cost + gas_cost(at, pools)) / (quantity * MID) - sign


def gas_cost(at: Desk, pools: tuple[int, ...]) -> float:
    """Return what the gas of a choice costs, [quote]; one transaction for a chain and router."""
    carriers = {(c.account, c.router) for i in pools for c in [at.market.carriers[i]]}
    base = {chain.account: chain.gas_units_base for chain in at.made.chains}
    units = sum(at.market.pools[i].gas_units for i in pools)
    units += sum(base[account] for account, _ in carriers)
    return units * at.made.gas_fee_wei / UNIT * 2_000.0
