"""What orders cost over routes, beside pools of every family and books; against other ways."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.plan import (
    PoolCandidate,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import PICO_PER_UNIT, Amount, Side
from router.optimiser.solve import solve
from tests.unit.optimiser.checks import assert_exact, moved, solved
from tests.unit.optimiser.oracle import solve_reference
from tests.unit.optimiser.world import (
    DAI,
    ETH,
    MID,
    UNIT,
    USD,
    USDT,
    pair,
    pool,
    problem,
    random_network,
    route,
    via_usdt,
)

GAP_MAX = PICO_PER_UNIT // 10**6  # 0.01 bp
SEEDS = st.integers(0, 10**6)
slow = settings(max_examples=25, deadline=None)
KINDS = list(itertools.product(Side, QuantityKind))


def routed(plan: RoutePlan) -> list[str]:
    return [leg.instrument.id for leg in plan.legs if leg.hops]


@slow
@given(SEEDS)
def test_every_plan_over_routes_is_exact_and_certified(seed):
    made = random_network(seed)

    plan = solved(made)

    if plan is not None:
        assert 0 <= plan.certificate.gap <= GAP_MAX
        assert_exact(made, plan)


def test_the_random_worlds_use_routes_in_every_way_an_order_can_be_put():
    seen = set()
    for seed in range(40):
        made = random_network(seed)
        plan = solved(made)
        if plan is not None and routed(plan):
            seen.add((made.side, made.kind))

    assert seen == set(KINDS)


@slow
@given(SEEDS)
def test_a_route_more_never_costs_more(seed):
    made = random_network(seed)
    without = solved(replace(made, routes=()))

    plan = solved(made)

    if without is not None:
        assert plan is not None
        # Whole atoms: of each hop at most two for every pool, the dearest being 1e-8 BTC.
        atoms = 2 * 6 * 600
        assert plan.cost.total + plan.unfilled.atoms * _atom_value(made) <= (
            without.cost.total + without.unfilled.atoms * _atom_value(made) + atoms
        )


def _atom_value(made: RoutingProblem) -> float:
    return MID * USD / UNIT if made.kind is QuantityKind.BASE else 1.0


@pytest.mark.parametrize("seed", range(8))
def test_an_independent_programme_over_both_hops_agrees_and_never_beats_the_bound(seed):
    made = replace(random_network(seed), kind=QuantityKind.BASE)
    made = replace(made, quantity=Amount(ETH.id, (20 + 30 * seed) * UNIT))

    reference = solve_reference(made, cuts=500)
    plan = solved(made)

    assert (plan is None) == (reference is None)
    if plan is not None and reference is not None:
        value = reference * PICO_PER_UNIT
        assert plan.certificate.lower_bound <= value + PICO_PER_UNIT // 10**8
        assert plan.certificate.upper_bound <= value + GAP_MAX + PICO_PER_UNIT // 10**8
        # A chord of a convex curve is above it by at most a quarter of its step of the rate, which
        # is a 500th of 0.17 at most; an order passes two hops.
        assert value <= plan.certificate.upper_bound + 2 * PICO_PER_UNIT * 0.17 / 500 / 4


def shared(
    made: RoutingProblem, pools: tuple[PoolCandidate, ...], atoms: int, *, tenths: int
) -> int:
    """Return the same for two pools, of which the first takes so many tenths."""
    first = atoms * tenths // 10
    parts = (first, atoms - first)
    return sum(moved(made, p, part) for p, part in zip(pools, parts, strict=True) if part)


@pytest.mark.parametrize(("side", "kind"), KINDS)
@pytest.mark.parametrize("quantity", [3.0, 300.0])
def test_no_split_in_tenths_over_the_pools_of_both_hops_is_better(side, kind, quantity):
    direct, two_hops = pool(depth_usd=2e6), via_usdt(depth_usd=3e6)
    made = problem(
        side=side,
        kind=kind,
        quantity=quantity if kind is QuantityKind.BASE else quantity * MID,
        pools=(direct,),
        routes=(two_hops,),
    )
    fixed, other = two_hops.base_pools, two_hops.quote_pools
    if kind is QuantityKind.CASH:
        fixed, other = other, fixed
    totals = []
    for tenths in itertools.product(range(11), repeat=3):
        atoms = made.quantity.atoms
        straight = atoms * tenths[0] // 10
        total = moved(made, direct, straight) if straight else 0
        if atoms - straight:
            middle = shared(made, fixed, atoms - straight, tenths=tenths[1])
            total += shared(made, other, middle, tenths=tenths[2])
        totals.append(total)

    plan = solve(made)

    in_base = kind is QuantityKind.BASE
    own = sum((leg.notional if in_base else leg.quantity).atoms for leg in plan.legs)
    # Whole atoms of USDT are worth one of USDC, or 5e8 of ETH.
    atoms = 10 * (1 if in_base else 10**18 // (2_000 * USD))
    pays = (side is Side.BUY) is in_base
    assert own <= min(totals) + atoms if pays else own >= max(totals) - atoms
    assert_exact(made, plan)


def test_a_route_that_wins_is_split_like_the_dense_minimum_over_all_its_pools():
    """Constant products have a formula of a line; its minimum is looked for on refined grids."""
    direct = pair("direct", worth_usd=1e7)
    hops = route(
        "via-DAI",
        (
            pair("hop-a", quote=DAI, worth_usd=4e7, fee_pips=500),
            pair("hop-b", quote=DAI, worth_usd=2e7),
        ),
        (
            pair("hop-c", base=DAI, worth_usd=8e7, fee_pips=100),
            pair("hop-d", base=DAI, worth_usd=3e7, fee_pips=500),
        ),
    )
    bought = 1_000.0

    def price(candidate: PoolCandidate, wanted: np.ndarray, *, base: float, quote: float) -> object:
        kept = 1.0 - candidate.snapshot.fee_pips * 1e-6
        return quote * wanted / ((base - wanted) * kept)

    def cost(straight: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        through = bought * (1.0 - straight)
        a, b = hops.base_pools
        middle = price(a, through * first, base=2e4, quote=4e7)
        middle = middle + price(b, through * (1.0 - first), base=1e4, quote=2e7)
        c, d = hops.quote_pools
        total = price(c, middle * second, base=8e7, quote=8e7)
        total = total + price(d, middle * (1.0 - second), base=3e7, quote=3e7)
        return total + price(direct, bought * straight, base=5e3, quote=1e7)

    centre, width = np.full(3, 0.5), 0.5
    for _ in range(8):
        axes = [np.clip(np.linspace(c - width, c + width, 41), 0.0, 1.0) for c in centre]
        grid = cost(*np.meshgrid(*axes, indexing="ij"))
        best = np.unravel_index(int(np.argmin(grid)), grid.shape)
        centre = np.array([axis[i] for axis, i in zip(axes, best, strict=True)])
        width /= 8.0
    least = float(grid.min()) / (bought * MID) - 1.0

    plan = solve(problem(quantity=bought, pools=(direct,), routes=(hops,), limit=0.5))

    (through,) = [leg for leg in plan.legs if leg.hops]
    assert through.quantity.atoms > 0.7 * bought * UNIT
    assert plan.certificate.lower_bound <= least * PICO_PER_UNIT + 1
    # The grids end at a step of 1e-8: by the curvature (below 10) that is 1e-15 of the rate.
    assert abs(plan.certificate.upper_bound / PICO_PER_UNIT - least) < 1e-11
    assert abs(plan.certificate.rounded_cost / PICO_PER_UNIT - least) < 1e-10
    parts = {hop.instrument.id: hop.received.atoms for hop in through.hops}
    found = parts["hop-a"] / (parts["hop-a"] + parts["hop-b"])
    # Where the cost is flat to 1e-16 of itself, the split is known to the root of it.
    assert math.isclose(found, float(centre[1]), abs_tol=1e-6)


@pytest.mark.parametrize(("side", "kind"), KINDS)
def test_two_paths_through_one_pool_are_priced_together(side, kind):
    """Two pools into one: were each path priced alone, the shared pool would be sold twice."""
    shared_pool = pair("hop-c", base=USDT, worth_usd=1e6, fee_pips=500)
    hops = route(
        "via-USDT",
        (pair("hop-a", quote=USDT, worth_usd=3e7), pair("hop-b", quote=USDT, worth_usd=3e7)),
        (shared_pool,),
    )
    quantity = 100.0 if kind is QuantityKind.BASE else 100.0 * MID
    made = problem(side=side, kind=kind, quantity=quantity, routes=(hops,), limit=0.8)

    plan = solve(made)

    (leg,) = plan.legs
    assert [hop.instrument.id for hop in leg.hops].count("hop-c") == 1
    assert len(leg.hops) == 3
    assert_exact(made, plan)
    # A quarter of a million dollars is a fifth of the shared pool: a fifth of the price and more.
    assert plan.slippage > 150_000
    assert plan.certificate.gap <= GAP_MAX


@pytest.mark.parametrize("gas_usd", [2.0, 30.0])
@pytest.mark.parametrize(
    ("side", "kind"), [(Side.BUY, QuantityKind.BASE), (Side.SELL, QuantityKind.CASH)]
)
def test_the_gas_search_over_routes_is_no_worse_than_every_subset(side, kind, gas_usd):
    pools = (pool(depth_usd=1e6), pair("pair-a", worth_usd=1.5e7))
    hops = via_usdt(depth_usd=4e6)
    quantity = 60.0 if kind is QuantityKind.BASE else 60.0 * MID
    made = problem(side=side, kind=kind, quantity=quantity, pools=pools, gas_usd=gas_usd)

    plan = solve(replace(made, routes=(hops,), chains=made.chains))

    best = None
    for kept in itertools.product((False, True), repeat=6):
        own = [p for p, keep in zip((*pools, *hops.pools), kept, strict=True) if keep]
        base = tuple(p for p in own if p in hops.base_pools)
        quote = tuple(p for p in own if p in hops.quote_pools)
        if bool(base) != bool(quote):
            continue
        through = (replace(hops, base_pools=base, quote_pools=quote),) if base else ()
        found = solved(replace(made, pools=tuple(p for p in own if p in pools), routes=through))
        if found is not None:
            best = found.cost.total if best is None else min(best, found.cost.total)
    # Both split to whole atoms; a millionth of a basis point of 120,000 USD is 12 atoms.
    assert plan.cost.total <= best + 12


@pytest.mark.parametrize("seed", [3, 4, 8])
def test_the_order_of_routes_and_of_their_pools_changes_nothing(seed):
    made = random_network(seed)

    plan = solve(made)

    mixed = tuple(
        replace(r, base_pools=r.base_pools[::-1], quote_pools=r.quote_pools[::-1])
        for r in made.routes[::-1]
    )
    assert solve(replace(made, routes=mixed, pools=made.pools[::-1])) == plan
