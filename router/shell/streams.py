"""The venues' streams folded into the live market; a stream that contradicts itself starts over."""

import asyncio
from collections.abc import Mapping
from typing import Final

from router.domain.error import BrokenPoolError, SequenceGapError
from router.domain.market import (
    ChainReorganised,
    MarketEvent,
    PoolQuarantined,
    StreamLost,
    VenueWarned,
)
from router.domain.units import NS_PER_S, DurationNs, VenueId
from router.port import Clock, Venue
from router.shell import observe
from router.state.market import MarketView

# For a venue that keeps contradicting itself.
_RESYNC_PAUSE: Final = DurationNs(NS_PER_S // 2)


async def follow(venues: Mapping[VenueId, Venue], market: MarketView, clock: Clock) -> None:
    """Fold every venue's stream into the market until cancelled."""
    async with asyncio.TaskGroup() as group:
        for venue in venues.values():
            group.create_task(_follow(venue, market, clock))


async def _follow(venue: Venue, market: MarketView, clock: Clock) -> None:
    while True:
        broken = asyncio.Event()

        # Bound now: what an old stream still says must not count for the new one.
        def emit(event: MarketEvent, broken: asyncio.Event = broken) -> None:
            if broken.is_set():
                return
            _log(event)
            try:
                market.fold(event)
            except BrokenPoolError as error:
                # The stream sends a new snapshot of this pool; the others are not concerned.
                observe.pool_quarantined(error.instrument, reason=error.reason)
                raise
            except SequenceGapError as error:
                observe.stream_lost(venue.id, reason=str(error))
                market.fold(StreamLost(venue.id, str(error), clock.now()))
                broken.set()

        async with asyncio.TaskGroup() as group:
            stream = group.create_task(venue.stream(emit))
            await broken.wait()
            stream.cancel()
        await clock.sleep(_RESYNC_PAUSE)


def _log(event: MarketEvent) -> None:
    match event:
        case StreamLost():
            observe.stream_lost(event.venue, reason=event.reason)
        case PoolQuarantined():
            observe.pool_quarantined(event.instrument, reason=event.reason)
        case VenueWarned():
            observe.venue_warned(event.venue, message=event.message)
        case ChainReorganised():
            observe.chain_reorganised(event.venue, ancestor_number=event.ancestor.number)
        case _:
            pass
