"""Auto-deleveraging: who is closed against whom, at which price, and who bears what is left."""

import sys
from fractions import Fraction
from random import Random

import pytest

from tests.unit.sandbox.hyperliquid_floor import Floor, address
from venues.sandbox.hyperliquid.clearing import adl
from venues.sandbox.hyperliquid.clearing.adl import queue
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS
from venues.sandbox.hyperliquid.ledger import equity, positions
from venues.sandbox.hyperliquid.ledger.leverage import set_leverage
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import LiquidationMark

ANNA, BERT, CARL = "anna", "bert", "carl"


def floor_of(deposits, vault_usd=1_000):
    floor = Floor(liquidator_deposit_micro_usd=vault_usd * MICRO, vaults=())
    for name, usd in deposits.items():
        floor.open(name, usd)
    return floor


def give(floor, coin, *, buyer, seller, size, price=300_000):
    """Let a position come into being at no fee."""
    market = floor.market(coin)
    positions.trade(floor.account(buyer), market, size, price=price)
    positions.trade(floor.account(seller), market, -size, price=price)


def isolate(floor, name, coin="ETH", leverage=25):
    refused = set_leverage(
        floor.state, floor.account(name), floor.market(coin), leverage=leverage, is_cross=False
    )
    assert refused is None


def value(floor, name):
    return Fraction(equity.account_value(floor.account(name), floor.state.markets), MICRO)


def ranking(floor, *, against_long, coin="ETH"):
    market = floor.market(coin)
    names = {address(name): name for name in (ANNA, BERT, CARL, "house")}
    found = queue(floor.state, market, against_long=against_long)
    return [names[account.address] for account in found]


def test_an_account_below_zero_is_closed_at_the_previous_mark_against_a_winner():
    floor = floor_of({ANNA: 1_090, BERT: 5_000})
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)

    floor.put_mark("ETH", 280_000)

    assert floor.position(ANNA, "ETH").size == floor.position(BERT, "ETH").size == 0
    assert (value(floor, ANNA), value(floor, BERT)) == (1_090, 5_000)
    mark = LiquidationMark(address(ANNA), 280_000, "backstop")
    closed, deleveraged = floor.fills(ANNA)[-1], floor.fills(BERT)[-1]
    assert closed.direction == "Liquidated Cross Long"
    assert deleveraged.direction == "Auto-Deleveraging"
    assert (deleveraged.price, deleveraged.fee, deleveraged.is_buy) == (300_000, 0, True)
    assert deleveraged.start_position == -100_000
    assert deleveraged.liquidation == closed.liquidation == mark


def test_an_account_worth_exactly_nothing_is_not_below_zero():
    floor = floor_of({ANNA: 1_000, BERT: 5_000})
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)

    floor.put_mark("ETH", 290_000)

    # Worth nothing, it goes to the vault, not to the winners.
    assert floor.position(BERT, "ETH").size == -100_000
    assert floor.position(LIQUIDATOR_ADDRESS, "ETH").size == 100_000


def test_an_underwater_short_is_closed_against_longs():
    floor = floor_of({ANNA: 1_090, BERT: 5_000})
    give(floor, "ETH", buyer=BERT, seller=ANNA, size=100_000)

    floor.put_mark("ETH", 320_000)

    assert floor.fills(ANNA)[-1].direction == "Liquidated Cross Short"
    assert (floor.fills(BERT)[-1].is_buy, floor.fills(BERT)[-1].price) == (False, 300_000)


def test_longs_are_ranked_by_profit_times_leverage():
    floor = floor_of({ANNA: 9_000, BERT: 30_000, CARL: 2_000})
    floor.house()
    give(floor, "ETH", buyer=ANNA, seller="house", size=10_000, price=200_000)
    give(floor, "ETH", buyer=BERT, seller="house", size=100_000, price=300_000)
    give(floor, "ETH", buyer=CARL, seller="house", size=10_000, price=290_000)

    # anna 3000/2000 * 3000/10000 = 0.45; bert 1 * 30000/30000 = 1;
    # carl 3000/2900 * 3000/2100 = 1.478.
    assert ranking(floor, against_long=False) == [CARL, BERT, ANNA]


def test_shorts_are_ranked_by_the_mirror_image():
    floor = floor_of({ANNA: 9_000, BERT: 30_000, CARL: 2_000})
    floor.house()
    give(floor, "ETH", buyer="house", seller=ANNA, size=10_000, price=900_000)
    give(floor, "ETH", buyer="house", seller=BERT, size=100_000, price=300_000)
    give(floor, "ETH", buyer="house", seller=CARL, size=10_000, price=310_000)

    # anna 9000/3000 * 3000/15000 = 0.6; bert 1; carl 3100/3000 * 3000/2100 = 1.476.
    assert ranking(floor, against_long=True) == [CARL, BERT, ANNA]


