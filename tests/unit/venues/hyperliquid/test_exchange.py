"""Signed actions as calls: what is sent, what is returned, and what each kind of silence means."""

import asyncio

import orjson
import pytest
from aiohttp import web

from router.domain.error import ConfigError, InDoubtError, NotSentError, RejectedError
from router.domain.units import NS_PER_S, DurationNs, Side, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.actions import account, change, safety
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.actions.order import Order, TimeInForce
from venues.hyperliquid.actions.twap import Twap
from venues.hyperliquid.clients.budget import Budget, Purpose
from venues.hyperliquid.clients.exchange import ExchangeClient, Stamp, over_http, over_socket
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.signing import AgentSigner
from venues.transport.error import NotDeliveredError, UnansweredError
from venues.transport.http import HttpClient, HttpReply

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
SUB_ACCOUNT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
NOW_MS = 1_700_000_000_000
CLOID = "0x" + "5d" * 16
ETH = perpetual(4, size_decimals=4, leverage_max=25)
ORDER = Order(ETH, Side.BUY, 200_000, 100, TimeInForce.POST_ONLY, cloid=CLOID)
RESTING = {"resting": {"oid": 7}}
ERROR = {"error": "Order must have minimum value of $10."}


class SetClock:
    now_ms = NOW_MS

    def now(self):
        return TimestampNs(self.now_ms * 1_000_000)

    async def sleep(self, _duration):
        raise AssertionError("no call waits")


class Venue:
    """Answers every request with the same, and keeps what it was sent."""

    def __init__(self, answer):
        self.answer = answer
        self.bodies = []

    async def __call__(self, body):
        self.bodies.append(orjson.loads(body))
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, HttpReply):
            return self.answer
        return HttpReply(200, orjson.dumps(self.answer))


def statuses(*told, kind="order"):
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(told)}}}


DONE = {"status": "ok", "response": {"type": "default"}}


def refused(text):
    return {"status": "err", "response": text}


def client_of(venue, *, vault=None, lifetime=None, budget=None):
    clock = SetClock()
    return ExchangeClient(
        venue,
        signer=AgentSigner(KEY, is_mainnet=False),
        nonces=NonceSource(clock),
        budget=budget or Budget(clock),
        clock=clock,
        vault=vault,
        lifetime=lifetime,
    )


def run(coroutine):
    return asyncio.run(coroutine)


def test_every_order_gets_its_own_answer():
    filled = {"filled": {"totalSz": "0.01", "avgPx": "2000.0", "oid": 8}}
    venue = Venue(statuses(RESTING, ERROR, filled, "waitingForTrigger"))
    orders = [Order(ETH, Side.BUY, 200_000, 100, TimeInForce.RESTING)] * 4

    answers = run(client_of(venue).place(orders))

    assert answers == (
        wire.Accepted(7, None),
        wire.OrderError(ERROR["error"]),
        wire.Accepted(8, "0.01", "2000.0"),
        wire.Waiting(for_trigger=True),
    )


def test_one_error_for_a_batch_is_the_answer_to_every_order():
    venue = Venue(statuses(ERROR))
    orders = [Order(ETH, Side.BUY, 200_000, 100, TimeInForce.RESTING)] * 3

    assert run(client_of(venue).place(orders)) == (wire.OrderError(ERROR["error"]),) * 3


def test_a_request_is_signed_for_what_it_carries():
    venue = Venue(statuses(RESTING))
    client = client_of(venue, vault=SUB_ACCOUNT, lifetime=DurationNs(2 * NS_PER_S))

    run(client.place([ORDER], stamp=Stamp(NOW_MS, NOW_MS + 9)))
    (sent,) = venue.bodies
    signature = AgentSigner(KEY, is_mainnet=False).sign(
        sent["action"],
        nonce=NOW_MS,
        vault=bytes.fromhex(SUB_ACCOUNT[2:]),
        expires_after_ms=NOW_MS + 9,
    )

    assert sent["signature"] == signature.as_wire()
    assert (sent["nonce"], sent["vaultAddress"]) == (NOW_MS, SUB_ACCOUNT)
    assert sent["expiresAfter"] == NOW_MS + 9


def test_without_a_stamp_every_request_has_a_new_nonce_and_expires():
    venue = Venue(statuses(RESTING))
    client = client_of(venue, lifetime=DurationNs(2 * NS_PER_S))

    run(client.place([ORDER]))
    run(client.place([ORDER]))

    nonces = [sent["nonce"] for sent in venue.bodies]
    assert nonces[1] == nonces[0] + 1
    assert {sent["expiresAfter"] for sent in venue.bodies} == {NOW_MS + 2_000}


