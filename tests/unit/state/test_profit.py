"""Trades that are taken back: the whole is right to the atom, and nothing is realised by it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import AccountId, AssetId, InstrumentId
from router.state.profit import Item, Profit

ITEM = Item(AccountId("margin"), InstrumentId("perp"), AssetId("ETH"), AssetId("USDC"))


def booked(*trades):
    profit = Profit()
    for quantity, price in trades:
        profit = profit.with_trade(ITEM, quantity, cash=quantity * price, fee=1)
    return profit


def without(profit, quantity, price):
    return profit.without_trade(ITEM, quantity, cash=quantity * price, fee=1)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_what_is_held_still_one_trade_less_is_as_if_it_had_never_been(place, sign):
    trades = [(sign * 10, 100), (sign * 10, 200), (sign * 7, 130)]

    found = without(booked(*trades), *trades[place])

    assert found == booked(*(t for n, t in enumerate(trades) if n != place))
    assert found.line(ITEM).realised == 0


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_what_had_closed_a_part_is_held_again_at_what_it_had_cost(sign):
    opened, closed = ((sign * 10, 100), (sign * 10, 200)), (-sign * 5, 180)

    assert booked(*opened, closed).line(ITEM).realised == sign * 5 * 30
    assert without(booked(*opened, closed), *closed) == booked(*opened)


def test_a_fee_put_right_realises_nothing():
    profit = booked((10, 100), (10, 200))

    corrected = without(profit, 10, 100).with_trade(ITEM, 10, cash=1_000, fee=3)

    assert corrected.line(ITEM).realised == 0
    assert corrected.line(ITEM).fees == 4
    assert corrected.line(ITEM).cost == 3_000


TRADES = st.tuples(st.integers(-30, 30).filter(bool), st.integers(1, 300))


@given(st.lists(TRADES, min_size=1, max_size=8), st.data())
def test_in_all_it_is_worth_what_the_others_are_whatever_came_between(trades, data):
    place = data.draw(st.integers(0, len(trades) - 1))
    kept = booked(*(t for n, t in enumerate(trades) if n != place)).line(ITEM)

    found = without(booked(*trades), *trades[place]).line(ITEM)

    assert found.quantity == kept.quantity
    assert found.cost - found.realised == kept.cost - kept.realised
    assert (found.fees, found.traded) == (kept.fees, kept.traded)
    assert found.quantity or not found.cost, "what is held no longer costs nothing"


@given(st.lists(st.integers(1, 300), min_size=2, max_size=5))
def test_all_taken_back_leaves_nothing(prices):
    profit = booked(*((3, price) for price in prices))
    lines = [profit.line(ITEM)]
    for price in prices:
        profit = without(profit, 3, price)
        lines.append(profit.line(ITEM))

    assert all(after.quantity == before.quantity - 3 for before, after in pairwise(lines))
    assert (lines[-1].cost, lines[-1].realised, lines[-1].fees) == (0, 0, 0)
