"""The risk feed: one publisher, many subscribers, none of whom can hold up another.

A subscriber is given the latest of each state, and from there on all that comes. One that is slow
is told only the latest of a state; what happened is never left out. One that cannot even take what
happened loses its place and is told so: it begins again from the snapshot, whose states count in
what it missed. Everything is bounded; nothing is waited for.
"""

import asyncio
from collections import deque
from typing import Final

from router.domain.error import OrderError
from router.domain.units import TimestampNs
from router.gateway.risk_events import HAPPENINGS, PlaceLost, Published, RiskEvent

KEPT_MAX: Final = 10_000  # happenings that can be told again to one who comes back
PENDING_MAX: Final = 1_000  # happenings that wait for one subscriber
SUBSCRIBERS_MAX: Final = 100


class Subscription:
    """What one subscriber has not been told yet."""

    def __init__(self, feed: "Feed", pending_max: int) -> None:
        self._feed = feed
        self._pending_max = pending_max
        self._states: dict[type[RiskEvent], Published] = {}
        self._happened: deque[Published] = deque()
        self._lost: PlaceLost | None = None
        self._is_over = False
        self._wake = asyncio.Event()

    async def next(self) -> Published | PlaceLost | None:
        """Return the oldest that was not told yet; None once it is over.

        After `PlaceLost` it is over.
        """
        while not self._is_over and self._lost is None and not self._has_news:
            self._wake.clear()
            await self._wake.wait()
        if self._lost is not None:
            lost, self._lost = self._lost, None
            self.close()
            return lost
        return None if self._is_over else self._oldest()

    def close(self) -> None:
        """Be told no more."""
        self._is_over = True
        self._feed.forget(self)
        self._wake.set()

    def take(self, told: Published) -> None:
        """Keep an event until it is asked for."""
        if isinstance(told.event, HAPPENINGS):
            if len(self._happened) >= self._pending_max:
                reason = f"more than {self._pending_max} fills and other happenings wait"
                self.lose(PlaceLost(told.feed, told.sequence, reason))
                return
            self._happened.append(told)
        else:
            self._states[type(told.event)] = told
        self._wake.set()

    def lose(self, lost: PlaceLost) -> None:
        """Lose the place: nothing more is told but that."""
        self._lost = lost
        self._states.clear()
        self._happened.clear()
        self._feed.forget(self)
        self._wake.set()

    @property
    def _has_news(self) -> bool:
        return bool(self._states or self._happened)

    def _oldest(self) -> Published:
        states = self._states.values()
        first = min(states, key=lambda told: told.sequence, default=None)
        if first is None or (self._happened and self._happened[0].sequence < first.sequence):
            return self._happened.popleft()
        return self._states.pop(type(first.event))


class Feed:
    """Numbers events, keeps the latest of each state, and hands both to subscribers.

    Parameters
    ----------
    name : str
        Of this feed alone: another run of the daemon has another.
    """

    def __init__(
        self, name: str, *, kept_max: int = KEPT_MAX, pending_max: int = PENDING_MAX
    ) -> None:
        self._name = name
        self._pending_max = pending_max
        self._sequence = 0
        self._states: dict[type[RiskEvent], Published] = {}
        self._kept: deque[Published] = deque(maxlen=kept_max)
        self._forgotten = 0  # the newest happening that can no longer be told again
        self._subscribers: list[Subscription] = []

    def publish(self, event: RiskEvent, at: TimestampNs) -> Published:
        """Give an event its number, and every subscriber the event."""
        self._sequence += 1
        told = Published(self._name, self._sequence, event, at)
        if isinstance(event, HAPPENINGS):
            if len(self._kept) == self._kept.maxlen:
                self._forgotten = self._kept[0].sequence
            self._kept.append(told)
        else:
            self._states[type(event)] = told
        for subscriber in tuple(self._subscribers):
            subscriber.take(told)
        return told

    def snapshot(self) -> tuple[Published, ...]:
        """Return the latest of each state, oldest first."""
        return tuple(sorted(self._states.values(), key=lambda told: told.sequence))

    def subscribe(self) -> Subscription:
        """Begin with the snapshot; what comes after it follows.

        Raises
        ------
        OrderError
            If there are too many subscribers.
        """
        subscription = self._begun()
        for told in self.snapshot():
            subscription.take(told)
        return subscription

    def resume(self, feed: str, after: int) -> Subscription:
        """Go on after an event that was told before.

        Its first word is `PlaceLost` where what happened since can no longer be told.

        Raises
        ------
        OrderError
            If there are too many subscribers.
        """
        subscription = self._begun()
        if feed != self._name or not self._forgotten <= after <= self._sequence:
            reason = f"event {after} of feed {feed!r} is not one to go on from here"
            subscription.lose(PlaceLost(self._name, self._sequence, reason))
            return subscription
        missed = (told for told in (*self._kept, *self._states.values()) if told.sequence > after)
        for told in sorted(missed, key=lambda each: each.sequence):
            subscription.take(told)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Tell a subscriber no more."""
        if subscription in self._subscribers:
            self._subscribers.remove(subscription)

    def _begun(self) -> Subscription:
        if len(self._subscribers) >= SUBSCRIBERS_MAX:
            raise OrderError(f"{SUBSCRIBERS_MAX} listen to the risk feed already; close one")
        subscription = Subscription(self, self._pending_max)
        self._subscribers.append(subscription)
        return subscription
