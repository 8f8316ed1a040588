"""The real clock; the only reader of the machine's time in production."""

import asyncio
import time

from router.domain.units import NS_PER_S, DurationNs, TimestampNs


class SystemClock:
    """Wall time since the Unix epoch; satisfies `router.port.Clock`."""

    def now(self) -> TimestampNs:
        """Return the time since the Unix epoch."""
        return TimestampNs(time.time_ns())

    async def sleep(self, duration: DurationNs) -> None:
        """Return after `duration`."""
        await asyncio.sleep(duration / NS_PER_S)  # noqa: TID251 - this is the clock others take
