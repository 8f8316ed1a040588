import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from router.domain.error import CertificateError, NoRouteError
from router.domain.plan import (
    Leg,
    NetworkCandidate,
    NoRouteReason,
    PlannedRoute,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import PICO_PER_UNIT, Amount, Rounding, Side
from router.liquidity.pool import pool_of, swap
from router.optimiser.convex.certificate import lower_bound
from router.optimiser.convex.parts import part_of
from router.optimiser.exact.network import network_fillable, network_trade, requoted
from router.optimiser.exact.trade import Trade
from router.optimiser.market.market import prepare, select
from router.optimiser.market.network import Network, token_pool
from router.optimiser.market.scaling import scale
from router.optimiser.network.graph import TokenGraph
from router.optimiser.proof import prices_of
from router.optimiser.sharpen import as_proved
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from router.risk.routes import broken_route
from tests.unit.optimiser.network.oracle import bracket
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
    MID,
    UNIT,
    USD,
    USD_PRICE,
    USDC,
    USDT,
    book,
    pair,
    pool,
    route,
)

BP = 1e-4
ORDERS = list(itertools.product(Side, QuantityKind))


def rate(atoms: int) -> float:
    return atoms / PICO_PER_UNIT


def ends(made: RoutingProblem) -> tuple[str, str]:
    """Return what is paid and what is received."""
    return (USDC.id, ETH.id) if made.side is Side.BUY else (ETH.id, USDC.id)


def is_exact_input(made: RoutingProblem) -> bool:
    return (made.side is Side.BUY) is (made.kind is QuantityKind.CASH)


def assert_network_leg(made: RoutingProblem, candidate: NetworkCandidate, leg: Leg) -> None:
    """Check a leg by the pools' own integers: every hop, what is on the way, and the fees."""
    pools = {p.instrument: p for p in candidate.pools}
    owned, wanted = ends(made)
    flows, fees = {owned: 0, wanted: 0}, {}
    assert len({hop.instrument.id for hop in leg.hops}) == len(leg.hops) > 1
    for hop in leg.hops:
        zero_for_one = (hop.paid.asset == hop.instrument.base.id) is hop.instrument.base_is_token0
        told = hop.paid.atoms if is_exact_input(made) else -hop.received.atoms
        state = pool_of(pools[hop.instrument].snapshot)
        done = swap(state, zero_for_one=zero_for_one, amount_specified=told)
        amounts = (done.amount0, -done.amount1) if zero_for_one else (done.amount1, -done.amount0)
        assert amounts == (hop.paid.atoms, hop.received.atoms)
        fees[hop.paid.asset] = fees.get(hop.paid.asset, 0) + done.fee_amount
        flows[hop.paid.asset] = flows.get(hop.paid.asset, 0) - hop.paid.atoms
        flows[hop.received.asset] = flows.get(hop.received.asset, 0) + hop.received.atoms
        # What comes in later cannot be paid on before.
        assert hop.paid.asset == owned or flows[hop.paid.asset] >= 0
    paid, received = leg.notional.atoms, leg.quantity.atoms
    if made.side is Side.SELL:
        paid, received = received, paid
    assert flows.pop(owned) == -paid
    assert flows.pop(wanted) == received
    assert not any(flows.values())
    worth = sum(10.0 ** -decimals(a) * USD_PRICE[a] * atoms for a, atoms in fees.items()) * USD
    assert leg.cost.fees == pytest.approx(worth, rel=0.02, abs=2.0)


def decimals(asset: str) -> int:
    return {"ETH": 18, "DAI": 18, "WBTC": 8}.get(asset, 6)


def assert_exact(made: RoutingProblem, plan: RoutePlan) -> None:
    in_base = made.kind is QuantityKind.BASE
    filled = sum((leg.quantity if in_base else leg.notional).atoms for leg in plan.legs)
    assert filled + plan.unfilled.atoms == made.quantity.atoms
    assert sum(leg.cost.total for leg in plan.legs) == plan.cost.total
    (candidate,) = made.networks
    for leg in plan.legs:
        if leg.instrument == candidate.instrument:
            assert_network_leg(made, candidate, leg)
        sign = 1 if made.side is Side.BUY else -1
        mid = made.arrival_mid.notional(leg.quantity, Rounding.DOWN).atoms
        price_part = leg.cost.impact + (leg.cost.fees if leg.limit_ticks is None else 0)
        assert 0 <= price_part - sign * (leg.notional.atoms - mid) <= 1


def solved(made: RoutingProblem) -> RoutePlan | None:
    try:
        return solve(made)
    except NoRouteError:
        return None


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


