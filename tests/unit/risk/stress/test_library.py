"""The standard scenarios say what their sources say."""

import pytest

from router.domain.units import AssetId, VenueId
from router.risk.stress.library import AssetClass, betas, standard
from tests.unit.risk.stress.desk import BTC, ETH, HERE, SOL, THERE, USDC, pips

DOGE, ODD = AssetId("DOGE"), AssetId("ODD")
CLASSES = {
    BTC: AssetClass.BTC,
    ETH: AssetClass.ETH,
    SOL: AssetClass.SOL,
    DOGE: AssetClass.LARGE,
}


def library(*, severe=False):
    made = standard(CLASSES, venues=(HERE, THERE), money=(USDC,), severe=severe)
    return {scenario.name: scenario for scenario in made}


@pytest.mark.parametrize(
    ("severe", "falls"), [(False, (-15, -18, -26, -40, -60)), (True, (-25, -30, -40, -60, -80))]
)
def test_everything_falls_by_its_class_and_what_nobody_named_like_the_smallest(severe, falls):
    down = library(severe=severe)["S1 gap down"]

    found = [down.shock(asset).gap_pips for asset in (BTC, ETH, SOL, DOGE, ODD)]

    assert found == [pips(percent) for percent in falls]


def test_names_are_of_one_line_without_a_colon_and_occur_once():
    made = standard(CLASSES, venues=(HERE, THERE), money=(USDC,))
    names = [scenario.name for scenario in made]

    assert len(set(names)) == len(names)
    assert all(":" not in name and len(name) <= 40 for name in names)


def test_only_single_names_are_squeezed_and_go_to_zero():
    found = library()

    assert found["S3 DOGE squeeze"].shock(DOGE).gap_pips == pips(100)
    assert found["S3 DOGE squeeze"].shock(BTC).gap_pips == 0
    assert found["S3 DOGE to zero"].shock(DOGE).gap_pips == pips(-90)
    assert "S3 BTC squeeze" not in found
    assert library(severe=True)["S3 DOGE squeeze"].shock(DOGE).gap_pips == pips(300)


def test_funding_flips_for_a_day_or_stands_at_its_cap_for_three_hours():
    # 0.5 % in eight hours is 1.5 % in a day; 4 % an hour are 12 % in three.
    assert library()["S4 shorts pay"].funding_pips == pips(-1.5)
    assert library()["S4 longs pay"].funding_pips == pips(1.5)
    assert library(severe=True)["S4 longs pay"].funding_pips == pips(12)


def test_pegs_depth_and_gas_are_those_seen():
    assert library()["S5 USDC peg"].peg(USDC) == pips(97)
    assert library(severe=True)["S5 USDC peg"].peg(USDC) == pips(65)
    assert library()["S7 no depth"].depth_pips == pips(10)
    assert library(severe=True)["S7 no depth"].depth_pips == pips(2)
    assert library()["S11 gas"].gas_pips == pips(5_000)


@pytest.mark.parametrize("venue", [HERE, THERE])
def test_each_venue_has_its_own_trouble(venue):
    found = library()
    late = found[f"S6 {venue} 120 s late"]

    assert found[f"S5 {venue} below"].venue(venue).mark_pips == pips(-5)
    assert found[f"S5 {venue} above"].venue(venue).mark_pips == pips(5)
    assert (late.venue(venue).oracle_late_s, late.shock(BTC).gap_pips) == (120, pips(-7.5))
    assert found[f"S8 {venue} out"].venue(venue).is_out
    assert found[f"S9 {venue} deleverages"].venue(venue).deleveraged_pips == pips(35)
    worst = found[f"S14 {venue} all at once"]
    assert worst.venue(venue).is_out
    assert worst.venue(venue).deleveraged_pips == pips(35)
    assert (worst.depth_pips, worst.shock(ETH).gap_pips) == (pips(10), pips(-18))
    assert not worst.venue(VenueId("elsewhere")).is_out


def test_betas_are_of_bitcoins_fall():
    assert betas(CLASSES) == {
        BTC: pips(100),
        ETH: pips(120),
        SOL: 1_733_333,
        DOGE: 2_666_666,
    }