def test_the_same_stamp_makes_the_same_bytes():
    client = client_of(Venue(DONE))
    stamp = client.stamp()

    assert client.signed(safety.noop(), stamp) == client.signed(safety.noop(), stamp)


def test_what_is_the_masters_own_is_signed_without_the_sub_account():
    venue = Venue(DONE)
    client = client_of(venue, vault=SUB_ACCOUNT)
    own = account.OwnTransfer("0x" + "ab" * 20, "", "spot", "USDC", 1_500_000, 6)

    run(client.send_own_asset(own))
    (sent,) = venue.bodies

    assert sent["vaultAddress"] is None
    assert sent["action"]["nonce"] == sent["nonce"]
    assert sent["action"]["amount"] == "1.5"


SILENCES = [
    (NotDeliveredError("refused"), NotSentError),
    (UnansweredError("no answer in 5 s"), InDoubtError),
    (HttpReply(429, b"slow down"), NotSentError),
    (HttpReply(422, b"Failed to deserialize"), RejectedError),
    (HttpReply(502, b"bad gateway"), InDoubtError),
    (HttpReply(200, b"<html>"), InDoubtError),
    (statuses(RESTING, RESTING), InDoubtError),
    (refused("Must deposit before performing actions."), RejectedError),
    (refused("Invalid nonce: duplicate nonce"), InDoubtError),
]


@pytest.mark.parametrize(("answer", "error"), SILENCES)
def test_what_is_no_answer_says_whether_it_may_have_happened(answer, error):
    with pytest.raises(error):
        run(client_of(Venue(answer)).place([ORDER]))


def test_what_breaks_a_rule_costs_neither_nonce_nor_request():
    venue = Venue(statuses(RESTING))
    client = client_of(venue)

    for _ in range(2):
        with pytest.raises(NotSentError, match="at least 10"):
            run(client.place([Order(ETH, Side.BUY, 200_000, 1, TimeInForce.RESTING)]))

    assert venue.bodies == []
    assert client.stamp().nonce == NonceSource(SetClock()).next()


def test_a_batch_costs_what_the_venue_counts():
    clock = SetClock()
    budget = Budget(clock)
    client = client_of(Venue(statuses(*[RESTING] * 40)), budget=budget)

    run(client.place([Order(ETH, Side.BUY, 200_000, 100, TimeInForce.RESTING)] * 40))

    assert budget.weight_left() == 1_200 - 2


def test_an_exhausted_budget_refuses_before_the_nonce_is_spent():
    budget = Budget(SetClock())
    budget.learn(wire.RateLimit("0", 10_000, 10_000, 0))
    budget.act()  # the one request that is left
    venue = Venue(statuses(RESTING))
    client = client_of(venue, budget=budget)

    with pytest.raises(NotSentError, match="requests of the account"):
        run(client.place([ORDER]))

    assert venue.bodies == []
    assert client.stamp().nonce == NonceSource(SetClock()).next()


def test_a_refusal_for_too_many_requests_is_learned():
    budget = Budget(SetClock())
    text = "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92."
    client = client_of(Venue(refused(text)), budget=budget)

    with pytest.raises(RejectedError):
        run(client.place([ORDER]))

    with pytest.raises(NotSentError, match="37986 used of 10436"):
        budget.act()


def test_too_many_requests_over_the_network_end_the_window():
    budget = Budget(SetClock())
    client = client_of(Venue(HttpReply(429, b"")), budget=budget)

    with pytest.raises(NotSentError):
        run(client.place([ORDER]))

    with pytest.raises(NotSentError):
        budget.act(purpose=Purpose.CANCEL)


def test_cancels_are_answered_one_by_one():
    missing = {"error": "Order was never placed, already canceled, or filled."}
    venue = Venue(statuses("success", missing, kind="cancel"))
    by_oid = [change.CancelByOid(4, 7), change.CancelByOid(4, 8)]
    by_cloid = [change.CancelByCloid(4, CLOID)] * 2
    client = client_of(venue)

    answers = [run(client.cancel(by_oid, fast=True)), run(client.cancel_by_cloid(by_cloid))]

    assert answers == [(wire.Done(), wire.OrderError(missing["error"]))] * 2
    assert [sent["action"]["type"] for sent in venue.bodies] == ["cancel", "cancelByCloid"]
    assert venue.bodies[0]["action"]["f"] is True


def test_a_modify_is_answered_with_the_new_orders_number():
    venue = Venue(statuses({"resting": {"oid": 9, "cloid": CLOID}}))

    answers = run(client_of(venue).modify([change.Modify(7, ORDER)]))

    assert answers == (wire.Accepted(9, None, cloid=CLOID),)
    assert venue.bodies[0]["action"]["modifies"][0]["oid"] == 7