@pytest.mark.parametrize(
    "seed", [200, 202, *(pytest.param(s, marks=pytest.mark.soak) for s in range(203, 230))]
)
def test_an_independent_linear_programme_over_all_pools_agrees(seed):
    made = replace(random_net(seed), kind=QuantityKind.BASE)
    quantity = 20.0
    made = replace(made, quantity=Amount(ETH.id, round(quantity * UNIT)))
    (candidate,) = made.networks
    graph = TokenGraph(tuple(token_pool(p) for p in (*candidate.pools, *made.pools)))
    worth = [USD_PRICE[token] for token in graph.tokens]

    plan = solve(made)

    places = graph.place(ETH.id), graph.place(USDC.id)
    low, high = bracket(graph, places, made.side, quantity=quantity, worth=worth, cuts=40)
    sign = 1.0 if made.side is Side.BUY else -1.0
    low, high = (cost / (quantity * MID) - sign for cost in (low, high))
    # The programme is solved to 1e-9 of the notional.
    assert rate(plan.certificate.lower_bound) <= high + 1e-8
    if plan.certificate.upper_bound > 0 or not loops(made):
        assert rate(plan.certificate.upper_bound) >= low - 1e-8


def loops(made: RoutingProblem) -> bool:
    """Tell whether going round gains somewhere: the programme may, a plan may not."""
    (candidate,) = made.networks
    graph = TokenGraph(tuple(token_pool(p) for p in (*candidate.pools, *made.pools)))
    price = np.full((len(graph.tokens),) * 2, np.inf)
    for i in range(len(graph.pools)):
        a, b = int(graph.base[i]), int(graph.quote[i])
        price[a, b] = min(price[a, b], graph.ask[i])
        price[b, a] = min(price[b, a], -graph.bid[i])
    for k in range(len(graph.tokens)):
        price = np.minimum(price, price[:, k, None] + price[None, k, :])
    return bool(np.any(np.diag(price) < 0.0))


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


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_the_curves_of_a_proof_can_be_drawn_again_from_the_certificate(side, kind):
    made = over_network(side=side, kind=kind, direct=(pool("direct", depth_usd=2e6, seed=9),))
    certificate = solve(made).certificate
    market = prepare(made)
    selection = select(market, range(len(market.pools)))

    scaled = scale(selection, certificate.quantities[0] / UNIT)
    again = as_proved([selection], scaled, certificate)

    shares = np.array([rate(share.value) for share in certificate.shares])
    # Stored numbers are whole millionths of a millionth, and base is whole atoms.
    assert again.cost(shares) == pytest.approx(rate(certificate.upper_bound), abs=1e-11)
    (told,) = certificate.parts
    part = part_of(again, told.assumptions)
    bound = lower_bound(part, prices_of(part, told.multipliers))
    assert bound == pytest.approx(rate(told.lower_bound), abs=1e-11)
    with pytest.raises(CertificateError, match="share of"):
        as_proved([selection], scaled, replace(certificate, shares=()))


def test_a_leg_that_is_not_its_hops_is_refused_before_it_is_sent():
    made = over_network()
    plan = solve(made)
    (leg,) = plan.legs
    first, last = leg.hops[0], leg.hops[-1]

    assert broken_route(made, plan) is None
    for hops, told in (
        (leg.hops[1:], "and its hops do not"),
        ((replace(first, received=more(first.received)), *leg.hops[1:]), "on the way"),
        ((*leg.hops[:-1], replace(last, received=more(last.received))), "and its hops do not"),
    ):
        refused = broken_route(made, replace(plan, legs=(replace(leg, hops=hops),)))
        assert refused is not None
        assert told in refused.message


def more(amount: Amount) -> Amount:
    return replace(amount, atoms=amount.atoms + 1)


def test_a_planned_leg_is_quoted_again_to_the_atom_and_a_changed_one_is_not():
    made = over_network()
    (candidate,) = made.networks
    (leg,) = solve(made).legs

    trade = requoted(made, candidate, leg.hops)

    assert isinstance(trade, Trade)
    assert (trade.base, trade.quote, trade.hops) == (
        leg.quantity.atoms,
        leg.notional.atoms,
        leg.hops,
    )
    assert trade.fee == leg.cost.fees
    first = leg.hops[0]
    less = replace(first, paid=replace(first.paid, atoms=first.paid.atoms - 1))
    again = requoted(made, candidate, (less, *leg.hops[1:]))
    assert isinstance(again, Trade)
    assert again.hops[0] == first
    elsewhere = replace(candidate, pools=candidate.pools[:1])
    assert requoted(made, elsewhere, leg.hops) is NoRouteReason.NO_VENUE


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
