"""Waiting between attempts to connect: exponential, bounded, on the caller's clock."""

from router.domain.units import DurationNs
from router.port import Clock


class Backoff:
    """Waits twice as long after every failure, up to a bound, until told of a success."""

    def __init__(self, clock: Clock, *, first: DurationNs, longest: DurationNs) -> None:
        assert 0 < first <= longest, "the waits grow from the first to the longest"
        self._clock = clock
        self._first = first
        self._longest = longest
        self._next = first

    async def pause(self) -> None:
        """Wait before the next attempt."""
        wait = self._next
        self._next = DurationNs(min(2 * wait, self._longest))
        await self._clock.sleep(wait)

    def succeeded(self) -> None:
        """Begin again with the shortest wait."""
        self._next = self._first
