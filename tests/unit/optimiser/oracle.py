"""An independent joint model: one linear programme over every piece of every source, in atoms.

Shares nothing with the optimiser but the pool and book mathematics: no aggregation, no branches,
no scaling by it. Every source is cut into chords, so its optimum is an upper bound of the true
one that is close to it.
"""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from router.domain.plan import PoolCandidate, RouteCandidate, RoutingProblem
from router.domain.units import Side
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool import cost_curve, pool_of
from tests.unit.optimiser.world import MID, UNIT, USD, fair


@dataclass(frozen=True)
class Source:
    """Chords of one pool, hop or book: sizes in its base, costs in its quote, signed."""

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
    hops = [_hops(problem, route, cuts=cuts, quantity=quantity) for route in problem.routes]
    rules += [rule for h in hops for rule in h.rules]
    rules.append(sum(cp.sum(t) for t in taken) + sum(h.base for h in hops) == 1.0)
    total = sum((c - sign) @ t for c, t in zip(costs, taken, strict=True))
    total = total + sum(h.cost - sign * h.base for h in hops)
    for chain in problem.chains:
        own = [i for i, s in enumerate(sources) if s.account == chain.account]
        routed = [h for h in hops if h.account == chain.account]
        asset = "USDC" if sign > 0 else "ETH"
        atoms = sum(a.atoms for a in chain.spendable if a.asset == asset)
        if sign > 0:
            room = atoms / USD / (quantity * MID)
            paid = [costs[i] @ taken[i] for i in own] + [h.cost for h in routed]
            rules.append(sum(paid) <= room)
        else:
            given = [cp.sum(taken[i]) for i in own] + [h.base for h in routed]
            rules.append(sum(given) <= atoms / UNIT / quantity)
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
        curve = _pool_curve(pool, problem.side)
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


@dataclass(frozen=True)
class Hops:
    """A route: base and signed cost in units of the order, and what ties the two hops."""

    account: str
    base: cp.Expression
    cost: cp.Expression
    rules: list[cp.Constraint]


# Every pool of both hops in chords of its own pair; the middle asset that one hop pays the other
# receives. Amounts are in units of the order, at fair prices.
def _hops(problem: RoutingProblem, route: RouteCandidate, *, cuts: int, quantity: float) -> Hops:
    sign = 1.0 if problem.side is Side.BUY else -1.0
    totals, rules = [], []
    for pools in (route.base_pools, route.quote_pools):
        pair = pools[0].instrument
        price, ordered = (
            fair(pair.base, pair.quote),
            quantity * fair(route.instrument.base, pair.base),
        )
        bought, paid = [], []
        for pool in pools:
            curve = _pool_curve(pool, problem.side)
            # Wider than the order's limit of 10 %: the other hop may be better than fair.
            limit = sign * price * (1.0 + sign * 0.15)
            chords = _cut(curve, pair.account, cuts=cuts, limit=limit, book=None)
            if not chords.sizes.size:
                continue
            taken = cp.Variable(chords.sizes.size, nonneg=True)
            rules.append(taken <= chords.sizes / ordered)
            bought.append(cp.sum(taken))
            paid.append((chords.costs / chords.sizes / price) @ taken)
        totals.append((sum(bought), sum(paid)))
    (base, middle_paid), (middle, cost) = totals
    rules.append(sign * middle >= middle_paid)
    return Hops(route.instrument.account, base, cost, rules)


def _pool_curve(pool: PoolCandidate, side: Side) -> CostCurve:
    instrument = pool.instrument
    decimals = (instrument.base.decimals, instrument.quote.decimals)
    zero = instrument.base_is_token0
    return cost_curve(
        pool_of(pool.snapshot),
        side,
        base_is_token0=zero,
        decimals0=decimals[0] if zero else decimals[1],
        decimals1=decimals[1] if zero else decimals[0],
    )


def _cut(curve: CostCurve, account: str, *, cuts: int, limit: float, book: object) -> Source:
    end = float(curve.quantity_at(limit))
    ends = np.concatenate(([0.0], np.cumsum(curve.segments().quantity)))
    steps = np.linspace(float(curve.marginal(0.0)), limit, cuts + 1) if curve.capacity else ends
    points = np.unique(np.minimum(np.concatenate((ends, curve.quantity_at(steps))), end))
    sizes = np.diff(points)
    costs = np.diff(curve.cost(np.minimum(points, curve.capacity)))
    kept = sizes > 1e-9
    return Source(account, sizes[kept], costs[kept], book)
