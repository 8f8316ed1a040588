"""Standard and unified accounts by hand: what they share, how near they are, what else might be."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.margin import InitialMargin
from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Holding
from router.risk.margin.model import Change, Held, MarginModel
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import flat, table
from router.risk.margin.unified import UnifiedModel, pool

USDC, USDH = AssetId("USDC"), AssetId("USDH")
ETH, BTC, HYPE = InstrumentId("eth"), InstrumentId("btc"), InstrumentId("hype")


def held(name, size, mark, **changes):
    row = Held(name, AssetId(name), Holding(Fraction(size), Fraction(mark), 10, flat(20)))
    return replace(row, **changes)


def standard(cash, *rows):
    return StandardModel(USDC, Fraction(cash), rows)


# Ten lots long at 100 and 20 short at 50, both worth 1,000 and kept by 25; and 4 isolated at 25
# with 20 of margin. Equity is 500.
ISOLATED = held(HYPE, 4, 25, is_isolated=True, own_cash=Fraction(-80))
MIXED = standard(500, held(ETH, 10, 100), held(BTC, -20, 50), ISOLATED)


def test_isolated_positions_are_apart_from_what_the_others_share():
    assert (MIXED.equity, MIXED.value) == (500, 520)
    assert (MIXED.initial, MIXED.margin_used) == (200, 220)
    assert MIXED.maintenance == 50
    assert MIXED.available == 300
    assert MIXED.transfer_requirement == 200  # a tenth of 2,000 as well
    assert MIXED.withdrawable == 300


def test_a_position_is_liquidated_where_what_is_shared_no_longer_covers_all_of_it():
    # 500 + 10 (p - 100) = 25 + p / 4.
    price = MIXED.liquidation_price(ETH)

    assert price == Fraction(525) / (10 - Fraction(1, 4))
    assert MIXED.distance(ETH) == 1 - price / 100
    at = MIXED.at_marks({ETH: price})
    assert at.equity == at.maintenance
    assert not at.is_liquidatable
    assert MIXED.at_marks({ETH: price - Fraction(1, 10**9)}).is_liquidatable


def test_a_short_is_liquidated_above_its_mark_and_an_isolated_one_by_itself():
    # 500 - 20 (p - 50) = 25 + p / 2, and -80 + 4 p = p / 10.
    assert MIXED.liquidation_price(BTC) == Fraction(1_475) / Fraction(41, 2)
    assert MIXED.distance(BTC) == MIXED.liquidation_price(BTC) / 50 - 1
    assert MIXED.liquidation_price(HYPE) == Fraction(80) / (4 - Fraction(1, 10))
    assert MIXED.at_marks({HYPE: Fraction(20)}).is_liquidatable


def test_the_backstop_comes_after_the_book():
    assert MIXED.backstop_price(ETH) < MIXED.liquidation_price(ETH)
    assert MIXED.backstop_price(BTC) > MIXED.liquidation_price(BTC)


def test_the_distance_is_negative_once_the_mark_went_too_far():
    assert MIXED.at_marks({ETH: Fraction(50)}).distance(ETH) < 0


def test_no_price_liquidates_what_is_paid_in_full():
    paid = standard(0, held(ETH, 10, 100))

    assert paid.liquidation_price(ETH) is None
    assert paid.distance(ETH) is None


def test_the_ratio_is_that_of_the_worst_bucket():
    assert standard(500).risk_ratio == 0
    assert standard(-450, held(ETH, 10, 100)).risk_ratio == Fraction(25, 550)
    # The isolated position keeps 2.5 of 20, the others 50 of 500.
    assert MIXED.risk_ratio == Fraction(1, 8)
    assert standard(-1_000, held(ETH, 10, 100)).risk_ratio is None


def test_resting_orders_bind_what_they_could_make_of_a_position():
    row = held(ETH, 10, 100)
    some = standard(500, replace(row, buys=Fraction(5), sells=Fraction(12)))
    turning = standard(500, replace(row, sells=Fraction(25)))

    assert some.initial == 150  # fifteen long at most; two short are less
    assert turning.initial == 150  # fifteen short
    assert (some.equity, some.margin_used) == (1_500, 100)
    assert some.withdrawable == 1_350


def test_what_is_reserved_is_neither_free_nor_to_be_withdrawn():
    promised = MIXED.reserving(Fraction(120)).reserving(Fraction(80))

    assert (promised.available, promised.withdrawable) == (100, 100)
    assert promised.equity == MIXED.equity
    assert MIXED.reserving(Fraction(1_000)).available == 0


def test_a_market_may_ask_more_of_large_positions():
    tiers = table((0, 20), (500, 5))
    holding = Holding(Fraction(10), Fraction(100), 10, tiers)
    capped, marginal = (
        standard(0, Held(ETH, AssetId("ETH"), holding, rule=rule))
        for rule in (InitialMargin.CAPPED, InitialMargin.MARGINAL)
    )

    assert capped.initial == 200  # all 1,000 at five
    assert marginal.initial == 150  # 500 at ten and 500 at five


def unified(*pools):
    return UnifiedModel(pools)


# A balance of 520: 20 in the isolated position, and gains of the others counted already.
SHARED = unified(pool(USDC, Fraction(520), [held(ETH, 10, 100), held(BTC, -20, 50), ISOLATED]))


def test_a_unified_balance_counts_positions_and_isolated_margin():
    assert (SHARED.value, SHARED.equity) == (520, 500)
    assert SHARED.risk_ratio == Fraction(1, 8)
    assert replace_isolated().risk_ratio == Fraction(50, 500)
    assert (SHARED.available, SHARED.withdrawable) == (300, 300)


# The documented ratio without the isolated position: maintenance over the balance less its margin.
def replace_isolated():
    return unified(pool(USDC, Fraction(500), [held(ETH, 10, 100), held(BTC, -20, 50)]))


def test_a_unified_account_is_liquidated_when_its_ratio_reaches_one():
    alone = unified(pool(USDC, Fraction(25), [held(ETH, 10, 100)]))

    assert alone.risk_ratio == 1
    assert alone.is_liquidatable
    assert not standard(25 - 1_000, held(ETH, 10, 100)).is_liquidatable
    assert not unified(pool(USDC, Fraction(26), [held(ETH, 10, 100)])).is_liquidatable


def test_the_worst_collateral_decides_and_none_covers_another():
    other = pool(USDH, Fraction(30), [held(HYPE, 10, 100)], worth=Fraction(99, 100))
    both = unified(pool(USDC, Fraction(1_000), [held(ETH, 10, 100)]), other)

    assert both.risk_ratio == Fraction(25, 30)
    assert both.value == 1_000 + 30 * Fraction(99, 100)
    assert both.collateral == USDC
    # 30 + 10 (p - 100) = p / 4, whatever the other balance is.
    assert both.liquidation_price(HYPE) == Fraction(970) / (10 - Fraction(1, 4))
    assert both.at_marks({HYPE: Fraction(99)}).is_liquidatable


def test_spot_orders_bind_the_balance_that_positions_share():
    bound = unified(pool(USDC, Fraction(500), [held(ETH, 10, 100)], bound=Fraction(150)))

    assert bound.equity == 500
    assert (bound.available, bound.withdrawable) == (250, 250)
    assert bound.reserving(Fraction(50)).available == 200


def test_a_fill_changes_the_pool_of_its_market_only():
    other = pool(USDH, Fraction(30), [held(HYPE, 10, 100)])
    both = unified(pool(USDC, Fraction(1_000), [held(ETH, 10, 100)]), other)

    after = both.after([Change(HYPE, Fraction(-10), Fraction(100), Fraction(1))])

    assert after.pools[0] == both.pools[0]
    assert after.pools[1].part.equity == 29
    assert after.held(HYPE).size == 0
    with pytest.raises(KeyError):
        both.after([Change(BTC, Fraction(1), Fraction(1))])


@pytest.mark.parametrize("model", [MIXED, SHARED])
def test_marks_that_do_not_move_change_nothing(model):
    account: MarginModel = model  # both are accounts

    assert account.at_marks({}) == model
    assert account.after([]) == model
