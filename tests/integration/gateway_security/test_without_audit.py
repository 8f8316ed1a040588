"""Where the record of requests cannot be written: nothing trades, and everything can be stopped."""

import asyncio

import pytest

from router.gateway import access
from router.gateway.audit import audit_path, read, verify
from router.gateway.audit_writer import Program, auditing
from router.gateway.config import ClientSettings, FixSessionSettings
from router.gateway.fix.asks import Ask
from router.gateway.fix.recording import Recording
from router.gateway.link import Code, LinkError
from tests.integration.http.door import ORDER, keyed, opened
from tests.integration.http.scripted import ScriptedDesk

SESSION = FixSessionSettings(kind="order-entry", client="desk", target="EMS")
PEER = access.of_session("ems", ClientSettings(accounts=("main",)), SESSION)
DAMAGED = b"this is no record\n"
SUBMIT = Ask("submit", {"order": {"client_order_id": "o-1", "account": "main", "side": "buy"}})
CANCEL = Ask("cancel", {"order": "o-1", "client": "desk", "request": "c-1", "by": "fix.ems"})
LOOK = Ask("last_report", {"order": "o-1", "client": "desk"})


def written(tmp_path, *asks):
    """Have a FIX session's record written; return its path."""
    path = audit_path(tmp_path / "j", "fix")

    async def work():
        async with auditing(path, Program("c", "b"), lambda: 1) as audit:
            recording = Recording(audit, PEER)
            for number, ask in enumerate(asks, 7):
                await recording.write(ask, source="192.0.2.1", number=number)
            recording.signed_on("logged_out", source="192.0.2.1")

    asyncio.run(work())
    return path


def test_a_fix_session_leaves_a_line_for_all_that_it_changes_and_none_for_looking(tmp_path):
    path = written(tmp_path, SUBMIT, LOOK, CANCEL)

    _, submitted, cancelled, left = read(path)
    assert verify(path).fault is None
    assert (submitted["action"], submitted["request"]) == ("submit", "ems.7")
    assert (submitted["key"], submitted["client"], submitted["account"]) == ("ems", "desk", "main")
    assert submitted["details"] == {"client_order_id": "o-1", "side": "buy"}
    assert (cancelled["action"], cancelled["request"]) == ("cancel", "ems.9")
    assert cancelled["details"] == {"order": "o-1", "request": "c-1", "by": "fix.ems"}
    assert (left["action"], left["decision"], left["source"]) == (
        *("session", "logged_out"),
        "192.0.2.1",
    )


def test_without_a_record_a_fix_session_cannot_trade(tmp_path):
    audit_path(tmp_path / "j", "fix").write_bytes(DAMAGED)

    with pytest.raises(LinkError, match="only cancels and halts go on") as caught:
        written(tmp_path, SUBMIT)

    assert caught.value.code == Code.DEGRADED


def test_without_a_record_a_fix_session_can_cancel_and_look(tmp_path):
    audit_path(tmp_path / "j", "fix").write_bytes(DAMAGED)

    assert written(tmp_path, CANCEL, LOOK).read_bytes() == DAMAGED


def test_without_a_record_the_http_door_refuses_to_trade_and_cancels_and_halts(tmp_path):
    (tmp_path / "j").mkdir()
    path = audit_path(tmp_path / "j" / "headrace.journal", "http")
    order = {**ORDER, "account": "main"}

    path.write_bytes(DAMAGED)

    async def work():
        desk = ScriptedDesk()
        desk.orders["desk", "o-1"] = {"said": order, "status": "new"}
        async with opened(tmp_path, keyed(), desk) as client:
            other = {**order, "client_order_id": "o-2"}
            cancel = {"request": "c-1"}
            answers = (
                await client.ask("POST", "/v1/orders", other, key="trader"),
                await client.ask("POST", "/v1/orders/o-1/amend", cancel, key="trader"),
                await client.ask("POST", "/v1/orders/o-1/cancel", cancel, key="trader"),
                await client.ask("POST", "/v1/orders/cancel", cancel, key="trader"),
                await client.ask("POST", "/v1/halt", {"reason": "a test"}, key="kill"),
                await client.ask("POST", "/v1/reconcile", {}, key="boss"),
                await client.ask("GET", "/v1/orders", key="viewer"),
            )
        return desk, answers

    desk, answers = asyncio.run(work())

    assert [status for status, _, _ in answers] == [503, 503, 200, 200, 200, 503, 200]
    assert {answers[n][2]["code"] for n in (0, 1, 5)} == {"degraded"}
    assert (desk.count("submit"), desk.count("cancel"), desk.count("switch")) == (0, 1, 1)
    assert path.read_bytes() == DAMAGED
