"""All that rests of an account, asked for as rarely as what is said of it stays right.

Whoever asks keeps the answer for the others. Refuses to repeat a list after news of any order, or
where no stream would have told such news.
"""

from typing import Final

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.port import Clock
from venues.hyperliquid import wire
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.info import InfoClient

ASK_EVERY: Final = DurationNs(2 * NS_PER_S)  # however much is going on
ASK_EVERY_SHORT: Final = DurationNs(10 * NS_PER_S)  # while little request weight is left
GOOD_FOR: Final = DurationNs(30 * NS_PER_S)  # where nothing was heard meanwhile
WEIGHT_PLENTY: Final = 800
WEIGHT_MIN: Final = 500  # below it nobody asks for a mere look


class OpenOrders:
    """The list of one account."""

    def __init__(self, address: str, *, info: InfoClient, budget: Budget, clock: Clock) -> None:
        self._address = address
        self._info = info
        self._budget = budget
        self._clock = clock
        self._known: tuple[wire.OpenOrder, ...] | None = None
        self._asked_at: TimestampNs | None = None

    def changed(self) -> None:
        """Take that the list may be another by now."""
        self._known = None

    async def ask(self) -> tuple[wire.OpenOrder, ...]:
        """Ask for the list.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read.
        """
        self._asked_at = asked_at = self._clock.now()
        self._known = None
        told = await self._info.open_orders(self._address)
        if self._asked_at == asked_at:
            self._known = told
        return told

    async def look(self, *, is_live: bool) -> tuple[wire.OpenOrder, ...] | None:
        """Return the list where it is known to be right, or may be asked for; else None.

        Raises
        ------
        VenueError
            If the venue was asked and did not answer.
        """
        age = self._age()
        if is_live and self._known is not None and age is not None and age < GOOD_FOR:
            return self._known
        left = self._budget.weight_left()
        pause = ASK_EVERY if left >= WEIGHT_PLENTY else ASK_EVERY_SHORT
        if left < WEIGHT_MIN or (age is not None and age < pause):
            return None
        return await self.ask()

    def _age(self) -> DurationNs | None:
        return None if self._asked_at is None else DurationNs(self._clock.now() - self._asked_at)
