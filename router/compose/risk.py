"""Risk without a daemon: read from the venues now, and from the journal what only that knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeAlias

from router.compose.assembly import Assembly, ready, started
from router.compose.recovery import recover
from router.domain.error import ConfigError, StaleDataError
from router.domain.order import ChildOrder
from router.domain.stress import Scenario
from router.domain.units import AccountId, VenueId
from router.port import Obedient, Venue
from router.risk.assessment import RiskReport, assess
from router.shell import store
from router.shell.streams import follow
from router.state.world import World

Look: TypeAlias = Callable[[], Awaitable[RiskReport]]

_NO_JOURNAL = "risk"


@asynccontextmanager
async def looking(
    assembly: Assembly, scenarios: tuple[Scenario, ...] | None = None
) -> AsyncIterator[Look]:
    """Connect, and yield what assesses all accounts; venues that do not answer are left out.

    Parameters
    ----------
    scenarios : tuple of Scenario, optional
        Asked instead of the configured ones.

    Raises
    ------
    ConfigError
        If no venue is what the configuration says, or can be reached.
    JournalError
        If there is a journal, and it is damaged.
    """
    world, clock = _known(assembly, scenarios), assembly.clock
    quotes = [i.quote.id for i in assembly.instruments]
    async with _reached(assembly) as (here, missing), asyncio.TaskGroup() as group:
        reader = here.reader()

        async def look() -> RiskReport:
            survey = await reader.survey(max(quotes, key=quotes.count))
            survey = replace(survey, unreadable={**survey.unreadable, **missing})
            return assess(world, survey, epoch=world.epoch, at=clock.now())

        streams = group.create_task(follow(here.venues, reader.market, clock))
        try:
            with suppress(StaleDataError):  # what is missing is told in the report
                await ready(here, reader)
            yield look
        finally:
            streams.cancel()


class _OnlyLooks:
    """Lets no venue do anything by itself: a daemon may be at work beside us, or have just died."""

    def may_send(self, _child: ChildOrder, /) -> bool:
        return False

    def is_stopped(self, _venue: VenueId, _account: AccountId, /) -> bool:
        return True


# The part of an assembly that can be reached, and why accounts of the rest cannot.
@asynccontextmanager
async def _reached(assembly: Assembly) -> AsyncIterator[tuple[Assembly, dict[AccountId, str]]]:
    venues = assembly.venues.values()
    try:
        async with asyncio.TaskGroup() as group:
            asked = {venue.id: group.create_task(_fault(venue)) for venue in venues}
        faults = {name: fault for name, task in asked.items() if (fault := task.result())}
        here = replace(
            assembly, setups=tuple(s for s in assembly.setups if s.venue.id not in faults)
        )
        if not here.setups:
            name, fault = next(iter(faults.items()))
            raise ConfigError(f"{assembly.config.path}: venues.{name}: {fault}") from fault
        yield here, {v.account: str(faults[v.id]) for v in venues if v.id in faults}
    finally:
        for venue in venues:
            await venue.close()


async def _fault(venue: Venue) -> ConfigError | None:
    if isinstance(venue, Obedient):
        venue.obey(_OnlyLooks())
    try:
        await venue.start()
    except ConfigError as error:
        return error
    return None


# The world as the journal left it, under the limits that the file states now.
def _known(assembly: Assembly, scenarios: tuple[Scenario, ...] | None) -> World:
    path = assembly.config.journal
    world = World()
    if path.exists() and path.stat().st_size:
        world = recover(path, store.identity(path)).world
    start = started(assembly, _NO_JOURNAL)
    if scenarios is not None:
        limits = replace(start.limits, stresses=scenarios)
        start = replace(start, limits=limits)
    return replace(world, started=start, limits_now=None, assessment=None)