@pytest.mark.parametrize(
    ("answer", "was_free"), [(DONE, True), (refused("Invalid nonce: duplicate nonce"), False)]
)
def test_a_noop_tells_whether_its_nonce_was_free(answer, was_free):
    venue = Venue(answer)

    assert run(client_of(venue).noop(NOW_MS - 5)) is was_free
    assert venue.bodies[0]["nonce"] == NOW_MS - 5


def test_a_noop_that_is_refused_otherwise_says_nothing():
    with pytest.raises(RejectedError):
        run(client_of(Venue(refused("Invalid nonce: too old"))).noop(NOW_MS))
    with pytest.raises(NotSentError, match="window"):
        run(client_of(Venue(DONE)).noop(NOW_MS - 3 * 86_400_000))


def test_a_sliced_order_is_started_and_ended():
    running = {
        "status": "ok",
        "response": {"type": "twapOrder", "data": {"status": {"running": {"twapId": 77}}}},
    }
    success = {"status": "ok", "response": {"type": "twapCancel", "data": {"status": "success"}}}
    wanted = Twap(ETH, Side.BUY, 1_000, minutes=30, randomise=True)

    assert run(client_of(Venue(running)).twap_order(wanted)) == wire.TwapStarted(77)
    assert run(client_of(Venue(success)).twap_cancel(ETH, twap_id=77)) == wire.Done()
    for call in (
        client_of(Venue(refused("no"))).twap_order(wanted),
        client_of(Venue(refused("no"))).twap_cancel(ETH, twap_id=77),
    ):
        with pytest.raises(RejectedError):
            run(call)


def test_what_is_only_done_returns_nothing_and_a_refusal_is_raised():
    venue = Venue(DONE)
    client = client_of(venue)

    async def everything():
        await client.update_leverage(ETH, leverage=5, is_cross=False)
        await client.update_isolated_margin(ETH, micro_usd=-1_000_000)
        await client.schedule_cancel(NOW_MS + 10_000)
        await client.schedule_cancel(None)
        await client.perform(account.set_referrer("CODE"), for_master=True)

    run(everything())
    assert [sent["action"]["type"] for sent in venue.bodies] == [
        *("updateLeverage", "updateIsolatedMargin", "scheduleCancel", "scheduleCancel"),
        "setReferrer",
    ]
    with pytest.raises(RejectedError, match="enough volume"):
        run(client_of(Venue(refused("enough volume"))).schedule_cancel(None))
    with pytest.raises(NotSentError, match="leverage"):
        run(client.update_leverage(ETH, leverage=26, is_cross=True))


def test_a_sub_account_is_created_under_an_address():
    created = {"status": "ok", "response": {"type": "createSubAccount", "data": SUB_ACCOUNT}}

    assert run(client_of(Venue(created)).create_sub_account("desk")) == SUB_ACCOUNT
    with pytest.raises(RejectedError):
        run(client_of(Venue(refused("no"))).create_sub_account("desk"))


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        (wire.Posted(1, "action", statuses(RESTING)), (wire.Accepted(7, None),)),
        (wire.Posted(1, "error", "429 Too Many Requests"), NotSentError),
        (wire.Posted(1, "error", "422 Unprocessable Entity"), RejectedError),
        (wire.Posted(1, "error", "something"), InDoubtError),
        (wire.Posted(1, "info", {}), InDoubtError),
        (UnansweredError("connection lost"), InDoubtError),
    ],
)
def test_over_a_stream_the_same_answers_mean_the_same(posted, expected):
    sent = []

    async def post(request):
        sent.append(orjson.loads(orjson.dumps(request)))
        if isinstance(posted, Exception):
            raise posted
        return posted

    client = client_of(over_socket(post))
    if isinstance(expected, tuple):
        assert run(client.place([ORDER])) == expected
        assert sent[0]["type"] == "action"
        assert sent[0]["payload"]["action"]["type"] == "order"
        return
    with pytest.raises(expected):
        run(client.place([ORDER]))


def test_over_http_a_request_reaches_the_venue_and_its_answer_comes_back():
    seen = []

    async def answer(request):
        seen.append((request.path, await request.json()))
        return web.json_response(statuses(RESTING))

    async def scenario():
        application = web.Application()
        application.router.add_post("/exchange", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        http = HttpClient(f"http://{host}:{port}")
        try:
            channel = over_http(http, within=DurationNs(5 * NS_PER_S))
            return await client_of(channel).place([ORDER])
        finally:
            await http.close()
            await runner.cleanup()

    assert run(scenario()) == (wire.Accepted(7, None),)
    assert seen[0][0] == "/exchange"
    assert seen[0][1]["action"]["orders"][0]["c"] == CLOID


def test_an_account_to_act_for_is_an_address():
    with pytest.raises(ConfigError, match="sub_account"):
        client_of(Venue(DONE), vault="0x12")
