"""Orders at work, listed, amended and canceled through the daemon by the command line."""

import asyncio
from contextlib import suppress
from pathlib import Path

import orjson

from router.gateway import local

WAITS = {
    "client_order_id": "waits",
    "side": "buy",
    "quantity": "2",
    "base": "ETH",
    "quote": "USDC",
    "algo": "limit",
    "interval_s": "1",
    "limit_price": "100",
    "deadline_s": "600",
}


async def with_order(ready, act):
    """Have an order wait for a price it will not see while something is done; return its report."""
    heard = asyncio.Event()
    work = local.ask(Path(ready["socket"]), WAITS, lambda _line: heard.set())
    order = asyncio.create_task(work)
    try:
        async with asyncio.timeout(60):
            await heard.wait()
            await asyncio.to_thread(act)
            return orjson.loads(await order)["ParentReport"]
    finally:
        order.cancel()
        with suppress(asyncio.CancelledError):
            await order


def test_an_order_at_work_is_listed_amended_and_canceled_and_nothing_was_traded(serving):
    desk, _, ready = serving
    before, told = desk.holdings(), {}

    def act():
        listed = desk.headrace("orders", "--json")
        amended = desk.headrace(
            "amend", "waits", "--quantity", "3", "--limit", "101", "--request", "more", "--json"
        )
        wrong = desk.headrace("amend", "waits", "--deadline", "90000")
        canceled = desk.headrace("cancel", "waits", "--request", "stop", "--wait", "30", "--json")
        again = desk.headrace("cancel", "waits", "--request", "stop", "--json")
        late = desk.headrace("cancel", "waits", "--request", "late", "--json")
        told.update(
            listed=orjson.loads(listed.stdout),
            amended=orjson.loads(amended.stdout),
            wrong=wrong,
            canceled=orjson.loads(canceled.stdout),
            again=orjson.loads(again.stdout),
            late=late,
        )

    report = asyncio.run(with_order(ready, act))

    (listed,) = told["listed"]["orders"]
    assert (listed["client_order_id"], listed["algo"]) == ("waits", "limit")
    assert (listed["status"], listed["ordered"], listed["leaves"]) == ("new", "2", "2")
    assert (told["amended"]["result"], told["amended"]["ordered"]) == ("done", "3")
    assert "deadline_s: must lie between 0 and 86400" in told["wrong"].stderr
    assert (told["canceled"]["result"], told["canceled"]["status"]) == ("done", "canceled")
    assert told["again"]["result"] == "done"
    assert told["late"].exit_code == 1
    assert "too late" in orjson.loads(told["late"].stdout)["message"]
    assert report["status"] == "canceled"
    assert desk.holdings() == before


def test_an_order_nobody_knows_is_named_and_nothing_at_work_is_said(serving):
    desk, _, _ = serving

    assert "order: 'nobody' is not known" in desk.refused("cancel", "nobody")
    assert desk.headrace("orders").stdout == "no order is at work\n"


def test_without_a_daemon_the_verbs_say_so(desk):
    for words in (("cancel", "one"), ("amend", "one", "--quantity", "2"), ("orders",)):
        assert "no daemon runs on" in desk.refused(*words)
