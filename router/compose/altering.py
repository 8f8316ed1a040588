"""What a running desk is asked of orders at work: cancel one, give it other terms, list them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.error import OrderError
from router.domain.event import AmendRequested, CancelRequested, Event
from router.domain.instrument import Asset
from router.domain.units import NS_PER_S, ParentId
from router.engine.altering import is_other, refusal
from router.gateway.alter_request import Wanted
from router.gateway.order_data import order_data
from router.gateway.order_request import parent_id
from router.port import Clock
from router.shell.runtime import Runtime
from router.state.world import ParentState, Phase, World

_Request = CancelRequested | AmendRequested


@dataclass(frozen=True, slots=True)
class Alterations:
    """The orders of a running engine, for whoever wants them to be otherwise."""

    runtime: Runtime
    assets: Mapping[str, Asset]
    journal_id: str
    clock: Clock

    async def cancel(self, wanted: Wanted) -> dict[str, object]:
        """Cancel an order, and return what became of that as plain data.

        Raises
        ------
        OrderError
            If there is no such order.
        """
        name = self._named(wanted.order).order.id
        event = CancelRequested(name, wanted.request, wanted.by, self.clock.now())
        return await self._asked(event, wanted)

    async def amend(self, wanted: Wanted) -> dict[str, object]:
        """Give an order other terms, and return what became of that as plain data.

        Raises
        ------
        OrderError
            If there is no such order, or a term cannot be read.
        """
        parent, now = self._named(wanted.order), self.clock.now()
        terms = wanted.amendment(parent.order, self.assets, now)
        event = AmendRequested(parent.order.id, wanted.request, terms, wanted.by, now)
        return await self._asked(event, wanted)

    def orders(self) -> list[dict[str, object]]:
        """Return the orders that have not ended, oldest first."""
        world = self.runtime.world
        return [order_data(world, parent, self.assets) for parent in world.going.rows()]

    def _named(self, name: str) -> ParentState:
        parents = self.runtime.world.parents
        for each in (parent_id(self.journal_id, name), ParentId(name)):
            if each in parents:
                return parents[each]
        raise OrderError(f"order: {name!r} is not known; headrace orders lists those at work")

    async def _asked(self, event: _Request, wanted: Wanted) -> dict[str, object]:
        known = self.runtime.world.parents[event.parent]
        if event.request in known.requests:
            is_refused = event.request in known.refusals or is_other(known, event)
            fault = self._fault(event) if is_refused else None
            await self._answered(event, wanted, is_new=False)
        else:
            fault = self._fault(event)
            await self._answered(event, wanted, is_new=True)
        world = self.runtime.world
        parent = world.parents[event.parent]
        result, message = _outcome(parent, event, fault)
        asked = {"request": event.request, "by": event.by, "result": result, "message": message}
        return {**order_data(world, parent, self.assets), **asked}

    def _fault(self, event: _Request) -> str | None:
        return refusal(self.runtime.world, event)

    # Until it is durable, and what becomes of the request is; not longer than the client waits.
    async def _answered(self, event: _Request, wanted: Wanted, *, is_new: bool) -> None:
        taken, answered = asyncio.Event(), asyncio.Event()

        def watcher(seen: Event, world: World) -> None:
            if seen is event:
                taken.set()
            if taken.is_set() and not _is_under_way(world.parents[event.parent], event):
                answered.set()

        self.runtime.watch(watcher)
        try:
            if is_new:
                self.runtime.post(event)
                await taken.wait()
            else:
                await self.runtime.flushed()  # whoever asked first may be waiting for that still
                taken.set()
                if not _is_under_way(self.runtime.world.parents[event.parent], event):
                    return
            async with asyncio.timeout(wanted.wait / NS_PER_S):
                await answered.wait()
        except TimeoutError:
            return  # it goes on; the same request asks again
        finally:
            self.runtime.unwatch(watcher)


def _is_under_way(parent: ParentState, event: _Request) -> bool:
    return parent.pending is not None and parent.pending.request == event.request


def _outcome(parent: ParentState, event: _Request, fault: str | None) -> tuple[str, str]:
    status, is_cancel = parent.status.value, isinstance(event, CancelRequested)
    if fault is not None:
        return "refused", fault
    if _is_under_way(parent, event):
        return "pending", "what is in flight is waited for; the same request asks again"
    if event.request in parent.refusals:
        return "refused", "when nothing was in flight any more it could not be; the old terms hold"
    if is_cancel or parent.phase is Phase.DONE:
        return "done", f"the order has ended as {status}"
    return "done", "the new terms hold"
