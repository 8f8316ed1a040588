"""What-ifs in words."""

import pytest

from router.domain.error import OrderError
from router.domain.margin import StressShock
from router.domain.stress import PegShock, Scenario, VenueShock
from router.gateway.shock_request import Known, parse_shock

NAMED = Scenario(name="gap -30 %", gap_pips=-300_000)
KNOWN = Known(
    assets=("ETH", "BTC", "USDC"),
    venues=("hyperliquid", "base"),
    scenarios={NAMED.name: NAMED},
)


def test_every_word_means_its_field():
    words = (
        "all=-20, ETH=-25.5, ETH.funding=50, BTC.funding=-10, funding=5, depth=20, gas=5000,"
        " minutes=12, peg.USDC=97, hyperliquid.mark=-5, hyperliquid.out, hyperliquid.late=30,"
        " hyperliquid.adl=35, hyperliquid.adl_at=50"
    )

    scenario = parse_shock(words, KNOWN)

    assert scenario == Scenario(
        name=words,
        gap_pips=-200_000,
        funding_pips=500,
        apart=(StressShock("ETH", -255_000, 5_000), StressShock("BTC", -200_000, -1_000)),
        venues=(
            VenueShock(
                "hyperliquid",
                mark_pips=-50_000,
                is_out=True,
                oracle_late_s=30,
                deleveraged_pips=350_000,
                deleveraged_at_pips=500_000,
            ),
        ),
        pegs=(PegShock("USDC", 970_000),),
        depth_pips=200_000,
        gas_pips=50_000_000,
        duration_s=720,
    )


def test_a_name_is_the_scenario_of_that_name():
    assert parse_shock(" gap -30 % ", KNOWN) is NAMED


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("DOGE=-25", "'DOGE=-25' is not known"),
        ("ETH=-100", "ETH must be above -100"),
        ("ETH=much", "ETH must be a number"),
        ("ETH=nan", "ETH must be within"),
        ("ETH=1e999999", "ETH must be within"),
        ("ETH", "ETH must be a number"),
        ("depth=120", "depth must be at most 100"),
        ("depth=0", "depth must be positive"),
        ("hyperliquid.open=1", "'hyperliquid.open' is not known"),
        ("peg.DOGE=97", "'peg.DOGE=97' is not known"),
        ("", "'' is not known"),
        ("ETH=-25, ETH=-5", "ETH is there twice"),
        ("peg.USDC=97,all=-5,peg.USDC=90", "peg.USDC is there twice"),
        ("hyperliquid.out=no", "hyperliquid.out takes no value"),
    ],
)
def test_what_is_not_known_is_refused_and_says_what_is(words, told):
    with pytest.raises(OrderError) as refused:
        parse_shock(words, KNOWN)

    assert told in str(refused.value)
