"""The one proof of several orders is checked without a solver, and every lie in it is found."""

from dataclasses import replace

import pytest

from router.compose import plans
from router.domain.basket import PlannedBasket
from router.domain.certificate import GasBound, Multiplier
from router.domain.plan import QuantityKind
from router.domain.units import Amount, ParentId, Pico, Side
from router.journal.codec import decode_planned, encode
from router.optimiser.basket import solve_basket
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.test_basket import BTC_MID, hedge, order, pair_of_perps
from tests.unit.optimiser.world import WBTC, book, pool

STEP = Pico(10**6)  # of 1e-12: a hundredth of a basis point


def planned(orders):
    return PlannedBasket(tuple(orders), solve_basket(orders))


def broken(found):
    return [f"{c.name}: {c.sentence}" for c in verify_plan(found) if not c.holds]


def by_cash():
    """Spend cash on ether in two pools of one account, and sell bitcoin for cash on a book."""
    spend = order(
        "spend",
        Side.BUY,
        150_000.0,
        kind=QuantityKind.CASH,
        pools=(pool(), pool("pool-b", fee_pips=3_000, spacing=60, seed=1)),
        cash=150_000.0,
        gas_usd=3.0,
    )
    raised = order(
        "raise",
        Side.SELL,
        40_000.0,
        base=WBTC,
        mid=BTC_MID,
        kind=QuantityKind.CASH,
        pools=(pool("pool-c", base=WBTC, seed=2),),
    )
    (chain,) = spend.chains
    btc = next(a for a in raised.chains[0].spendable if a.asset == WBTC.id)
    shared = replace(chain, spendable=(*chain.spendable, Amount(WBTC.id, 10**9)))
    assert btc.atoms > 0
    return [replace(o, chains=(shared,), gas_fee_wei=spend.gas_fee_wei) for o in (spend, raised)]


def in_one_account():
    """Two orders that share the cash of an account exactly to what they may cost."""
    first = order("first", Side.BUY, 40.0, pools=(pool(),), cash=165_000.0)
    second = order("second", Side.BUY, 40.0, pools=(pool("pool-b", seed=1),), cash=165_000.0)
    return [first, second]


BASKETS = {
    "hedge": lambda: hedge(40_000.0),
    "bound by margin": lambda: pair_of_perps(120_000.0, seed=1),
    "perps": lambda: pair_of_perps(100_000.0, seed=3),
    "by cash": by_cash,
    "one account": in_one_account,
}


@pytest.fixture(scope="module")
def honest():
    return planned(pair_of_perps(120_000.0, seed=1))


@pytest.mark.parametrize("name", BASKETS)
def test_every_basket_of_ours_holds(name):
    assert broken(planned(BASKETS[name]())) == []


def test_margin_binds_where_the_lies_are_told(honest):
    told = honest.plan.certificate.parts[0].multipliers

    assert any(m.value > 0 and m.row.startswith(("margin", "stress")) for m in told)
    assert broken(honest) == []


def test_a_saved_basket_comes_back_as_it_was(honest, tmp_path):
    path = tmp_path / "basket.json"
    plans.save(path, honest)

    assert decode_planned(encode(honest)) == honest
    assert plans.load(path) == (honest,)


def with_certificate(found, **changes):
    """Tell the same of the certificate in every plan and for the whole."""
    certificate = replace(found.plan.certificate, **changes)
    told = tuple(replace(plan, certificate=certificate) for plan in found.plan.plans)
    return replace(found, plan=replace(found.plan, plans=told, certificate=certificate))


def with_plan(found, place, **changes):
    told = list(found.plan.plans)
    told[place] = replace(told[place], **changes)
    return replace(found, plan=replace(found.plan, plans=tuple(told)))


def with_first_part(found, **changes):
    first, *others = found.plan.certificate.parts
    changed = replace(first, **changes)
    return with_certificate(found, parts=(changed, *others), multipliers=changed.multipliers)


def lie_of_the_notional(found):
    first, *others = found.plan.plans[1].legs
    less = Amount(first.notional.asset, first.notional.atoms - 1)
    return with_plan(found, 1, legs=(replace(first, notional=less), *others))


def lie_of_a_leg_twice(found):
    first, *others = found.plan.plans[0].legs
    return with_plan(found, 0, legs=(first, first, *others))


def lie_of_the_order(found):
    return with_plan(found, 0, parent=ParentId("somebody"))


def lie_of_the_block(found):
    return with_plan(found, 0, block=None)


def lie_of_fewer_plans(found):
    return replace(found, plan=replace(found.plan, plans=found.plan.plans[:1]))


def lie_of_another_certificate(found):
    told = replace(found.plan.certificate, method="by hand")
    return with_plan(found, 1, certificate=told)


def lie_of_the_fill(found):
    left = found.plan.plans[1].unfilled
    return with_plan(found, 1, unfilled=Amount(left.asset, left.atoms + 10))


