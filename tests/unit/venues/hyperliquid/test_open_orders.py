"""When the list of open orders is asked for, and when the last one still holds."""

import asyncio
from dataclasses import dataclass, field

import pytest

from router.domain.units import NS_PER_S
from tests.unit.venues.hyperliquid.scripted_venue import HandClock
from venues.hyperliquid import wire
from venues.hyperliquid.clients.budget import WEIGHT_PER_WINDOW, Budget
from venues.hyperliquid.clients.open_orders import OpenOrders

ORDER = wire.OpenOrder("ETH", is_buy=True, limit_price="1", size_left="1", oid=1, placed_ms=1)


@dataclass
class Info:
    asked: list = field(default_factory=list)

    async def open_orders(self, address):
        self.asked.append(address)
        return (ORDER,)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def info():
    return Info()


@pytest.fixture
def budget(clock):
    return Budget(clock)


@pytest.fixture
def opened(info, budget, clock):
    return OpenOrders("0xab", info=info, budget=budget, clock=clock)


def look(opened, *, is_live=True):
    return asyncio.run(opened.look(is_live=is_live))


def test_a_list_holds_while_a_stream_tells_that_nothing_changed(opened, info, clock):
    assert look(opened) == (ORDER,)
    clock.at += 29 * NS_PER_S
    assert look(opened) == (ORDER,)
    assert len(info.asked) == 1

    clock.at += NS_PER_S
    assert look(opened) == (ORDER,)
    assert len(info.asked) == 2


def test_after_news_nothing_is_told_until_it_may_be_asked_for_again(opened, info, clock):
    look(opened)
    opened.changed()
    clock.at += NS_PER_S
    assert look(opened) is None

    clock.at += NS_PER_S
    assert look(opened) == (ORDER,)
    assert len(info.asked) == 2


def test_without_a_stream_no_list_is_told_twice(opened, info, clock):
    look(opened, is_live=False)
    assert look(opened, is_live=False) is None

    clock.at += 2 * NS_PER_S
    assert look(opened, is_live=False) == (ORDER,)
    assert len(info.asked) == 2


def test_little_request_weight_is_left_to_what_matters_more(opened, info, clock, budget):
    look(opened)
    budget.owe(WEIGHT_PER_WINDOW - 600)
    opened.changed()
    clock.at += 5 * NS_PER_S
    assert look(opened) is None

    clock.at += 5 * NS_PER_S
    assert look(opened) == (ORDER,)

    budget.owe(200)
    clock.at += 20 * NS_PER_S
    opened.changed()
    assert look(opened) is None
    assert len(info.asked) == 2
