"""What a running desk is asked of orders at work: cancel one, give it other terms, list them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from router.domain.error import JournalError, OrderError
from router.domain.event import AmendRequested, CancelRequested, Event
from router.domain.instrument import Asset
from router.domain.units import NS_PER_S, ParentId
from router.engine.altering import is_other, refusal
from router.execution.progress import left
from router.gateway.alter_request import Wanted
from router.gateway.link import Code
from router.gateway.order_data import order_data
from router.gateway.order_request import parent_id
from router.port import Clock
from router.shell.runtime import Runtime
from router.state.world import ParentState, Phase, World

_Request = CancelRequested | AmendRequested
_OVER: Final = frozenset({Phase.RECONCILING, Phase.DONE})


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
        fault = _fault(self.runtime.world, event)
        is_new = not _is_known(self.runtime.world, event)
        if not is_new and fault is not None and _stands(known, event):
            fault = None
        await self._answered(event, wanted, is_new=is_new)
        world = self.runtime.world
        parent = world.parents[event.parent]
        result, message, code = _outcome(parent, event, fault)
        asked = {"request": event.request, "by": event.by, "result": result, "message": message}
        return {**order_data(world, parent, self.assets), **asked, "code": code}

    # Until it is durable, and what becomes of the request is; not longer than the client waits.
    async def _answered(self, event: _Request, wanted: Wanted, *, is_new: bool) -> None:
        if not wanted.wait:
            if is_new:
                self.runtime.post(event)
            await self._durable()
            return
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
                await self._durable()  # whoever asked first may be waiting for that still
                taken.set()
                if not _is_under_way(self.runtime.world.parents[event.parent], event):
                    return
            await self._heard(answered, wanted)
        finally:
            self.runtime.unwatch(watcher)

    # Where that takes longer, it goes on; the same request asks again.
    async def _heard(self, answered: asyncio.Event, wanted: Wanted) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wanted.wait / NS_PER_S):
                await answered.wait()

    async def _durable(self) -> None:
        if await self.runtime.flushed() is None:
            raise JournalError("the journal cannot be written; ask again under the same name")


def _is_under_way(parent: ParentState, event: _Request) -> bool:
    return parent.pending is not None and parent.pending.request == event.request


# A name that was given to a request of this order stands for it, also where that came too late.
def _is_known(world: World, event: _Request) -> bool:
    parent = world.parents[event.parent]
    if event.request in parent.requests:
        return True
    named = world.request(parent.order.client, event.request)
    return named is not None and named.parent == event.parent


# Whether a request that was taken before was taken for good, and asks for the same now.
def _stands(known: ParentState, event: _Request) -> bool:
    is_taken = event.request in known.requests and event.request not in known.refusals
    return is_taken and not is_other(known, event)


def _fault(world: World, event: _Request) -> tuple[str, str] | None:
    message = refusal(world, event)
    if message is None:
        return None
    parent = world.parents[event.parent]
    if is_other(parent, event):
        return message, Code.DUPLICATE
    if parent.phase in _OVER or left(world, parent).atoms <= 0:
        return message, Code.TOO_LATE
    if parent.pending is not None and parent.pending.request != event.request:
        return message, Code.PENDING
    return message, Code.REFUSED


def _outcome(
    parent: ParentState, event: _Request, fault: tuple[str, str] | None
) -> tuple[str, str, str | None]:
    status, is_cancel = parent.status.value, isinstance(event, CancelRequested)
    if fault is not None:
        return "refused", *fault
    if _is_under_way(parent, event):
        return "pending", "what is in flight is waited for; the same request asks again", None
    if event.request in parent.refusals:
        late = "when nothing was in flight any more it could not be; the old terms hold"
        return "refused", late, Code.REFUSED
    if is_cancel or parent.phase is Phase.DONE:
        return "done", f"the order has ended as {status}", None
    return "done", "the new terms hold", None
