"""An independent joint model: one linear programme over every piece of every source, in atoms.

Shares nothing with the optimiser but the pool and book mathematics: no aggregation, no branches,
no scaling by it. Every source is cut into chords, so its optimum is an upper bound of the true
one that is close to it.
"""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from router.domain.plan import RoutingProblem
from router.domain.units import Side
from router.liquidity.concentrated import Pool
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool_curve import pool_curve
from tests.unit.optimiser.world import MID, UNIT, USD


@dataclass(frozen=True)
class Source:
    """Chords of one pool or book: sizes in ETH, prices in signed USD."""

    account: str
    sizes: np.ndarray
    costs: np.ndarray
    book: object | None


def solve_reference(problem: RoutingProblem, *, cuts: int) -> float | None:
    """Return the least cost over the order's notional before gas, or None if infeasible.

    `cuts` is how many equal steps of the marginal price up to the limit price a pool is cut in.
    """
    quantity = problem.quantity.atoms / UNIT
    sign = 1.0 if problem.side is Side.BUY else -1.0
    sources = _sources(problem, cuts)
    # In units of the order and its notional, like any model a solver is to be trusted with.
    taken = [cp.Variable(s.sizes.size, nonneg=True) for s in sources]
    costs = [s.costs / s.sizes / MID for s in sources]
    rules = [t <= s.sizes / quantity for t, s in zip(taken, sources, strict=True)]
    rules.append(sum(cp.sum(t) for t in taken) == 1.0)
    total = sum((c - sign) @ t for c, t in zip(costs, taken, strict=True))
    for chain in problem.chains:
        own = [i for i, s in enumerate(sources) if s.account == chain.account]
        asset = "USDC" if sign > 0 else "ETH"
        atoms = sum(a.atoms for a in chain.spendable if a.asset == asset)
        if sign > 0:
            room = atoms / USD / (quantity * MID)
            rules.append(sum(costs[i] @ taken[i] for i in own) <= room)
        else:
            rules.append(sum(cp.sum(taken[i]) for i in own) <= atoms / UNIT / quantity)
    for account in problem.margins:
        used = []
        for i, source in enumerate(sources):
            if source.account != account.account:
                continue
            book = source.book
            mark = book.mark_ticks / 10.0 / MID
            lots = book.position_lots * book.instrument.lot_atoms / UNIT / quantity
            size = cp.sum(taken[i])
            used.append(cp.abs(lots + sign * size) * (mark / book.leverage))
            used.append((costs[i] - sign * mark) @ taken[i])
            total = (
                total
                + sign
                * book.funding_rate_per_hour
                * 1e-12
                * (problem.holding_horizon_s / 3600.0)
                * mark
                * size
            )
        free = (account.equity_atoms - account.margin_used_elsewhere_atoms) / USD
        rules.append(sum(used) <= free / (quantity * MID))
    model = cp.Problem(cp.Minimize(total), rules)
    model.solve(solver=cp.HIGHS)
    return float(model.value) if model.status == cp.OPTIMAL else None


def _sources(problem: RoutingProblem, cuts: int) -> list[Source]:
    sign = 1.0 if problem.side is Side.BUY else -1.0
    limit = sign * problem.limit_price.quote_atoms / USD * UNIT / problem.limit_price.base_atoms
    sources = []
    for pool in problem.pools:
        state, zero = pool.snapshot, pool.instrument.base_is_token0
        exact = Pool(
            state.fee_pips,
            state.tick_spacing,
            state.sqrt_price_x96,
            state.tick,
            state.liquidity,
            state.ticks,
        )
        curve = pool_curve(
            exact,
            problem.side,
            base_is_token0=zero,
            decimals0=18 if zero else 6,
            decimals1=6 if zero else 18,
        )
        sources.append(_cut(curve, pool.instrument.account, cuts=cuts, limit=limit, book=None))
    for book in problem.books:
        levels = book.snapshot.asks if sign > 0 else book.snapshot.bids
        curve = book_curve(
            levels,
            problem.side,
            tick_size=0.1,
            lot_size=1e-4,
            fee_rate=book.instrument.fee_pips * 1e-6,
        )
        sources.append(_cut(curve, book.instrument.account, cuts=1, limit=limit, book=book))
    return [s for s in sources if s.sizes.size]


def _cut(curve: CostCurve, account: str, *, cuts: int, limit: float, book: object) -> Source:
    end = float(curve.quantity_at(limit))
    ends = np.concatenate(([0.0], np.cumsum(curve.segments().quantity)))
    steps = np.linspace(float(curve.marginal(0.0)), limit, cuts + 1) if curve.capacity else ends
    points = np.unique(np.minimum(np.concatenate((ends, curve.quantity_at(steps))), end))
    sizes = np.diff(points)
    costs = np.diff(curve.cost(np.minimum(points, curve.capacity)))
    kept = sizes > 1e-9
    return Source(account, sizes[kept], costs[kept], book)
