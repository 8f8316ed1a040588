"""Cash, positions and margins of an account against the venue's published rules."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sandbox.hyperliquid_anna import (
    XYZ100,
    builder_floor,
    choose,
    cross,
    isolated,
    take,
    trader,
)
from venues.sandbox.hyperliquid.config import BTC, ETH, flat_table
from venues.sandbox.hyperliquid.ledger import equity, spot
from venues.sandbox.hyperliquid.ledger.checks import withdrawable
from venues.sandbox.hyperliquid.margin import Steps
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import TimeInForce

FIFTY = replace(ETH, oracle_price="2985.9", max_leverage=50, margin_table=flat_table(50))


def test_the_official_isolated_account_adds_up():
    # The venue's own example of `clearinghouseState`, its cash legs as it states them.
    floor = trader(coins=(BTC, FIFTY))
    anna, market = floor.account("anna"), floor.market("ETH")
    anna.cash = 13_104_514_502
    position = anna.position("ETH")
    position.size, position.cost, position.isolated_usd = 335, 335 * 298_630, -95_059_824

    perps = floor.state.markets
    assert equity.isolated_value(position, market) == 4_967_826
    assert equity.cross_value(anna, perps) == 13_104_514_502
    assert equity.account_value(anna, perps) == 13_109_482_328
    bucket = cross(floor)
    assert (bucket.notional, bucket.initial, bucket.maintenance) == (0, 0, 0)
    assert bucket.withdrawable == 13_104_514_502
    assert withdrawable(floor.state, anna, "") == 13_104_514_502
    # The margin is stated to a millionth of a dollar: that much over size * (1 - 1 %).
    stated = Fraction("2866.26936529")
    found = equity.liquidation_price(anna, perps, "ETH")
    assert abs(found - stated) < Fraction(1, 1_000_000) / (Fraction("0.0335") * Fraction("0.99"))


@pytest.mark.parametrize(("size", "liquidation"), [(2, 55_696.20253), (-2, 64_197.53086)])
def test_a_cross_position_is_liquidated_where_the_documented_formula_says(size, liquidation):
    coin = replace(BTC, oracle_price="60000", margin_table=flat_table(40))
    floor = trader(coin="BTC", coins=(coin, ETH), size=size * 100_000, price=600_000)

    price = equity.liquidation_price(floor.account("anna"), floor.state.markets, "BTC")

    assert round(float(price), 5) == liquidation


def test_tiers_move_the_liquidation_price_to_the_documented_place():
    coin = replace(BTC, oracle_price="100000")
    floor = trader(8_000_000, coin="BTC", coins=(coin, ETH), size=200_000_000, price=1_000_000)

    assert cross(floor).maintenance == 3_125_000 * MICRO
    price = equity.liquidation_price(floor.account("anna"), floor.state.markets, "BTC")
    assert price == 97_500
    floor.market("BTC").marked = 975_000
    bucket = cross(floor)
    assert bucket.value == bucket.maintenance == 3_000_000 * MICRO


def test_other_positions_are_held_fixed_in_a_liquidation_price():
    floor = trader(20_000, size=50_000)
    take(floor, "BTC", size=10_000, price=900_000)
    anna = floor.account("anna")

    price = equity.liquidation_price(anna, floor.state.markets, "ETH")

    # 20,000 + 5 (p - 3,000) = 5 p / 50 + 9,000 / 80, hence p = -4,887.5 / 4.9: none above zero.
    assert price is None
    anna.cash -= 15_000 * MICRO
    # 5,000 + 5 (p - 3,000) = p / 10 + 112.5.
    expected = Fraction(10_112_5, 49)
    assert equity.liquidation_price(anna, floor.state.markets, "ETH") == expected


@given(st.integers(min_value=0, max_value=400_000_000 * MICRO), st.sampled_from([BTC, ETH]))
def test_maintenance_in_whole_numbers_is_the_exact_one_rounded_up(notional, spec):
    exact = spec.margin_table.maintenance(Fraction(notional, MICRO)) * MICRO

    assert Steps(spec.margin_table).maintenance(notional) == -(
        -exact.numerator // exact.denominator
    )


def test_profit_is_what_closing_brings_over_what_opening_cost():
    floor = trader(size=20_000)

    assert take(floor, "ETH", size=20_000, price=310_000) == 0
    assert take(floor, "ETH", size=-10_000, price=320_000) == 150 * MICRO
    assert take(floor, "ETH", size=-40_000, price=290_000) == -450 * MICRO
    assert floor.position("anna", "ETH").size == -10_000
    assert floor.position("anna", "ETH").cost == -10_000 * 290_000
    assert floor.account("anna").cash == (10_000 - 300 + 2_900) * MICRO


def test_open_interest_counts_longs():
    floor = trader(size=20_000)
    assert floor.market("ETH").open_interest == 20_000

    take(floor, "ETH", size=-50_000, price=300_000)
    assert floor.market("ETH").open_interest == 30_000
    take(floor, "ETH", size=30_000, price=300_000)
    assert floor.market("ETH").open_interest == 0


def test_an_isolated_position_takes_its_margin_out_of_the_cross_cash():
    floor = isolated()

    assert floor.account("anna").cash == 9_700 * MICRO
    assert floor.position("anna", "ETH").isolated_usd == (300 - 3_000) * MICRO
    assert equity.isolated_value(floor.position("anna", "ETH"), floor.market("ETH")) == 300 * MICRO


def test_isolated_margin_is_rounded_up():
    floor = isolated(size=1, price=300_001, value=7)

    # 300,001 / 7 = 42,857.28...
    assert floor.account("anna").cash == 10_000 * MICRO - 42_858


def test_closing_a_part_gives_back_that_part_of_the_equity():
    floor = isolated()

    take(floor, "ETH", size=-2_500, price=320_000)

    # Equity 500 at that price; a quarter of it goes back.
    assert floor.account("anna").cash == 9_825 * MICRO
    assert floor.position("anna", "ETH").isolated_usd == (375 - 2_400) * MICRO


def test_closing_all_gives_everything_back():
    floor = isolated()

    take(floor, "ETH", size=-10_000, price=310_000)

    assert floor.account("anna").cash == 10_100 * MICRO
    assert floor.position("anna", "ETH").isolated_usd is None


def test_turning_an_isolated_position_closes_one_and_opens_the_other():
    floor = isolated()

    take(floor, "ETH", size=-15_000, price=310_000)

    # 10,100 after closing; the short of half a coin takes 155.
    assert floor.account("anna").cash == 9_945 * MICRO
    assert floor.position("anna", "ETH").isolated_usd == (155 + 1_550) * MICRO


def test_isolated_profit_does_not_help_the_cross_bucket():
    floor = isolated()
    floor.market("ETH").marked = 600_000

    assert cross(floor).value == 9_700 * MICRO
    assert cross(floor).withdrawable == 9_700 * MICRO


trades = st.lists(
    st.tuples(
        st.integers(min_value=-50_000, max_value=50_000).filter(bool),
        st.integers(min_value=200_000, max_value=400_000),
    ),
    min_size=1,
    max_size=12,
)


@given(trades, st.booleans(), st.integers(min_value=1, max_value=25))
def test_a_trade_moves_money_and_size_but_no_value_at_its_own_price(made, is_cross, value):
    floor = trader(100_000)
    anna, market = floor.account("anna"), floor.market("ETH")
    assert choose(floor, "ETH", value, is_cross=is_cross) is None
    realised = 0

    for size, price in made:
        market.marked = price
        before = equity.account_value(anna, floor.state.markets)
        realised += take(floor, "ETH", size=size, price=price)
        assert equity.account_value(anna, floor.state.markets) == before

    position = anna.position("ETH")
    assert (position.isolated_usd is None) == (is_cross or position.size == 0)
    unrealised = position.size * market.marked - position.cost
    final = equity.account_value(anna, floor.state.markets)
    assert final == 100_000 * MICRO + realised + unrealised


def test_every_dex_has_a_bucket_of_its_own():
    floor = builder_floor()
    take(floor, XYZ100, size=10_000, price=2_500_000)
    floor.market(XYZ100).marked = 2_600_000

    # One contract at 25,000, now 26,000.
    assert cross(floor, "xyz").value == 6_000 * MICRO
    assert cross(floor, "xyz").notional == 26_000 * MICRO
    assert (cross(floor).value, cross(floor).notional) == (10_000 * MICRO, 0)
    # max(26,000 / 20, 2,600) has to stay.
    assert withdrawable(floor.state, floor.account("anna"), "xyz") == 3_400 * MICRO


def test_a_trade_is_booked_on_both_sides_with_the_documented_fields():
    floor = trader()
    floor.open("bert", 10_000)
    floor.order("anna", "ETH", size=10_000, price=300_000)
    floor.order("bert", "ETH", size=-10_000, price=300_000, tif=TimeInForce.IOC)

    made, taken = floor.fills("anna")[-1], floor.fills("bert")[-1]

    # 3,000 USD at 0.015 % and 0.045 %.
    assert (made.fee, taken.fee) == (450_000, 1_350_000)
    assert (made.crossed, taken.crossed) == (False, True)
    assert (made.direction, taken.direction) == ("Open Long", "Open Short")
    assert made.trade_id == taken.trade_id < 2**50
    assert floor.account("anna").cash == (10_000 - 3_000) * MICRO - 450_000
    assert floor.state.till.fees == 1_800_000


def test_trade_ids_do_not_repeat():
    floor = trader(1_000_000)
    floor.open("bert", 1_000_000)
    for _ in range(50):
        floor.trade("anna", "bert", "ETH", size=100, price=300_000)

    ids = [fill.trade_id for fill in floor.fills("anna")]

    assert len(set(ids)) == 50


def test_spot_pays_base_for_quote_and_takes_the_fee_in_what_was_received():
    floor = trader()
    purr, usdc = floor.state.spot_markets["PURR/USDC"].spec.base, 0
    for name, token, atoms in (("anna", usdc, 1_000 * 10**8), ("bert", purr.index, 500 * 10**5)):
        floor.open(name, 0)
        spot.balance(floor.account(name), token).total = atoms
        floor.state.till.spot_paid_in[token] = floor.state.till.spot_paid_in.get(token, 0) + atoms
    floor.order("bert", "PURR/USDC", size=-100, price=20_000_000)
    assert spot.free(floor.account("bert"), purr.index) == 400 * 10**5

    floor.order("anna", "PURR/USDC", size=100, price=20_000_000, tif=TimeInForce.IOC)

    # 100 PURR for 20 USDC; 0.07 % of the PURR, 0.04 % of the USDC.
    anna, bert = floor.account("anna"), floor.account("bert")
    assert spot.balance(anna, purr.index).total == 100 * 10**5 - 7_000
    assert spot.balance(anna, usdc).total == 980 * 10**8
    assert spot.balance(bert, usdc).total == 20 * 10**8 - 800_000
    assert spot.free(bert, purr.index) == 400 * 10**5
    assert [(f.fee, f.fee_currency, f.direction) for f in (anna.fills[-1], bert.fills[-1])] == [
        (7_000, "PURR", "Buy"),
        (800_000, "USDC", "Sell"),
    ]
    floor.advance(0)


def test_spot_profit_is_against_the_average_cost():
    floor = trader()
    market = floor.state.spot_markets["PURR/USDC"]
    anna = floor.account("anna")

    spot.trade(anna, market, 100, price=20_000_000)
    spot.trade(anna, market, 100, price=40_000_000)
    profit = spot.trade(anna, market, -50, price=50_000_000)

    # 50 sold at 0.5 that cost 0.3 on average.
    assert profit == 10 * MICRO
