import asyncio

import orjson
import pytest

from router.compose import requests
from router.domain.error import OrderError
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState

WORDS = {"state": "halted", "reason": "a drill", "by": "ann"}


class FakeDesk:
    """Keeps what it is asked for."""

    def __init__(self):
        self.asked = []

    async def work(self, request, tell):
        self.asked.append(request)
        tell("a line")
        raise OrderError("side: missing; add it")

    async def switch(self, wanted):
        self.asked.append(wanted)
        return wanted.setting(7)


def answer(desk, request, tell=lambda _line: None):
    return asyncio.run(requests.answer(desk, request, tell))


@pytest.mark.parametrize("do", [{}, {"do": "order"}])
def test_a_request_that_says_nothing_else_is_an_order(do):
    desk, told = FakeDesk(), []

    with pytest.raises(OrderError, match="side"):
        answer(desk, {"base": "ETH", **do}, told.append)

    assert desk.asked == [{"base": "ETH"}]
    assert told == ["a line"]


def test_a_switch_is_set_and_comes_back_as_it_is_on_record():
    desk = FakeDesk()

    told = orjson.loads(answer(desk, {"do": "switch", **WORDS}))

    (wanted,) = desk.asked
    assert wanted.setting(7) == SwitchSetting(FIRM, TradingState.HALTED, "ann", "a drill", 7)
    assert told == {**WORDS, "scope": "firm", "at": "7"}


def test_what_nobody_does_is_refused_and_says_what_there_is():
    desk = FakeDesk()

    with pytest.raises(OrderError, match="do: must be one of order, switch"):
        answer(desk, {"do": "dance"})
    with pytest.raises(OrderError, match="reason"):
        answer(desk, {"do": "switch", **WORDS, "reason": ""})

    assert desk.asked == []


class FakeAlterations:
    """Keeps what it is asked for, and lists one order."""

    def __init__(self):
        self.asked = []

    async def cancel(self, wanted):
        self.asked.append(("cancel", wanted))
        return {"result": "done"}

    async def amend(self, wanted):
        self.asked.append(("amend", wanted))
        return {"result": "pending"}

    def orders(self):
        return [{"client_order_id": "one"}]


@pytest.mark.parametrize(
    ("do", "terms", "result"), [("cancel", {}, "done"), ("amend", {"quantity": "2"}, "pending")]
)
def test_orders_at_work_are_canceled_and_amended_and_the_answer_says_what_came_of_it(
    do, terms, result
):
    desk = FakeDesk()
    desk.alterations = FakeAlterations()
    words = {"order": "one", "request": "r", "by": "ann", **terms}

    told = orjson.loads(answer(desk, {"do": do, **words}))

    ((kind, wanted),) = desk.alterations.asked
    assert told == {"result": result}
    assert (kind, wanted.order, wanted.request, wanted.terms) == (do, "one", "r", terms)


def test_orders_at_work_are_listed():
    desk = FakeDesk()
    desk.alterations = FakeAlterations()

    assert orjson.loads(answer(desk, {"do": "orders"})) == {"orders": [{"client_order_id": "one"}]}
    with pytest.raises(OrderError, match="by: unknown field"):
        answer(desk, {"do": "orders", "by": "ann"})


class SlowAlterations(FakeAlterations):
    """Answers nobody before all have asked."""

    def __init__(self, count):
        super().__init__()
        self.all_here = asyncio.Barrier(count)

    async def cancel(self, wanted):
        async with asyncio.timeout(5):
            await self.all_here.wait()
        return {"order": wanted.order}


class TwoOrders:
    def members(self, name):
        assert name == "pair"
        return ("eth", "btc")


def test_the_orders_of_a_basket_are_canceled_at_once_and_not_one_after_the_other():
    desk = FakeDesk()
    desk.alterations, desk.baskets = SlowAlterations(2), TwoOrders()
    words = {"do": "cancel_basket", "order": "pair", "request": "r", "by": "ann"}

    told = orjson.loads(answer(desk, words))

    assert told == {"orders": [{"order": "eth"}, {"order": "btc"}]}
