"""Zones: where they begin, and that an account does not flap between two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.risk import Zone, ZoneRules
from router.domain.units import Pips, VenueId
from router.risk.deleverage import zone_of
from router.risk.deleverage.zone import NEARNESS, nearer

RULES = ZoneRules(
    venue=VenueId("hyperliquid"),
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(100_000),
    cost_max_pips=Pips(1_000),
)


@pytest.mark.parametrize(
    ("maintenance", "zone"),
    [
        (0, Zone.SAFE),
        (399_999, Zone.SAFE),
        (400_000, Zone.EARLY),
        (599_999, Zone.EARLY),
        (600_000, Zone.SOFT),
        (799_999, Zone.SOFT),
        (800_000, Zone.HARD),
        (1_000_000, Zone.HARD),  # the venue acts only below the requirement
        (1_000_001, Zone.LIQUIDATED),
    ],
)
def test_a_zone_begins_where_its_rule_says(maintenance, zone):
    assert zone_of(maintenance, 1_000_000, RULES) is zone


@pytest.mark.parametrize(
    ("was", "maintenance", "zone"),
    [
        (Zone.SOFT, 550_001, Zone.SOFT),  # a tenth above the target is near enough
        (Zone.SOFT, 550_000, Zone.EARLY),
        (Zone.HARD, 600_001, Zone.HARD),
        (Zone.HARD, 600_000, Zone.SOFT),
        (Zone.LIQUIDATED, 700_000, Zone.HARD),
        (Zone.EARLY, 380_001, Zone.EARLY),  # kept to 95 % of where it began
        (Zone.EARLY, 380_000, Zone.SAFE),
        (Zone.SAFE, 550_001, Zone.EARLY),
    ],
)
def test_what_was_begun_goes_on_until_its_end(was, maintenance, zone):
    assert zone_of(maintenance, 1_000_000, RULES, was=was) is zone


@pytest.mark.parametrize(("maintenance", "equity"), [(1, 0), (0, -1), (1, -1)])
def test_an_account_worth_less_than_it_has_to_be_is_liquidated(maintenance, equity):
    assert zone_of(maintenance, equity, RULES) is Zone.LIQUIDATED


def test_an_account_without_positions_is_safe_whatever_it_was():
    assert zone_of(0, 0, RULES, was=Zone.HARD) is Zone.SAFE


amounts = st.integers(0, 10**15)
zones = st.sampled_from(NEARNESS)


@given(amounts, amounts, zones)
def test_a_zone_found_again_of_the_same_account_stays(maintenance, equity, was):
    found = zone_of(maintenance, equity, RULES, was=was)

    assert zone_of(maintenance, equity, RULES, was=found) is found


@given(amounts, amounts, amounts, zones)
def test_more_maintenance_is_never_further_away(maintenance, more, equity, was):
    low = zone_of(maintenance, equity, RULES, was=was)
    high = zone_of(maintenance + more, equity, RULES, was=was)

    assert nearer(low, high) is high
