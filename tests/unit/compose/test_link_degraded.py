"""While the journal cannot be written: gateways may look, take back, and stop; nothing is new."""

from contextlib import asynccontextmanager

import orjson
import pytest

from router.compose.degraded import Degraded
from router.compose.link.degraded import LinkDegraded
from router.domain.event import CancelRequested
from router.gateway.link import Code, LinkError
from router.shell.switchboard import Switchboard
from tests.unit.compose.linked_floor import BUY, assembled, kept, settings
from tests.unit.shell.floor import Floor, run

REASON = "the journal cannot be written: disk full; make room"
WHO = {"client": "acme", "by": "ann", "request": "c1"}


@asynccontextmanager
async def ill(folder):
    """Run a desk whose journal failed with two orders of one client and one of another waiting."""
    async with kept(folder) as desk:
        await desk.waiting("one")
        await desk.waiting("two")
        await desk.waiting("theirs", client="other")
        world, name = desk.desk.runtime.world, desk.desk.journal_id
    floor = Floor()
    degraded = Degraded(
        assembled(floor, settings(folder)),
        world,
        journal_id=name,
        switchboard=Switchboard(floor.clock),
        reason=REASON,
    )
    async with degraded.running():
        yield Ill(degraded)


class Ill:
    """Asks it."""

    def __init__(self, degraded):
        self.degraded = degraded

    async def ask(self, do, **fields):
        return orjson.loads(await LinkDegraded(self.degraded).answer(do, fields))


def test_an_order_is_cancelled_by_its_clients_name_and_goes_on_record_later(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            first = await desk.ask("cancel", order="one", **WHO)
            again = await desk.ask("cancel", order="one", **WHO)
            with pytest.raises(LinkError) as unknown:
                await desk.ask("cancel", order="theirs", **WHO)
            return first, again, unknown.value.code, desk.degraded.owed

    first, again, unknown, owed = run(told())

    assert (first["result"], first["status"]) == ("pending", "canceled")
    assert "on record once" in first["message"]
    assert again["result"] == "pending"
    assert unknown == Code.UNKNOWN
    assert [(type(e), e.request) for e in owed] == [(CancelRequested, "c1")]


def test_all_of_a_client_are_cancelled_and_the_others_left(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            done = await desk.ask("mass_cancel", **WHO)
            return done, await desk.ask("orders")

    done, left = run(told())

    assert (len(done["affected"]), done["refused"]) == (2, [])
    assert [o["client_order_id"] for o in left["orders"]] == ["theirs"]


def test_it_can_be_looked_at_and_stopped(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            order = await desk.ask("order", order="one", client="acme")
            found = await desk.ask("find", client="acme", name="two")
            nothing = await desk.ask("find", client="acme", name="nobody")
            risk = await desk.ask("risk")
            halted = await desk.ask("switch", state="halted", by="ann", reason="a drill")
            return order, found, nothing, risk, halted, await desk.ask("switches")

    order, found, nothing, risk, halted, switches = run(told())

    assert (order["client_order_id"], order["account"]) == ("one", "main")
    assert (found["role"], found["order"]["client_order_id"]) == ("order", "two")
    assert nothing == {"order": None, "role": None, "outcome": None}
    assert risk["accounts"]
    assert switches["switches"] == [halted]


def test_a_cancel_is_told_where_the_order_stands_and_nobody_else_is(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            with pytest.raises(LinkError) as refused:
                await desk.ask("last_report", order="one", client="acme")
            mine = {"order": "one", "client": "acme"}
            return await desk.ask("last_report", **mine, at_once=True), refused.value.code

    report, refused = run(told())

    assert (report["client_order_id"], report["kind"]) == ("one", "status")
    assert refused == Code.DEGRADED


def test_its_status_says_what_is_wrong(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            return await desk.ask("status")

    status = run(told())

    assert (status["degraded"], status["is_ready"], status["going"]) == (REASON, False, 3)


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("submit", {"order": {**BUY, "client_order_id": "new"}}),
        ("amend", {**WHO, "order": "one", "terms": {"quantity": "1"}}),
        ("basket", {}),
        ("bust", {}),
        ("journal", {}),
        ("nobody does this", {}),
    ],
)
def test_what_would_have_to_be_recorded_is_refused_with_the_reason(tmp_path, do, fields):
    async def told():
        async with ill(tmp_path) as desk:
            with pytest.raises(LinkError, match="disk full; make room") as refused:
                await desk.ask(do, **fields)
            return refused.value.code

    assert run(told()) == Code.DEGRADED


def test_a_basket_is_cancelled_as_its_orders_are(tmp_path):
    async def told():
        async with ill(tmp_path) as desk:
            with pytest.raises(LinkError) as unknown:
                await desk.ask("cancel_basket", basket="nobody", **WHO)
            return unknown.value.code

    assert run(told()) == Code.UNKNOWN
