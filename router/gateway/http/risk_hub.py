"""The risk feed, for all streams of this process from one line to the daemon.

Who subscribes is given the latest of each state, and from there on all that comes; who comes back
goes on after the number it names. What the daemon can no longer tell, nobody is made to believe was
told: then a stream begins again from the snapshot.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.frames import Batch, Events
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError
from router.gateway.risk_events import HAPPENINGS
from router.port import Clock

KEPT_MAX: Final = 10_000
_PAUSE: Final = DurationNs(NS_PER_S // 5)
_HAPPENINGS: Final = frozenset(each.__name__ for each in HAPPENINGS)

Lost: TypeAlias = Callable[[ProblemError], None]


@dataclass(frozen=True, slots=True)
class _Told:
    feed: str
    sequence: int
    kind: str
    payload: bytes

    @property
    def has_happened(self) -> bool:
        return self.kind in _HAPPENINGS


class RiskHub:
    """Follows the daemon's risk feed, and tells it to whoever subscribed."""

    def __init__(self, line: DeskLine, clock: Clock, *, kept_max: int = KEPT_MAX) -> None:
        self._line = line
        self._clock = clock
        self._kept: deque[_Told] = deque(maxlen=kept_max)
        self._states: dict[str, _Told] = {}
        self._forgotten = 0
        self._subscribers: dict[tuple[Outbox, str], Lost] = {}
        self._lost_of = ""  # the feed of which something could not be told
        self.feed = ""
        self.sequence = 0
        self.began = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._line.linked.wait()
            where = {"feed": self.feed, "after": self.sequence} if self.feed else {}
            try:
                async for said in self._line.follow("risk", **where):
                    self._take(said)
            except LinkError as error:
                if error.code == Code.LOST:
                    self._lost_of = self.feed
                    self._begin("")  # the snapshot first
            await self._clock.sleep(_PAUSE)

    def subscribe(
        self,
        outbox: Outbox,
        name: str,
        after: tuple[str, int] | None,
        *,
        lost: Lost = lambda _problem: None,
    ) -> None:
        """Tell a stream what comes, and first the snapshot, or what came after a place.

        Parameters
        ----------
        lost : function
            Told why it is told no more, where something of the feed could not be told.

        Raises
        ------
        ProblemError
            If that can no longer be told.
        """
        if after is not None and not self._is_kept(*after):
            told = f"event {after[1]} of feed {after[0]!r} is not one to go on from; leave it out"
            raise ProblemError(Code.LOST, told)
        missed = self._states.values() if after is None else (*self._kept, *self._states.values())
        least = 0 if after is None else after[1]
        for told_before in sorted(missed, key=lambda each: each.sequence):
            if told_before.sequence > least:
                _tell(outbox, _batch(told_before).under(name), told_before)
        self._subscribers[outbox, name] = lost

    def forget(self, outbox: Outbox, name: str) -> None:
        """Tell a stream no more."""
        self._subscribers.pop((outbox, name), None)

    def _is_kept(self, feed: str, sequence: int) -> bool:
        return feed == self.feed and self._forgotten <= sequence <= self.sequence

    # What has happened between two feeds is not known here; streams see that the name is another.
    def _begin(self, feed: str) -> None:
        self.feed, self.sequence, self._forgotten = feed, 0, 0
        self._states.clear()
        self._kept.clear()

    def _end_all(self) -> None:
        subscribers, self._subscribers = self._subscribers, {}
        told = "events of this feed could not be told; begin again from the snapshot"
        for lost in subscribers.values():
            lost(ProblemError(Code.LOST, told))

    def _take(self, said: dict[str, Any]) -> None:
        feed, sequence = str(said["feed"]), int(said["sequence"])
        kind = str(said["kind"])
        if feed != self.feed:
            if feed == self._lost_of:
                self._end_all()
            self._lost_of = ""
            self._begin(feed)
            self._forgotten = sequence - 1
        told = _Told(feed, sequence, kind, encode(said))
        self.sequence = max(sequence, self.sequence)
        if told.has_happened:
            if len(self._kept) == self._kept.maxlen:
                self._forgotten = self._kept[0].sequence
            self._kept.append(told)
        else:
            self._states[kind] = told
        batch = _batch(told)
        for outbox, name in self._subscribers:
            _tell(outbox, batch.under(name), told)
        self.began.set()


def _batch(told: _Told) -> Batch:
    place = (told.feed, told.sequence)
    return Batch(told.payload, count=int(told.has_happened), place=place)


def _tell(outbox: Outbox, events: Events, told: _Told) -> None:
    if told.has_happened:
        outbox.events(events)
    else:
        outbox.state(told.kind, events)
