"""The desk as a whole over the link: what it tells, what it is told to do, and while it is ill."""

import asyncio

import orjson
import pytest

from router.gateway.link import Code, LinkError
from router.journal.codec import decode_event
from router.shell import store
from tests.unit.compose.linked_floor import kept
from tests.unit.shell.floor import Floor, run

WHO = {"client": "acme", "by": "ann"}


def kinds(folder):
    return [type(decode_event(r.event)).__name__ for r in store.read(folder / "desk.journal")]


async def next_of(source):
    """Return the next of what is told, soon."""
    async with asyncio.timeout(10):
        return orjson.loads(await anext(source))


def test_what_it_tells_of_markets_and_accounts_is_there(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.submit("one")
            await desk.done("one")
            asks = ("instruments", "algos", "venues", "positions", "accounts", "margin", "stress")
            found = {do: await desk.ask(do) for do in (*asks, "funding", "risk", "switches")}
            found["book"] = await desk.ask("book", base="ETH", quote="USDC", depth=3)
            return found

    found = run(told())

    assert {i["instrument"] for i in found["instruments"]["instruments"]} == {
        "uniswap_v3:ETH/USDC:500",
        "hyperliquid:ETH",
    }
    assert found["instruments"]["pairs"] == [{"base": "ETH", "quote": "USDC"}]
    assert {"sweep", "twap", "limit"} <= {each["algo"] for each in found["algos"]["algos"]}
    assert all(v["is_connected"] and v["is_fresh"] for v in found["venues"]["venues"])
    (held,) = found["positions"]["positions"]
    assert (held["client"], held["account"], held["net"]) == ("acme", "main", "4")
    assert (held["average_bought"], held["net_cash"]) == ("3000", "-12000")
    lots = {p["instrument"]: p["quantity"] for p in found["accounts"]["positions"]}
    assert lots["hyperliquid:ETH"] == "4"
    assert {a["account"] for a in found["margin"]["accounts"]} == {"hyperliquid:0xbb"}
    assert found["risk"]["accounts"] == found["margin"]["accounts"]
    asks, bids = found["book"]["asks"], found["book"]["bids"]
    assert len(asks) == len(bids) == 3
    assert float(bids[0]["price"]) < float(found["book"]["mid"]) < float(asks[0]["price"])


def test_positions_are_those_of_a_client_and_its_accounts(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            for name, account in (("one", "main"), ("two", "spare")):
                await desk.submit(name, account=account)
                await desk.done(name)
            return [
                await desk.ask("positions", client="acme", accounts=["spare"]),
                await desk.ask("positions", client="other"),
                await desk.ask("positions"),
            ]

    spare, none, all_of_them = run(told())

    assert [p["account"] for p in spare["positions"]] == ["spare"]
    assert none["positions"] == []
    assert [p["account"] for p in all_of_them["positions"]] == ["main", "spare"]


def test_the_journal_is_read_page_by_page_and_by_kind(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.submit("one")
            await desk.done("one")
            pages, after = [], 0
            while after is not None:
                page = await desk.ask("journal", after=after, limit=3)
                pages.append(page["records"])
                after = page["next"]
            fills = await desk.ask("journal", kind="ChildFilled")
            beyond = await desk.ask("journal", after=10**9)
            return pages, fills, beyond

    pages, fills, beyond = run(told())

    records = [record for page in pages for record in page]
    assert [r["sequence"] for r in records] == list(range(1, len(records) + 1))
    assert max(map(len, pages)) == 3
    assert [r["kind"] for r in records] == kinds(tmp_path)[: len(records)]
    (fill,) = fills["records"]
    assert fill["event"]["ChildFilled"]["fill"]["quantity"]["atoms"] == 4 * 10**18
    assert len(fill["hash"]) == 64
    assert beyond["records"] == []


def test_a_switch_is_set_and_told_and_stops_what_is_new(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            set_to = await desk.ask("switch", state="halted", by="ann", reason="a drill")
            switches = await desk.ask("switches")
            order = await desk.submit("one")
            return set_to, switches, order

    set_to, switches, order = run(told())

    assert switches["switches"] == [set_to]
    assert (set_to["scope"], set_to["state"]) == ("firm", "halted")
    assert order["status"] == "rejected"
    assert "a drill" in order["reason"]


def test_a_fill_is_taken_back_once_and_what_it_was_is_told_with_it(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.submit("one")
            await desk.done("one")
            report = await desk.ask("report", order="one", client="acme")
            child = report["children"][0]
            words = {"child": child["child"], "fill": child["fills"][0]["id"], "by": "ann"}
            words["reason"] = "the venue took it back"
            wrong = await desk.refused(
                "bust", corrected={"quantity": "0.00001", "notional": "1", "fee": "0"}, **words
            )
            first = await desk.ask("bust", **words)
            again = await desk.ask("bust", **words)
            unknown = await desk.fault("bust", **{**words, "fill": "nobody's"})
            trades = await desk.told([0, -1], 4)
            return wrong, first, again, unknown, [orjson.loads(t) for t in trades]

    wrong, first, again, unknown, reports = run(told())

    assert (wrong.code, wrong.field) == (Code.INVALID, "quantity")
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert (first["status"], first["cumulative"], first["leaves"]) == ("canceled", "0", "0")
    assert unknown == Code.INVALID
    assert kinds(tmp_path).count("FillVoided") == 1
    trade, void = (next(r for r in reports if r["kind"] == k) for k in ("trade", "trade_cancel"))
    assert void["voided_exec_id"] == trade["exec_id"]
    assert (void["voided"], void["filled_base"]) == (trade["fill"]["id"], "0")


def test_what_was_said_of_a_fill_stands_and_otherwise_it_is_not_said_again(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.submit("one")
            await desk.done("one")
            report = await desk.ask("report", order="one", client="acme")
            child = report["children"][0]
            words = {"child": child["child"], "fill": child["fills"][0]["id"], "by": "ann"}
            words["reason"] = "the venue corrected it"
            less = {"quantity": "3", "notional": "9000", "fee": "1"}
            first = await desk.ask("bust", corrected=less, **words)
            again = await desk.ask("bust", corrected=less, **words)
            other = await desk.refused("bust", corrected={**less, "quantity": "2"}, **words)
            whole = await desk.refused("bust", **words)
            then = {**words, "fill": f"{words['fill']}.c"}
            await desk.ask("bust", **then)
            late = await desk.refused("bust", corrected=less, **then)
            return first, again, (other, whole, late)

    first, again, refused = run(told())

    assert (first["is_new"], again["is_new"], first["cumulative"]) == (True, False, "3")
    assert [(each.code, each.field) for each in refused] == [(Code.INVALID, "fill")] * 3
    assert kinds(tmp_path).count("FillVoided") == 2


def test_status_says_where_a_follower_begins_and_it_is_told_all_from_there(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            place = (await desk.ask("status"))["place"]
            await desk.submit("one")
            await desk.done("one")
            first = await desk.told(place, 3)
            return [orjson.loads(each) for each in first]

    assert [r["kind"] for r in run(told())] == ["pending_new", "new", "trade"]


def test_what_is_followed_is_told_again_and_again(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            follow = desk.answering.follow
            health = follow("status", {"every_ms": 50})
            book = follow("book", {"base": "ETH", "quote": "USDC", "depth": 2, "every_ms": "50"})
            risk = follow("risk", {})
            found = [await next_of(health), await next_of(health), await next_of(book)]
            found.append(await next_of(risk))
            for source in (health, book, risk):
                await source.aclose()
            with pytest.raises(LinkError) as lost:
                await anext(follow("risk", {"feed": "another", "after": 7}))
            with pytest.raises(LinkError) as wrong:
                await anext(follow("reports", {"after": "the beginning"}))
            with pytest.raises(LinkError) as nobody:
                await anext(follow("gossip", {}))
            return found, (lost.value, wrong.value, nobody.value)

    (first, second, book, risk), errors = run(told())

    assert first["journal"] == second["journal"]
    assert len(book["asks"]) == 2
    assert risk["kind"] == "SwitchesTold"
    assert [e.code for e in errors] == [Code.LOST, Code.INVALID, Code.INVALID]


def test_reports_are_the_same_bytes_after_a_restart_from_any_place(tmp_path):
    floor = Floor()

    async def traded():
        async with kept(tmp_path, floor) as desk:
            for name in ("one", "two"):
                await desk.submit(name)
                await desk.done(name)
            await desk.waiting("three")
            await desk.ask("cancel", order="three", request="c", wait_s="0", **WHO)
            return await desk.told([0, -1], 8)

    async def again(whole):
        async with kept(tmp_path, floor.restarted()) as desk:
            found = []
            for count in range(len(whole)):
                place = [0, -1] if not count else orjson.loads(whole[count - 1])["place"]
                found.append(await desk.told(place, len(whole) - count))
            return found

    whole = run(traded())
    rests = run(again(whole))

    assert orjson.loads(whole[-1])["kind"] == "canceled"
    assert rests == [whole[count:] for count in range(len(whole))]


def test_names_and_positions_are_known_after_a_restart(tmp_path):
    floor = Floor()

    async def before():
        async with kept(tmp_path, floor) as desk:
            await desk.submit("one")
            await desk.done("one")
            await desk.ask("cancel", order="one", request="late", wait_s="0", **WHO)

    async def after():
        async with kept(tmp_path, floor.restarted()) as desk:
            again = await desk.submit("one")
            late = await desk.ask("find", client="acme", name="late")
            return again, late, await desk.ask("positions")

    run(before())
    again, late, positions = run(after())

    assert (again["is_new"], again["status"]) == (False, "filled")
    assert (late["role"], late["outcome"]) == ("cancel", "refused")
    assert [p["net"] for p in positions["positions"]] == ["4"]
