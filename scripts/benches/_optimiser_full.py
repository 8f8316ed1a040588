"""The peer: one cvxpy programme with a variable for every segment of every pool and book.

What one would write first, and well: vectorised, in shares and slippage rates, all tiers and all
scenarios in it, solved by HiGHS. A chord a segment, so its cost lies above the exact one.
"""

import importlib
from typing import Any

import numpy as np
from _optimiser_instances import MID, Case

from router.optimiser.convex.rows import AccountRows


def solve_full(made: Case) -> float:
    """Return the least cost; build, compile and solve."""
    cp: Any = importlib.import_module("cvxpy")
    scaled = made.scaled
    n_chains = len(made.pools)
    shares: list[Any] = []
    slips: list[Any] = []
    rules: list[Any] = []
    for place, curve in enumerate(scaled.curves):
        sources = made.pools[place] if place < n_chains else (made.books[place - n_chains],)
        tables = [source.segments() for source in sources]
        width = np.concatenate([t.quantity for t in tables]) / curve.quantity
        rate = np.concatenate([t.cost / t.quantity for t in tables]) / MID - 1.0
        taken = cp.Variable(width.size, nonneg=True)
        rules += [taken <= width, cp.sum(taken) <= curve.cap]
        shares.append(cp.sum(taken))
        slips.append(rate @ taken)
    rules.append(sum(shares) == 1.0)
    for row in scaled.cash:
        rules.append(sum(shares[c] + slips[c] for c in row.members) <= row.room)
    for account in scaled.accounts:
        rules += _account(account, shares, slips)
    adders = [curve.adder for curve in scaled.curves]
    cost = sum(s + a * x for s, a, x in zip(slips, adders, shares, strict=True))
    problem = cp.Problem(cp.Minimize(cost), rules)
    problem.solve(solver=cp.HIGHS)
    assert problem.status == cp.OPTIMAL, problem.status
    return float(problem.value)


# Margin of each member in each row, above each of its tiers' lines.
def _account(account: AccountRows, shares: list[Any], slips: list[Any]) -> list[Any]:
    cp: Any = importlib.import_module("cvxpy")
    own = cp.hstack([shares[c] for c in account.members])
    after = account.position + own
    size = cp.Variable(len(account.members), nonneg=True)
    margin = cp.Variable(account.weight.shape)
    rules = [size >= after, size >= -after]
    before = np.zeros(account.weight.shape[0])
    held = account.weight * np.abs(account.position)
    for tiers, rows in ((account.initial, slice(1)), (account.maintenance, slice(1, None))):
        weight = account.weight[rows]
        wide = np.ones((weight.shape[0], 1)) @ cp.reshape(size, (1, size.size), order="C")
        for k in range(tiers.rate.shape[1]):
            line = cp.multiply(weight * tiers.rate[:, k], wide) - tiers.deduction[None, :, k]
            rules.append(margin[rows] >= line)
        charged = held[rows, :, None] * tiers.rate - tiers.deduction
        before[rows] = charged.max(axis=2).sum(axis=1)
    loss = sum(slips[c] for c in account.members) + account.against_mark @ own
    used = cp.sum(margin, axis=1) - account.gain @ own + loss
    return [*rules, used <= account.rooms + before]
