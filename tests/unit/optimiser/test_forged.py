"""Forged plans: each claims more than is true, and must be refused by some check."""

import math
from dataclasses import replace

import numpy as np
import pytest

from router.domain.certificate import Assumption, AssumptionKind, Multiplier
from router.domain.margin import InitialMargin, MarginTier
from router.domain.plan import CostSplit, PlannedRoute, QuantityKind
from router.domain.units import Amount, ParentId, Pico, Side
from router.optimiser.exact.leg import slippage, to_legs
from router.optimiser.exact.trade import Trade
from router.optimiser.solve import solve
from router.optimiser.told import told_by
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.network_plans.nets import over_network
from tests.unit.optimiser.world import book, pool, problem, via_usdt


def planned(made):
    return PlannedRoute(made, solve(made))


def with_certificate(found, **changes):
    certificate = replace(found.plan.certificate, **changes)
    return replace(found, plan=replace(found.plan, certificate=certificate))


def with_plan(found, **changes):
    return replace(found, plan=replace(found.plan, **changes))


def is_refused(forged):
    return not all(check.holds for check in verify_plan(forged))


def two_pools(**more):
    return problem(pools=(pool(), pool("pool-b", fee_pips=3000, spacing=60, seed=1)), **more)


def bound_by_margin():
    return problem(
        quantity=300.0,
        pools=(pool(), pool("pool-b", fee_pips=3000, spacing=60, seed=1)),
        books=(book(), book("perp-b", seed=1)),
        equity=20_000.0,
    )


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_the_certificate_of_a_larger_order_is_refused(side, kind):
    quantity = 100.0 if kind is QuantityKind.BASE else 200_000.0
    small = planned(two_pools(side=side, kind=kind, quantity=quantity))
    large = planned(two_pools(side=side, kind=kind, quantity=4 * quantity))
    sent = small.plan.certificate.rounded_cost
    forged = with_plan(small, certificate=replace(large.plan.certificate, rounded_cost=sent))
    assert forged.plan.certificate.lower_bound > small.plan.certificate.rounded_cost

    assert is_refused(forged)


def test_one_pool_in_many_legs_is_refused():
    whole = planned(problem(quantity=100.0, pools=(pool(),)))
    tenth = planned(problem(quantity=10.0, pools=(pool(),)))
    leg = tenth.plan.legs[0]
    cost = CostSplit(*(10 * n for n in (leg.cost.impact, leg.cost.fees, leg.cost.gas, 0)))
    forged = with_plan(
        with_certificate(whole, rounded_cost=tenth.plan.certificate.rounded_cost),
        legs=(leg,) * 10,
        cost=cost,
    )

    assert is_refused(forged)


