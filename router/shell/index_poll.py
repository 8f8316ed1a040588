"""Asks at an interval what others say assets are worth; decisions see the last answers.

A source that does not answer is told of, and what it said before grows old by itself.
"""

from collections.abc import Callable
from typing import Final

from router.domain.error import RouterError
from router.domain.price import SourcePrice
from router.domain.units import NS_PER_S, DurationNs, VenueId
from router.port import Clock, TellsPrices
from router.shell import observe

INTERVAL: Final = DurationNs(2 * NS_PER_S)


class IndexPoll:
    """Asks every source; `keep` takes what one says, under its name."""

    def __init__(
        self,
        sources: tuple[TellsPrices, ...],
        *,
        clock: Clock,
        keep: Callable[[str, tuple[SourcePrice, ...]], None],
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._keep = keep
        self._silent: set[str] = set()

    async def run(self) -> None:
        """Ask at the interval until cancelled; without sources there is nothing to do."""
        while self._sources:
            await self.poll()
            await self._clock.sleep(INTERVAL)

    async def poll(self) -> None:
        """Ask every source once."""
        for source in self._sources:
            try:
                told = await source.read_prices()
            except RouterError as error:
                if source.name not in self._silent:  # told once, until it answers again
                    observe.venue_warned(VenueId(source.name), message=f"no prices: {error}")
                self._silent.add(source.name)
                continue
            self._silent.discard(source.name)
            self._keep(source.name, told)
