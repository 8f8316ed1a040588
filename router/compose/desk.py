"""The desk: an engine with its journal, venues and solver, taking orders until told to stop."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from router.compose.altering import Alterations
from router.compose.archive import Archive, open_archive
from router.compose.assembly import Assembly, connected, started
from router.compose.baskets import Baskets
from router.compose.dry_run import quotes
from router.compose.dry_run.desk_quotes import DeskQuotes
from router.compose.dry_run.planning import order_context
from router.compose.reconcile import reconcile
from router.compose.recovery import resumed
from router.compose.reload import changed, reread
from router.compose.reporting import Reporting
from router.domain.error import ConfigError, OrderError
from router.domain.event import (
    AccountsObserved,
    BaselineAccepted,
    Event,
    HourStruck,
    LimitsChanged,
)
from router.domain.switch import SwitchSetting
from router.gateway.feed import Feed
from router.gateway.publisher import Publisher
from router.gateway.risk_data import risk_data
from router.gateway.switch_request import Wanted, check_known
from router.shell import observe, store
from router.shell.checkpoint_store import Checkpoints
from router.shell.runtime import Parts, RecordSink, Runtime
from router.shell.solver_pool import Solver, SolverPool
from router.shell.switch_file import SwitchFiles
from router.shell.switchboard import Switchboard
from router.state.world import World
from router.tca.concern import parent_of
from router.tca.report import ParentReport, report
from router.tca.story import tell

Tell: TypeAlias = Callable[[str], None]
WrapJournal: TypeAlias = Callable[[RecordSink], RecordSink]


class Desk:
    """Takes orders for a running engine."""

    def __init__(
        self,
        assembly: Assembly,
        runtime: Runtime,
        *,
        journal_id: str,
        switchboard: Switchboard,
        feed: Feed,
        reporting: Reporting,
    ) -> None:
        self.assembly = assembly
        self.journal_id = journal_id
        self.runtime = runtime
        self.switchboard = switchboard
        self.feed = feed
        self.reporting = reporting
        self.quotes = DeskQuotes(assembly, runtime)

    @property
    def alterations(self) -> Alterations:
        """The orders at work, for whoever wants them to be otherwise."""
        parts = self.assembly
        return Alterations(self.runtime, parts.config.assets, self.journal_id, parts.clock)

    @property
    def baskets(self) -> Baskets:
        """Orders that are planned together, for whoever sends some."""
        limits = self.runtime.world.limits  # they may have been read anew
        context = replace(order_context(self.assembly, self.journal_id), limits=limits)
        return Baskets(self.runtime, context)

    async def work(self, request: Mapping[str, str], tell_line: Tell) -> ParentReport:
        """Take an order, tell its story line by line, and return the report once it is done.

        The same request again follows the same order.

        Raises
        ------
        OrderError
            If the request names something that cannot be; nothing was sent.
        """
        context = order_context(self.assembly, self.journal_id)
        limits = self.runtime.world.limits  # they may have been read anew
        order = quotes.parsed(self.assembly, request, replace(context, limits=limits))
        if order.id not in self.runtime.world.parents:
            quotes.claim(self.assembly, order)

        def watcher(event: Event, world: World) -> None:
            if parent_of(event, world) in {None, order.id}:
                for line in (tell(event, world), *quotes.contingencies(event)):
                    if line is not None:
                        tell_line(line)

        self.runtime.watch(watcher)
        try:
            self.runtime.submit(order)
            done = await self.runtime.finished(order.id)
        finally:
            self.runtime.unwatch(watcher)
        return report(self.runtime.world, done)

    async def switch(self, wanted: Wanted) -> SwitchSetting:
        """Set what may still be traded, and return it as it is on record.

        Raises
        ------
        OrderError
            If there is no such venue or account, or it cannot be made durable and allows more.
        """
        accounts = {i.account for i in self.assembly.instruments}
        setting = wanted.setting(self.assembly.clock.now())
        check_known(setting.scope, venues=self.assembly.venues, accounts=accounts)
        return await self.switchboard.set(setting)

    async def risk(self) -> dict[str, object]:
        """Assess all accounts now and return the report as plain data."""
        found = await self.runtime.risk_report()
        return risk_data(found, self.assembly.config.assets)

    async def reconcile(self) -> dict[str, object]:
        """Look at all accounts now, and return how the record stands as plain data."""
        return await reconcile(self.runtime, self.assembly.clock.now())

    async def reload(self, by: str, environment: Mapping[str, str]) -> tuple[str, ...]:
        """Read the limits anew, and return which have changed once that is durable.

        Raises
        ------
        ConfigError
            If the file is wrong, or more than limits has changed; the limits stay as they were.
        """
        limits = reread(self.assembly, environment)
        news = changed(self.runtime.world.limits, limits)
        if not news:
            return news
        taken = asyncio.Event()

        def watcher(event: Event, _world: World) -> None:
            if isinstance(event, LimitsChanged) and event.limits == limits:
                taken.set()

        self.runtime.watch(watcher)
        try:
            self.runtime.post(LimitsChanged(limits, by, self.assembly.clock.now()))
            await taken.wait()
        finally:
            self.runtime.unwatch(watcher)
        return news

    async def accept(self, reason: str) -> None:
        """Take the accounts as they are for the baseline, and return once that is durable.

        Raises
        ------
        OrderError
            If an order is at work: its fills belong to the ledger that is questioned.
        """
        if self.runtime.world.planning or self.runtime.world.open:
            raise OrderError("an order is at work; accept once it has ended")
        taken = asyncio.Event()

        def watcher(event: Event, world: World) -> None:
            if isinstance(event, AccountsObserved) and world.ledger is not None:
                taken.set()

        self.runtime.watch(watcher)
        try:
            self.runtime.post(BaselineAccepted(reason, self.assembly.clock.now()))
            await taken.wait()
        finally:
            self.runtime.unwatch(watcher)


@asynccontextmanager
async def open_desk(
    assembly: Assembly,
    *,
    wrap: WrapJournal = lambda journal: journal,
    solver: Solver | None = None,
    switchboard: Switchboard | None = None,
) -> AsyncIterator[Desk]:
    """Recover from the journal, connect, and run the engine until the block is left.

    Parameters
    ----------
    wrap : function
        Put around the journal; for those who want to see every record on its way to disk.
    solver : Solver, optional
        Another than a process of its own.
    switchboard : Switchboard, optional
        One that has obeyed before; else it begins with what its files say.

    Raises
    ------
    ConfigError
        If a venue is not what the configuration says, or cannot be reached.
    JournalError
        If the journal is damaged, in use, or replays to other commands than it recorded.
    """
    with (
        _journal(assembly.config.journal) as (journal, journal_id),
        _archive(assembly, journal_id) as archive,
        _solving(assembly, solver) as planner,
    ):
        path = assembly.config.journal
        world, checkpoints = resumed(path, journal_id, assembly.clock, archive=archive)
        switchboard = switchboard or _switchboard(assembly)
        async with connected(assembly):
            parts = _parts(assembly, planner, wrap(journal))
            parts = replace(parts, switchboard=switchboard, checkpoints=checkpoints)
            runtime = Runtime(parts, world)
            reporting = Reporting(
                path,
                journal_id,
                assembly.config.assets,
                begun=journal.tip.sequence,
                archive=archive,
            )
            runtime.follow(reporting.record)
            desk = Desk(
                assembly,
                runtime,
                journal_id=journal_id,
                switchboard=switchboard,
                feed=_told_of(runtime, f"{journal_id}-{assembly.clock.now()}"),
                reporting=reporting,
            )
            async with _running(desk):
                yield desk
            await _keep_last(runtime, checkpoints)


@asynccontextmanager
async def _running(desk: Desk) -> AsyncIterator[None]:
    stop, runtime = asyncio.Event(), desk.runtime
    async with asyncio.TaskGroup() as group:
        group.create_task(runtime.run(started(desk.assembly, desk.journal_id), stop))
        await runtime.started.wait()
        watching = group.create_task(desk.switchboard.watch())
        try:
            yield
        finally:
            desk.reporting.close()
            watching.cancel()
            stop.set()
            await desk.quotes.close()


def _parts(assembly: Assembly, planner: Solver, journal: RecordSink) -> Parts:
    return Parts(reader=assembly.reader(), solver=planner, journal=journal, clock=assembly.clock)


def _switchboard(assembly: Assembly) -> Switchboard:
    return Switchboard(assembly.clock, SwitchFiles.beside(assembly.config.journal))


async def _keep_last(runtime: Runtime, checkpoints: Checkpoints) -> None:
    await checkpoints.close()
    tip = await runtime.flushed()
    if tip is not None:
        runtime.tell_rest()  # a start goes on from the world that is kept
        checkpoints.keep(runtime.world, tip)


# The feed of what the runtime does from here on, and of all that is found of its risk.
def _told_of(runtime: Runtime, name: str) -> Feed:
    feed = Feed(name)
    publisher = Publisher(
        feed,
        runtime.world,
        look=lambda at: runtime.post(HourStruck(at)),
        alarm=observe.alarm_raised,
    )
    runtime.watch(publisher.event)
    runtime.watch_risk(lambda found: publisher.report(found, runtime.world))
    return feed


@contextmanager
def _archive(assembly: Assembly, journal_id: str) -> Iterator[Archive]:
    archive = open_archive(assembly.config.journal, journal_id, assembly.config.assets)
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def _journal(path: Path) -> Iterator[tuple[store.JournalStore, str]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"engine.journal: {path.parent} cannot be made ({error.strerror})"
        raise ConfigError(f"{problem}; choose another") from error
    # A desk that was killed while it created its journal leaves an empty file.
    has_begun = path.exists() and path.stat().st_size > 0
    journal_id = store.identity(path) if has_begun else secrets.token_hex(8)
    journal = store.open_journal(path, journal_id=journal_id)
    try:
        yield journal, journal_id
    finally:
        journal.close()


@contextmanager
def _solving(assembly: Assembly, given: Solver | None) -> Iterator[Solver]:
    if given is not None:
        yield given
        return
    pool = SolverPool(assembly.config.solve_deadline, warm=True)
    try:
        yield pool
    finally:
        pool.close()
