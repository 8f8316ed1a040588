"""Liquidation, step by step as the venue documents it, with sums done by hand."""

import pytest

from tests.unit.sandbox.hyperliquid_floor import Floor, address
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS, XYZ_DEX
from venues.sandbox.hyperliquid.ledger import equity, positions
from venues.sandbox.hyperliquid.ledger.leverage import set_leverage
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import (
    AccountLiquidated,
    LedgerUpdated,
    LiquidationMark,
    TriggerRequest,
)

VAULT_USD = 5_000_000
XYZ100 = "xyz:XYZ100"


def exposed(usd, *, coin="ETH", size, price=300_000, is_cross=True, **changes):
    """Return a floor where anna holds a position against the house, got at no fee."""
    floor = Floor(**changes)
    floor.house()
    dex = floor.market(coin).dex
    floor.open("anna", usd, dex)
    hold(floor, coin, size=size, price=price, is_cross=is_cross)
    floor.advance(0)
    floor.drain()
    return floor


def hold(floor, coin, *, size, price, is_cross=True, name="anna"):
    market, account = floor.market(coin), floor.account(name)
    refused = set_leverage(
        floor.state, account, market, leverage=market.spec.max_leverage, is_cross=is_cross
    )
    assert refused is None, refused
    positions.trade(account, market, size, price=price)
    positions.trade(floor.account("house"), market, -size, price=price)


def bid(floor, price, size, coin="ETH"):
    placed = floor.order("house", coin, size=size, price=price)
    assert placed.refusal is None, placed.refusal
    floor.drain()


def worth(floor, name="anna", dex=""):
    return equity.account_value(floor.account(name), floor.state.markets, dex)


def liquidations(floor):
    return [event for event in floor.drain() if isinstance(event, AccountLiquidated)]


# Ten coins bought at 3,000 on 1,090: at 2,950 equity and maintenance (2 %) are both 590.


def test_an_account_worth_its_maintenance_margin_is_left_alone():
    floor = exposed(1_090, size=100_000)
    bid(floor, 294_900, 1_000_000)

    floor.put_mark("ETH", 295_000)

    assert worth(floor) == 590 * MICRO
    assert liquidations(floor) == []
    assert floor.position("anna", "ETH").size == 100_000


def test_below_its_maintenance_margin_the_whole_position_is_sold_into_the_book():
    floor = exposed(1_090, size=100_000)
    bid(floor, 294_900, 1_000_000)

    floor.put_mark("ETH", 294_999)

    assert floor.position("anna", "ETH").size == 0
    # Sold at 2,949 for the ordinary taker fee of 29,490 USD, 13.2705; no fee for the liquidation.
    assert floor.account("anna").cash == (1_090 - 510) * MICRO - 13_270_500
    sold, bought = floor.fills("anna")[-1], floor.fills("house")[-1]
    assert sold.direction == "Liquidated Cross Long"
    assert bought.direction == "Close Short"
    mark = LiquidationMark(address("anna"), 294_999, "market")
    assert sold.liquidation == bought.liquidation == mark
    assert (sold.price, sold.size, sold.crossed) == (294_900, 100_000, True)


def test_a_short_is_bought_back():
    floor = exposed(1_110, size=-100_000)
    floor.order("house", "ETH", size=-1_000_000, price=305_100)

    # At 3,050 equity and maintenance are both 610.
    floor.put_mark("ETH", 305_000)
    assert floor.position("anna", "ETH").size == -100_000
    floor.put_mark("ETH", 305_001)

    assert floor.position("anna", "ETH").size == 0
    assert floor.fills("anna")[-1].direction == "Liquidated Cross Short"


def test_a_liquidation_is_told_to_its_user_and_kept_in_the_ledger():
    floor = exposed(1_090, size=100_000)
    bid(floor, 294_900, 1_000_000)

    floor.put_mark("ETH", 294_900)

    events = floor.drain()
    (told,) = (event for event in events if isinstance(event, AccountLiquidated))
    assert told == AccountLiquidated(
        account=address("anna"),
        liquidation_id=1,
        liquidator=LIQUIDATOR_ADDRESS,
        notional=29_490 * MICRO,
        account_value=580 * MICRO,
        is_cross=True,
        positions=(("ETH", 100_000),),
        time_ms=floor.now_ms,
    )
    (kept,) = (event for event in events if isinstance(event, LedgerUpdated))
    assert floor.account("anna").ledger_updates == [kept]
    assert kept.delta == {
        "type": "liquidation",
        "liquidatedNtlPos": "29490.0",
        "accountValue": "580.0",
        "leverageType": "Cross",
        "liquidatedPositions": [{"coin": "ETH", "szi": "10.0"}],
    }


def test_open_orders_of_a_liquidated_account_are_cancelled_as_such():
    floor = exposed(10_000, size=100_000)
    resting = floor.order("anna", "ETH", size=1_000, price=280_000).order
    stop = TriggerRequest(is_market=True, price_text="2500", is_take_profit=False)
    waiting = floor.order(
        "anna", "ETH", size=-100_000, price=250_000, reduce_only=True, trigger=stop
    ).order
    floor.account("anna").cash -= 8_910 * MICRO
    floor.state.till.paid_out += 8_910 * MICRO

    floor.put_mark("ETH", 294_000)

    assert resting.status == waiting.status == "liquidatedCanceled"
    assert floor.account("anna").open_orders == {}


