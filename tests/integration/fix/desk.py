"""A desk that does what the test says: it keeps orders, and tells reports from any place on."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from router.gateway import link
from router.gateway.link import Code, LinkError

AT = "1780000000000000000"
_BASES = itertools.count(0, 1_000)  # a gateway that outlives a desk sees places go on growing


class Desk:
    """The daemon's end of the link, scripted.

    Attributes
    ----------
    asked : list
        Everything that was asked for, in order.
    base : int
        Where its places begin.
    held : set of str
        Requests that are not answered until `release`.
    """

    def __init__(self):
        self.base = next(_BASES)
        self.asked = []
        self.orders = {}
        self.reports = []
        self.held = set()
        self.faults = []
        self._came = asyncio.Condition()
        self._free = asyncio.Event()

    def release(self):
        self.held.clear()
        self._free.set()
        self._free = asyncio.Event()

    async def answer(self, do, fields):
        async with self._came:
            self.asked.append((do, dict(fields)))
            self._came.notify_all()
        while do in self.held:
            await self._free.wait()
        return orjson.dumps(await getattr(self, f"_{do}")(fields))

    async def follow(self, do, fields):
        assert do == "reports", do
        place, says_reached = tuple(fields["after"]), fields["reached"]
        while True:
            async with self._came:
                later = [each for each in self.reports if tuple(each["place"]) > place]
                if not later and says_reached:
                    says_reached = False
                    yield orjson.dumps({"reached": (await self._status({}))["place"]})
                if not later:
                    await self._came.wait()
                    continue
            for each in later:
                yield orjson.dumps(each)
                place = tuple(each["place"])

    async def was_asked(self, do, count=1):
        """Wait until something was asked for so many times; return the fields of each."""
        async with asyncio.timeout(20), self._came:
            while len(self.told(do)) < count:
                await self._came.wait()
        return self.told(do)

    def told(self, do):
        return [fields for each, fields in self.asked if each == do]

    async def report(self, name, kind, status, **more):
        """Let something happen to an order."""
        async with self._came:
            self.reports.append(self._data(name, kind, status, **more))
            self._came.notify_all()

    async def _submit(self, fields):
        order = dict(fields["order"])
        name = order["client_order_id"]
        known = name in self.orders
        if known and fields["on_known"] == "refuse":
            message = "client_order_id: stands for an order already"
            raise LinkError(message, code=Code.DUPLICATE, field="client_order_id")
        if not known:
            self.orders[name] = order
            await self.report(name, "new", "new")
        return {"is_new": not known, "order": f"o-{name}", "client": order["client"]}

    async def _find(self, fields):
        known = fields["name"] in self.orders
        return {"order": None, "role": "order" if known else None, "outcome": None}

    async def _status(self, _fields):
        return {"place": [self.base + len(self.reports) + 2, -1]}

    async def _orders(self, _fields):
        rows = [
            {"order": f"o-{name}", **{key: each[key] for key in ("client", "account", "by")}}
            for name, each in self.orders.items()
        ]
        return {"orders": rows, "next": None}

    async def _last_report(self, fields):
        name = fields["order"].removeprefix("o-")
        now = [each for each in self.reports if each["order"] == f"o-{name}"][-1]
        return now | {"kind": "status", "exec_id": "0"}

    async def _mass_cancel(self, _fields):
        return {"affected": [f"o-{name}" for name in self.orders], "refused": []}

    def _data(self, name, kind, status, **more):
        order, place = self.orders[name], [self.base + len(self.reports) + 2, 0]
        absent = (
            "request asked_by original_client_order_id limit_price basket fill child venue"
            " adds_liquidity voided voided_exec_id code average_price"
        )
        return {
            **dict.fromkeys(absent.split()),
            "place": place,
            "exec_id": f"{place[0]}.{place[1]}",
            "kind": kind,
            "status": status,
            "order": f"o-{name}",
            "client": order["client"],
            "account": order["account"],
            "client_order_id": name,
            "first_client_order_id": name,
            "side": order["side"],
            "base": order["base"],
            "quote": order["quote"],
            "quantity_asset": order["base"],
            "quantity": order["quantity"],
            "algo": "sweep",
            "time_in_force": "deadline",
            "strategy": "default",
            "by": order["by"],
            "deadline_at": AT,
            "filled_base": "0",
            "filled_quote": "0",
            "leaves": order["quantity"],
            "text": "",
            "at": AT,
            **more,
        }


@asynccontextmanager
async def served(desk: Desk, journal) -> AsyncIterator[None]:
    """Serve a desk where the gateways of a journal look for it."""
    at = link.link_path(journal)
    async with link.serving(at, link.Desk(desk.answer, desk.follow, desk.faults.append)):
        yield
    assert not desk.faults, desk.faults
