import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import NoRouteError
from router.domain.plan import (
    NetworkCandidate,
    NoRouteReason,
    PlannedRoute,
    QuantityKind,
)
from router.domain.units import PICO_PER_UNIT, Side
from router.liquidity.pool import pool_of, swap
from router.optimiser.exact.network import network_fillable, network_trade
from router.optimiser.market.market import prepare, select
from router.optimiser.market.network import Network
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.network_plans.legs import assert_exact, solved
from tests.unit.optimiser.network_plans.nets import (
    ACCOUNT,
    CROSSING,
    network,
    over_network,
    random_net,
)
from tests.unit.optimiser.world import (
    DAI,
    ETH,
    UNIT,
    USD,
    USDC,
    USDT,
    book,
    pair,
    pool,
    route,
)

BP = 1e-4
ORDERS = list(itertools.product(Side, QuantityKind))


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_a_plan_over_three_hops_is_exact_and_proved_to_a_thousandth_of_a_basis_point(side, kind):
    made = over_network(side=side, kind=kind, direct=(pool("direct", depth_usd=2e6, seed=9),))

    plan = solve(made)

    assert {leg.instrument.id for leg in plan.legs} == {"network", "direct"}
    assert_exact(made, plan)
    certificate = plan.certificate
    assert 0 <= certificate.upper_bound - certificate.lower_bound <= 1e-3 * BP * PICO_PER_UNIT
    # Whole atoms of six decimals are far below this, and there is no gas.
    assert abs(certificate.rounded_cost - certificate.upper_bound) <= 1e-3 * BP * PICO_PER_UNIT
    (leg,) = (leg for leg in plan.legs if leg.hops)
    assert "usdt-dai" in {hop.instrument.id for hop in leg.hops}


@pytest.mark.parametrize(
    "seed", [*range(16), *(pytest.param(s, marks=pytest.mark.soak) for s in range(16, 400))]
)
def test_random_networks_are_traded_exactly_within_the_bound(seed):
    made = random_net(seed, with_book=seed % 2 == 1)

    plan = solved(made)

    if plan is None:
        assert made.books, "without a book there is nothing that could be short"
        return
    assert_exact(made, plan)
    certificate = plan.certificate
    assert certificate.upper_bound - certificate.lower_bound <= 0.01 * BP * PICO_PER_UNIT
    assert [c.sentence for c in verify_plan(PlannedRoute(made, plan)) if not c.holds] == []


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_without_cross_pools_a_network_is_its_closed_form_routes(side, kind):
    hops = {
        m.id: ((pool(f"{m.id}-a", quote=m, seed=1),), (pair(f"{m.id}-b", base=m, fee_pips=500),))
        for m in (USDT, DAI)
    }
    apart = over_network(side=side, kind=kind, quantity=300.0)
    routes = tuple(route(f"via-{name}", *pools) for name, pools in hops.items())
    apart = replace(apart, networks=(), routes=routes)
    together = network(tuple(p for pools in hops.values() for hop in pools for p in hop))

    one = solve(replace(apart, routes=(), networks=(together,))).certificate
    other = solve(apart).certificate

    assert abs(one.upper_bound - other.upper_bound) <= 2e-3 * BP * PICO_PER_UNIT
    # The quantity that cash trades for is found to 1e-9 of it, at a few per cent of slippage.
    assert one.lower_bound <= other.upper_bound + 1e-10 * PICO_PER_UNIT
    assert other.lower_bound <= one.upper_bound + 1e-10 * PICO_PER_UNIT


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_a_pool_across_never_costs_more(side, kind):
    with_it = solve(over_network(side=side, kind=kind)).certificate
    without = solve(over_network(CROSSING[:-1], side=side, kind=kind)).certificate

    assert with_it.lower_bound <= without.upper_bound
    assert with_it.upper_bound <= without.upper_bound + 1e-3 * BP * PICO_PER_UNIT


