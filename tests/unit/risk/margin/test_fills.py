"""What-ifs of fills: worked by hand, and against what the sandbox's ledger does with them."""

import random
from fractions import Fraction

import pytest

from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Holding
from router.risk.margin.fills import filled
from router.risk.margin.model import Change, Held
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import flat
from tests.unit.risk.margin.sandbox_accounts import NAME, Bench, name_of
from venues.sandbox.hyperliquid.ledger import positions

ETH, BTC = InstrumentId("eth"), InstrumentId("btc")


def held(name=ETH, *, size=0, mark=100, leverage=10, isolated=False, own=0):
    holding = Holding(Fraction(size), Fraction(mark), leverage, flat(20))
    return Held(name, AssetId(name), holding, is_isolated=isolated, own_cash=Fraction(own))


def account(cash, *rows):
    return StandardModel(AssetId("USDC"), Fraction(cash), rows)


def change(lots, price, *, fee=0, name=ETH):
    return Change(name, Fraction(lots), Fraction(price), Fraction(fee))


def test_a_fill_at_the_mark_costs_its_fee_and_nothing_else():
    before = account(1_000, held())

    after = before.after([change(5, 100, fee=3)])

    assert after.held(ETH).size == 5
    assert (before.equity, after.equity) == (1_000, 997)
    assert after.initial == 50  # 5 lots at 100, ten times levered
    assert after.maintenance == Fraction(500, 40)
    assert after.available == 947


def test_a_cross_position_flips_through_zero_and_keeps_what_it_made():
    after = account(1_000, held(size=5, mark=120)).after([change(-8, 110)])

    # Cash 1,000 + 880; three lots short at 120 owe 360.
    assert after.held(ETH).size == -3
    assert after.equity == 1_880 - 360


def test_an_isolated_position_under_water_gives_nothing_back_when_it_shrinks():
    # Ten lots at 85 on 100 of margin at 100: 50 below zero. Selling five leaves all of that inside.
    cash, left = filled(
        Fraction(7), held(size=10, mark=85, isolated=True, own=-900), change(-5, 85)
    )

    assert cash == 7
    assert left.bucket.value == -50


def test_a_plan_of_several_fills_is_all_of_them_in_their_order():
    before = account(1_000, held(), held(BTC, mark=50))
    fills = [change(2, 101), change(-4, 49, name=BTC), change(-2, 99)]

    at_once = before.after(fills)
    one_by_one = before.after(fills[:1]).after(fills[1:2]).after(fills[2:])

    assert at_once == one_by_one
    assert at_once.held(BTC).size == -4
    assert at_once.equity == 1_000 - 4 - 4  # two lots lost two each, four sold one below the mark


def test_an_isolated_position_takes_its_opening_margin_along_and_pays_its_own_fee():
    after = account(1_000, held(isolated=True)).after([change(5, 100, fee=3)])

    assert after.equity == 950
    assert after.held(ETH).bucket.value == 47  # 500 / 10, less the fee
    assert after.value == 997


def test_closing_half_of_an_isolated_position_gives_half_of_its_equity_back():
    # Ten lots at 100 on 100 of margin; at 110 it is worth 200.
    before = account(0, held(size=10, mark=110, isolated=True, own=-900))

    after = before.after([change(-5, 110)])

    assert after.equity == 100
    assert after.held(ETH).bucket.value == 100


def test_an_isolated_position_that_turns_is_closed_whole_and_opened_anew():
    before = account(500, held(size=10, mark=110, isolated=True, own=-900))

    after = before.after([change(-15, 110)])

    # All 200 come back, five short at 110 take 55 along.
    assert after.equity == 645
    assert after.held(ETH).size == -5
    assert after.held(ETH).bucket.value == 55


def test_an_isolated_position_closed_with_its_fee_leaves_cash_only():
    before = account(0, held(size=10, mark=110, isolated=True, own=-900))

    after = before.after([change(-10, 110, fee=2)])

    assert (after.equity, after.value, after.held(ETH).own_cash) == (198, 198, 0)


def test_a_fill_in_a_market_that_is_not_known_is_refused():
    with pytest.raises(KeyError):
        account(1_000, held()).after([change(1, 100, name=BTC)])


def test_every_fill_does_to_the_account_what_it_does_in_the_sandboxes_ledger():
    rng, bench = random.Random(3), Bench.opened()
    for _ in range(400):
        bench.fill(rng, with_orders=False)
        _, before = bench.model()
        coin = rng.choice(list(bench.account.positions))
        position, market = bench.account.position(coin), bench.floor.market(coin)
        size, is_cross = position.size, position.isolated_usd is None
        lots = rng.choice((-2 * size, -size, -size // 2, size, rng.randint(1, 10**6)))
        price = max(1, market.marked * rng.randint(900, 1_100) // 1_000)
        fee = rng.randint(0, 1_000)
        if lots == 0:
            continue
        # What is isolated is told as one lot: the whole position.
        unit = 1 if is_cross else abs(size)
        name = name_of(coin, is_cross=is_cross)
        fill = Change(name, Fraction(lots, unit), Fraction(price * unit), Fraction(fee))

        after = before.after([fill])
        positions.trade(bench.floor.account(NAME), market, lots, price=price)
        positions.charge(bench.floor.account(NAME), market, fee)

        cash, own = bench.account.cash, position.isolated_usd or 0
        # The ledger rounds opening margin up, and what it gives back down, by less than one each.
        assert abs(after.cash - cash) <= 2
        assert abs(after.held(name).own_cash - own) <= 2
        assert after.held(name).size * unit == position.size
