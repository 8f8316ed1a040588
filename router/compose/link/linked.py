"""A running desk as requests of gateways see it: its world, its orders by name, what is on disk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from typing import Final, TypeAlias

from router.compose.desk import Desk
from router.compose.dry_run.planning import order_context
from router.compose.link.fields import text, text_or
from router.compose.reporting import Place
from router.domain.change import changed
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.gateway.link import Code, Fields, LinkError
from router.gateway.names import order_named
from router.gateway.order_request import OrderContext
from router.risk.assessment import RiskReport
from router.shell.runtime import Runtime
from router.state.world import ParentState, World

Answer: TypeAlias = Callable[["Linked", Fields], Awaitable[bytes]]
Follow: TypeAlias = Callable[["Linked", Fields], AsyncIterator[bytes]]

_UNWRITTEN: Final = "the journal cannot be written; ask again under the same name"
_ROOM_TRIES_MAX: Final = 20  # looks at whether the disk has caught up
_RISK_HOLDS: Final = DurationNs(NS_PER_S // 4)


class Linked:
    """A running desk, for whoever answers for it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._looking = asyncio.Lock()
        self._risk: tuple[TimestampNs, RiskReport] | None = None

    @property
    def runtime(self) -> Runtime:
        """The engine at work."""
        return self.desk.runtime

    @property
    def world(self) -> World:
        """What is known now, on record or on its way there."""
        return self.desk.runtime.world

    @property
    def now(self) -> TimestampNs:
        """The time."""
        return self.desk.assembly.clock.now()

    @property
    def context(self) -> OrderContext:
        """What an order that comes in now is checked against."""
        return changed(self._context, now=self.now, limits=self.world.limits)

    async def durable(self) -> None:
        """Return once all that was posted is on disk.

        Raises
        ------
        LinkError
            If it cannot be written.
        """
        if await self.runtime.flushed() is None:
            raise LinkError(_UNWRITTEN, code=Code.DEGRADED)

    async def newest_report(self) -> Place:
        """Return the place of the newest report, once all that was posted is on disk and told.

        Raises
        ------
        LinkError
            If it cannot be written.
        JournalError
            If the desk is closed meanwhile.
        """
        posted = self.runtime.durable_sequence + self.runtime.behind
        await self.durable()
        return await self.desk.reporting.newest(posted)

    async def room(self, orders: int) -> None:
        """Return once orders can be taken in: those before them are on disk, and few wait.

        Raises
        ------
        LinkError
            If there is no room, or the journal cannot be written.
        """
        for _ in range(_ROOM_TRIES_MAX):
            if not self.runtime.is_behind:
                break
            await self.durable()
        problem = self.runtime.crowded(orders)
        if problem is not None:
            raise LinkError(problem, code=Code.BUSY)

    async def breathe(self) -> None:
        """Let others do something."""
        await self.desk.assembly.clock.sleep(DurationNs(0))

    def named(self, fields: Fields) -> ParentState:
        """Return the order that is meant, by its client's name of it or the desk's.

        Raises
        ------
        LinkError
            If that client has none of the name.
        """
        name, client = text(fields, "order"), text_or(fields, "client")
        found = order_named(self.world, self.desk.journal_id, client=client, name=name)
        if found is None:
            raise LinkError(f"order: {name!r} is not known", code=Code.UNKNOWN, field="order")
        return found

    async def risk(self) -> RiskReport:
        """Return what is known of the accounts' risk; found just now, or a moment ago."""
        async with self._looking:
            if self._risk is None or self.now - self._risk[0] >= _RISK_HOLDS:
                self._risk = self.now, await self.runtime.risk_report()
            return self._risk[1]

    @cached_property
    def _context(self) -> OrderContext:
        return order_context(self.desk.assembly, self.desk.journal_id)