def test_the_house_is_closed_only_when_nobody_else_is_left():
    floor = floor_of({ANNA: 1_090, BERT: 500_000})
    floor.house()
    give(floor, "ETH", buyer=ANNA, seller="house", size=60_000)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=40_000)
    assert ranking(floor, against_long=True) == [BERT, "house"]

    floor.put_mark("ETH", 280_000)

    assert [floor.position(name, "ETH").size for name in (ANNA, BERT, "house")] == [0, 0, 0]
    assert floor.fills("house")[-1].size == 60_000


def test_the_first_in_the_queue_is_closed_whole_before_the_second_is_touched():
    floor = floor_of({ANNA: 1_090, BERT: 2_000, CARL: 200_000})
    floor.open("dora", 100_000)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=60_000)
    give(floor, "ETH", buyer=ANNA, seller=CARL, size=40_000)
    give(floor, "ETH", buyer="dora", seller=CARL, size=50_000)

    floor.put_mark("ETH", 280_000)

    assert floor.position(BERT, "ETH").size == 0
    assert floor.position(CARL, "ETH").size == -50_000
    assert floor.position("dora", "ETH").size == 50_000


def test_whoever_has_no_position_bears_nothing():
    floor = floor_of({ANNA: 1_090, BERT: 5_000, CARL: 700}, vault_usd=0)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)

    floor.put_mark("ETH", 150_000)

    assert value(floor, CARL) == 700
    assert floor.fills(CARL) == []


def test_every_coin_of_a_cross_account_is_closed():
    floor = floor_of({ANNA: 2_000, BERT: 50_000, CARL: 50_000})
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    give(floor, "BTC", buyer=CARL, seller=ANNA, size=10_000, price=900_000)

    floor.put_mark("ETH", 270_000)

    assert [floor.position(ANNA, coin).size for coin in ("ETH", "BTC")] == [0, 0]
    assert floor.fills(BERT)[-1].direction == "Auto-Deleveraging"
    assert floor.fills(CARL)[-1].direction == "Auto-Deleveraging"
    # The previous mark of a coin that never moved is the one it has.
    assert floor.fills(CARL)[-1].price == 900_000


def test_an_isolated_position_below_zero_leaves_the_rest_of_its_account_alone():
    floor = floor_of({ANNA: 10_000, BERT: 5_000})
    isolate(floor, ANNA)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    assert floor.account(ANNA).cash == 8_800 * MICRO

    floor.put_mark("ETH", 280_000)

    assert floor.fills(ANNA)[-1].direction == "Liquidated Isolated Long"
    assert value(floor, ANNA) == 10_000
    assert value(floor, BERT) == 5_000


def test_what_an_isolated_position_still_owes_is_the_vaults():
    floor = floor_of({ANNA: 10_000, BERT: 5_000})
    isolate(floor, ANNA)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    market = floor.market("ETH")
    market.previous_mark = market.marked = 285_000

    floor.put_mark("ETH", 280_000)

    # Closed at 2,850 the margin of 1,200 is short by 300.
    assert value(floor, ANNA) == 8_800
    assert value(floor, LIQUIDATOR_ADDRESS) == 1_000 - 300


def test_cash_below_zero_without_a_position_is_the_vaults():
    floor = floor_of({ANNA: 10})
    floor.account(ANNA).cash -= 25 * MICRO
    floor.state.till.paid_out += 25 * MICRO
    floor.account(ANNA).is_unsettled = True

    floor.advance(0)

    assert (value(floor, ANNA), value(floor, LIQUIDATOR_ADDRESS)) == (0, 985)


def test_the_vault_is_deleveraged_like_anybody_else():
    floor = floor_of({ANNA: 1_090, BERT: 50_000}, vault_usd=100)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    floor.put_mark("ETH", 293_000)
    assert floor.position(LIQUIDATOR_ADDRESS, "ETH").size == 100_000

    # The vault is worth 490, a loss of ten coins times 60 away from nothing.
    floor.put_mark("ETH", 287_000)

    assert floor.position(LIQUIDATOR_ADDRESS, "ETH").size == 0
    assert value(floor, LIQUIDATOR_ADDRESS) == 490
    mark = LiquidationMark(LIQUIDATOR_ADDRESS, 287_000, "backstop")
    assert floor.fills(BERT)[-1].liquidation == mark
    assert floor.fills(BERT)[-1].price == 293_000


