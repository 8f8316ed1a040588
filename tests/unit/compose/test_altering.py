"""What a desk answers to a cancel or an amendment, once it is durable or the wait is over."""

import asyncio

import pytest

from router.compose.altering import Alterations
from router.domain.error import OrderError
from router.domain.event import CancelRequested
from router.gateway.alter_request import parse_amend, parse_cancel
from router.gateway.order_request import parent_id
from router.journal.record import genesis
from router.shell.clock import SystemClock
from tests.unit.engine.altered import S, started
from tests.unit.engine.scene import ETH, USDC, order

TIP = genesis("journal")
ASSETS = {ETH.id: ETH, USDC.id: USDC}
ONE = order(name="one", id=parent_id("journal", "one"))


class DurableAtOnce:
    """An engine whose records are durable a moment after they are posted."""

    def __init__(self, desk):
        self.desk = desk
        self.watchers = []
        self.posted = []
        self.durable = asyncio.Event()

    @property
    def world(self):
        return self.desk.world

    def watch(self, watcher):
        self.watchers.append(watcher)

    def unwatch(self, watcher):
        self.watchers.remove(watcher)

    def post(self, event):
        self.posted.append(event)
        self.desk.feed(event)
        world = self.desk.world
        asyncio.get_running_loop().call_soon(lambda: self.tell(event, world))

    async def flushed(self):
        if self.posted:
            await self.durable.wait()
        return TIP

    def tell(self, event, world):
        for watcher in tuple(self.watchers):
            watcher(event, world)
        self.durable.set()


class ClockOfTheDesk(SystemClock):
    def __init__(self, desk):
        self.desk = desk

    def now(self):
        return self.desk.tick()


@pytest.fixture
def desk():
    return started()


@pytest.fixture
def runtime(desk):
    return DurableAtOnce(desk)


@pytest.fixture
def alterations(desk, runtime):
    return Alterations(runtime, ASSETS, "journal", ClockOfTheDesk(desk))


def words(**more):
    return {"order": "one", "request": "r1", "by": "ann", "wait_s": "0", **more}


def test_an_order_that_sent_nothing_is_canceled_and_the_answer_says_so(desk, alterations):
    desk.submit(ONE)

    answer = asyncio.run(alterations.cancel(parse_cancel(words())))

    assert (answer["result"], answer["message"]) == ("done", "the order has ended as canceled")
    assert (answer["order"], answer["client_order_id"], answer["by"]) == (ONE.id, "one", "ann")
    assert (answer["status"], answer["leaves"]) == ("canceled", "0")


def test_an_order_may_be_named_by_the_desks_own_name(desk, alterations):
    desk.submit(ONE)

    answer = asyncio.run(alterations.cancel(parse_cancel(words(order=ONE.id))))

    assert answer["result"] == "done"


def test_what_is_in_flight_is_pending_and_the_same_request_asks_again(desk, runtime, alterations):
    child = desk.out(asked=ONE)

    first = asyncio.run(alterations.cancel(parse_cancel(words())))
    again = asyncio.run(alterations.cancel(parse_cancel(words())))
    desk.finish(child)
    last = alterations.orders()

    assert [first["result"], again["result"]] == ["pending", "pending"]
    assert (first["status"], first["pending"]) == ("pending_cancel", "r1")
    assert [type(e) for e in runtime.posted] == [CancelRequested]
    assert [each["phase"] for each in last] == ["reconciling"]


def test_who_waits_is_answered_as_soon_as_it_is_done(desk, runtime, alterations):
    child = desk.out(asked=ONE)

    async def asked():
        answering = asyncio.create_task(
            alterations.amend(parse_amend(words(quantity="12", wait_s="60")))
        )
        await runtime.durable.wait()
        desk.finish(child)
        runtime.tell(desk.history[-1], desk.world)
        return await answering

    answer = asyncio.run(asked())

    assert (answer["result"], answer["message"]) == ("done", "the new terms hold")
    assert (answer["ordered"], answer["status"]) == ("12", "new")


def test_a_refusal_says_why_and_stays_one(desk, runtime, alterations):
    desk.submit(ONE)

    first = asyncio.run(alterations.amend(parse_amend(words(slippage_max_bps="500"))))
    again = asyncio.run(alterations.amend(parse_amend(words(slippage_max_bps="1"))))

    assert first["result"] == again["result"] == "refused"
    assert "slippage_max must be at most 100 bps" in first["message"]
    assert "refused before" in again["message"]
    assert len(runtime.posted) == 1


def test_terms_that_can_no_longer_be_when_nothing_is_in_flight_are_refused(desk, alterations):
    child = desk.out(asked=ONE)
    desk.amend("r1", ethers=12, name=ONE.id)
    desk.trade(child, 10, name="all")
    desk.finish(child, S.FILLED)

    answer = asyncio.run(alterations.amend(parse_amend(words(quantity="12"))))

    assert (answer["result"], answer["ordered"]) == ("refused", "10")


def test_an_order_nobody_knows_is_an_error_that_says_where_to_look(runtime, alterations):
    with pytest.raises(OrderError, match="order: 'two' is not known; headrace orders lists"):
        asyncio.run(alterations.cancel(parse_cancel(words(order="two"))))

    assert runtime.posted == []


def test_orders_are_those_that_have_not_ended(desk, alterations):
    desk.submit(ONE)
    desk.submit(order(name="two"))
    asyncio.run(alterations.cancel(parse_cancel(words())))

    assert [each["client_order_id"] for each in alterations.orders()] == ["two"]


def test_another_request_under_a_taken_name_is_refused_and_not_told_to_be_done(desk, alterations):
    desk.submit(ONE)
    asyncio.run(alterations.amend(parse_amend(words(quantity="12"))))

    more = asyncio.run(alterations.amend(parse_amend(words(quantity="14"))))
    cancel = asyncio.run(alterations.cancel(parse_cancel(words())))

    assert [more["result"], cancel["result"]] == ["refused", "refused"]
    assert "choose a new one" in more["message"]
    assert (cancel["ordered"], cancel["status"]) == ("12", "new")


def test_nobody_is_told_that_it_is_done_before_that_is_durable(desk, runtime, alterations):
    desk.submit(ONE)
    asked = parse_cancel(words())
    was_durable = []

    async def ask():
        answer = await alterations.cancel(asked)
        was_durable.append(runtime.durable.is_set())
        return answer["result"]

    async def both():
        async with asyncio.TaskGroup() as group:
            return [group.create_task(ask()) for _ in range(2)]

    answers = asyncio.run(both())

    assert [each.result() for each in answers] == ["done", "done"]
    assert was_durable == [True, True]
    assert len(runtime.posted) == 1
