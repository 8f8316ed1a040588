"""Orders that may use a pool of which only quotes are known, alone and beside every other kind."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import NoRouteError
from router.domain.market import QuotedSnapshot
from router.domain.plan import NoRouteReason, QuantityKind
from router.domain.units import PICO_PER_UNIT, Side
from router.liquidity.oracle import LiquidityError
from router.liquidity.pool import pool_of, swap
from router.optimiser.solve import solve
from tests.unit.optimiser.checks import assert_exact, solved
from tests.unit.optimiser.world import MID, pair, pool, problem, random_network

GAP_MAX = PICO_PER_UNIT // 10**6  # 0.01 bp
KINDS = list(itertools.product(Side, QuantityKind))
slow = settings(max_examples=25, deadline=None)


def quoted(name="quoted", *, taken_pips=0, decades=4, **more):
    """Return a pool that shows quotes of a hidden one, less what is taken of each output."""
    hidden = pair(name, **more)
    state = pool_of(hidden.snapshot)
    directions = []
    for zero_for_one in (True, False):
        reserve = state.reserve0 if zero_for_one else state.reserve1
        points = []
        for step in range(4 * decades):
            size = int(3 * reserve * 10 ** (step / 4 - decades))
            try:
                made = swap(state, zero_for_one=zero_for_one, amount_specified=size)
            except LiquidityError:
                continue
            received = -(made.amount1 if zero_for_one else made.amount0)
            points.append((size, received * (10**6 - taken_pips) // 10**6))
        directions.append(tuple(points))
    snapshot = QuotedSnapshot(
        hidden.instrument.id, hidden.snapshot.block, hidden.snapshot.received_at, *directions
    )
    return replace(hidden, snapshot=snapshot)


@pytest.mark.parametrize(("side", "kind"), KINDS)
@pytest.mark.parametrize("base_is_token0", [True, False])
def test_a_quoted_pool_alone_carries_an_order(side, kind, base_is_token0):
    only = quoted(base_is_token0=base_is_token0)
    made = problem(
        side=side,
        kind=kind,
        quantity=70.0 if kind is QuantityKind.BASE else 70 * MID,
        pools=(only,),
    )

    plan = solve(made)

    assert [leg.instrument.id for leg in plan.legs] == ["quoted"]
    assert plan.unfilled.atoms == 0
    assert_exact(made, plan)


@slow
@given(st.integers(0, 10**6), st.sampled_from(KINDS), st.sampled_from((0, 100, 3_000)))
def test_a_quoted_pool_beside_every_other_kind_gives_plans_that_are_exact_and_certified(
    seed, how, taken_pips
):
    rng = random.Random(seed)
    side, kind = how
    made = random_network(seed)
    own = quoted(
        taken_pips=taken_pips,
        fee_pips=rng.choice((100, 500)),
        worth_usd=rng.choice((2e6, 5e7)),
        price=MID * (1 + rng.uniform(-5, 5) * 1e-4),
        base_is_token0=rng.random() < 0.5,
    )
    own = replace(own, instrument=replace(own.instrument, account=made.chains[0].account))
    size = rng.uniform(5, 500)
    asked = problem(side=side, kind=kind, quantity=size * (1 if kind is QuantityKind.BASE else MID))
    made = replace(
        made,
        side=side,
        kind=kind,
        quantity=asked.quantity,
        limit_price=asked.limit_price,
        pools=(*made.pools, own),
    )

    plan = solved(made)

    if plan is not None:
        assert 0 <= plan.certificate.gap <= GAP_MAX
        assert_exact(made, plan)


def test_it_is_used_where_it_is_better_and_left_where_it_takes_too_much():
    beside = pool("beside", depth_usd=5e6)

    plans = [
        solve(problem(quantity=400.0, pools=(beside, quoted(fee_pips=100, taken_pips=taken))))
        for taken in (0, 50_000)
    ]

    assert [sorted(leg.instrument.id for leg in plan.legs) for plan in plans] == [
        ["beside", "quoted"],
        ["beside"],
    ]


@pytest.mark.parametrize(("side", "kind"), KINDS)
def test_beyond_its_last_quote_it_has_nothing(side, kind):
    small = quoted(worth_usd=10_000.0)
    size = 10_000.0 if kind is QuantityKind.BASE else 10_000.0 * MID

    with pytest.raises(NoRouteError) as refused:
        solve(problem(side=side, kind=kind, quantity=size, pools=(small,), limit=0.9))

    assert refused.value.reason in {NoRouteReason.NO_LIQUIDITY, NoRouteReason.LIMIT_PRICE}


@pytest.mark.parametrize(("side", "kind"), KINDS)
def test_a_pool_that_gives_nothing_now_is_passed_over(side, kind):
    empty = quoted("empty")
    empty = replace(empty, snapshot=replace(empty.snapshot, zero_for_one=(), one_for_zero=()))
    size = 10.0 if kind is QuantityKind.BASE else 10.0 * MID

    plan = solve(problem(side=side, kind=kind, quantity=size, pools=(empty, pool("other"))))

    assert [leg.instrument.id for leg in plan.legs] == ["other"]
    with pytest.raises(NoRouteError):
        solve(problem(side=side, kind=kind, quantity=size, pools=(empty,)))
