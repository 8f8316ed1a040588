"""An independent model of the robust problem: every stretch of every scenario filled by itself.

Nothing is shared with the optimiser but the tables of curves: no perspective, no dual, no chords
around an answer. A scenario's liquidity is the table with its sizes cut down, filled cheapest
first by the programme itself; what does not fit is bought at the limit. The tail is a threshold
and excesses. Pools are cut into `CUTS` pieces a stretch, each at its mean price: the optimum is an
upper bound, off by no more than `error`.
"""

import cvxpy as cp
import numpy as np

from router.domain.units import PICO_PER_UNIT
from tests.unit.optimiser.robust.instances import LIMIT, MID

CUTS = 60


def table(curve):
    """Return sizes and mean rates of pieces, as shares and against the mid, and the error."""
    sign = 1.0 if curve.side.value == "buy" else -1.0
    sizes, rates, errors = [], [], []
    for start, end, depth, quantity in zip(
        curve.root_start, curve.root_end, curve.depth, curve.quantity, strict=True
    ):
        if np.isinf(depth):
            sizes.append(quantity)
            rates.append(sign * (start * start / MID - 1.0))
            continue
        roots = np.linspace(start, end, CUTS + 1)
        size = depth * np.abs(1.0 / roots[:-1] - 1.0 / roots[1:])
        sizes += size.tolist()
        rates += (sign * (roots[:-1] * roots[1:] / MID - 1.0)).tolist()
        errors.append(float(np.max(np.abs(np.diff(roots**2)) / MID * size)))
    # A piece is off by no more than its size times how much its price changes.
    return np.array(sizes), np.array(rates), max(errors, default=0.0)


def fill_cost(tables, shares, *, depths):
    """Return what fixed shares cost where so much of each curve is left, by filling in order."""
    total = 0.0
    for (sizes, rates, _), share, depth in zip(tables, shares, depths, strict=True):
        left = share
        for size, rate in sorted(zip(sizes * depth, rates, strict=True), key=lambda p: p[1]):
            total += min(size, left) * rate
            left -= min(size, left)
        total += left * LIMIT
    return total


def solve_model(scaled, curves, uncertainty):
    """Return the least worth, the shares, and how far the worth may be above the true one."""
    tables = [table(curve) for curve, _ in curves]
    x = cp.Variable(len(curves), nonneg=True)
    caps = np.array([c.cap for c in scaled.curves])
    adders = np.array([c.adder for c in scaled.curves])
    rules = [cp.sum(x) == 1.0, x <= caps]

    def fill(depths):
        cost = adders @ x
        slips = []
        for c, (sizes, rates, _) in enumerate(tables):
            taken, beyond = cp.Variable(sizes.size, nonneg=True), cp.Variable(nonneg=True)
            rules.extend((taken <= sizes * depths[c], cp.sum(taken) + beyond == x[c]))
            slips.append(rates @ taken + LIMIT * beyond)
        return cost + sum(slips), slips

    _, seen = fill([1.0] * len(curves))
    rules += _row_rules(scaled, x, seen)
    costs = []
    for s in uncertainty.scenarios:
        depths = [
            (s.book_depth_pips if is_book else s.pool_depth_pips) / 1e6 for _, is_book in curves
        ]
        costs.append(fill(depths)[0] + s.move_pips / 1e6)
    weights = np.array([s.weight for s in uncertainty.scenarios]) / PICO_PER_UNIT
    threshold, excess = cp.Variable(), cp.Variable(len(costs), nonneg=True)
    rules += [excess[k] >= cost - threshold for k, cost in enumerate(costs)]
    tail = threshold + (weights @ excess) / (uncertainty.tail_pips / 1e6)
    expected = sum(w * c for w, c in zip(weights, costs, strict=True))
    aversion = uncertainty.aversion_pips / 1e6
    model = cp.Problem(cp.Minimize(expected + aversion * tail), rules)
    model.solve(solver=cp.HIGHS)
    if model.status != cp.OPTIMAL:
        return None
    error = (1.0 + aversion) * sum(e for _, _, e in tables)
    return float(model.value), np.array(x.value), error


def _row_rules(scaled, x, seen):
    rules = []
    for row in scaled.cash:
        used = sum(x[c] for c in row.members)
        used = used + (sum(seen[c] for c in row.members) if row.pays_quote else 0.0)
        rules.append(used <= row.room)
    for account in scaled.accounts:
        for r, room in enumerate(account.rooms):
            used = 0.0
            for m, c in enumerate(account.members):
                held, weight = account.position[m], account.weight[r, m]
                rate = (account.maintenance if r else account.initial).rate[m, 0]
                margin = rate * weight * (cp.abs(held + x[c]) - abs(held))
                used = used + seen[c] - account.gain[r, m] * x[c] + margin
            rules.append(used <= room)
    return rules


def worth(told, costs):
    """Return expectation plus aversion times tail mean, by sorting."""
    tail, left, mean = told.tail_pips / 1e6, told.tail_pips / 1e6, 0.0
    pairs = sorted(zip(costs, told.scenarios, strict=True), key=lambda p: -p[0])
    for cost, one in pairs:
        taken = min(one.weight / PICO_PER_UNIT, left)
        mean, left = mean + taken * cost / tail, left - taken
    expected = sum(one.weight / PICO_PER_UNIT * cost for cost, one in pairs)
    return expected + told.aversion_pips / 1e6 * mean
