"""What a desk still does while its journal cannot be written: it tells, and it takes back.

Nothing new is taken and nothing is signed: what cannot be made durable is not done. Only what is
harmless to do twice passes: orders that wait at a book are cancelled there, and a switch that
allows less holds at once. What was asked for goes on record as soon as there is one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import orjson

from router import engine
from router.compose.assembly import Assembly
from router.domain.command import CancelChild
from router.domain.error import ConfigError, OrderError, RejectedError, VenueError
from router.domain.event import CancelRequested, Event, SwitchSet
from router.domain.order import ChildOrder
from router.domain.switch import SwitchSetting
from router.domain.units import NS_PER_S, ChildId, DurationNs, ParentId, VenueId
from router.engine.altering import refusal
from router.gateway.alter_request import parse_cancel
from router.gateway.local import Request
from router.gateway.order_data import order_data
from router.gateway.order_request import parent_id
from router.gateway.risk_data import risk_data
from router.gateway.switch_request import check_known, parse_switch
from router.port import Obedient, Venue
from router.shell import observe
from router.shell.risk_watch import RiskWatch
from router.shell.streams import follow
from router.shell.switchboard import Switchboard
from router.state.world import ParentState, World

_VENUE_PAUSE: Final = DurationNs(NS_PER_S)
_CONNECTED_WITHIN_S: Final = 5.0
_CANCEL_PAUSE: Final = DurationNs(NS_PER_S // 4)
_RECORDED_LATER: Final = "it goes on record once the journal can be written"


class Degraded:
    """A desk without a journal.

    Parameters
    ----------
    assembly : Assembly
        Its venues are its own, and connected to nothing yet.
    world : World
        As it was when the journal failed.
    reason : str
        What is wrong with it, and what to do.

    Attributes
    ----------
    owed : list of CancelRequested
        What clients asked for meanwhile, to be put on record.
    """

    def __init__(
        self,
        assembly: Assembly,
        world: World,
        *,
        journal_id: str,
        switchboard: Switchboard,
        reason: str,
    ) -> None:
        self._assembly = assembly
        self._world = world
        self._journal_id = journal_id
        self._switchboard = switchboard
        self._reason = reason
        self._reader = assembly.reader()
        self._ready: dict[VenueId, asyncio.Event] = {}
        self._tasks: dict[ChildId, asyncio.Task[str]] = {}
        self._group: asyncio.TaskGroup | None = None
        self.owed: list[CancelRequested] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep its venues connected, and obey the switches, until the block is left."""
        venues = self._assembly.venues
        self._ready = {name: asyncio.Event() for name in venues}
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                tasks = [group.create_task(self._connect(venue)) for venue in venues.values()]
                tasks.append(group.create_task(self._switchboard.watch()))
                self._switchboard.begin(self._world.switches, self._switched)
                for setting in self._switchboard.settings.values():
                    self._switched(setting)  # also those whose cancels the journal cut short
                try:
                    yield
                finally:
                    for task in (*tasks, *self._tasks.values()):
                        task.cancel()
        finally:
            for venue in venues.values():
                await venue.close()

    @property
    def assembly(self) -> Assembly:
        """What it is made of."""
        return self._assembly

    @property
    def world(self) -> World:
        """As it was when the journal failed, and what has been asked for since."""
        return self._world

    @property
    def journal_id(self) -> str:
        """The name of the journal that cannot be written."""
        return self._journal_id

    @property
    def reason(self) -> str:
        """What is wrong, and what to do."""
        return self._reason

    @property
    def switchboard(self) -> Switchboard:
        """The kill switch."""
        return self._switchboard

    async def answer(self, request: Request) -> bytes:
        """Answer what can be answered without a journal.

        Raises
        ------
        OrderError
            For all that would have to be recorded; says what is wrong and what to do.
        """
        rest = {name: value for name, value in request.items() if name != "do"}
        match request.get("do", "order"):
            case "cancel":
                return orjson.dumps(await self._cancel(rest))
            case "orders":
                return orjson.dumps({"orders": self._orders()})
            case "risk":
                return orjson.dumps(await self._risk())
            case "switch":
                return orjson.dumps(await self._switch(rest))
            case _:
                raise OrderError(self._reason)

    def _orders(self) -> list[dict[str, object]]:
        assets = self._assembly.config.assets
        return [order_data(self._world, each, assets) for each in self._world.going.rows()]

    async def _risk(self) -> dict[str, object]:
        try:
            async with asyncio.timeout(_CONNECTED_WITHIN_S):
                for ready in self._ready.values():
                    await ready.wait()
        except TimeoutError:
            away = min(name for name, ready in self._ready.items() if not ready.is_set())
            raise OrderError(f"{away} is not connected yet; ask again in a moment") from None
        watch = RiskWatch(
            self._reader,
            clock=self._assembly.clock,
            world=lambda: self._world,
            post=lambda _event: None,
        )
        return risk_data(await watch.report(), self._assembly.config.assets)

    async def _switch(self, request: Mapping[str, str]) -> dict[str, str]:
        wanted = parse_switch(request)
        accounts = {i.account for i in self._assembly.instruments}
        check_known(wanted.scope, venues=self._assembly.venues, accounts=accounts)
        setting = await self._switchboard.set(wanted.setting(self._assembly.clock.now()))
        return {
            "scope": setting.scope.label,
            "state": str(setting.state),
            "by": setting.by,
            "reason": setting.reason,
            "at": str(setting.at),
        }

    async def _cancel(self, request: Mapping[str, str]) -> dict[str, object]:
        wanted = parse_cancel(request)
        name = self._named(wanted.order).order.id
        event = CancelRequested(name, wanted.request, wanted.by, self._assembly.clock.now())
        fault = refusal(self._world, event)
        if fault is None:
            self.owed.append(event)
            told = await self._told(self._foresee(event), wanted.wait)
            fault = f"{told}; {_RECORDED_LATER}"
            result = "pending"
        else:
            is_known = any(e.request == wanted.request for e in self.owed)
            result = "pending" if is_known else "refused"
        parent = self._world.parents[name]
        assets = self._assembly.config.assets
        asked = {"request": wanted.request, "by": wanted.by, "result": result, "message": fault}
        return {**asked, **order_data(self._world, parent, assets)}

    def _named(self, name: str) -> ParentState:
        for each in (parent_id(self._journal_id, name), ParentId(name)):
            if each in self._world.parents:
                return self._world.parents[each]
        raise OrderError(f"order: {name!r} is not known; headrace orders lists those at work")

    def _switched(self, setting: SwitchSetting) -> None:
        self._foresee(SwitchSet(setting, self._assembly.clock.now()))

    # The engine decides what is taken back, as ever; of what it says only cancels at books are
    # done, and the world they lead to is forgotten once there is a journal again.
    def _foresee(self, event: Event) -> list["asyncio.Task[str]"]:
        assert self._group is not None, "only a running desk is asked"
        self._world, commands = engine.step(self._world, event)
        begun = []
        for command in commands:
            if isinstance(command, CancelChild) and command.child.id not in self._tasks:
                task = self._group.create_task(self._take_back(command))
                self._tasks[command.child.id] = task
                begun.append(task)
        return begun

    async def _take_back(self, command: CancelChild) -> str:
        child = command.child
        await self._ready[child.venue].wait()
        while True:
            try:
                await self._assembly.venues[child.venue].cancel(child, command.attempts)
            except RejectedError as error:
                return self._said(child, str(error))
            except VenueError as error:
                observe.child_unresolved(child.id, reason=str(error), attempts_count=0)
                await self._assembly.clock.sleep(_CANCEL_PAUSE)
            else:
                return self._said(child, f"{child.venue} has cancelled it")

    def _said(self, child: ChildOrder, word: str) -> str:
        return f"{child.id}: {word}"

    async def _told(self, tasks: list["asyncio.Task[str]"], wait: DurationNs) -> str:
        if not tasks:
            return "nothing of it waits at a book"
        done, pending = await asyncio.wait(tasks, timeout=wait / NS_PER_S)
        said = [task.result() for task in done if not task.cancelled()]
        if pending:
            said.append(f"{len(pending)} are asked for still")
        return ", ".join(sorted(said))

    # A venue that cannot be reached is tried again: cancels wait for it, the others do not.
    async def _connect(self, venue: Venue) -> None:
        while True:
            with suppress(ConfigError, VenueError):
                await venue.start()
                break
            await self._assembly.clock.sleep(_VENUE_PAUSE)
        if isinstance(venue, Obedient):
            venue.obey(self._switchboard)
        self._ready[venue.id].set()
        await follow({venue.id: venue}, self._reader.market, self._assembly.clock)
