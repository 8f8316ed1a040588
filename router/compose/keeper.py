"""Keeps a desk at work: while its journal cannot be written, a desk without one.

The way back is that of a restart: the journal is opened anew and replayed, and what may be in
flight is asked for. A journal that is damaged, or is somebody else's, ends the process.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from router.compose import requests
from router.compose.assembly import Assembly
from router.compose.degraded import Degraded
from router.compose.desk import Desk, open_desk
from router.compose.recovery import forget_ended
from router.compose.venue_tables import setups
from router.domain.error import ConfigError, DiskError, OrderError, RouterError
from router.domain.event import CancelRequested
from router.domain.units import NS_PER_S, DurationNs
from router.gateway.local import Request, Tell
from router.shell import observe
from router.shell.disk_probe import probe
from router.shell.solver_pool import Solver, SolverPool
from router.shell.switch_file import SwitchFiles
from router.shell.switchboard import Switchboard

_PROBE_PAUSE: Final = DurationNs(NS_PER_S // 2)
_BETWEEN: Final = "the desk is being opened anew; send it again in a moment"


class Keeper:
    """A desk that outlives its disk's bad hours."""

    def __init__(self, assembly: Assembly, environment: Mapping[str, str]) -> None:
        self._assembly = assembly
        self._environment = environment
        self._now: Desk | Degraded | None = None
        self._opened = asyncio.Event()
        self._failed = asyncio.Event()
        self._stop = asyncio.Event()
        self._owed: list[CancelRequested] = []
        self._journal = assembly.config.journal
        self.switchboard = Switchboard(assembly.clock, SwitchFiles.beside(self._journal))

    @asynccontextmanager
    async def open(self, solver: Solver | None = None) -> AsyncIterator[None]:
        """Open the desk, and keep it until the block is left.

        Raises
        ------
        ConfigError, JournalError
            If it cannot be opened the first time.
        """
        async with asyncio.TaskGroup() as group:
            pool = solver or SolverPool(self._assembly.config.solve_deadline, warm=True)
            keeping = group.create_task(self._keep(pool))
            keeping.add_done_callback(lambda _: self._opened.set())
            try:
                await self._opened.wait()
                yield
            finally:
                self._stop.set()
                await asyncio.wait({keeping})
                if isinstance(pool, SolverPool):
                    pool.close()

    async def answer(self, request: Request, tell: Tell) -> bytes:
        """Do what a request says, as far as it can be done now.

        Raises
        ------
        OrderError
            If it cannot; a request under way when the journal fails is told so.
        """
        now = self._now
        if now is None:
            raise OrderError(_BETWEEN)
        if isinstance(now, Degraded):
            return await now.answer(request)
        failed = self._failed
        asked = asyncio.create_task(requests.answer(now, request, tell))
        failing = asyncio.create_task(failed.wait())
        try:
            await asyncio.wait({asked, failing}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            raise OrderError(
                "the journal cannot be written, and what became of this is not on record; ask again"
                " under the same name"
            )
        finally:
            asked.cancel()
            failing.cancel()

    @property
    def now(self) -> Desk | Degraded | None:
        """The desk as it is at the moment; None while it is being opened anew."""
        return self._now

    @property
    def failed(self) -> asyncio.Event:
        """Set once the journal of the desk that is at work cannot be written."""
        return self._failed

    async def reload(self, by: str) -> tuple[str, ...]:
        """Read the limits anew.

        Raises
        ------
        RouterError
            If that cannot be; the limits stay as they were.
        """
        if not isinstance(self._now, Desk):
            raise OrderError(_BETWEEN)
        return await self._now.reload(by, self._environment)

    def halt(self, *, by: str, reason: str) -> None:
        """Halt the firm at once."""
        self.switchboard.halt(by=by, reason=reason)

    async def _keep(self, solver: Solver) -> None:
        assembly = self._assembly
        while True:
            fault = await self._serve(assembly, solver)
            if fault is None:
                return
            assembly = await self._wait_out(fault)
            if self._stop.is_set():
                return
            forget_ended()

    # Until it is told to stop, or the disk fails: then what it failed with.
    async def _serve(self, assembly: Assembly, solver: Solver) -> RouterError | None:
        fault: RouterError | None = None
        try:
            async with open_desk(assembly, solver=solver, switchboard=self.switchboard) as desk:
                self._take(desk)
                await self._stop.wait()
        except* DiskError as errors:
            fault = _first(errors)
        except* ConfigError as errors:
            fault = _first(errors)
        if fault is not None and (not self._opened.is_set() or self._stop.is_set()):
            raise fault
        return fault

    def _take(self, desk: Desk) -> None:
        for event in self._owed:
            desk.runtime.post(event)
        self._owed.clear()
        self._desk = desk
        self._now, self._failed = desk, asyncio.Event()
        self._opened.set()

    # Returns venues that are connected to nothing yet, for the desk that comes.
    async def _wait_out(self, fault: RouterError) -> Assembly:
        desk, journal = self._desk, self._journal
        self._failed.set()
        reason = (
            f"nothing new is taken: {fault}. Make room in {journal.parent}, or make it writable:"
            " the desk goes on by itself then; cancel, orders, risk and switch still answer"
        )
        observe.alarm_raised(reason)
        degraded = Degraded(
            self._renewed(),
            desk.runtime.world,
            journal_id=desk.journal_id,
            switchboard=self.switchboard,
            reason=reason,
        )
        async with degraded.running():
            self._now = degraded
            await self._well(journal)
            self._now = None
        self._owed.extend(degraded.owed)
        return self._renewed()

    async def _well(self, journal: Path) -> None:
        while not self._stop.is_set():
            await self._assembly.clock.sleep(_PROBE_PAUSE)
            try:
                await asyncio.to_thread(probe, journal)
            except DiskError:
                continue
            return

    # As after a restart: nothing that was not durable is remembered.
    def _renewed(self) -> Assembly:
        old = self._assembly
        return replace(old, setups=setups(old.config, self._environment, old.clock))


def _first(errors: BaseExceptionGroup[RouterError]) -> RouterError:
    leaves = errors.exceptions
    while isinstance(leaves[0], BaseExceptionGroup):
        leaves = leaves[0].exceptions
    found = leaves[0]
    assert isinstance(found, RouterError), "the group was filtered by its kind"
    return found
