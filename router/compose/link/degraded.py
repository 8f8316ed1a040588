"""What gateways can still have while the journal cannot be written: to look, and to take back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import orjson

from router.compose.degraded import Degraded
from router.compose.link.control import switch_json
from router.compose.link.fields import flag, some, text, text_or
from router.compose.link.groups import orders_of
from router.compose.link.orders import chosen, page_of
from router.gateway.link import Code, Fields, LinkError
from router.gateway.linked_data import linked_data
from router.gateway.names import find, order_named
from router.gateway.report_data import report_data
from router.gateway.reports import standing
from router.state.world import ParentState

Answer: TypeAlias = Callable[["LinkDegraded", Fields], Awaitable[bytes]]


class LinkDegraded:
    """A desk without a journal as its gateways see it."""

    def __init__(self, degraded: Degraded) -> None:
        self._now = degraded

    async def answer(self, do: str, fields: Fields) -> bytes:
        """Do what can be done without a journal.

        Raises
        ------
        LinkError
            For all that would have to be recorded; says what is wrong and what to do.
        """
        if do not in _ANSWERS:
            raise LinkError(self._now.reason, code=Code.DEGRADED)
        return await _ANSWERS[do](self, fields)

    async def order(self, fields: Fields) -> bytes:
        """Tell where an order stands."""
        return orjson.dumps(self._json(self._named(fields)))

    async def last_report(self, fields: Fields) -> bytes:
        """Tell where an order stands to who only looks, before a cancel: nothing is reported now.

        Raises
        ------
        LinkError
            If it is to be told after all reports before it.
        """
        if not flag(fields, "at_once"):
            raise LinkError(self._now.reason, code=Code.DEGRADED)
        assembly = self._now.assembly
        told = standing(self._now.world, self._named(fields), at=assembly.clock.now())
        return orjson.dumps(report_data(told, assembly.config.assets))

    async def orders(self, fields: Fields) -> bytes:
        """Tell of orders, page by page."""
        return page_of(self._now.world, fields, self._json)

    async def risk(self, _fields: Fields) -> bytes:
        """Assess the accounts."""
        return await self._now.answer({"do": "risk"})

    async def switches(self, _fields: Fields) -> bytes:
        """Tell what is set."""
        settings = self._now.switchboard.settings.values()
        return orjson.dumps({"switches": [switch_json(each) for each in settings]})

    async def switch(self, fields: Fields) -> bytes:
        """Set a switch; one that allows more has to be durable, and is refused."""
        words = some(fields, "scope", "state", "by", "reason")
        return await self._now.answer({**words, "do": "switch"})

    async def cancel(self, fields: Fields) -> bytes:
        """Take back what waits at a book."""
        return orjson.dumps(await self._cancel(self._named(fields), fields))

    async def _cancel(self, parent: ParentState, fields: Fields) -> dict[str, object]:
        asked = some(fields, "request", "by", "wait_s")
        told = await self._now.answer({**asked, "order": parent.order.id, "do": "cancel"})
        return {**self._json(parent), **orjson.loads(told)}

    async def mass_cancel(self, fields: Fields) -> bytes:
        """Take back what waits at books of all orders that are meant."""
        is_wanted = chosen(fields)
        parents = [each for each in self._now.world.going.rows() if is_wanted(each)]
        return await self._cancel_all(parents, fields)

    async def cancel_basket(self, fields: Fields) -> bytes:
        """Take back what waits at books of the orders of a basket."""
        orders = orders_of(self._now.world, self._now.journal_id, fields)
        return await self._cancel_all([self._now.world.parents[each] for each in orders], fields)

    async def _cancel_all(self, parents: list[ParentState], fields: Fields) -> bytes:
        asked = {**some(fields, "request", "by"), "wait_s": "0"}
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(self._cancel(each, asked)) for each in parents]
        told = [task.result() for task in asking]
        affected = [each["order"] for each in told if each["result"] == "pending"]
        refused = [
            {"order": each["order"], "message": each["message"]}
            for each in told
            if each["result"] != "pending"
        ]
        return orjson.dumps({"affected": affected, "refused": refused})

    async def find(self, fields: Fields) -> bytes:
        """Tell what a client's name stands for."""
        client, name = text_or(fields, "client"), text(fields, "name")
        found = find(self._now.world, self._now.journal_id, client=client, name=name)
        if found is None:
            return orjson.dumps({"order": None, "role": None, "outcome": None})
        order = self._json(self._now.world.parents[found.parent])
        return orjson.dumps({"order": order, "role": found.role, "outcome": found.outcome})

    async def status(self, _fields: Fields) -> bytes:
        """Tell how the desk is."""
        world = self._now.world
        return orjson.dumps(
            {
                "journal": self._now.journal_id,
                "is_ready": False,
                "halted": world.halt_reason,
                "degraded": self._now.reason,
                "behind": None,
                "sequence": None,
                "place": None,
                "going": len(world.going),
                "queued": len(world.queued),
                "open_children": len(world.open),
                "at": str(self._now.assembly.clock.now()),
            }
        )

    def _named(self, fields: Fields) -> ParentState:
        name, client = text(fields, "order"), text_or(fields, "client")
        found = order_named(self._now.world, self._now.journal_id, client=client, name=name)
        if found is None:
            raise LinkError(f"order: {name!r} is not known", code=Code.UNKNOWN, field="order")
        return found

    def _json(self, parent: ParentState) -> dict[str, object]:
        return linked_data(self._now.world, parent, self._now.assembly.config.assets)


_ANSWERS: Final[Mapping[str, Answer]] = {
    "cancel": LinkDegraded.cancel,
    "mass_cancel": LinkDegraded.mass_cancel,
    "cancel_basket": LinkDegraded.cancel_basket,
    "order": LinkDegraded.order,
    "last_report": LinkDegraded.last_report,
    "orders": LinkDegraded.orders,
    "find": LinkDegraded.find,
    "risk": LinkDegraded.risk,
    "switches": LinkDegraded.switches,
    "switch": LinkDegraded.switch,
    "status": LinkDegraded.status,
}
