"""Where the record of requests cannot be written: nothing trades, and everything can be stopped."""

import asyncio

import pytest

from router.gateway import access
from router.gateway.audit import audit_path, read, verify
from router.gateway.audit_writer import Program, auditing
from router.gateway.config import ClientSettings, FixSessionSettings
from router.gateway.fix.asks import Ask
from router.gateway.fix.message import Message, body
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


def message(kind, *fields):
    return Message(kind, body(*fields))


@pytest.mark.parametrize(
    ("asked", "answer", "action"),
    [
        (message("D", (11, "o-1"), (1, "theirs")), message("8", (150, "8"), (58, "no")), "submit"),
        (message("F", (11, "c"), (41, "o-1")), message("9", (58, "no")), "cancel"),
        (message("q", (11, "m")), message("r", (531, "0"), (58, "no")), "mass_cancel"),
        (message("E", (66, "l")), message("N", (431, "7"), (58, "no")), "basket"),
        (message("D", (11, "o-1")), message("8", (150, "I")), None),
        (message("q", (11, "m")), message("r", (531, "7")), None),
        (message("H", (11, "o-1")), message("j", (58, "no")), None),
    ],
)
def test_what_a_fix_session_is_refused_leaves_a_line(tmp_path, asked, answer, action):
    path = audit_path(tmp_path / "j", "fix")

    async def work():
        async with auditing(path, Program("c", "b"), lambda: 1) as audit:
            Recording(audit, PEER).refused(asked, answer, source="192.0.2.1", number=7)

    asyncio.run(work())

    _, *lines = read(path)
    assert [line["action"] for line in lines] == ([] if action is None else [action])
    assert all(line["decision"] == "refused" for line in lines)
    assert all(line["account"] == (asked.body.get(1) or "") for line in lines)
    assert all(line["details"]["text"] == "no" for line in lines)


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
            cancel, again = {"request": "c-1"}, {"reason": "it is over"}
            answers = (
                await client.ask("POST", "/v1/orders", other, key="trader"),
                await client.ask("POST", "/v1/orders/o-1/amend", cancel, key="trader"),
                await client.ask("POST", "/v1/orders/o-1/cancel", cancel, key="trader"),
                await client.ask("POST", "/v1/orders/cancel", cancel, key="trader"),
                await client.ask("POST", "/v1/halt", {"reason": "a test"}, key="kill"),
                await client.ask("POST", "/v1/reconcile", {}, key="boss"),
                await client.ask("GET", "/v1/orders", key="viewer"),
                await client.ask("POST", "/v1/switches", {**again, "state": "active"}, key="boss"),
                await client.ask("POST", "/v1/switches", {**again, "state": "halted"}, key="boss"),
            )
        return desk, answers

    desk, answers = asyncio.run(work())

    assert [status for status, _, _ in answers] == [503, 503, 200, 200, 200, 503, 200, 503, 200]
    assert {answers[n][2]["code"] for n in (0, 1, 5, 7)} == {"degraded"}
    assert (desk.count("submit"), desk.count("cancel"), desk.count("switch")) == (0, 1, 2)
    assert path.read_bytes() == DAMAGED
