"""Orders over graphs of tokens: against other models, within their proof, and executable."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.liquidity.oracle import InsufficientLiquidityError, LiquidityError
from router.liquidity.route import compose
from router.optimiser.network.graph import TokenGraph, TokenPool
from router.optimiser.network.loops import passage, solve_network
from router.optimiser.network.solve import (
    GAP_GOAL,
    Solution,
    bound,
    capacity,
    solve_at,
    solve_passage,
)
from tests.unit.optimiser.network.instances import (
    flattened,
    nothing,
    random_graph,
    random_pool,
    rescaled,
    token,
)
from tests.unit.optimiser.network.oracle import assert_executable, bracket

GAP_MAX_BP = 1e-4
EPS = float(np.finfo(np.float64).eps)
SEEDS = st.integers(0, 10**6)
some = settings(max_examples=12, deadline=None)
SIZES = [(3, 10, 100), (10, 50, 100), (10, 200, 100), (10, 200, 1000), (30, 500, 100)]


def order(graph: TokenGraph, seed: int, *, usd: float | None = None):
    """Return an order for a random token in dollars: base, side and quantity."""
    rng = random.Random(seed)
    base = token(rng.randrange(1, len(graph.tokens)))
    side = rng.choice(list(Side))
    usd = 10.0 ** rng.uniform(3.0, 6.5) if usd is None else usd
    ways = passage(graph, base=base, quote=token(0), side=side, quantity=1.0)
    return base, side, usd / ways.first_price


def solved(graph: TokenGraph, seed: int, *, usd: float | None = None) -> Solution:
    base, side, quantity = order(graph, seed, usd=usd)
    return solve_network(graph, base=base, quote=token(0), side=side, quantity=quantity)


def check_size(size, seeds) -> None:
    tokens, pools, ticks = size
    for seed in seeds:
        solution = solved(random_graph(seed, tokens=tokens, pools=pools, ticks=ticks), seed)
        assert 0.0 <= solution.gap_bp <= GAP_MAX_BP, seed
        assert_executable(solution)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_order_is_proved_and_executable(size):
    check_size(size, range(3))


@pytest.mark.soak
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_order_of_many_is_left_unproved(size):
    check_size(size, range(160 if size != SIZES[3] else 60, 400 if size != SIZES[3] else 120))


@some
@given(SEEDS)
def test_linear_programmes_over_pieces_enclose_the_cost(seed):
    rng = random.Random(seed)
    graph = random_graph(seed, tokens=rng.randint(3, 5), pools=rng.randint(4, 10), ticks=8)
    base, side, quantity = order(graph, seed)
    solution = solve_network(graph, base=base, quote=token(0), side=side, quantity=quantity)
    worth = np.exp(solution.log_price)
    ends = graph.place(base), graph.place(token(0))

    low, high = bracket(graph, ends, side, quantity=quantity, worth=worth, cuts=30)

    # The programmes are right to 1e-7 of the notional.
    slack = 1e-6 * abs(solution.cost)
    assert low - slack <= solution.cost <= high + slack
    assert high - low <= 0.02 * abs(solution.cost)


def two_hops(seed: int, *, pools: int, ticks: int) -> tuple[TokenGraph, list[TokenPool]]:
    rng = random.Random(seed)
    worth = [1.0, 10.0 ** rng.uniform(-3, 4), 10.0 ** rng.uniform(-3, 4)]
    pairs = [(2, 1)] * pools + [(1, 0)] * pools
    made = [random_pool(rng, pair, worth=worth, ticks=ticks) for pair in pairs]
    # Half of them quoted the other way round.
    turned = [reversed_pool(pool) if rng.random() < 0.5 else pool for pool in made]
    return TokenGraph(tuple(turned)), made


def reversed_pool(pool: TokenPool) -> TokenPool:
    """Return the same market with base and quote exchanged."""
    return TokenPool(pool.quote, pool.base, buy=_turned(pool.sell), sell=_turned(pool.buy))


def _turned(curve: CostCurve) -> CostCurve:
    return CostCurve(
        side=Side.BUY if curve.side is Side.SELL else Side.SELL,
        root_start=1.0 / curve.root_start,
        root_end=1.0 / curve.root_end,
        depth=curve.depth,
        quantity=curve.quantity * curve.root_start * curve.root_end,
    )


@some
@given(SEEDS, st.sampled_from(list(Side)))
def test_two_hops_cost_what_the_composed_curve_says(seed, side):
    graph, pools = two_hops(seed, pools=4, ticks=40)
    curves = [pool.buy if side is Side.BUY else pool.sell for pool in pools]
    route = compose(merge(curves[:4]), merge(curves[4:]))
    rng = random.Random(seed)
    quantity = 10.0 ** rng.uniform(3.0, 6.5) / abs(float(route.marginal(0.0)))

    solution = solve_network(graph, base=token(2), quote=token(0), side=side, quantity=quantity)

    assert math.isclose(solution.cost, float(route.cost(quantity)), rel_tol=1e-9)


@some
@given(SEEDS, st.sampled_from(list(Side)))
def test_no_division_between_a_direct_way_and_a_detour_is_cheaper(seed, side):
    rng = random.Random(seed)
    worth = [1.0, 10.0 ** rng.uniform(-3, 4), 10.0 ** rng.uniform(-3, 4)]
    pools = [random_pool(rng, pair, worth=worth, ticks=20) for pair in ((2, 0), (2, 1), (1, 0))]
    direct, inner, outer = (p.buy if side is Side.BUY else p.sell for p in pools)
    detour = compose(inner, outer)
    quantity = 10.0 ** rng.uniform(3.0, 6.5) / worth[2]

    solution = solve_network(
        TokenGraph(tuple(pools)), base=token(2), quote=token(0), side=side, quantity=quantity
    )

    def cost(share: float) -> float:
        parts = share * quantity, (1.0 - share) * quantity
        return float(direct.cost(parts[0]) + detour.cost(parts[1]))

    tried = [cost(share) for share in np.linspace(0.0, 1.0, 2001)]
    slack = GAP_MAX_BP * 1e-4 * abs(solution.cost)
    assert solution.cost <= min(tried) + slack
    # Of a convex function the grid misses the least by what its best neighbours differ.
    place = int(np.argmin(tried))
    near = [tried[i] for i in (place - 1, place + 1) if 0 <= i < len(tried)]
    assert solution.cost >= min(tried) - max(near) + min(tried) - slack


@some
@given(SEEDS)
def test_any_prices_bound_the_cost(seed):
    graph = random_graph(seed, tokens=5, pools=15, ticks=40)
    solution = solved(graph, seed)
    (dual,) = solution.passage.duals(solution.quantity)
    assert bound(
        solution.passage, solution.quantity, log_price=np.round(solution.log_price, 12)
    ) >= solution.cost - 1e-9 * abs(solution.cost)
    rng = np.random.default_rng(seed)

    for spread in (1e-4, 1e-2, 1.0):
        tried = solution.log_price.copy()
        tried[dual.free] += rng.normal(0.0, spread, dual.free.size)
        proved = bound(solution.passage, solution.quantity, log_price=tried)
        point = dual.at(tried)
        # Gains and worths are added up, and may be far larger than what is left of them.
        noise = 64.0 * EPS * (point.turnover + abs(solution.cost) * math.exp(6.0 * spread))
        assert proved <= solution.cost + noise


@some
@given(SEEDS)
def test_another_pool_never_costs_more(seed):
    graph = random_graph(seed, tokens=5, pools=15, ticks=40)
    base, side, quantity = order(graph, seed)
    fewer = TokenGraph(graph.pools[:14])
    before = solve_network(fewer, base=base, quote=token(0), side=side, quantity=quantity)

    after = solve_network(graph, base=base, quote=token(0), side=side, quantity=quantity)

    assert after.cost <= before.cost + GAP_MAX_BP * 1e-4 * abs(before.cost)


@some
@given(SEEDS)
def test_neither_the_order_of_pools_nor_the_names_of_tokens_nor_their_pairing_matter(seed):
    graph = random_graph(seed, tokens=6, pools=20, ticks=40)
    base, side, quantity = order(graph, seed)
    rng = random.Random(seed)
    names = list(graph.tokens)
    rng.shuffle(names)
    named = dict(zip(graph.tokens, names, strict=True))
    pools = [TokenPool(named[p.base], named[p.quote], buy=p.buy, sell=p.sell) for p in graph.pools]
    rng.shuffle(pools)
    other = TokenGraph(tuple(reversed_pool(p) if rng.random() < 0.5 else p for p in pools))

    one = solve_network(graph, base=base, quote=token(0), side=side, quantity=quantity)
    two = solve_network(
        other, base=named[base], quote=named[token(0)], side=side, quantity=quantity
    )

    assert math.isclose(one.cost, two.cost, rel_tol=GAP_MAX_BP * 1e-4)


@some
@given(SEEDS, st.integers(-12, 12), st.integers(-12, 12))
def test_units_of_the_tokens_do_not_matter(seed, shift_base, shift_middle):
    graph = random_graph(seed, tokens=5, pools=15, ticks=40)
    base, side, quantity = order(graph, seed)
    unit = dict.fromkeys(graph.tokens, 1.0)
    for name in graph.tokens[1:]:
        unit[name] = 10.0**shift_middle
    unit[base] = 10.0**shift_base
    scaled = TokenGraph(
        tuple(
            TokenPool(
                pool.base,
                pool.quote,
                buy=rescaled(pool.buy, base=unit[pool.base], quote=unit[pool.quote]),
                sell=rescaled(pool.sell, base=unit[pool.base], quote=unit[pool.quote]),
            )
            for pool in graph.pools
        )
    )

    one = solve_network(graph, base=base, quote=token(0), side=side, quantity=quantity)
    two = solve_network(
        scaled, base=base, quote=token(0), side=side, quantity=quantity * unit[base]
    )

    assert math.isclose(one.cost, two.cost, rel_tol=GAP_MAX_BP * 1e-4)


def test_a_few_pools_known_by_chords_are_proved_as_well():
    for seed in range(20):
        graph = random_graph(seed, tokens=10, pools=50, ticks=100)
        pools = [flattened(p) if i % 5 == 0 else p for i, p in enumerate(graph.pools)]

        solution = solved(TokenGraph(tuple(pools)), seed)

        assert 0.0 <= solution.gap_bp <= GAP_MAX_BP
        assert_executable(solution)


@pytest.mark.parametrize("side", Side)
def test_more_than_the_pools_hold_is_refused_and_what_they_hold_is_not(side):
    graph = random_graph(3, tokens=4, pools=8, ticks=20)
    ways = passage(graph, base=token(3), quote=token(0), side=side, quantity=1.0)
    held = capacity(ways)

    most = solve_network(
        graph, base=token(3), quote=token(0), side=side, quantity=held * (1.0 - 1e-6)
    )

    assert_executable(most)
    with pytest.raises(InsufficientLiquidityError) as refused:
        solve_network(graph, base=token(3), quote=token(0), side=side, quantity=held * 1.01)
    assert math.isclose(refused.value.available, held, rel_tol=1e-6)


@some
@given(SEEDS)
def test_a_price_is_answered_by_the_size_whose_last_unit_costs_it(seed):
    graph = random_graph(seed, tokens=5, pools=15, ticks=40)
    solution = solved(graph, seed)

    again = solve_at(solution.passage, solution.marginal)

    assert again is not None
    assert again.gap_bp <= GAP_MAX_BP
    # Prices off by d and sizes off by s lose half of d s: that is within the gap of both.
    off = 1e-5
    slack = 4.0 * GAP_GOAL / off
    below, above = (
        solve_at(solution.passage, solution.marginal + d * abs(solution.marginal))
        for d in (-off, off)
    )
    assert above is not None
    least = 0.0 if below is None else below.quantity
    assert least <= solution.quantity * (1.0 + slack)
    assert solution.quantity <= above.quantity * (1.0 + slack)


@pytest.mark.parametrize("side", Side)
def test_a_price_better_than_the_first_is_answered_by_nothing(side):
    graph = random_graph(1, tokens=4, pools=8, ticks=20)
    ways = passage(graph, base=token(3), quote=token(0), side=side, quantity=1.0)
    better = 0.999 if side is Side.BUY else 1.001

    assert solve_at(ways, ways.sign * ways.first_price * better) is None


def test_a_token_that_no_way_leads_to_is_refused():
    sells_only = TokenPool(token(1), token(0), buy=nothing(Side.BUY), sell=nothing(Side.SELL))
    with pytest.raises(LiquidityError, match="lead"):
        solve_network(
            TokenGraph((sells_only,)),
            base=token(1),
            quote=token(0),
            side=Side.BUY,
            quantity=1.0,
        )


def test_prices_of_a_solution_nearby_save_steps():
    cold, warm = 0, 0
    for seed in range(10):
        first = solved(random_graph(seed, tokens=10, pools=50, ticks=100), seed, usd=1e5)
        further = first.quantity * 1.02
        cold += solve_passage(first.passage, further).steps
        warm += solve_passage(first.passage, further, start=first.log_price).steps

    assert warm < 0.8 * cold


@pytest.mark.parametrize("usd", [1e-6, 1e-2, 1.0, 1e8])
def test_orders_far_from_usual_are_proved_if_the_pools_hold_them(usd):
    proved = 0
    for seed in range(12):
        graph = random_graph(seed, tokens=8, pools=30, ticks=60)
        base, side, quantity = order(graph, seed, usd=usd)
        ways = passage(graph, base=base, quote=token(0), side=side, quantity=quantity)
        if usd < 1e7 or capacity(ways) >= quantity * (1.0 + 1e-6):
            solution = solve_passage(ways, quantity)
            assert 0.0 <= solution.gap_bp <= GAP_MAX_BP
            assert_executable(solution)
            proved += 1

    assert proved >= 6
