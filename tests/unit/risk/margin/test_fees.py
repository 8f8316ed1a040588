"""Fees against the documented tables, discounted columns included."""

from fractions import Fraction

import pytest

from router.risk.margin.fees import (
    MarketTerms,
    Rates,
    Trader,
    fee,
    market_rates,
    perp_rates,
    referral_discount,
    spot_rates,
)

M, B = 10**6, 10**9
# The page prints percent with four digits, halves up: staked above, then taker and maker by tier.
PERPS = [
    (0, "0.0450/0.0150 0.0400/0.0120 0.0350/0.0080 0.0300/0.0040 0.0280/0.0000 0.0260/0 0.0240/0"),
    (10, "0.0428/0.0143 0.0380/0.0114 0.0333/0.0076 0.0285/0.0038 0.0266/0 0.0247/0 0.0228/0"),
    (100, "0.0405/0.0135 0.0360/0.0108 0.0315/0.0072 0.0270/0.0036 0.0252/0 0.0234/0 0.0216/0"),
    (1_000, "0.0383/0.0128 0.0340/0.0102 0.0298/0.0068 0.0255/0.0034 0.0238/0 0.0221/0 0.0204/0"),
    (10_000, "0.0360/0.0120 0.0320/0.0096 0.0280/0.0064 0.0240/0.0032 0.0224/0 0.0208/0 0.0192/0"),
    (100_000, "0.0315/0.0105 0.0280/0.0084 0.0245/0.0056 0.0210/0.0028 0.0196/0 0.0182/0 0.0168/0"),
    (500_000, "0.0270/0.0090 0.0240/0.0072 0.0210/0.0048 0.0180/0.0024 0.0168/0 0.0156/0 0.0144/0"),
]
SPOT = [
    (0, "0.0700/0.0400 0.0600/0.0300 0.0500/0.0200 0.0400/0.0100 0.0350/0 0.0300/0 0.0250/0"),
    (1_000, "0.0595/0.0340 0.0510/0.0255 0.0425/0.0170 0.0340/0.0085 0.0298/0 0.0255/0 0.0213/0"),
    (500_000, "0.0420/0.0240 0.0360/0.0180 0.0300/0.0120 0.0240/0.0060 0.0210/0 0.0180/0 0.0150/0"),
]
VOLUMES = [0, 5 * M, 25 * M, 100 * M, 500 * M, 2 * B, 7 * B]


def printed(rate):
    e4 = rate * 100 * 10**4
    return int(e4 + Fraction(1, 2))


def read(cells):
    return [tuple(printed(Fraction(text) / 100) for text in c.split("/")) for c in cells.split()]


@pytest.mark.parametrize(("rates", "page"), [(perp_rates, PERPS), (spot_rates, SPOT)])
def test_every_tier_and_discount_is_that_of_the_page(rates, page):
    for staked, cells in page:
        traders = [
            Trader(perp_volume=Fraction(v) + (v > 0), staked=Fraction(staked) + (staked > 0))
            for v in VOLUMES
        ]
        told = [(printed(rates(t).taker), printed(rates(t).maker)) for t in traders]

        assert told == read(cells)


def test_a_bound_of_volume_or_stake_is_not_yet_the_next_tier():
    at_bounds = Trader(
        perp_volume=Fraction(5 * M), staked=Fraction(10), maker_share=Fraction(5, 1_000)
    )

    assert perp_rates(at_bounds) == perp_rates(Trader())


def test_the_taker_rate_that_user_fees_shows_includes_the_staking_discount():
    assert perp_rates(Trader(staked=Fraction(100_001))).taker == Fraction("0.000315")


def test_spot_volume_counts_twice():
    assert Trader(perp_volume=Fraction(M), spot_volume=Fraction(2 * M)).weighted_volume == 5 * M


@pytest.mark.parametrize(
    ("share", "maker"), [("0.006", "-0.00001"), ("0.02", "-0.00002"), ("0.04", "-0.00003")]
)
def test_much_making_is_paid_a_rebate_that_no_stake_cuts(share, maker):
    trader = Trader(maker_share=Fraction(share), staked=Fraction(10**6))

    assert perp_rates(trader).maker == Fraction(maker)


OWN = Rates(taker=Fraction("0.00045"), maker=Fraction("0.00015"))
REBATED = Rates(taker=Fraction("0.00045"), maker=Fraction("-0.00003"))


@pytest.mark.parametrize(
    ("terms", "scale"),
    [
        (MarketTerms(), "1"),
        (MarketTerms(deployer_scale=Fraction(1, 2)), "1.5"),
        (MarketTerms(deployer_scale=Fraction(1)), "2"),
        (MarketTerms(deployer_scale=Fraction(3)), "6"),
        (MarketTerms(deployer_scale=Fraction(1), is_growing=True), "0.2"),
        (MarketTerms(is_stable_pair=True), "0.2"),
    ],
)
def test_a_market_scales_fees(terms, scale):
    told = market_rates(OWN, terms)

    assert told == Rates(OWN.taker * Fraction(scale), OWN.maker * Fraction(scale))


def test_a_deployers_scale_leaves_rebates_alone_and_growth_shrinks_them():
    deployed = MarketTerms(deployer_scale=Fraction(1))
    growing = MarketTerms(deployer_scale=Fraction(1), is_growing=True)

    assert market_rates(REBATED, deployed).maker == REBATED.maker
    assert market_rates(REBATED, growing).maker == REBATED.maker / 10


def test_an_aligned_quote_is_cheaper_to_take_and_better_paid_to_make():
    told = market_rates(REBATED, MarketTerms(is_aligned_quote=True))

    assert told == Rates(REBATED.taker * Fraction("0.8"), REBATED.maker * Fraction("1.5"))


def test_an_aligned_quote_changes_the_venues_half_of_a_deployed_market_only():
    terms = MarketTerms(deployer_scale=Fraction(1), is_aligned_quote=True)

    told = market_rates(REBATED, terms)

    assert told == Rates(REBATED.taker * 2 * Fraction("0.9"), REBATED.maker * Fraction("1.25"))


def test_a_referral_takes_four_percent_off_fees_and_nothing_off_rebates():
    discount = referral_discount(Fraction(25 * M - 1))

    told = market_rates(REBATED, MarketTerms(), referral_discount=discount)

    assert told == Rates(Fraction("0.000432"), REBATED.maker)
    assert referral_discount(Fraction(25 * M)) == 0


def test_a_fill_costs_its_rate_and_the_builders_fee():
    notional = Fraction(20_000)

    assert fee(notional, OWN.taker) == 9
    assert fee(notional, REBATED.maker) == Fraction("-0.6")
    assert fee(notional, OWN.taker, builder_tenth_bps=10) == 11
