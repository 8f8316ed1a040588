"""An independent joint model: a linear programme over every tick of every source, in cvxpy.

No aggregation, no refinement, no relation to the optimiser's scaling: every segment is split into
chords, all scenarios and tiers are in the model, and the union of what is allowed (accounts that
only reduce, margin that jumps) is enumerated. Chords lie above the cost, so its optimum is a plan's
cost, and at most `error` above the least one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cvxpy as cp
import numpy as np

from router.domain.margin import InitialMargin, MarginAccount, MarginTier
from router.domain.plan import BookCandidate, PoolCandidate, RoutingProblem
from router.liquidity.curve import CostCurve, book_curve
from router.liquidity.pool import cost_curve, pool_of
from tests.unit.optimiser.joint import rules

OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


@dataclass(frozen=True)
class Source:
    """Chords of one pool or book in shares; `error` is how far a chord lies above the cost."""

    name: str
    account: str
    sizes: np.ndarray
    costs: np.ndarray
    error: float
    book: BookCandidate | None


@dataclass(frozen=True)
class Full:
    """The least cost rate over all cells, and what the chords may add to it."""

    value: float
    error: float


@dataclass(frozen=True)
class Cell:
    """Which accounts only reduce, and the tier each jumping margin is charged at."""

    reducing: frozenset[str]
    tiers: dict[str, int]


def solve_full(problem: RoutingProblem, *, cuts: int) -> Full | None:
    """Return the optimum of the model, or None if no cell has a plan."""
    sources = [s for s in _sources(problem, cuts) if s.sizes.size]
    values = [_solve_cell(problem, sources, cell) for cell in _cells(problem)]
    found = [v for v in values if v is not None]
    return Full(min(found), sum(s.error for s in sources)) if found else None


def _cells(problem: RoutingProblem) -> Iterator[Cell]:
    jumping = [
        b for b in problem.books if b.initial_margin is InitialMargin.CAPPED and len(b.tiers) > 1
    ]
    accounts = [m for m in problem.margins if rules.books_of(problem, m)]
    ways = [(True,) if m.reduces_only else (False, True) for m in accounts]
    for chosen in product(*ways):
        reducing = {m.account for m, is_in in zip(accounts, chosen, strict=True) if is_in}
        free = [b for b in jumping if b.instrument.account not in reducing]
        for tiers in product(*(range(len(b.tiers)) for b in free)):
            names = [b.instrument.id for b in free]
            yield Cell(frozenset(reducing), dict(zip(names, tiers, strict=True)))


def _solve_cell(problem: RoutingProblem, sources: list[Source], cell: Cell) -> float | None:
    sign = rules.sign_of(problem)
    taken = {s.name: cp.Variable(s.sizes.size, nonneg=True) for s in sources}
    base = {s.name: cp.sum(taken[s.name]) for s in sources}
    cost = {s.name: (s.costs / s.sizes) @ taken[s.name] for s in sources}
    kept = [taken[s.name] <= s.sizes for s in sources]
    kept.append(sum(base.values()) == 1.0)
    total = sum(cost[s.name] - sign * base[s.name] for s in sources)
    for s in sources:
        if s.book is not None:
            total = total + _carry(problem, s.book) * base[s.name]
            most = rules.most_of(problem, s.book)
            if np.isfinite(most):
                kept.append(base[s.name] <= most)
    for chain in problem.chains:
        own = [s.name for s in sources if s.account == chain.account]
        if own:
            used = [(cost if sign > 0 else base)[name] for name in own]
            room = -rules.chain_excess(problem, chain.account, rules.Trade(0.0, 0.0))
            kept.append(sum(used) <= room)
    for margin in problem.margins:
        own = [s for s in sources if s.book is not None and s.account == margin.account]
        kept += _account(problem, margin, [(s, base[s.name], cost[s.name]) for s in own], cell)
    model = cp.Problem(cp.Minimize(total), kept)
    model.solve(solver=cp.HIGHS, **OPTIONS)
    return float(model.value) if model.status == cp.OPTIMAL else None


def _account(
    problem: RoutingProblem,
    margin: MarginAccount,
    own: list[tuple[Source, cp.Expression, cp.Expression]],
    cell: Cell,
) -> Iterator[cp.Constraint]:
    # Books that hold nothing for this side still hold their positions.
    traded = {s.name for s, _, _ in own}
    idle = [b for b in rules.books_of(problem, margin) if b.instrument.id not in traded]
    members = [(s.book, x, paid) for s, x, paid in own] + [(b, 0.0, 0.0) for b in idle]
    sign, unit = rules.sign_of(problem), rules.unit_of(problem)
    is_reducing = margin.account in cell.reducing
    equity, opened = rules.equity_of(problem, margin), []
    values = []
    for book, x, paid in members:
        mark = rules.mark_of(problem, book)
        lost = paid - sign * mark * x
        equity = equity - lost
        value = (rules.position_of(problem, book) + sign * x) * mark
        values.append(value)
        if is_reducing:
            reducible = max(-sign * rules.position_of(problem, book), 0.0)
            yield from [] if isinstance(x, float) else [x <= reducible]
            continue
        tier = cell.tiers.get(book.instrument.id)
        if tier is not None and tier + 1 < len(book.tiers):
            yield cp.abs(value) <= book.tiers[tier + 1].above_atoms / unit
        opened.append(_at_least(_opening_lines(book, tier, unit), cp.abs(value)))
        opened.append(cp.Variable(nonneg=True))  # a gain is not there yet
        yield opened[-1] >= lost
    if not is_reducing:
        free = rules.equity_of(problem, margin) - margin.margin_used_elsewhere_atoms / unit
        yield sum(opened) <= free
    if rules.scenarios_of(problem, margin) and members:
        yield from _stress(problem, margin, members, values, equity, is_reducing)


def _stress(problem, margin, members, values, equity, is_reducing):
    asked = rules.scenarios_of(problem, margin)
    unit, count = rules.unit_of(problem), len(asked)
    lack = np.array([rules.elsewhere_lack(problem, margin, s) for s in range(count)])
    left = equity - margin.stress_buffer_atoms / unit - lack
    for (book, _, _), value in zip(members, values, strict=True):
        # What a scenario takes of either side of a position; the dearer one is that of its sign.
        taken = cp.Variable(count)
        for side in (1.0, -1.0):
            now = [rules.befalls(s, book.instrument.base.id, side) for s in asked]
            part, brings = np.array([n.left for n in now]), np.array([n.brings for n in now])
            for rate, deduction in _keeping_lines(book, unit):
                yield taken >= cp.multiply(side * rate * part - brings, value) - deduction
        left = left - taken
    needed = np.zeros(count)
    if is_reducing:
        before = [rules.surplus(problem, margin, s, trades={}) for s in range(count)]
        needed = np.minimum(before, 0.0)
    yield left >= needed


def _carry(problem: RoutingProblem, book: BookCandidate) -> float:
    hours = problem.holding_horizon_s / 3600.0
    rate = book.funding_rate_per_hour * 1e-12 * hours + book.basis * 1e-12
    return rules.sign_of(problem) * rate * rules.mark_of(problem, book)


# Lines whose largest is the sum over tiers of each one's rate of its own part.
def _lines(tiers: tuple[MarginTier, ...], rates: list[float], unit: float):
    for tier, rate in zip(tiers, rates, strict=True):
        start = tier.above_atoms / unit
        yield rate, rate * start - rules.by_tier(start, tiers, rates, unit)


def _opening_lines(book: BookCandidate, tier: int | None, unit: float):
    if book.initial_margin is InitialMargin.AT_LEVERAGE or not book.tiers:
        return [(1.0 / book.leverage, 0.0)]
    rates = rules.opening_rates(book)
    if book.initial_margin is InitialMargin.CAPPED:
        return [(rates[tier or 0], 0.0)]
    return list(_lines(book.tiers, rates, unit))


def _keeping_lines(book: BookCandidate, unit: float):
    if not book.tiers:
        return [(1.0 / book.leverage, 0.0)]
    return list(_lines(book.tiers, [t.maintenance * 1e-12 for t in book.tiers], unit))


def _at_least(lines, notional):
    return (
        cp.maximum(*(r * notional - d for r, d in lines))
        if len(lines) > 1
        else lines[0][0] * notional
    )


def _sources(problem: RoutingProblem, cuts: int) -> Iterator[Source]:
    sign = rules.sign_of(problem)
    mid, limit = (
        1e12 * p.quote_atoms / p.base_atoms for p in (problem.arrival_mid, problem.limit_price)
    )
    quantity = problem.quantity.atoms * 1e-18
    for pool in problem.pools:
        curve = _pool_curve(problem, pool)
        end = min(float(curve.quantity_at(sign * limit)), quantity)
        # Fine where an optimum may end: up to a hundredth beyond the best price.
        first = float(curve.marginal(0.0)) if curve.capacity else sign * limit
        near = np.linspace(first, min(first + 0.01 * mid, sign * limit), cuts)
        steps = np.concatenate((near, np.linspace(first, sign * limit, cuts)))
        yield _cut(pool, curve, end=end, steps=steps, quantity=quantity, mid=mid)
    for book in problem.books:
        left = book.quantity_max_lots
        levels = []
        for tick, lots in book.snapshot.asks if sign > 0 else book.snapshot.bids:
            part = lots if left is None else min(lots, left)
            left = None if left is None else left - part
            if part > 0:
                levels.append((tick, part))
        curve = book_curve(
            levels,
            problem.side,
            tick_size=0.1,
            lot_size=book.instrument.lot_atoms * 1e-18,
            fee_rate=book.instrument.fee_pips * 1e-6,
        )
        end = min(curve.capacity, quantity)
        yield _cut(book, curve, end=end, steps=np.zeros(0), quantity=quantity, mid=mid)


def _cut(
    candidate: PoolCandidate | BookCandidate,
    curve: CostCurve,
    *,
    end: float,
    steps: np.ndarray,
    quantity: float,
    mid: float,
) -> Source:
    ends = np.concatenate(([0.0], np.cumsum(curve.quantity)))
    points = np.concatenate((ends, curve.quantity_at(steps), [end]))
    points = np.unique(np.minimum(points, end))
    points = points[np.concatenate(([True], np.diff(points) > 1e-11 * quantity))]
    sizes = np.diff(points)
    costs = np.diff(curve.cost(np.minimum(points, curve.capacity)))
    # A chord of a convex curve lies above it by at most a quarter of its width times the change of
    # the slope; a level of a book is straight.
    change = np.diff(curve.marginal(np.minimum(points, curve.capacity)))
    smooth = np.zeros_like(sizes) if isinstance(candidate, BookCandidate) else sizes
    error = float(np.max(smooth * change, initial=0.0)) / 4.0
    instrument = candidate.instrument
    return Source(
        instrument.id,
        instrument.account,
        sizes / quantity,
        costs / (quantity * mid),
        error / (quantity * mid),
        candidate if isinstance(candidate, BookCandidate) else None,
    )


def _pool_curve(problem: RoutingProblem, pool: PoolCandidate) -> CostCurve:
    instrument = pool.instrument
    decimals = (instrument.base.decimals, instrument.quote.decimals)
    zero = instrument.base_is_token0
    return cost_curve(
        pool_of(pool.snapshot),
        problem.side,
        base_is_token0=zero,
        decimals0=decimals[0] if zero else decimals[1],
        decimals1=decimals[1] if zero else decimals[0],
    )