# The plan with this as its only leg, all sums told accordingly.
def retold(found, leg):
    made = found.problem
    candidate = next(r for r in made.ways if r.instrument.id == leg.instrument.id)
    used = {hop.instrument for hop in leg.hops}
    trade = Trade(
        candidate,
        made.kind,
        base=leg.quantity.atoms,
        quote=leg.notional.atoms,
        fee=leg.cost.fees,
        gas_units=sum(p.gas_units for p in candidate.pools if p.instrument in used),
        hops=leg.hops,
    )
    (leg,) = to_legs(made, [trade])
    base, cost, mid = leg.quantity.atoms, leg.cost, made.arrival_mid
    rate = -(-cost.total * mid.base_atoms * 10**12 // (base * mid.quote_atoms))
    pips = slippage(made, cost=cost.total, base=base)
    forged = with_plan(found, legs=(leg,), cost=cost, slippage=pips)
    return with_certificate(forged, rounded_cost=Pico(rate))


def by_route():
    return planned(problem(quantity=50.0, routes=(via_usdt(),), gas_usd=3.0))


def test_a_route_leg_told_cheaper_than_its_hops_is_refused():
    found = by_route()
    (leg,) = found.plan.legs
    assert not is_refused(retold(found, leg))
    cheaper = replace(leg, notional=Amount(leg.notional.asset, leg.notional.atoms - 10**9))

    assert is_refused(retold(found, cheaper))


def test_a_route_leg_with_fees_moved_is_refused():
    found = by_route()
    (leg,) = found.plan.legs
    moved = replace(leg, cost=replace(leg.cost, fees=leg.cost.fees - 10**6))

    assert is_refused(retold(found, moved))


def test_a_route_leg_without_some_of_its_hops_is_refused():
    found = by_route()
    (leg,) = found.plan.legs

    assert is_refused(retold(found, replace(leg, hops=leg.hops[1:])))
    assert is_refused(retold(found, replace(leg, hops=())))
    assert is_refused(retold(found, replace(leg, hops=(*leg.hops, leg.hops[-1]))))


def upper_of(found, shares):
    scaled = told_by(found).scaled
    return Pico(math.ceil(scaled.cost(np.array([s.value for s in shares]) / 1e12) * 10**12))


def moved_shares(found, amounts):
    pairs = zip(found.plan.certificate.shares, amounts, strict=True)
    return tuple(replace(share, value=Pico(amount)) for share, amount in pairs)


def test_shares_beyond_what_a_reducing_account_may_take_are_refused():
    # Nothing to reduce, no margin: the book may take nothing.
    made = problem(
        quantity=100.0,
        pools=(pool(fee_pips=10_000, spacing=200), pool("pool-b", fee_pips=10_000, spacing=200)),
        books=(book(price=1_990.0),),
        equity=1.0,
    )
    found = planned(made)
    shares = moved_shares(found, (0, 10**12))
    first, *others = found.plan.certificate.parts
    told = replace(first, assumptions=(Assumption(AssumptionKind.REDUCES, "perp:me"),))
    forged = with_certificate(
        found,
        shares=shares,
        parts=(told, *others, first),
        multipliers=told.multipliers,
        upper_bound=upper_of(found, shares),
    )
    checks = {c.name: c for c in verify_plan(forged)}

    assert not checks["upper bound"].holds


def test_negative_shares_are_refused():
    other = pool("pool-b", account="chain:b", fee_pips=3000, spacing=60, seed=1)
    made = problem(quantity=100.0, pools=(pool(), other))
    found = planned(made)
    shares = moved_shares(found, (-(10**11), 10**12 + 10**11))
    forged = with_certificate(found, shares=shares, upper_bound=upper_of(found, shares))

    assert is_refused(forged)


def test_a_share_told_twice_is_refused():
    found = planned(two_pools(quantity=100.0))
    first = found.plan.certificate.shares[0]
    twice = (replace(first, value=Pico(7)), *found.plan.certificate.shares)
    forged = with_certificate(found, shares=twice)

    assert is_refused(forged)


def capped(**more):
    tiers = (MarginTier(0, 20, Pico(10**10)), MarginTier(100_000 * 10**6, 2, Pico(10**11)))
    one = replace(book(leverage=20), tiers=tiers, initial_margin=InitialMargin.CAPPED)
    return problem(quantity=20.0, pools=(pool(fee_pips=10_000, spacing=200),), books=(one,), **more)


@pytest.mark.parametrize("tier", [-1, -2, 2, 5, 10**30, -(10**30)])
@pytest.mark.parametrize("kind", [AssumptionKind.TIER_MIN, AssumptionKind.TIER_MAX])
def test_a_tier_that_is_none_is_refused(kind, tier):
    found = planned(capped(equity=3_000.0))
    first, *others = found.plan.certificate.parts
    told = replace(first, assumptions=(Assumption(kind, "perp-a", tier),))
    forged = with_certificate(found, parts=(told, *others))

    assert is_refused(forged)


def test_a_bound_at_the_dearest_tier_for_all_tiers_is_refused():
    # At 20x margin the book could take all; at 2x it could not.
    made = capped(equity=3_000.0)
    found = planned(made)
    dear = tuple(replace(t, leverage_max=2) for t in made.books[0].tiers)
    poor = planned(replace(made, books=(replace(made.books[0], tiers=dear, leverage=2),)))
    (first,) = poor.plan.certificate.parts
    assert first.lower_bound > found.plan.certificate.rounded_cost
    told = replace(first, assumptions=(Assumption(AssumptionKind.TIER_MIN, "perp-a", -1),))
    forged = with_certificate(found, parts=(told,), lower_bound=found.plan.certificate.upper_bound)
    checks = {c.name: c for c in verify_plan(forged)}

    assert not checks["lower bound"].holds


HUGE = (15, 20, 24, 26, 28, 30, 40, 100, 308, 319, 320, 330, 400)


@pytest.mark.parametrize("power", HUGE)
@pytest.mark.parametrize("sign", [1, -1])
def test_huge_multipliers_prove_nothing(power, sign):
    value = 10**power
    found = planned(bound_by_margin())
    true = found.plan.certificate.upper_bound
    first = found.plan.certificate.parts[0]
    for k in range(len(first.multipliers)):
        told = list(first.multipliers)
        told[k] = replace(told[k], value=Pico(sign * value))
        part = replace(first, multipliers=tuple(told), lower_bound=Pico(true + 10**6))
        forged = with_certificate(found, parts=(part,), multipliers=part.multipliers)

        assert is_refused(forged)


@pytest.mark.parametrize("power", HUGE)
def test_a_huge_price_where_one_curve_takes_all_proves_nothing(power):
    value = 10**power
    # A perp below the mid: the cost is below zero, and so must every bound be.
    for price in (1_990.0, 1_983.7, 1_997.9):
        found = planned(problem(quantity=10.0, books=(book(price=price),)))
        assert found.plan.certificate.upper_bound < 0
        first = found.plan.certificate.parts[0]
        part = replace(
            first,
            multipliers=(replace(first.multipliers[0], value=Pico(value)),),
            lower_bound=Pico(-1),
        )
        forged = with_certificate(found, parts=(part,), multipliers=part.multipliers)

        assert is_refused(forged)


def test_a_certificate_without_parts_is_refused():
    assert is_refused(with_certificate(planned(bound_by_margin()), parts=()))


def test_a_plan_without_legs_is_refused():
    found = planned(bound_by_margin())
    forged = with_plan(found, legs=(), cost=CostSplit(0, 0, 0, 0), unfilled=found.problem.quantity)

    assert is_refused(forged)


def test_a_plan_that_leaves_what_could_be_filled_is_refused():
    small = planned(problem(quantity=10.0, pools=(pool(),)))
    large = planned(problem(quantity=100.0, pools=(pool(),)))
    left = Amount(large.plan.unfilled.asset, 90 * 10**18)
    told = small.plan
    forged = with_plan(large, legs=told.legs, cost=told.cost, slippage=told.slippage, unfilled=left)
    forged = with_certificate(forged, rounded_cost=told.certificate.rounded_cost)

    assert is_refused(forged)


def test_more_filled_than_ordered_is_refused():
    small = planned(problem(quantity=10.0, pools=(pool(),)))
    large = planned(problem(quantity=100.0, pools=(pool(),)))
    left = Amount(small.plan.unfilled.asset, -90 * 10**18)
    told = large.plan
    forged = with_plan(small, legs=told.legs, cost=told.cost, slippage=told.slippage, unfilled=left)
    forged = with_certificate(forged, rounded_cost=told.certificate.rounded_cost)

    assert is_refused(forged)


def test_what_a_plan_says_beside_its_legs_must_be_so():
    found = planned(bound_by_margin())
    plan = found.plan
    assert not is_refused(found)
    lies = {
        "parent": ParentId("p-2"),
        "side": Side.SELL,
        "arrival_mid": replace(plan.arrival_mid, quote_atoms=plan.arrival_mid.quote_atoms + 1),
        "block": None,
        "unfilled": replace(plan.unfilled, asset="USDC"),
        "slippage": plan.slippage - 1,
        "cost": replace(plan.cost, fees=plan.cost.fees - 1, impact=plan.cost.impact + 1),
    }
    passed = [k for k, lie in lies.items() if not is_refused(with_plan(found, **{k: lie}))]

    assert passed == []


def test_multipliers_told_beside_the_parts_must_be_those_of_the_first():
    found = planned(bound_by_margin())
    told = (*found.plan.certificate.multipliers, Multiplier("cash:chain:me", Pico(10**9)))

    assert is_refused(with_certificate(found, multipliers=told))
    assert is_refused(with_certificate(found, multipliers=()))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_hops_of_a_network_that_pay_what_has_not_come_in_are_refused(side, kind):
    found = planned(over_network(side=side, kind=kind, quantity=50.0))
    assert not is_refused(found)
    (leg,) = found.plan.legs
    backwards = replace(leg, hops=leg.hops[::-1])

    assert is_refused(with_plan(found, legs=(backwards,)))
