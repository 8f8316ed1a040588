"""The recipe for exact integers: in order, whole, and enough to push atoms through."""

import random
from fractions import Fraction

import pytest

from router.domain.units import Side
from router.optimiser.network.exchange import Exchange
from router.optimiser.network.loops import passage, solve_network
from router.optimiser.network.order import ordered_flows
from tests.unit.optimiser.network.instances import random_graph, token


def solved(seed: int, side: Side):
    graph = random_graph(seed, tokens=6, pools=20, ticks=40)
    ways = passage(graph, base=token(4), quote=token(0), side=side, quantity=1.0)
    quantity = 10.0 ** random.Random(seed).uniform(3.0, 6.0) / ways.first_price
    return solve_network(graph, base=token(4), quote=token(0), side=side, quantity=quantity)


def way(solution, flow) -> Exchange:
    pool = solution.passage.graph.pools[flow.pool]
    return Exchange(pool.buy if flow.target == pool.base else pool.sell)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("side", Side)
def test_every_token_comes_in_before_it_goes_out(seed, side):
    flows = ordered_flows(solved(seed, side))

    for place, flow in enumerate(flows):
        assert all(later.target != flow.source for later in flows[place + 1 :])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("side", Side)
def test_shares_of_a_token_add_up_to_one(seed, side):
    flows = ordered_flows(solved(seed, side))

    for end, share in (("source", "share_of_source"), ("target", "share_of_target")):
        for name in {getattr(flow, end) for flow in flows}:
            whole = sum(Fraction(getattr(f, share)) for f in flows if getattr(f, end) == name)
            assert abs(whole - 1) <= Fraction(len(flows), 2**52)


@pytest.mark.parametrize("seed", range(10))
def test_atoms_pushed_forwards_give_what_the_solution_says(seed):
    solution = solved(seed, Side.SELL)
    flows = ordered_flows(solution)
    atoms = 10**9
    held = {
        solution.passage.graph.tokens[solution.passage.source]: round(solution.quantity * atoms)
    }
    whole: dict[str, int] = {}

    for place, flow in enumerate(flows):
        total = whole.setdefault(flow.source, held[flow.source])
        is_last = all(later.source != flow.source for later in flows[place + 1 :])
        paid = held[flow.source] if is_last else int(total * Fraction(flow.share_of_source))
        held[flow.source] -= paid
        got = int(way(solution, flow).received(paid / atoms) * atoms)
        held[flow.target] = held.get(flow.target, 0) + got

    target = solution.passage.graph.tokens[solution.passage.target]
    assert all(left == 0 for name, left in held.items() if name != target)
    assert -solution.cost * (1.0 - 1e-6) <= held[target] / atoms <= -solution.cost * (1.0 + 1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_atoms_pulled_backwards_cost_what_the_solution_says(seed):
    solution = solved(seed, Side.BUY)
    flows = ordered_flows(solution)[::-1]
    atoms = 10**9
    due = {solution.passage.graph.tokens[solution.passage.target]: round(solution.quantity * atoms)}
    whole: dict[str, int] = {}

    for place, flow in enumerate(flows):
        total = whole.setdefault(flow.target, due[flow.target])
        is_last = all(later.target != flow.target for later in flows[place + 1 :])
        received = due[flow.target] if is_last else int(total * Fraction(flow.share_of_target))
        due[flow.target] -= received
        paid = -int(-way(solution, flow).paid(received / atoms) * atoms // 1)
        due[flow.source] = due.get(flow.source, 0) + paid

    source = solution.passage.graph.tokens[solution.passage.source]
    assert all(left == 0 for name, left in due.items() if name != source)
    assert solution.cost * (1.0 - 1e-6) <= due[source] / atoms <= solution.cost * (1.0 + 1e-6)
