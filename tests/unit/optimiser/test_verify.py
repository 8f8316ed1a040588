"""A proof is checked without a solver, and every lie in it is found."""

from dataclasses import replace

import pytest

from router.domain.certificate import Multiplier
from router.domain.plan import PlannedRoute, QuantityKind
from router.domain.units import Amount, Pico, Side
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.world import book, pool, problem, random_problem, via_usdt

STEP = Pico(10**6)  # of 1e-12: a hundredth of a basis point


def planned(made):
    return PlannedRoute(made, solve(made))


def bound_by_margin():
    return problem(
        quantity=300.0,
        pools=(pool(), pool("pool-b", fee_pips=3000, spacing=60, seed=1)),
        books=(book(), book("perp-b", seed=1)),
        equity=20_000.0,
    )


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_every_plan_of_ours_holds(seed, binding):
    checks = verify_plan(planned(random_problem(seed, binding=binding)))

    assert [c.sentence for c in checks if not c.holds] == []


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_routes_and_exact_cash_hold(side, kind):
    quantity = 50.0 if kind is QuantityKind.BASE else 100_000.0
    made = problem(
        side=side, kind=kind, quantity=quantity, pools=(pool(),), routes=(via_usdt(),), gas_usd=3.0
    )

    checks = verify_plan(planned(made))

    assert [c.sentence for c in checks if not c.holds] == []


def test_plans_that_only_reduce_hold():
    made = problem(
        quantity=100.0,
        pools=(pool(fee_pips=10_000, spacing=200),),
        books=(book(price=1_990.0, position_lots=-500_000),),
        equity=1.0,
    )

    found = planned(made)

    assert len(found.plan.certificate.parts) > 1
    assert all(check.holds for check in verify_plan(found))


def with_certificate(found, **changes):
    certificate = replace(found.plan.certificate, **changes)
    return replace(found, plan=replace(found.plan, certificate=certificate))


def with_first_leg(found, **changes):
    first, *others = found.plan.legs
    return replace(found, plan=replace(found.plan, legs=(replace(first, **changes), *others)))


def with_first_part(found, **changes):
    first, *others = found.plan.certificate.parts
    return with_certificate(found, parts=(replace(first, **changes), *others))


def lie_of_the_notional(found):
    notional = found.plan.legs[0].notional
    return with_first_leg(found, notional=Amount(notional.asset, notional.atoms - 1))


def lie_of_the_fill(found):
    left = found.plan.unfilled
    return replace(
        found, plan=replace(found.plan, unfilled=Amount(left.asset, left.atoms + 10**12))
    )


def lie_of_the_total(found):
    cost = replace(found.plan.cost, impact=found.plan.cost.impact - 1)
    return replace(found, plan=replace(found.plan, cost=cost))


def lie_of_what_is_sent(found):
    return with_certificate(found, rounded_cost=Pico(found.plan.certificate.rounded_cost - 1))


def lie_of_the_upper_bound(found):
    return with_certificate(found, upper_bound=Pico(found.plan.certificate.upper_bound - STEP))


def lie_of_a_share(found):
    first, *others = found.plan.certificate.shares
    moved = replace(first, value=Pico(first.value + 10**9))
    return with_certificate(found, shares=(moved, *others))


def lie_of_the_lower_bound(found):
    return with_certificate(found, lower_bound=Pico(found.plan.certificate.lower_bound + STEP))


def lie_of_a_part(found):
    first = found.plan.certificate.parts[0]
    return with_first_part(found, lower_bound=Pico(first.lower_bound + STEP))


def lie_of_a_multiplier(found):
    first = found.plan.certificate.parts[0]
    told = tuple(
        Multiplier(m.row, Pico(m.value // 2)) if m.row.startswith("margin") else m
        for m in first.multipliers
    )
    assert told != first.multipliers
    return with_first_part(found, multipliers=told)


def lie_of_a_negative_multiplier(found):
    first = found.plan.certificate.parts[0]
    told = tuple(
        Multiplier(m.row, Pico(-m.value)) if m.row.startswith("margin") else m
        for m in first.multipliers
    )
    return with_first_part(found, multipliers=told)


def lie_of_a_row(found):
    first = found.plan.certificate.parts[0]
    return with_first_part(
        found, multipliers=(*first.multipliers, Multiplier("margin:nobody", Pico(1)))
    )


def lie_of_the_quantity(found):
    (quantity,) = found.plan.certificate.quantities
    return with_certificate(found, quantities=(quantity * 2,))


def lie_of_no_quantity(found):
    return with_certificate(found, quantities=())


LIES = {
    "legs": [lie_of_the_notional],
    "order": [lie_of_the_fill, lie_of_the_total, lie_of_what_is_sent],
    "upper bound": [lie_of_the_upper_bound, lie_of_a_share, lie_of_the_quantity],
    "lower bound": [
        lie_of_the_lower_bound,
        lie_of_a_part,
        lie_of_a_multiplier,
        lie_of_a_negative_multiplier,
        lie_of_a_row,
        lie_of_no_quantity,
    ],
}


@pytest.mark.parametrize(
    ("name", "lie"), [(name, lie) for name, lies in LIES.items() for lie in lies]
)
def test_a_lie_is_found_by_the_check_it_concerns(name, lie):
    honest = planned(bound_by_margin())
    assert all(check.holds for check in verify_plan(honest))

    checks = {check.name: check for check in verify_plan(lie(honest))}

    assert not checks[name].holds, checks[name].sentence


def test_a_part_left_out_is_found():
    made = problem(
        quantity=100.0,
        pools=(pool(fee_pips=10_000, spacing=200),),
        books=(book(price=1_990.0, position_lots=-500_000),),
        equity=1.0,
    )
    honest = planned(made)
    kept = honest.plan.certificate.parts[:1]

    checks = {c.name: c for c in verify_plan(with_certificate(honest, parts=kept))}

    assert not checks["lower bound"].holds


def test_a_plan_of_another_problem_is_found():
    honest = planned(bound_by_margin())
    poorer = replace(
        honest.problem,
        margins=tuple(replace(m, equity_atoms=10**9) for m in honest.problem.margins),
    )

    checks = {c.name: c for c in verify_plan(replace(honest, problem=poorer))}

    assert not checks["legs"].holds
    assert not checks["upper bound"].holds
