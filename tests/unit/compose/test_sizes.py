"""Other sizes of an order, with plans that a rule gives: feasible up to a bound."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest

from router.compose.dry_run import sizes
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, AssetId
from router.gateway.quote_data import NoPlan, Point

ETH = AssetId("ETH")
UNIT = 10**18


class Plans:
    """Plans whatever is not above a bound and not below another."""

    def __init__(self, most, least=1):
        self.most, self.least = most, least
        self.asked = []

    async def __call__(self, quantity):
        self.asked.append(quantity.atoms)
        if self.least <= quantity.atoms <= self.most:
            return Point(quantity, SimpleNamespace(legs=()), SimpleNamespace(), None)
        return Point(quantity, None, None, NoPlan(NoRouteReason.STRESS, "too much", None))


def curve(plans, atoms, *, is_feasible=True):
    return asyncio.run(sizes.curve(plans, Amount(ETH, atoms), is_feasible=is_feasible))


def test_a_curve_goes_from_a_hundredth_to_the_largest_size_and_says_why_no_further():
    plans = Plans(700 * UNIT)

    points = curve(plans, 250 * UNIT)

    *planned, refused = points
    atoms = [p.quantity.atoms for p in planned]
    assert atoms == sorted(set(atoms))
    assert atoms[0] <= 2.6 * UNIT
    assert 250 * UNIT in atoms
    assert 690 * UNIT < atoms[-1] <= 700 * UNIT < refused.quantity.atoms < 720 * UNIT
    assert (refused.plan, refused.refusal.message) == (None, "too much")
    assert len(plans.asked) < 40
    ratios = [b / a for a, b in pairwise(atoms)]
    assert max(ratios) < 2


def test_a_curve_without_a_bound_ends_at_sixty_times_the_order():
    points = curve(Plans(10**30), UNIT)

    assert all(p.plan is not None for p in points)
    assert 16 * UNIT <= points[-1].quantity.atoms <= 64 * UNIT


def test_a_curve_of_an_order_that_is_too_large_ends_below_it():
    points = curve(Plans(3 * UNIT), 40 * UNIT, is_feasible=False)

    assert points[-1].plan is None
    assert 2.9 * UNIT < points[-2].quantity.atoms <= 3 * UNIT
    assert all(p.quantity.atoms < 40 * UNIT for p in points)


def test_where_no_size_is_feasible_the_curve_is_the_refusal():
    (point,) = curve(Plans(0), 40 * UNIT, is_feasible=False)

    assert point.refusal is not None


@pytest.mark.parametrize("most", [7, 999, 123_456_789, 5 * UNIT])
def test_the_largest_size_is_found_within_a_hundredth(most):
    whole = Amount(ETH, max(2 * most, most + 1))

    found = asyncio.run(sizes.largest(Plans(most), whole))

    assert found is not None
    assert 0.98 * most <= found.atoms <= most


def test_of_an_order_a_thousand_times_too_large_the_largest_is_found_or_nothing_is_told():
    found = asyncio.run(sizes.largest(Plans(UNIT), Amount(ETH, 1_000 * UNIT)))

    assert 0.9 * UNIT <= found.atoms <= UNIT
    assert asyncio.run(sizes.largest(Plans(0), Amount(ETH, UNIT))) is None


def test_the_order_itself_is_a_point_whatever_its_digits_are():
    atoms = 123_456_789_012_345_678_901

    for most in (atoms, 2 * atoms):
        points = curve(Plans(most, least=atoms), atoms)

        assert atoms in [p.quantity.atoms for p in points if p.plan is not None]
