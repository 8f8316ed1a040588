"""A daemon that is only its link: keeps orders and reports in memory, says what it is told to."""

import asyncio
from contextlib import asynccontextmanager

import orjson

from router.gateway import link
from router.gateway.link import Code, LinkError, link_path

TIME = "1790000000000000000"


class ScriptedDesk:
    """Answers what gateways ask, from memory."""

    def __init__(self, journal_id="j-1"):
        self.journal_id = journal_id
        self.orders = {}  # by (client, client_order_id)
        self.asked = []
        self.reports = []
        self.follows = []  # what was followed, and from where
        self.told = asyncio.Condition()
        self.feed = []
        self.feed_name = "feed-1"
        self.book = 0
        self.gate = asyncio.Event()  # dry runs wait for it
        self.gate.set()
        self.is_ready = True

    async def answer(self, do, fields):
        self.asked.append((do, dict(fields)))
        async with self.told:
            self.told.notify_all()
        return orjson.dumps(await getattr(self, f"do_{do}", self._unknown(do))(fields))

    async def follow(self, do, fields):
        self.follows.append((do, fields.get("after")))
        async for event in getattr(self, f"tell_{do}")(fields):
            yield orjson.dumps(event)

    def count(self, do):
        return sum(each == do for each, _ in self.asked)

    async def asked_for(self, do, times=1):
        """Return once a gateway has asked for something."""
        async with asyncio.timeout(10), self.told:
            await self.told.wait_for(lambda: self.count(do) >= times)

    async def tell(self, *, client="desk", account="main", name="o-1", kind="trade"):
        """Put a report on record."""
        async with self.told:
            self.put(client=client, account=account, name=name, kind=kind)
            self.told.notify_all()

    def put(self, *, client="desk", account="main", name="o-1", kind="trade"):
        place = [len(self.reports) + 1, 0]
        self.reports.append(
            {
                "place": place,
                "exec_id": f"{place[0]}.0",
                "kind": kind,
                "client": client,
                "account": account,
                "client_order_id": name,
                "at": TIME,
            }
        )

    async def tell_risk_event(self, kind, event):
        async with self.told:
            self.feed.append(
                {
                    "feed": self.feed_name,
                    "sequence": len(self.feed) + 1,
                    "kind": kind,
                    "event": event,
                    "at": TIME,
                }
            )
            self.told.notify_all()

    async def tell_reports(self, fields):
        after = tuple(fields["after"] or (len(self.reports), 0))
        async for report in self._growing(self.reports):
            if tuple(report["place"]) > after:
                yield report

    async def tell_risk(self, fields):
        async for told in self._growing(self.feed):
            if told["sequence"] > int(fields.get("after") or 0):
                yield told

    async def tell_book(self, fields):
        while True:
            self.book += 1
            yield {"base": fields["base"], "quote": fields["quote"], "version": self.book}
            await asyncio.sleep(0)
            if self.book >= 2000:
                await asyncio.Event().wait()

    async def tell_status(self, _fields):
        yield {"journal": self.journal_id, "is_ready": self.is_ready}
        await asyncio.Event().wait()

    async def do_status(self, _fields):
        place = self.reports[-1]["place"] if self.reports else [0, -1]
        return {
            "journal": self.journal_id,
            "is_ready": self.is_ready,
            "degraded": None,
            "place": place,
        }

    async def do_submit(self, fields):
        order = fields["order"]
        key = order.get("client", ""), order["client_order_id"]
        known = self.orders.get(key)
        if known is not None and known["said"] != order:
            raise LinkError(
                "client_order_id: stands for another order",
                code=Code.DUPLICATE,
                field="client_order_id",
            )
        self.orders.setdefault(key, {"said": order, "status": "new"})
        return {"is_new": known is None, **self._order(key)}

    async def do_order(self, fields):
        return self._order(self._named(fields))

    async def do_orders(self, fields):
        keys = [
            key
            for key in self.orders
            if fields.get("client") in {None, key[0]}
            and (
                fields.get("accounts") is None or self._order(key)["account"] in fields["accounts"]
            )
        ]
        names = [key[1] for key in keys]
        begin = names.index(fields["after"]) + 1 if fields.get("after") else 0
        page = keys[begin : begin + fields["limit"]]
        more = begin + fields["limit"] < len(keys)
        return {"orders": [self._order(k) for k in page], "next": page[-1][1] if more else None}

    async def do_cancel(self, fields):
        key = self._named(fields)
        if self.orders[key]["status"] == "canceled":
            raise LinkError("too late: the order has ended", code=Code.TOO_LATE)
        self.orders[key]["status"] = "canceled"
        return self._altered(key, fields, "done")

    async def do_amend(self, fields):
        return self._altered(self._named(fields), fields, "pending")

    async def do_switch(self, fields):
        return {**fields, "at": TIME}

    async def do_quote(self, fields):
        await self.gate.wait()
        return {"feasible": True, "of": fields["order"]}

    async def do_mass_cancel(self, _fields):
        return {"affected": [], "refused": []}

    async def do_accept(self, fields):
        return {"accepted": True, **fields}

    async def do_reconcile(self, _fields):
        return {"differences": []}

    def _named(self, fields):
        key = fields["client"], fields["order"]
        if key not in self.orders:
            raise LinkError("order: is not known", code=Code.UNKNOWN, field="order")
        return key

    def _altered(self, key, fields, result):
        asked = {"request": fields["request"], "by": fields["by"], "message": "", "result": result}
        return {**self._order(key), **asked}

    def _order(self, key):
        said = self.orders[key]["said"]
        return {
            "order": f"id-{key[1]}",
            "client_order_id": key[1],
            "client": key[0],
            "account": said.get("account", ""),
            "side": said["side"],
            "base": said["base"],
            "quote": said["quote"],
            "quantity_asset": said["base"],
            "status": self.orders[key]["status"],
            "phase": "resting",
            "ordered": said["quantity"],
            "cumulative": "0",
            "leaves": said["quantity"],
            "average_price": None,
            "algo": "sweep",
            "deadline_at": TIME,
            "pending": None,
            "strategy": "default",
            "by": said.get("by", ""),
        }

    async def _growing(self, rows):
        at = 0
        while True:
            while at < len(rows):
                yield rows[at]
                at += 1
            async with self.told:
                if at == len(rows):
                    await self.told.wait()

    @staticmethod
    def _unknown(do):
        async def refuse(_fields):
            raise LinkError(f"do: nobody does {do!r}", code=Code.INVALID, field="do")

        return refuse


class Daemon:
    """Has a desk listen where gateways of a journal look for it; goes and comes back."""

    def __init__(self, journal, desk):
        self._path = link_path(journal)
        self._desk = link.Desk(desk.answer, desk.follow, fault=_fault)
        self._listens = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._serving = None

    async def come_back(self):
        """Listen."""
        self._hung_up.clear()
        self._listens.clear()
        self._serving = asyncio.create_task(self._serve())
        await self._listens.wait()

    async def hang_up(self):
        """Go, as a daemon does that is killed."""
        self._hung_up.set()
        await self._serving

    async def _serve(self):
        async with link.serving(self._path, self._desk):
            self._listens.set()
            await self._hung_up.wait()


@asynccontextmanager
async def linked_desk(journal, desk):
    """Have a desk listen until the block is left."""
    daemon = Daemon(journal, desk)
    await daemon.come_back()
    try:
        yield daemon
    finally:
        await daemon.hang_up()


def _fault(error):
    raise AssertionError(f"the script failed: {error!r}") from error