def test_a_vault_with_nothing_left_to_close_stays_below_zero_and_time_goes_on():
    floor = floor_of({ANNA: 10}, vault_usd=1)
    floor.account(ANNA).cash -= 25 * MICRO
    floor.state.till.paid_out += 25 * MICRO
    floor.account(ANNA).is_unsettled = True

    floor.advance(0)
    floor.advance(60_000)

    assert value(floor, LIQUIDATOR_ADDRESS) == -14


def test_a_chain_of_ruined_accounts_ends_with_nobody_below_zero():
    # anna is long of bert, bert long of carl in another coin: closing one takes profit that the
    # next one stood on.
    floor = floor_of({ANNA: 1_300, BERT: 1_300, CARL: 9_000}, vault_usd=0)
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    give(floor, "BTC", buyer=BERT, seller=CARL, size=30_000, price=900_000)
    market = floor.market("BTC")
    market.previous_mark, market.marked = market.marked, 800_000

    floor.put_mark("ETH", 270_000)

    assert floor.position(ANNA, "ETH").size == 0
    assert floor.position(BERT, "BTC").size == 0
    assert min(value(floor, name) for name in (ANNA, BERT, CARL)) >= 0
    assert sum(value(floor, name) for name in (ANNA, BERT, CARL)) == 11_600


@pytest.mark.parametrize("resting_price", [295_000, 250_000])
def test_a_deleveraged_accounts_idle_reducers_are_cancelled(resting_price):
    floor = floor_of({ANNA: 1_090, BERT: 5_000})
    give(floor, "ETH", buyer=ANNA, seller=BERT, size=100_000)
    reducer = floor.order(BERT, "ETH", size=100_000, price=resting_price, reduce_only=True).order

    floor.put_mark("ETH", 280_000)

    assert reducer.status == "reduceOnlyCanceled"


def ruined(count):
    """Let many accounts be below zero at once, each with a winner of its own."""
    floor = floor_of({})
    for number in range(count):
        floor.open(f"l{number}", 1_090)
        floor.open(f"w{number}", 5_000 + number)
        give(floor, "ETH", buyer=f"l{number}", seller=f"w{number}", size=100_000)
    return floor


def calls_to_close(count):
    """Return how many calls, turns of generators included, it takes to close so many accounts."""
    floor = ruined(count)
    calls = 0

    def counted(_frame, event, _value):
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        floor.put_mark("ETH", 280_000)
    finally:
        sys.setprofile(before)
    assert not any(account.position("ETH").size for account in floor.state.accounts.values())
    return calls


def test_closing_many_accounts_takes_work_in_proportion_to_their_number():
    # Four times as many; all pairs of them would be sixteen times as many.
    assert calls_to_close(200) < 6 * calls_to_close(50)


class Watched(adl.Round):
    """Tells whether whoever is closed next is the one a queue made anew would begin with."""

    def __init__(self, floor):
        super().__init__(floor.state, floor.matching, floor.stamp)
        self.floor = floor
        self.closed = []

    def first(self, market, *, against_long):
        found = super().first(market, against_long=against_long)
        assert found is queue(self.floor.state, market, against_long=against_long)[0]
        self.closed.append(found.address)
        return found


def tangled(seed):
    """Let twelve accounts hold two coins against each other, and both coins jump."""
    random = Random(seed)
    floor = floor_of({})
    names = [f"n{number}" for number in range(12)]
    for name in names:
        floor.open(name, random.randrange(500, 9_000))
    for _ in range(24):
        buyer, seller = random.sample(names, 2)
        give(floor, "ETH", buyer=buyer, seller=seller, size=random.randrange(5_000, 60_000))
        buyer, seller = random.sample(names, 2)
        give(floor, "BTC", buyer=buyer, seller=seller, size=random.randrange(500, 5_000))
    for coin, mark in (("ETH", 400_000), ("BTC", 450_000)):
        market = floor.market(coin)
        market.previous_mark, market.marked = market.marked, mark
    return floor


def test_a_queue_kept_up_to_date_closes_the_same_accounts_as_one_ranked_anew():
    # Every closing changes what the closed one is worth, and so its place in the other queue.
    rounds = [Watched(tangled(seed)) for seed in range(12)]
    for one in rounds:
        one.run()

    assert sum(len(one.closed) for one in rounds) > 100
