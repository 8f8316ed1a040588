"""A FIX gateway of its own process: what it lets through, writes down, and hides."""

import asyncio

from router.gateway.audit import audit_path, read, verify
from tests.integration.fix.desk import Desk, served
from tests.integration.fix.ems import Ems
from tests.integration.fix.gateway import Gateway, connected, order, running, session

WORD = "Zx81QwCanary77pLk2"


def test_a_session_trades_for_its_accounts_only_and_leaves_a_record(tmp_path):
    gateway = Gateway(tmp_path, session("EMS", accounts='["main"]'))

    async def play():
        desk, ems = Desk(), Ems("EMS")
        async with served(desk, gateway.journal), ems.on_line(gateway):
            ems.send("D", order("b1", account="other"))
            refused = await ems.took_exec("b1", "8")
            ems.send("D", order("a1", account="main"))
            await ems.took_exec("a1", "0")
            ems.send("q", "11=c1|530=7|60=20260101-00:00:00|")
            ((asked,),) = [await desk.was_asked("mass_cancel")]
            assert (asked["client"], asked["accounts"]) == ("desk", ["main"])
        return desk, refused

    with running(gateway):
        desk, refused = asyncio.run(play())

    assert (refused[103], list(desk.orders)) == ("15", ["a1"])
    path = audit_path(gateway.journal, "fix")
    assert verify(path).fault is None
    told = [(line["action"], line.get("decision"), line.get("account")) for line in read(path)]
    assert ("submit", "allowed", "main") in told
    assert told.index(("submit", "allowed", "main")) < [a for a, *_ in told].index("mass_cancel")
    assert [decision for _, decision, account in told if account == "other"] == ["refused"]
    lines = {line["action"]: line for line in read(path)}
    assert lines["submit"]["details"]["client_order_id"] == "a1"
    assert (lines["submit"]["key"], lines["submit"]["client"]) == ("EMS", "desk")
    assert lines["submit"]["source"].startswith("127.0.0.1")


def test_passwords_of_a_logon_are_in_no_file_and_no_line(tmp_path):
    gateway = Gateway(tmp_path, session("EMS"))

    async def play():
        async with connected(gateway) as peer:
            await peer.log_on(more=f"553=desk|554={WORD}|95=18|96={WORD}|")
            await peer.receive()
        async with connected(gateway, target="NOBODY") as peer:
            await peer.log_on(more=f"553=desk|554={WORD}|")
            await peer.is_hung_up_on()

    with running(gateway):
        asyncio.run(play())

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-audit-fix") for path in written)
    assert not [path for path in written if WORD.encode() in path.read_bytes()]