# A hundred coins bought at 3,000 on 10,900: 295,000 of notional at 2,950, 5,900 needed.


def large():
    floor = exposed(10_900, size=1_000_000)
    bid(floor, 294_900, 10_000_000)
    return floor


def test_of_a_large_position_a_fifth_is_sold_and_the_healed_rest_stays():
    floor = large()

    floor.put_mark("ETH", 294_999)

    assert floor.position("anna", "ETH").size == 800_000
    assert floor.account("anna").cooling_until_ms == floor.now_ms + 30_000
    floor.advance(0)
    floor.put_mark("ETH", 294_998)
    assert floor.position("anna", "ETH").size == 800_000


@pytest.mark.parametrize(("waited_ms", "left"), [(29_999, 0), (30_000, 640_000)])
def test_while_cooling_down_from_a_slice_whole_positions_are_sold(waited_ms, left):
    floor = large()
    floor.put_mark("ETH", 294_999)
    floor.now_ms += waited_ms
    # 80 coins are left; at 2,935 they need 4,696 and 4,653 are there: above two thirds.
    bid(floor, 293_500, 10_000_000)
    house = floor.account("house")
    best = next(o for o in house.open_orders.values() if o.price == 294_900)
    floor.matching.cancel(best, status="canceled", stamp=floor.stamp)

    floor.put_mark("ETH", 293_500)

    assert floor.position("anna", "ETH").size == left


@pytest.mark.parametrize(("price", "sold"), [(100_000, 350_000), (100_001, 70_000)])
def test_positions_of_a_hundred_thousand_are_not_sliced_and_larger_ones_are(price, sold):
    # 35 coins; the mark decides on which side of 100,000 USD they are.
    mark = {100_000: 285_714, 100_001: 285_715}[price]
    usd = 35 * 300_000 // 100 - 35 * mark // 100 + 1_950
    floor = exposed(usd, size=350_000)
    bid(floor, 285_700, 10_000_000)

    floor.put_mark("ETH", mark)

    assert 350_000 - floor.position("anna", "ETH").size == sold


def test_the_largest_of_several_positions_goes_first_and_a_healed_account_keeps_the_others():
    floor = exposed(2_000, size=100_000)
    hold(floor, "BTC", size=10_000, price=900_000)
    bid(floor, 289_000, 1_000_000)

    # 1,000 of equity; ten coins at 2,900 need 580, 0.1 BTC 112.5.
    floor.put_mark("ETH", 290_000)
    assert floor.position("anna", "ETH").size == 100_000
    # 670 of equity against 573.4 + 112.5.
    floor.put_mark("ETH", 286_700)

    assert floor.position("anna", "ETH").size == 100_000 - floor.fills("anna")[-1].size
    assert floor.fills("anna")[-1].coin == "ETH"
    assert floor.position("anna", "BTC").size == 10_000


def test_without_a_book_a_position_waits_until_two_thirds_are_lost():
    floor = exposed(1_090, size=100_000)

    # 391 of equity; two thirds of 586.02 are 390.68.
    floor.put_mark("ETH", 293_010)

    assert floor.position("anna", "ETH").size == 100_000
    assert liquidations(floor) == []


def test_a_position_nobody_bid_for_is_sold_at_the_first_publication_with_a_bid():
    floor = exposed(1_090, size=100_000)
    floor.put_mark("ETH", 294_000)
    assert floor.position("anna", "ETH").size == 100_000
    floor.order("house", "ETH", size=1_000_000, price=294_000)
    market = floor.market("ETH")
    market.reference.is_frozen = False
    floor.follow("ETH")

    floor.move("ETH", 294_000)

    assert market.mark() == 294_000
    assert floor.position("anna", "ETH").size == 0
    assert len(liquidations(floor)) == 1


def test_below_two_thirds_the_vault_takes_positions_and_margin_over_at_the_mark():
    floor = exposed(1_090, size=100_000)

    # 390 of equity; two thirds of 586 are 390.67.
    floor.put_mark("ETH", 293_000)

    anna, vault = floor.account("anna"), floor.account(LIQUIDATOR_ADDRESS)
    assert (anna.position("ETH").size, anna.cash) == (0, 0)
    assert vault.position("ETH").size == 100_000
    assert vault.position("ETH").cost == 100_000 * 293_000
    assert worth(floor, LIQUIDATOR_ADDRESS) == (VAULT_USD + 390) * MICRO
    given, taken = floor.fills("anna")[-1], floor.fills(LIQUIDATOR_ADDRESS)[-1]
    assert (given.direction, taken.direction) == ("Liquidated Cross Long", "Open Long")
    assert (given.price, given.fee, taken.fee) == (293_000, 0, 0)
    mark = LiquidationMark(address("anna"), 293_000, "backstop")
    assert given.liquidation == taken.liquidation == mark


