"""Asks at an interval what venues pay of funding, and puts the answers on record.

A venue that does not answer is told of and asked again sooner; the others are not kept waiting for
more than its deadline.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from router.domain.error import VenueError
from router.domain.event import Event, FundingObserved
from router.domain.funding import FundingRules, FundingSample
from router.domain.units import NS_PER_S, DurationNs
from router.port import Clock, TellsFunding
from router.shell import observe
from router.state.world import World

FIRST_AFTER: Final = DurationNs(5 * NS_PER_S)  # by then the streams have told what things are worth
RETRY_AFTER: Final = DurationNs(30 * NS_PER_S)


class FundingPoll:
    """Asks every source, and posts what they say of configured assets."""

    def __init__(
        self,
        sources: tuple[TellsFunding, ...],
        *,
        clock: Clock,
        world: Callable[[], World],
        post: Callable[[Event], None],
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._world = world
        self._post = post
        self._changed = asyncio.Event()

    def limits_changed(self) -> None:
        """Take that there may be rules now where there were none."""
        self._changed.set()

    async def run(self) -> None:
        """Ask at the interval until cancelled."""
        wait = FIRST_AFTER
        while True:
            rules = self._rules
            if rules is None or not self._sources:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._clock.sleep(min(wait, rules.interval))
            answered = await self.poll()
            wait = rules.interval if answered else RETRY_AFTER

    async def poll(self) -> bool:
        """Ask once, and return whether every source answered."""
        assets = {i.base.id for i in self._world().configured}
        found: list[FundingSample] = []
        answered = True
        for source in self._sources:
            try:
                samples = await source.read_funding()
            except VenueError as error:
                observe.venue_warned(source.id, message=f"funding could not be read: {error}")
                answered = False
                continue
            found.extend(sample for sample in samples if sample.asset in assets)
        if found:
            self._post(FundingObserved(tuple(found), self._clock.now()))
        return answered

    @property
    def _rules(self) -> FundingRules | None:
        world = self._world()
        return None if world.started is None else world.limits.funding