def test_the_order_of_the_pools_changes_nothing():
    made = over_network(direct=(pool("direct", depth_usd=2e6, seed=9),))
    (candidate,) = made.networks
    turned = replace(made, networks=(replace(candidate, pools=candidate.pools[::-1]),))

    assert solve(turned) == solve(made)


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_pools_that_know_no_exact_output_net_to_zero_too(side, kind):
    pools = tuple(
        pair(f"pair-{i}", base=base, quote=quote, fee_pips=fee)
        for i, (base, quote, fee) in enumerate(
            (
                (ETH, USDT, 3000),
                (ETH, DAI, 3000),
                (USDT, USDC, 500),
                (USDC, DAI, 500),
                (DAI, USDT, 100),
            )
        )
    )
    made = over_network(pools, side=side, kind=kind, quantity=200.0)

    plan = solve(made)

    assert_exact(made, plan)
    assert plan.unfilled.atoms == 0


def test_scarce_cash_is_split_between_a_network_and_a_book():
    made = over_network(books=(book(level_usd=2e4),), cash=400_000.0, quantity=500.0)

    plan = solve(made)

    assert_exact(made, plan)
    (leg,) = (leg for leg in plan.legs if leg.hops)
    assert leg.bound.atoms <= 400_000 * USD
    # All but what rounding may need is spent, for the book costs more.
    assert leg.notional.atoms >= 399_990 * USD
    certificate = plan.certificate
    assert certificate.upper_bound - certificate.lower_bound <= 0.01 * BP * PICO_PER_UNIT
    assert any(m.row == f"cash:{ACCOUNT}" and m.value > 0 for m in certificate.multipliers)


def test_a_network_keeps_the_limit_price_to_its_last_unit():
    made = over_network(quantity=2_000.0, limit=0.01)

    with pytest.raises(NoRouteError, match="limit price leaves") as refused:
        solve(made)

    assert refused.value.reason is NoRouteReason.LIMIT_PRICE


def test_more_than_a_network_holds_is_refused():
    made = over_network(quantity=1e9, limit=0.99)

    with pytest.raises(NoRouteError) as refused:
        solve(made)

    assert refused.value.reason in {NoRouteReason.NO_LIQUIDITY, NoRouteReason.LIMIT_PRICE}


@pytest.mark.parametrize("forwards", [True, False])
def test_a_network_says_how_much_of_an_amount_it_can_fill(forwards):
    side = Side.SELL if forwards else Side.BUY
    made = over_network(side=side, quantity=500.0)
    market = prepare(made)
    (source,) = select(market, range(len(market.pools))).sources
    assert isinstance(source.way, Network)

    assert network_fillable(made, source.way, amount=400 * UNIT) == 400 * UNIT
    far = network_trade(made, source.way, amount=10**9 * UNIT)
    assert isinstance(far, NoRouteReason) or far.base == 10**9 * UNIT


def test_the_fee_of_a_sale_values_what_is_kept_on_the_way_by_what_it_fetched():
    made = over_network(CROSSING[:1] + CROSSING[2:3], side=Side.SELL, quantity=10.0)
    (candidate,) = made.networks

    (leg,) = solve(made).legs

    first, last = leg.hops
    kept = [fee_of(candidate, hop) for hop in leg.hops]
    mid = made.arrival_mid
    worth = Fraction(kept[0] * mid.quote_atoms, mid.base_atoms)
    worth += Fraction(kept[1] * last.received.atoms, last.paid.atoms)
    assert 0 <= leg.cost.fees - worth < 2
    assert first.received.atoms == last.paid.atoms


def fee_of(candidate: NetworkCandidate, hop) -> int:
    (found,) = (p for p in candidate.pools if p.instrument == hop.instrument)
    zero_for_one = (hop.paid.asset == hop.instrument.base.id) is hop.instrument.base_is_token0
    state = pool_of(found.snapshot)
    return swap(state, zero_for_one=zero_for_one, amount_specified=hop.paid.atoms).fee_amount
