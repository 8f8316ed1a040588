"""Independent models of a network: linear programmes over pieces of every pool, and an execution.

They share nothing with the solver but the curves: no prices of tokens, no search. Pieces along
chords cost no less than the pools, pieces at the price where they begin cost no more.
"""

import cvxpy as cp
import numpy as np

from router.domain.units import Side
from router.liquidity.curve import CostCurve
from router.optimiser.network.graph import TokenGraph


def bracket(graph: TokenGraph, ends, side: Side, *, quantity: float, worth, cuts: int, rank=None):
    """Return a cost that is too low and one that is too high, [quote]; None where infeasible.

    `ends` are the places of base and quote; `worth` is about what each token is worth, to scale.
    A `rank` keeps flow to one order of the tokens.
    """
    base, quote = ends
    source, target = (quote, base) if side is Side.BUY else (base, quote)
    tails, heads, ins, outs, best = [], [], [], [], []
    for index, pool in enumerate(graph.pools):
        a, b = graph.base[index], graph.quote[index]
        for curve, (tail, head) in ((pool.buy, (b, a)), (pool.sell, (a, b))):
            if head == source or tail == target or (rank and rank[tail] > rank[head]):
                continue
            paid, received, most = pieces(curve, cuts=cuts)
            tails += [tail] * paid.size
            heads += [head] * paid.size
            ins.append(paid * worth[tail])
            outs.append(received * worth[head])
            best.append(most * worth[head])
    notional = quantity * worth[base]
    tails, heads, ins = np.array(tails), np.array(heads), np.concatenate(ins) / notional
    return tuple(
        _least(
            (tails, heads),
            (ins, np.concatenate(out) / notional),
            graph=graph,
            ends=(source, target),
            side=side,
            scale=notional / worth[quote],
        )
        for out in (best, outs)
    )


def _least(arcs, amounts, *, graph, ends, side, scale):
    (tails, heads), (ins, outs), (source, target) = arcs, amounts, ends
    # A piece larger than the order is cut to it, or its share would be lost in the tolerances.
    room = np.minimum(1.0, 3.0 / ins)
    share = cp.Variable(ins.size, nonneg=True)
    paid, received = cp.multiply(ins * room, share), cp.multiply(outs * room, share)
    rules = [share <= 1.0]
    for token in range(len(graph.tokens)):
        out = cp.sum(received[np.flatnonzero(heads == token)]) if np.any(heads == token) else 0.0
        into = cp.sum(paid[np.flatnonzero(tails == token)]) if np.any(tails == token) else 0.0
        if token == source:
            spent = into - out
        elif token == target:
            got = out - into
        elif np.any(heads == token) or np.any(tails == token):
            rules.append(out - into >= 0.0)
    if side is Side.BUY:
        made = cp.Problem(cp.Minimize(spent), [*rules, got >= 1.0])
    else:
        made = cp.Problem(cp.Minimize(-got), [*rules, spent <= 1.0])
    made.solve(solver=cp.HIGHS)
    return made.value * scale if made.status == cp.OPTIMAL else None


def pieces(curve: CostCurve, *, cuts: int):
    """Return what each piece takes and gives, and the most it could give at its first price."""
    share = np.linspace(0.0, 1.0, cuts + 1)
    # Denser where a pool begins, for small orders.
    share = share**2
    before, _ = curve.prefix_sums()
    ends = before[:-1, None] + curve.quantity[:, None] * share[None, :]
    sizes = np.diff(ends, axis=1).ravel()
    costs = np.diff(curve.cost(np.minimum(ends, curve.capacity)), axis=1).ravel()
    price = np.abs(curve.marginal(np.minimum(ends[:, :-1], curve.capacity))).ravel()
    kept = sizes > 0.0
    sizes, costs, price = sizes[kept], np.abs(costs[kept]), price[kept]
    if curve.side is Side.BUY:
        return costs, sizes, np.maximum(costs / price, sizes)
    return sizes, costs, np.maximum(sizes * price, costs)


def assert_executable(solution) -> None:
    """Assert that the flows are what the pools ask and give, one after the other, to nothing."""
    ways, graph = solution.passage, solution.passage.graph
    held = np.zeros(len(graph.tokens))
    moved = np.zeros(len(graph.tokens))
    buying = ways.side is Side.BUY
    held[ways.source] = solution.cost if buying else solution.quantity
    for flow in solution.flows:
        pool = graph.pools[flow.pool]
        if flow.target == graph.base[flow.pool]:
            asked = float(pool.buy.cost(flow.received))
            assert np.isclose(flow.paid, asked, rtol=1e-11, atol=0.0)
        else:
            given = -float(pool.sell.cost(flow.paid))
            assert np.isclose(flow.received, given, rtol=1e-11, atol=0.0)
        moved[flow.source] += flow.paid
        assert flow.paid <= held[flow.source] + 1e-12 * max(moved[flow.source], flow.paid)
        held[flow.source] -= flow.paid
        held[flow.target] += flow.received
    expected = np.zeros_like(held)
    expected[ways.target] = solution.quantity if buying else -solution.cost
    scale = np.maximum(moved, np.abs(expected))
    assert np.all(np.abs(held - expected) <= 1e-12 * scale)
    assert len({flow.pool for flow in solution.flows}) == len(solution.flows)
