"""A daemon asked over its link by two gateways at a time, on the sandboxes."""

import asyncio
import time

import orjson

from tests.integration.link.gateway import SOON_S, WAITS, ended, gateway, reports, submit

WHO = {"client": "acme", "by": "fix.one", "wait_s": "0"}  # whose requests rename an order
LOOK_EVERY_S = 0.05


def at_rest(desk):
    """Tell whether soon no order is at work any more."""
    until = time.monotonic() + SOON_S
    while desk.headrace("orders").stdout != "no order is at work\n":
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def test_an_order_is_traded_and_told_with_its_fills_from_where_the_gateway_began(serving):
    desk, _, _ = serving

    async def traded():
        async with gateway(desk) as line, gateway(desk) as other:
            place = (await line.ask("status"))["place"]
            told = asyncio.create_task(reports(other, place, until=ended("one")))
            answer = await submit(line, "one")
            found = await told
            return answer, found, await line.ask("order", order="one", client="acme")

    answer, found, order = asyncio.run(traded())

    assert (answer["is_new"], answer["client"], answer["account"]) == (True, "acme", "main")
    kinds = [each["kind"] for each in found]
    assert kinds[:2] == ["pending_new", "new"]
    assert set(kinds[2:]) == {"trade"}
    assert found[-1]["status"] == "filled"
    assert found[-1]["filled_base"] == order["cumulative"] == "0.4"
    assert len({each["exec_id"] for each in found}) == len(found)


def test_an_order_that_is_immediate_or_whole_ends_at_once(serving):
    desk, _, _ = serving

    async def ends():
        async with gateway(desk) as line:
            place = (await line.ask("status"))["place"]
            await submit(line, "now", time_in_force="ioc")
            await submit(line, "whole", time_in_force="fok", venues="uniswap_v3")
            torn = await submit(line, "torn", time_in_force="fok")
            found = await reports(line, place, until=ended("whole"))
            return torn, found, await line.ask("report", order="whole", client="acme")

    torn, found, report = asyncio.run(ends())

    assert (torn["status"], torn["reason"][:13]) == ("rejected", "time_in_force")
    last = {each["client_order_id"]: each for each in found}
    assert last["whole"]["status"] == "filled"
    assert last["now"]["status"] in {"filled", "canceled"}
    assert len(report["children"]) == 1


def test_an_order_at_work_is_amended_and_cancelled_by_the_names_its_client_gives(serving):
    desk, _, _ = serving

    async def altered():
        async with gateway(desk) as line:
            place = (await line.ask("status"))["place"]
            await submit(line, "waits", **WAITS)
            more = await line.ask(
                "amend", order="waits", request="more", terms={"quantity": "1"}, **WHO
            )
            stop = await line.ask("cancel", order="more", request="stop", **WHO)
            late = await line.ask("cancel", order="waits", request="late", **WHO)
            until = lambda report: report["request"] == "late"  # noqa: E731 - one line of a test
            return more, stop, late, await reports(line, place, until=until)

    more, stop, late, found = asyncio.run(altered())

    assert (more["result"], stop["result"], late["result"], late["code"]) == (
        "done",
        "done",
        "refused",
        "too_late",
    )
    told = [(each["kind"], each["client_order_id"], each["request"]) for each in found]
    assert ("replaced", "more", "more") in told
    assert ("canceled", "more", "stop") in told
    assert told[-1][0] == "cancel_rejected"


def test_the_same_order_by_the_link_and_by_the_local_door_are_two_clients_orders(serving):
    desk, _, _ = serving

    async def both():
        async with gateway(desk) as line:
            mine = await submit(line, "same", **WAITS)
            again = await submit(line, "same", **WAITS)
            ours = await submit(line, "same", client="", **WAITS)
            done = await line.ask("mass_cancel", request="all", by="ann")
            return mine, again, ours, done

    mine, again, ours, done = asyncio.run(both())

    assert (mine["is_new"], again["is_new"], ours["is_new"]) == (True, False, True)
    assert mine["order"] == again["order"] != ours["order"]
    assert set(done["affected"]) == {mine["order"], ours["order"]}
    assert "same" not in desk.headrace("orders").stdout
    assert at_rest(desk), "the orders of before are reconciled, and then none is at work"


def test_a_quote_and_the_book_are_of_the_markets_now(serving):
    desk, _, _ = serving

    async def looked():
        async with gateway(desk) as line:
            order = {"side": "buy", "quantity": "2", "base": "ETH", "quote": "USDC"}
            return (
                await line.ask("quote", order=order),
                await line.ask("book", base="ETH", quote="USDC", depth=4),
                await line.ask("venues"),
                await line.ask("positions", client="acme"),
            )

    quote, book, venues, positions = asyncio.run(looked())

    assert quote["feasible"]
    assert 0 < len(book["asks"]) <= 4
    assert all(each["is_connected"] for each in venues["venues"])
    (held,) = positions["positions"]
    assert (held["client"], held["account"], held["base"]) == ("acme", "main", "ETH")


# The last of this file: the venue has the fill still, so that the desk halts over it.
def test_a_fill_is_taken_back_by_the_command_line_and_its_clients_gateway_is_told(serving):
    desk, _, _ = serving

    async def traded():
        async with gateway(desk) as line:
            place = (await line.ask("status"))["place"]
            await submit(line, "voided", venues="hyperliquid")
            found = await reports(line, place, until=ended("voided"))
            return found[-1], await line.ask("report", order="voided", client="acme")

    async def told(place):
        async with gateway(desk) as line:
            return await reports(line, place, until=lambda r: r["kind"] == "trade_cancel")

    trade, report = asyncio.run(traded())
    (child,) = report["children"]
    words = (child["child"], child["fills"][-1]["id"], "--reason", "a drill", "--by", "ann")
    first = desk.headrace("bust", *words, "--json")
    again = desk.headrace("bust", *words)
    (void,) = asyncio.run(told(trade["place"]))

    assert orjson.loads(first.stdout)["is_new"]
    assert "had been taken back before" in again.stdout
    assert (void["voided"], void["voided_exec_id"]) == (child["fills"][-1]["id"], trade["exec_id"])
    assert void["client_order_id"] == "voided"
    assert void["text"] == "a drill"