def test_a_takeover_takes_all_cross_positions_of_the_dex():
    floor = exposed(3_000, size=100_000)
    hold(floor, "BTC", size=-10_000, price=900_000)

    floor.put_mark("ETH", 272_000)

    vault = floor.account(LIQUIDATOR_ADDRESS)
    assert (vault.position("ETH").size, vault.position("BTC").size) == (100_000, -10_000)
    assert worth(floor, LIQUIDATOR_ADDRESS) == (VAULT_USD + 200) * MICRO
    assert floor.account("anna").usd == {"": 0}


def test_an_isolated_position_is_liquidated_alone():
    floor = exposed(10_000, size=100_000, is_cross=False)
    hold(floor, "BTC", size=10_000, price=900_000)
    cash = floor.account("anna").cash

    # Margin 1,200; at 2,915 350 are left of which 583 are needed: below two thirds.
    floor.put_mark("ETH", 291_500)

    anna, vault = floor.account("anna"), floor.account(LIQUIDATOR_ADDRESS)
    assert (anna.position("ETH").size, anna.position("BTC").size) == (0, 10_000)
    assert anna.cash == cash
    assert worth(floor, LIQUIDATOR_ADDRESS) == (VAULT_USD + 350) * MICRO
    assert vault.position("ETH").size == 100_000
    assert floor.fills("anna")[-1].direction == "Liquidated Isolated Long"
    (told,) = liquidations(floor)
    assert (told.is_cross, told.account_value) == (False, 350 * MICRO)
    assert anna.ledger_updates[-1].delta["leverageType"] == "Isolated"


def test_an_isolated_position_sold_into_the_book_returns_what_is_left_of_its_margin():
    floor = exposed(10_000, size=100_000, is_cross=False)
    bid(floor, 293_800, 1_000_000)
    resting = floor.order("anna", "BTC", size=1_000, price=800_000).order

    # 580 left of which 587.6 are needed.
    floor.put_mark("ETH", 293_800)

    assert floor.position("anna", "ETH").isolated_usd is None
    assert floor.account("anna").cash == (8_800 + 580) * MICRO - 13_221_000
    assert resting.status == "open"


def test_the_buckets_of_two_dexs_do_not_answer_for_each_other():
    floor = exposed(2_000, coin=XYZ100, size=10_000, price=2_500_000, builder_dexs=(XYZ_DEX,))
    floor.open("anna", 1_090)
    hold(floor, "ETH", size=100_000, price=300_000)

    floor.put_mark("ETH", 293_000)

    assert floor.position("anna", "ETH").size == 0
    assert floor.position("anna", XYZ100).size == 10_000
    assert worth(floor, dex="xyz") == 2_000 * MICRO


def test_the_vault_carries_what_others_may_only_isolate_on_cross_margin():
    coin = "xyz:NVDA"
    floor = exposed(
        1_000, coin=coin, size=10_000, price=180_000, is_cross=False, builder_dexs=(XYZ_DEX,)
    )

    # Margin 180 for ten contracts at 180; at 168 60 are left: below the 84 that are needed, above
    # two thirds of that, and nobody bids. At 167 50 are left of which 55.67 would be two thirds.
    floor.put_mark(coin, 168_000)
    assert floor.position("anna", coin).size == 10_000
    floor.put_mark(coin, 167_000)

    vault = floor.account(LIQUIDATOR_ADDRESS)
    assert floor.account("anna").usd == {"xyz": 820 * MICRO}
    assert (vault.position(coin).size, vault.position(coin).isolated_usd) == (10_000, None)
    assert worth(floor, LIQUIDATOR_ADDRESS, "xyz") == 50 * MICRO


def test_the_liquidator_is_a_vault_with_its_configured_deposit():
    floor = Floor(liquidator_deposit_micro_usd=7 * MICRO)
    floor.advance(10_000)

    vault = floor.account(LIQUIDATOR_ADDRESS)
    assert (vault.kind, vault.cash, vault.is_liquidator) == ("vault", 7 * MICRO, True)


def test_an_account_is_looked_at_when_it_traded_and_when_marks_move():
    floor = exposed(1_090, size=100_000)
    floor.account("anna").cash -= 700 * MICRO
    floor.state.till.paid_out += 700 * MICRO
    floor.advance(0)
    assert floor.position("anna", "ETH").size == 100_000

    floor.order("house", "ETH", size=10_000, price=290_000)
    floor.order("anna", "ETH", size=-10_000, price=290_000, reduce_only=True)
    floor.advance(0)

    assert floor.position("anna", "ETH").size == 0


def test_the_house_is_never_liquidated():
    floor = exposed(1_000_000, size=100_000)

    floor.put_mark("ETH", 3_000_000)

    assert worth(floor, "house") < 0
    assert floor.position("house", "ETH").size == -100_000


def test_a_published_mark_liquidates_in_the_same_round():
    floor = exposed(1_090, size=100_000)
    floor.follow("ETH")

    floor.move("ETH", 293_000)

    assert floor.market("ETH").mark() == 293_000
    assert floor.position("anna", "ETH").size == 0
