"""Children through a venue that counts what it is asked, and a clock wound by hand."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace

import orjson
import pytest

from router.domain.error import NotSentError, RejectedError
from router.domain.order import OrderStatus, SignedChild, TimeInForce
from router.domain.units import NS_PER_S
from tests.unit.venues.hyperliquid.scripted_venue import HandClock
from venues.hyperliquid import translate
from venues.hyperliquid.account.agent_watch import AgentWatch
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.children import Children
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import ExchangeClient
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.clients.open_orders import OpenOrders
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.startup import Access, Tools
from venues.hyperliquid.trading.facts import OrderReport
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import FillsTold, OrdersTold
from venues.transport.http import HttpReply

DEADLINE_S = 20


@dataclass
class Stream:
    is_live: bool = True


@dataclass
class Venue:
    """Keeps orders by our id; `refusal` is what it says to cancels."""

    asked: Counter = field(default_factory=Counter)
    orders: dict = field(default_factory=dict)
    cancelled: list = field(default_factory=list)
    refusal: str | None = None

    async def post_json(self, _path, body, *, within):
        assert within > 0
        told = orjson.loads(body)
        self.asked[told["type"]] += 1
        answer = {
            "openOrders": lambda: [o["order"] for o in self._by_status("open")],
            "historicalOrders": lambda: list(self.orders.values())[:2_000],
            "userFillsByTime": list,
            "orderStatus": lambda: self._one(told["oid"]),
        }[told["type"]]()
        return HttpReply(200, orjson.dumps(answer))

    async def channel(self, body, /):
        action = orjson.loads(body)["action"]
        self.asked[action["type"]] += 1
        if action["type"] == "noop":
            return HttpReply(200, b'{"status":"ok","response":{"type":"default"}}')
        if self.refusal is not None:
            return HttpReply(200, orjson.dumps({"status": "err", "response": self.refusal}))
        self.cancelled.append([one["cloid"] for one in action["cancels"]])
        statuses = [self._cancel(one["cloid"]) for one in action["cancels"]]
        told = {"type": "cancel", "data": {"statuses": statuses}}
        return HttpReply(200, orjson.dumps({"status": "ok", "response": told}))

    def rest(self, cloid, status="open"):
        order = {
            "coin": "ETH",
            "side": "B",
            "limitPx": "3000.0",
            "sz": "1.0",
            "oid": 100 + len(self.orders),
            "timestamp": 1,
            "origSz": "1.0",
            "cloid": cloid,
        }
        self.orders[cloid] = {"order": order, "status": status, "statusTimestamp": 1}

    def _by_status(self, status):
        return [order for order in self.orders.values() if order["status"] == status]

    def _one(self, cloid):
        found = self.orders.get(cloid)
        return {"status": "order", "order": found} if found else {"status": "unknownOid"}

    def _cancel(self, cloid):
        found = self.orders.get(cloid)
        if found is None or found["status"] != "open":
            return {"error": "Order was never placed, already canceled, or filled. asset=3"}
        found["status"] = "canceled"
        return "success"


@dataclass
class Desk:
    children: Children
    venue: Venue
    clock: HandClock
    stream: Stream
    make: object

    def child(self, number=1):
        child = replace(self.make(number), time_in_force=TimeInForce.POST_ONLY)
        signed = SignedChild(child.id, translate.cloid(child.id), self.clock.at // 1_000_000, "{}")
        return child, signed

    def tell(self, cloid, status, *, left="1.0"):
        left_e8 = translate.exact(left, 8, "sz")
        oid = self.venue.orders[cloid]["order"]["oid"]
        report = OrderReport(
            oid=oid,
            cloid=cloid,
            coin="ETH",
            is_buy=True,
            size_e8=10**8,
            left_e8=left_e8,
            status=status,
        )
        self.children.hear(OrdersTold((report,)))


@pytest.fixture
def desk(config, eth, make_child):
    venue, clock, stream = Venue(), HandClock(), Stream()
    budget = Budget(clock)
    info = InfoClient(venue, within=NS_PER_S, spend=budget.ask, owe=budget.owe)
    signer, nonces = AgentSigner(config.agent_key, is_mainnet=False), NonceSource(clock, None)
    exchange = ExchangeClient(
        venue.channel, signer=signer, nonces=nonces, budget=budget, clock=clock
    )
    opened = OpenOrders(config.address, info=info, budget=budget, clock=clock)
    tools = Tools(
        config=config,
        clock=clock,
        signer=signer,
        nonces=nonces,
        budget=budget,
        agent=AgentWatch(signer.address),
        stream=stream,
        seen=Ledger(config.address),
    )
    access = Access(
        channel=venue.channel,
        info=info,
        exchange=exchange,
        trader=None,
        reader=None,
        opened=opened,
        markets={eth.id: perpetual(3, size_decimals=4, leverage_max=25)},
        tiers={},
    )
    children = Children(tools, access, may_send=lambda _: False)

    def make(number):
        now = clock.now()
        child = make_child(eth, lots=10_000, ticks=300_000, name=f"child-{number}")
        return replace(child, deadline_at=now + 10 * NS_PER_S)

    return Desk(children, venue, clock, stream, make)


def run(scenario):
    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await scenario

    return asyncio.run(bounded())


def test_ten_thousand_waiting_children_are_known_after_a_few_requests(desk):
    asked = [desk.child(number) for number in range(10_000)]
    for _, signed in asked:
        desk.venue.rest(signed.reference)

    async def story():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(desk.children.resolve(*each)) for each in asked]
        return {task.result().status for task in tasks}

    assert run(story()) == {OrderStatus.NEW}
    assert desk.venue.asked == {"openOrders": 1}


def test_of_many_that_ended_meanwhile_one_list_tells(desk):
    asked = [desk.child(number) for number in range(60)]
    for _, signed in asked[:20]:
        desk.venue.rest(signed.reference)
    for _, signed in asked[20:]:
        desk.venue.rest(signed.reference, "canceled")

    async def story():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(desk.children.resolve(*each)) for each in asked]
        return Counter(task.result().status for task in tasks)

    assert run(story()) == {OrderStatus.NEW: 20, OrderStatus.CANCELED: 40}
    assert desk.venue.asked == {"openOrders": 1, "historicalOrders": 1}


def test_a_waiting_child_hears_its_end_and_nobody_is_asked(desk):
    child, signed = desk.child()
    desk.venue.rest(signed.reference)

    async def story():
        first = await desk.children.resolve(child, signed)
        desk.venue.asked.clear()
        later = asyncio.create_task(desk.children.resolve(child, signed))
        await asyncio.sleep(0)
        assert not later.done()
        desk.tell(signed.reference, "canceled")
        return first, await later

    first, last = run(story())

    assert (first.status, last.status) == (OrderStatus.NEW, OrderStatus.CANCELED)
    assert not desk.venue.asked


def test_the_stream_beginning_anew_has_all_asked_about_once_more(desk):
    child, signed = desk.child()
    desk.venue.rest(signed.reference)

    async def story():
        await desk.children.resolve(child, signed)
        desk.venue.orders[signed.reference]["status"] = "canceled"
        desk.clock.at += NS_PER_S
        desk.children.hear(FillsTold((), is_snapshot=True))
        return await desk.children.resolve(child, signed)

    assert run(story()).status is OrderStatus.CANCELED


def test_cancels_asked_for_together_go_out_together(desk):
    asked = [desk.child(number) for number in range(1_000)]
    for _, signed in asked:
        desk.venue.rest(signed.reference)

    async def story():
        async with asyncio.TaskGroup() as group:
            for each in asked:
                group.create_task(desk.children.cancel(*each))

    run(story())

    assert [len(batch) for batch in desk.venue.cancelled] == [400, 400, 200]
    assert {o["status"] for o in desk.venue.orders.values()} == {"canceled"}
    assert desk.venue.asked == {"cancelByCloid": 3}


def test_a_cancel_of_what_the_venue_does_not_know_uses_up_its_nonce(desk):
    child, signed = desk.child()

    with pytest.raises(RejectedError, match="never placed"):
        run(desk.children.cancel(child, signed))

    assert desk.venue.asked == {"cancelByCloid": 1, "noop": 1}


def test_a_refusal_of_the_request_says_nothing_of_the_order_and_may_be_asked_again(desk):
    child, signed = desk.child()
    desk.venue.rest(signed.reference)
    desk.venue.refusal = "Too many cumulative requests sent (1 > 0)"

    with pytest.raises(NotSentError, match="Too many"):
        run(desk.children.cancel(child, signed))

    desk.venue.refusal = None
    desk.clock.at += 10 * NS_PER_S
    run(desk.children.cancel(child, signed))
    assert desk.venue.orders[signed.reference]["status"] == "canceled"


def test_an_order_that_never_arrived_ends_once_it_can_arrive_no_more(desk):
    child, signed = desk.child()

    async def story():
        early = await desk.children.resolve(child, signed)
        desk.clock.at += 3 * NS_PER_S
        return early, await desk.children.resolve(child, signed)

    early, late = run(story())

    assert early.status is OrderStatus.IN_DOUBT
    assert late.status is OrderStatus.EXPIRED