def lie_of_the_total(found):
    cost = replace(found.plan.cost, impact=found.plan.cost.impact - 1)
    return replace(found, plan=replace(found.plan, cost=cost))


def lie_of_moved_money(found):
    cost = found.plan.plans[0].cost
    moved = replace(cost, impact=cost.impact - 5, fees=cost.fees + 5)
    return with_plan(found, 0, cost=moved)


def lie_of_what_is_sent(found):
    return with_certificate(found, rounded_cost=Pico(found.plan.certificate.rounded_cost - 1))


def lie_of_the_upper_bound(found):
    return with_certificate(found, upper_bound=Pico(found.plan.certificate.upper_bound - STEP))


def lie_of_a_share(found):
    first, *others = found.plan.certificate.shares
    moved = replace(first, value=Pico(first.value + 10**9))
    return with_certificate(found, shares=(moved, *others))


def lie_of_a_share_between_orders(found):
    shares = list(found.plan.certificate.shares)
    i = next(i for i, s in enumerate(shares) if s.order == "eth" and s.value > 10**9)
    k = next(i for i, s in enumerate(shares) if s.order == "btc" and s.value > 10**9)
    shares[i] = replace(shares[i], value=Pico(shares[i].value - 10**9))
    shares[k] = replace(shares[k], value=Pico(shares[k].value + 10**9))
    return with_certificate(found, shares=tuple(shares))


def lie_of_the_quantity(found):
    first, *others = found.plan.certificate.quantities
    return with_certificate(found, quantities=(first * 2, *others))


def lie_of_one_quantity(found):
    return with_certificate(found, quantities=found.plan.certificate.quantities[:1])


def lie_of_the_lower_bound(found):
    return with_certificate(found, lower_bound=Pico(found.plan.certificate.lower_bound + STEP))


def lie_of_a_part(found):
    first = found.plan.certificate.parts[0]
    return with_first_part(found, lower_bound=Pico(first.lower_bound + STEP))


def lie_of_a_multiplier(found):
    first = found.plan.certificate.parts[0]
    told = tuple(
        Multiplier(m.row, Pico(m.value // 2)) if m.row.startswith(("margin", "stress")) else m
        for m in first.multipliers
    )
    assert told != first.multipliers
    return with_first_part(found, multipliers=told)


def lie_of_a_row(found):
    first = found.plan.certificate.parts[0]
    return with_first_part(
        found, multipliers=(*first.multipliers, Multiplier("margin:nobody", Pico(1)))
    )


def lie_of_no_part(found):
    return with_certificate(found, parts=())


def lie_of_gas(found):
    certificate = found.plan.certificate
    bound = GasBound(0, None, certificate.multipliers, Pico(certificate.lower_bound + STEP))
    return with_certificate(found, gas=(bound,))


LIES = {
    "legs": [
        lie_of_the_notional,
        lie_of_a_leg_twice,
        lie_of_the_order,
        lie_of_the_block,
        lie_of_fewer_plans,
        lie_of_another_certificate,
    ],
    "order": [lie_of_the_fill, lie_of_the_total, lie_of_moved_money, lie_of_what_is_sent],
    "upper bound": [
        lie_of_the_upper_bound,
        lie_of_a_share,
        lie_of_a_share_between_orders,
        lie_of_the_quantity,
    ],
    "lower bound": [
        lie_of_one_quantity,
        lie_of_the_lower_bound,
        lie_of_a_part,
        lie_of_a_multiplier,
        lie_of_a_row,
        lie_of_no_part,
    ],
    "gas": [lie_of_gas],
}


@pytest.mark.parametrize(
    ("name", "lie"), [(name, lie) for name, lies in LIES.items() for lie in lies]
)
def test_a_lie_is_found_by_the_check_it_concerns(honest, name, lie):
    checks = {check.name: check for check in verify_plan(lie(honest))}

    assert not checks[name].holds, checks[name].sentence


def test_legs_that_only_fit_one_by_one_are_found():
    first, second = in_one_account()
    together = planned([first, second])
    poorer = [
        replace(
            o,
            chains=tuple(
                replace(c, spendable=(Amount(c.spendable[0].asset, 100_000 * 10**6),))
                for c in o.chains
            ),
        )
        for o in (first, second)
    ]
    for order_alone in poorer:
        solve_basket([order_alone])

    checks = {c.name: c for c in verify_plan(replace(together, problems=tuple(poorer)))}

    assert not checks["legs"].holds
    assert not checks["upper bound"].holds


def test_a_basket_that_cannot_be_one_is_a_failed_check_and_no_crash(honest):
    shared = honest.problems[0].books
    twice = (honest.problems[0], replace(honest.problems[1], books=shared))

    assert len(broken(replace(honest, problems=twice))) >= 3


def test_an_order_of_a_book_that_is_gone_is_found(honest):
    eth, btc = honest.problems
    other = replace(eth, books=(book("perp-x"),))

    assert any(
        "among the candidates" in told for told in broken(replace(honest, problems=(other, btc)))
    )
