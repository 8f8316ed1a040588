"""Why an order was refused, as a key of the whole desk and one of a few accounts read it."""

import asyncio

from router.gateway.discretion import KEPT_BACK
from router.gateway.link import Code, LinkError
from tests.integration.http.door import ORDER
from tests.integration.http.scripted import ScriptedDesk
from tests.integration.http.streaming import heard, story, subscribed

DIFFERENCE = "USDC of perp:me: expected 987654321 atoms, the venue says 5 (off by -987654316)"
BY_CONTROL = "987654321 USDC is above controls.firm.daily_loss_max 5 USDC; find out why"
WHY = "initial margin would be 987654321 atoms, equity is 5; add collateral or trade less"
OWN = {**ORDER, "account": "main"}


class Refusing(ScriptedDesk):
    """A desk whose reasons tell what the accounts hold."""

    def put(self, **said):
        super().put(**said)
        self.reports[-1]["text"] = WHY

    def _order(self, key):
        return {**super()._order(key), "reason": WHY}

    async def do_amend(self, _fields):
        raise LinkError(WHY, code=Code.REFUSED)

    async def do_mass_cancel(self, _fields):
        return {"affected": [], "refused": [{"order": "id-o-1", "message": WHY}]}

    async def do_report(self, fields):
        order = self._order(self._named(fields))
        return {"order": order, "report": {"reason": WHY}, "children": [{"reason": WHY}]}


async def asked(client, key):
    """Return the reasons that answers tell a key."""
    order = await client.ask("GET", "/v1/orders/o-1", key=key)
    page = await client.ask("GET", "/v1/orders", key=key)
    report = await client.ask("GET", "/v1/orders/o-1/report", key=key)
    many = await client.ask("POST", "/v1/orders/cancel", {"request": f"m-{key}"}, key=key)
    return [
        order[2]["reason"],
        page[2]["orders"][0]["reason"],
        report[2]["order"]["reason"],
        report[2]["report"]["reason"],
        report[2]["children"][0]["reason"],
        many[2]["refused"][0]["message"],
    ]


def test_answers_tell_what_accounts_hold_to_keys_of_the_whole_desk_only(tmp_path):
    async def tell(client, _desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        amend = {"request": "a-1", "quantity": "2"}
        amended = await client.ask("POST", "/v1/orders/o-1/amend", amend, key="trader")
        some, whole = await asked(client, "trader"), await asked(client, "boss")

        assert set(some) == {KEPT_BACK}
        assert set(whole) == {WHY}
        assert (amended[2]["code"], amended[2]["detail"]) == ("refused", KEPT_BACK)

    story(tmp_path, tell, desk=Refusing())


def test_streams_tell_what_accounts_hold_to_keys_of_the_whole_desk_only(tmp_path):
    async def tell(client, desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        for key, why in (("trader", KEPT_BACK), ("boss", WHY)):
            async with client.stream(key=key) as stream:
                await subscribed(stream, snapshot=True)
                snapshot = await heard(stream, "snapshot")
                await desk.tell()
                live = (await heard(stream, "events"))["events"][0]
                await subscribed(stream, "again", after=[0, -1])
                again = (await heard(stream, "events"))["events"][0]

            assert [snapshot["orders"][0]["reason"], live["text"], again["text"]] == [why] * 3

    story(tmp_path, tell, desk=Refusing())


class Halted(ScriptedDesk):
    """A desk that halted since the record and a venue differ, and by a control."""

    async def do_status(self, fields):
        return {**await super().do_status(fields), "halted": DIFFERENCE}

    async def tell_status(self, fields):
        yield await self.do_status(fields)
        await asyncio.Event().wait()

    async def do_switches(self, _fields):
        said = {"scope": "firm", "state": "halted", "by": "control C06-daily", "at": "1"}
        return {"switches": [{**said, "reason": BY_CONTROL}]}


def test_why_the_desk_is_halted_is_told_without_balances_to_keys_of_few_accounts(tmp_path):
    async def told(client, key):
        _, _, status = await client.ask("GET", "/v1/status", key=key)
        _, _, switches = await client.ask("GET", "/v1/switches", key=key)
        async with client.stream(key=key) as stream:
            await subscribed(stream, channel="status", every_ms=1000)
            (event,) = (await heard(stream, "events"))["events"]
        return [status["halted"], switches["switches"][0]["reason"], event["halted"]]

    async def tell(client, _desk):
        some, whole = await told(client, "trader"), await told(client, "boss")

        assert whole == [DIFFERENCE, BY_CONTROL, DIFFERENCE]
        assert "987654321" not in "".join(some)
        assert all(some)
        assert "controls.firm.daily_loss_max" in some[1]

    story(tmp_path, tell, desk=Halted())
