"""Orders over the link: taken in once, by name, answered once durable; refused with a code."""

import pytest

from router.compose.link.linked import Linked
from router.gateway.link import Code
from router.journal.codec import decode_event
from router.shell import store
from tests.unit.compose.linked_floor import BUY, WAITS, kept
from tests.unit.shell.floor import run

WHO = {"client": "acme", "by": "ann"}


def events(folder):
    return [type(decode_event(r.event)).__name__ for r in store.read(folder / "desk.journal")]


def test_an_order_is_on_disk_when_it_is_answered_and_the_same_again_is_the_same(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            first = await desk.waiting("one")
            on_disk = events(tmp_path)
            again = await desk.waiting("one")
            other = await desk.fault("submit", order={**BUY, "client_order_id": "one"})
            refused = await desk.fault(
                "submit", order={**BUY, **WAITS, "client_order_id": "one"}, on_known="refuse"
            )
            of_another = await desk.waiting("one", client="other")
            return first, on_disk, again, other, refused, of_another

    first, on_disk, again, other, refused, of_another = run(told())

    assert "ParentSubmitted" in on_disk
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["order"] == again["order"] != of_another["order"]
    assert (first["client"], first["account"], first["by"]) == ("acme", "main", "ann")
    assert (first["limit_price"], first["time_in_force"]) == ("100", "deadline")
    assert (other, refused) == (Code.DUPLICATE, Code.DUPLICATE)
    assert events(tmp_path).count("ParentSubmitted") == 2


@pytest.mark.parametrize(
    ("do", "fields", "code", "field"),
    [
        ("dance", {}, Code.INVALID, "do"),
        ("submit", {}, Code.INVALID, "order"),
        ("submit", {"order": "buy"}, Code.INVALID, "order"),
        ("submit", {"order": {**BUY, "quantity": 4}}, Code.INVALID, "quantity"),
        ("submit", {"order": {**BUY, "client_order_id": "x", "side": "up"}}, Code.INVALID, "side"),
        ("submit", {"order": {**BUY, "client_order_id": "x", "no": "1"}}, Code.INVALID, "no"),
        ("submit", {"order": {**BUY, "client_order_id": "x\n"}}, Code.INVALID, "client_order_id"),
        (
            "submit",
            {"order": {**BUY, "client_order_id": "x", "quantity": "9" * 5_000}},
            Code.INVALID,
            "quantity",
        ),
        ("cancel", {"order": "nobody", "request": "c", "by": "ann"}, Code.UNKNOWN, "order"),
        ("cancel", {"order": ["one"], "request": "c", "by": "ann"}, Code.INVALID, "order"),
        ("cancel", {**WHO, "order": "one", "request": 7}, Code.INVALID, "request"),
        ("cancel", {**WHO, "order": "one", "request": "c", "wait_s": "no"}, Code.INVALID, "wait_s"),
        ("amend", {**WHO, "order": "one", "request": "a", "terms": {}}, Code.INVALID, "terms"),
        ("amend", {**WHO, "order": "one", "request": "a", "terms": []}, Code.INVALID, "terms"),
        (
            "amend",
            {**WHO, "order": "one", "request": "a", "terms": {"quantity": "-1"}},
            Code.INVALID,
            "quantity",
        ),
        ("find", {"client": "acme"}, Code.INVALID, "name"),
        ("order", {"order": "nobody"}, Code.UNKNOWN, "order"),
        ("orders", {"limit": "many"}, Code.INVALID, "limit"),
        ("orders", {"accounts": "main"}, Code.INVALID, "accounts"),
        ("orders", {"after": "nobody"}, Code.INVALID, "after"),
        ("orders", {"ended": "yes"}, Code.INVALID, "ended"),
        ("plan", {"order": "one", "client": "acme"}, Code.UNKNOWN, "order"),
        ("last_report", {"order": "nobody"}, Code.UNKNOWN, "order"),
        ("basket", {"basket": {"client_order_id": "b", "orders": "[]"}}, Code.INVALID, "orders"),
        ("cancel_basket", {**WHO, "basket": "b", "request": "c"}, Code.UNKNOWN, "basket"),
        ("mass_cancel", {"by": "ann"}, Code.INVALID, "request"),
        ("book", {"base": "ETH", "quote": "EUR"}, Code.INVALID, "base"),
        ("book", {"base": "ETH", "quote": "USDC", "depth": True}, Code.INVALID, "depth"),
        ("journal", {"after": -1}, Code.INVALID, "after"),
        ("switch", {"state": "off", "by": "ann", "reason": "r"}, Code.INVALID, "state"),
        ("switch", {"state": "halted", "by": "ann", "reason": {}}, Code.INVALID, "reason"),
        ("accept", {"by": "ann"}, Code.INVALID, "reason"),
        ("bust", {"child": "c", "fill": "f", "reason": "r", "by": "ann"}, Code.UNKNOWN, "child"),
        (
            "bust",
            {"child": "c", "fill": "f", "reason": "r", "by": "a", "corrected": 1},
            Code.INVALID,
            "corrected",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_code_and_field(tmp_path, do, fields, code, field):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.waiting("one")
            return await desk.refused(do, **fields)

    error = run(told())

    assert (error.code, error.field) == (code, field)
    assert events(tmp_path).count("ParentSubmitted") == 1


def test_what_one_session_placed_is_cancelled_and_nothing_else_of_its_accounts(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            placed = {"one": "fix.ems", "two": "fix.ems.ann", "three": "fix.ems2", "four": "ann"}
            for name, by in placed.items():
                await desk.waiting(name, by=by)
            asked = {"client": "acme", "accounts": ["main"], "placed_by": "fix.ems"}
            await desk.ask("mass_cancel", request="cod.1", by="fix.ems", **asked)
            for name in ("one", "two"):
                await desk.done(name)
            return (await desk.ask("orders"))["orders"]

    assert [order["client_order_id"] for order in run(told())] == ["three", "four"]


def test_cancels_and_amendments_are_answered_once_durable_and_nothing_is_done_twice(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.waiting("one")
            await desk.waiting("two")
            # A session's replacements rename an order.
            ask = {"client": "acme", "by": "fix.ann", "order": "one", "wait_s": "0"}
            amended = await desk.ask("amend", request="a1", terms={"quantity": "3"}, **ask)
            again = await desk.ask("amend", request="a1", terms={"quantity": "3"}, **ask)
            clash = await desk.ask("amend", request="a1", terms={"quantity": "5"}, **ask)
            ask["order"] = "a1"  # the name of the replacement is the order's name now
            canceled = await desk.ask("cancel", request="c1", **ask)
            same = await desk.ask("cancel", request="c1", **ask)
            late = await desk.ask("cancel", request="c2", **ask)
            late_again = await desk.ask("cancel", request="c2", **ask)
            taken = [
                await desk.fault("cancel", request=name, **{**ask, "order": "two"})
                for name in ("c1", "one", "two")
            ]
            reused = await desk.fault(
                "submit", order={**BUY, **WAITS, "client_order_id": "c2"}, on_known="return"
            )
            found = [await desk.ask("find", client="acme", name=n) for n in ("one", "a1", "c2")]
            return (amended, again, clash, canceled, same, late, late_again), taken, reused, found

    answers, taken, reused, found = run(told())

    assert [a["result"] for a in answers] == [
        "done",
        "done",
        "refused",
        "done",
        "done",
        "refused",
        "refused",
    ]
    assert [a["code"] for a in answers] == [
        None,
        None,
        "duplicate",
        None,
        None,
        "too_late",
        "too_late",
    ]
    assert answers[0]["name"] == "a1"
    assert answers[3]["status"] == "canceled"
    assert taken == [Code.DUPLICATE] * 3
    assert reused == Code.DUPLICATE
    assert [(f["role"], f["outcome"]) for f in found] == [
        ("order", None),
        ("amend", "done"),
        ("cancel", "refused"),
    ]
    kinds = events(tmp_path)
    assert (kinds.count("AmendRequested"), kinds.count("CancelRequested")) == (1, 2)


def test_orders_are_listed_page_by_page_by_client_account_and_side(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            for number in range(7):
                account = "main" if number % 2 else "spare"
                await desk.waiting(f"n{number}", account=account)
            await desk.waiting("theirs", client="other")
            await desk.ask("cancel", order="n3", request="c", wait_s="0", **WHO)
            pages, after = [], None
            while True:
                page = await desk.ask("orders", client="acme", limit=3, after=after)
                pages.append([order["client_order_id"] for order in page["orders"]])
                after = page["next"]
                if after is None:
                    break
            spare = await desk.ask("orders", accounts=["spare"], client="acme")
            third = (await desk.ask("order", order="n2", client="acme"))["order"]
            ended = await desk.ask("orders", ended=True, limit=2, after=third)
            none = await desk.ask("orders", side="sell")
            return pages, spare, ended, none

    pages, spare, ended, none = run(told())

    assert [name for page in pages for name in page] == ["n0", "n1", "n2", "n4", "n5", "n6"]
    assert max(map(len, pages)) == 3
    assert [o["client_order_id"] for o in spare["orders"]] == ["n0", "n2", "n4", "n6"]
    assert [o["client_order_id"] for o in ended["orders"]] == ["n3", "n4"]
    assert ended["next"] is not None
    assert none == {"orders": [], "next": None}


def test_all_orders_of_an_account_are_cancelled_at_once_and_the_same_again_cancels_none(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            orders = [await desk.waiting(f"n{n}") for n in range(5)]
            other = await desk.waiting("theirs", client="other")
            first = await desk.ask("mass_cancel", accounts=["main"], request="m1", **WHO)
            again = await desk.ask("mass_cancel", accounts=["main"], request="m1", **WHO)
            left = await desk.ask("orders")
            return [o["order"] for o in orders], other, first, again, left

    orders, other, first, again, left = run(told())

    assert (sorted(first["affected"]), first["refused"]) == (sorted(orders), [])
    assert again == {"affected": [], "refused": []}
    assert [o["order"] for o in left["orders"]] == [other["order"]]
    assert events(tmp_path).count("CancelRequested") == 5


def test_a_mass_cancel_by_who_sent_the_orders_leaves_the_others(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.waiting("hers")
            await desk.waiting("his", by="bob")
            done = await desk.ask("mass_cancel", placed_by="bob", request="m", **WHO)
            return done, await desk.ask("orders")

    done, left = run(told())

    assert len(done["affected"]) == 1
    assert [o["client_order_id"] for o in left["orders"]] == ["hers"]


def test_a_report_a_plan_and_the_last_report_tell_of_what_was_traded(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.submit("one")
            done = await desk.done("one")
            mine = {"order": "one", "client": "acme"}
            return (
                done,
                await desk.ask("report", **mine),
                await desk.ask("plan", **mine),
                await desk.ask("last_report", **mine),
                await desk.fault("plan", index=3, **mine),
            )

    done, report, plan, last, beyond = run(told())

    assert (done["status"], done["cumulative"]) == ("filled", "4")
    assert report["report"]["filled_quantity"] == {"asset": "ETH", "atoms": 4 * 10**18}
    (child,) = report["children"]
    assert child["fills"][0]["quantity"] == "4"
    assert child["status"] == "filled"
    assert plan["legs"][0]["instrument"] == "hyperliquid:ETH"
    assert plan["explanation"]
    assert (last["exec_id"], last["status"], last["filled_base"]) == ("0", "filled", "4")
    assert beyond == Code.UNKNOWN


def test_before_a_cancel_an_order_is_looked_at_without_waiting_for_the_disk(tmp_path, monkeypatch):
    async def never(_link):
        raise AssertionError("it waits for the disk")

    async def told():
        async with kept(tmp_path) as desk:
            await desk.waiting("one")
            monkeypatch.setattr(Linked, "newest_report", never)
            return await desk.ask("last_report", order="one", client="acme", at_once=True)

    report = run(told())

    assert (report["client_order_id"], report["kind"]) == ("one", "status")


def test_a_basket_is_taken_in_all_or_none_and_cancelled_together(tmp_path):
    rows = '[{"side":"buy","quantity":"2","base":"ETH","quote":"USDC","client_order_id":"leg"}]'
    asked = {"basket": {"client_order_id": "pair", "orders": rows}, **WHO, "account": "main"}

    async def told():
        async with kept(tmp_path) as desk:
            halt = {"state": "cancel_only", "by": "ann", "reason": "a drill"}
            await desk.ask("switch", **halt)
            first = await desk.ask("basket", **asked)
            again = await desk.ask("basket", **asked)
            other = {**asked, "basket": {**asked["basket"], "orders": rows.replace('"2"', '"3"')}}
            clash = await desk.fault("basket", **other)
            await desk.ask("switch", **{**halt, "state": "active"})
            return first, again, clash, await desk.ask("order", order="leg", client="acme")

    first, again, clash, order = run(told())

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["basket"] == again["basket"]
    assert clash == Code.DUPLICATE
    assert (order["client"], order["account"], order["by"]) == ("acme", "main", "ann")
    assert events(tmp_path).count("BasketSubmitted") == 1


def test_the_same_order_again_is_the_same_though_the_limits_are_others_by_now(tmp_path):
    async def told():
        async with kept(tmp_path) as desk:
            await desk.waiting("one")
            path = tmp_path / "headrace.toml"
            path.write_text(
                path.read_text().replace("slippage_max_bps = 100", "slippage_max_bps = 50")
            )
            await desk.ask("reload", by="ann")
            again = await desk.waiting("one")
            other = await desk.fault(
                "submit", order={**BUY, **WAITS, "client_order_id": "one", "slippage_max_bps": "50"}
            )
            return again, other

    again, other = run(told())

    assert again["is_new"] is False
    assert other == Code.DUPLICATE


def test_the_same_basket_again_is_the_same_though_the_limits_are_others_by_now(tmp_path):
    rows = '[{"side":"buy","quantity":"2","base":"ETH","quote":"USDC","deadline_s":"80000"}]'
    said = rows.replace('"2"', '"2","slippage_max_bps":"50"')

    async def told():
        async with kept(tmp_path) as desk:
            basket = {"client_order_id": "pair", "orders": rows}
            asked = {"basket": basket, **WHO, "account": "main"}
            first = await desk.ask("basket", **asked)
            path = tmp_path / "headrace.toml"
            path.write_text(
                path.read_text().replace("slippage_max_bps = 100", "slippage_max_bps = 50")
            )
            changed = await desk.ask("reload", by="ann")
            again = await desk.ask("basket", **asked)
            tighter = {**asked, "basket": {**basket, "orders": said}}
            return first, changed, again, await desk.fault("basket", **tighter)

    first, changed, again, tighter = run(told())

    assert changed["changed"]
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["basket"] == again["basket"]
    assert tighter == Code.DUPLICATE


def test_a_basket_is_there_only_for_who_may_cancel_all_of_it(tmp_path):
    rows = '[{"side":"buy","quantity":"2","base":"ETH","quote":"USDC","client_order_id":"leg"}]'
    basket = {"client_order_id": "pair", "orders": rows}

    async def told():
        async with kept(tmp_path) as desk:
            submitting = desk.ask("basket", basket=basket, **WHO, account="main")
            asked = {"basket": "pair", **WHO, "request": "c"}
            await submitting
            refused = await desk.fault("cancel_basket", **asked, accounts=["side"])
            return refused, await desk.ask("order", order="leg", client="acme")

    refused, order_now = run(told())

    assert refused == Code.UNKNOWN
    assert order_now["pending"] is None


def test_a_basket_that_has_ended_is_known_to_whoever_cancels_it_again(tmp_path):
    rows = '[{"side":"buy","quantity":"2","base":"ETH","quote":"USDC"}]'
    basket = {"client_order_id": "pair", "orders": rows}

    async def told():
        async with kept(tmp_path) as desk:
            halt = {"state": "cancel_only", "by": "ann", "reason": "a drill"}
            await desk.ask("switch", **halt)
            await desk.ask("basket", basket=basket, **WHO, account="main")
            order = await desk.done("pair.1")
            asked = {"basket": "pair", **WHO, "request": "c"}
            again = await desk.ask("cancel_basket", **asked, accounts=["main"])
            of_another = await desk.fault("cancel_basket", **asked, accounts=["side"])
            return order["order"], again, of_another

    name, again, of_another = run(told())

    assert (again["affected"], [each["order"] for each in again["refused"]]) == ([], [name])
    assert of_another == Code.UNKNOWN
