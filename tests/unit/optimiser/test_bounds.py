"""The bounds of a certificate are computed again from what it stores."""

from dataclasses import replace

import pytest

from router.domain.certificate import Assumption, AssumptionKind
from router.domain.error import CertificateError
from router.domain.plan import PlannedRoute
from router.domain.units import Pico
from router.optimiser.bounds import check_gas, check_lower, check_upper
from router.optimiser.solve import solve
from router.optimiser.told import told_by
from tests.unit.optimiser.world import book, pool, problem

STEP = Pico(10**6)  # of 1e-12: a hundredth of a basis point


@pytest.fixture(scope="module")
def told():
    made = problem(
        quantity=300.0,
        pools=(pool(), pool("pool-b", fee_pips=3000, spacing=60, seed=1)),
        books=(book(),),
        equity=20_000.0,
        gas_usd=3.0,
    )
    return told_by(PlannedRoute(made, solve(made)))


def changed(told, **changes):
    return replace(told, certificate=replace(told.certificate, **changes))


def test_what_the_optimiser_stores_proves_what_it_says(told):
    assert "costs what is told" in check_upper(told)
    assert "hold every plan" in check_lower(told)
    assert "hold every plan" in check_gas(told)


def test_a_share_told_twice_is_refused(told):
    shares = told.certificate.shares

    with pytest.raises(CertificateError, match="not of the problem's curves"):
        check_upper(changed(told, shares=(*shares, shares[0])))


def test_multipliers_that_are_not_those_of_the_plans_part_are_refused(told):
    with pytest.raises(CertificateError, match="not those of the plan's part"):
        check_upper(changed(told, multipliers=()))


def test_a_split_beyond_what_its_part_allows_is_refused(told):
    assumed = Assumption(AssumptionKind.REDUCES, "perp:me")
    first = replace(told.certificate.parts[0], assumptions=(assumed,))

    with pytest.raises(CertificateError, match="the share of perp-a"):
        check_upper(changed(told, parts=(first,)))


def test_a_lower_bound_above_the_upper_is_refused(told):
    parts = told.certificate.parts
    lowest = min(part.lower_bound for part in parts)

    with pytest.raises(CertificateError, match="above the upper"):
        check_lower(changed(told, upper_bound=Pico(lowest - STEP), lower_bound=lowest))


def test_a_case_of_gas_that_proves_less_is_refused(told):
    first, *others = told.certificate.gas
    dearer = replace(first, lower_bound=Pico(first.lower_bound + 10**4 * STEP))

    with pytest.raises(CertificateError, match="prove"):
        check_gas(changed(told, gas=(dearer, *others)))


def test_cases_of_gas_that_leave_plans_out_are_refused(told):
    with pytest.raises(CertificateError, match="leave some plans out"):
        check_gas(changed(told, gas=told.certificate.gas[:1]))
