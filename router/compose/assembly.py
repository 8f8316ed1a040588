"""A configuration made into venues, instruments and the parts of a runtime."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from router.compose.venue_tables import setups
from router.domain.error import ConfigError, StaleDataError
from router.domain.event import EngineStarted
from router.domain.instrument import Instrument
from router.domain.units import NS_PER_S, AssetId, DurationNs, VenueId
from router.port import Clock, Venue, VenueSetup
from router.shell.config import Config, load
from router.shell.config_controls import check_scopes
from router.shell.reader import Reader
from router.shell.streams import follow
from router.state.market import MarketView

_FIRST_DATA_WAIT: Final = DurationNs(20 * NS_PER_S)
_FIRST_DATA_PAUSE: Final = DurationNs(NS_PER_S // 50)


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything a configuration names, connected to nothing yet."""

    config: Config
    setups: tuple[VenueSetup, ...]
    clock: Clock

    @property
    def venues(self) -> Mapping[VenueId, Venue]:
        """The venues by name."""
        return {s.venue.id: s.venue for s in self.setups}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All instruments of all venues, in the file's order."""
        return tuple(i for s in self.setups for i in s.instruments)

    def require_permission(self, *, live: bool) -> None:
        """Refuse to trade real money unless that was asked for.

        Raises
        ------
        ConfigError
            Naming the venues.
        """
        real = [s.venue.id for s in self.setups if s.real_money]
        if real and not live:
            raise ConfigError(
                f"{self.config.path}: {', '.join(real)} trade real money; pass --live to allow it"
            )

    def reader(self) -> Reader:
        """Return a reader over a market view that is still empty."""
        natives: dict[VenueId, AssetId] = {
            s.venue.id: s.native for s in self.setups if s.native is not None
        }
        run = str(self.clock.now())
        market = MarketView(self.instruments, self.config.staleness, run)
        return Reader(
            self.venues, market, natives=natives, clock=self.clock, indices=self.config.indices
        )


def assemble(
    path: Path, environment: Mapping[str, str], clock: Clock, *, only_watches: bool = False
) -> Assembly:
    """Read a configuration and build what it names.

    Parameters
    ----------
    only_watches : bool
        Ask for no key: nothing can be signed, and nothing is changed at any venue.

    Raises
    ------
    ConfigError
        Naming the file, the key and the remedy.
    """
    config = load(path, environment)
    keys = None if only_watches else environment
    assembly = Assembly(config, setups(config, keys, clock), clock)
    seen: set[str] = set()
    for instrument in assembly.instruments:
        if instrument.id in seen:
            raise ConfigError(f"{path}: {instrument.id} is configured twice; remove one")
        seen.add(instrument.id)
    check_limits(assembly, config)
    return assembly


@asynccontextmanager
async def connected(assembly: Assembly) -> AsyncIterator[None]:
    """Connect and check every venue; release them at the end.

    Raises
    ------
    ConfigError
        If a venue is not what the configuration says, or cannot be reached.
    """
    venues = tuple(assembly.venues.values())
    try:
        await _start(assembly, venues)
        yield
    finally:
        for venue in venues:
            await venue.close()


@asynccontextmanager
async def streaming(assembly: Assembly, reader: Reader) -> AsyncIterator[None]:
    """Stream every venue into the reader's market until the block is left.

    Raises
    ------
    StaleDataError
        If a market is not complete and fresh within 20 s.
    """
    async with asyncio.TaskGroup() as group:
        streams = group.create_task(follow(assembly.venues, reader.market, assembly.clock))
        try:
            await ready(assembly, reader)
            yield
        finally:
            streams.cancel()


async def ready(assembly: Assembly, reader: Reader) -> None:
    """Return once every market is complete and fresh.

    Raises
    ------
    StaleDataError
        If that takes more than 20 s; says what is missing.
    """
    clock = assembly.clock
    deadline = clock.now() + _FIRST_DATA_WAIT
    while (missing := reader.market.missing(clock.now())) is not None:
        if clock.now() > deadline:
            raise StaleDataError(f"{missing}; gave up after {_FIRST_DATA_WAIT // NS_PER_S} s")
        await clock.sleep(_FIRST_DATA_PAUSE)


def started(assembly: Assembly, journal_id: str) -> EngineStarted:
    """Return the first event of a run: all configuration that decisions depend on."""
    return EngineStarted(
        journal_id=journal_id,
        instruments=assembly.instruments,
        limits=assembly.config.limits,
        build=version("headrace"),
        at=assembly.clock.now(),
    )


def check_limits(assembly: Assembly, config: Config) -> None:
    """Refuse limits of a configuration that would bound nothing of what was assembled.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    _check_buffers(assembly, config)
    check_scopes(str(config.path), config.limits.controls, assembly.instruments)


# A buffer in anything but the collateral would keep nothing.
def _check_buffers(assembly: Assembly, config: Config) -> None:
    for margin in config.limits.venue_margins:
        quotes = {i.quote.id for i in assembly.instruments if i.venue == margin.venue}
        for asset in (buffer.asset for buffer in margin.stress_buffers):
            if asset not in quotes:
                raise ConfigError(
                    f"{config.path}: stress.venues.{margin.venue}.buffer.{asset}: is not"
                    f" the collateral there; use {', '.join(sorted(quotes))}"
                )


async def _start(assembly: Assembly, venues: tuple[Venue, ...]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for venue in venues:
                group.create_task(_start_one(assembly, venue))
    except ExceptionGroup as errors:
        expected = [e for e in errors.exceptions if isinstance(e, ConfigError)]
        if len(expected) < len(errors.exceptions):
            raise
        raise expected[0] from errors


async def _start_one(assembly: Assembly, venue: Venue) -> None:
    try:
        await venue.start()
    except ConfigError as error:
        raise ConfigError(f"{assembly.config.path}: venues.{venue.id}: {error}") from error
