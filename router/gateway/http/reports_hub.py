"""Reports of orders, for all streams of this process from one line to the daemon.

The newest are kept, so that who comes back goes on after any place; older ones are asked of the
daemon again, for that stream alone. Reports of one moment are put together once for all streams
that see the same, and leave as one frame; the more streams there are, the longer is a moment.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.access import Principal
from router.gateway.discretion import discreet
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.frames import FRAME_BYTES_MAX, Batch
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError
from router.port import Clock

KEPT_MAX: Final = 50_000
_AT_ONCE: Final = 500  # told to one stream before others are looked at
_TAKES_WITHIN_S: Final = 30  # half of what may wait; else others catch up in its stead
# Under load what comes meanwhile is told together: so much time for each stream, within bounds.
# What comes after a pause is told at once.
_GATHER_EACH_S: Final = 0.000_25
_GATHER_MIN_S, _GATHER_MAX_S = 0.005, 0.05
_READING_MAX: Final = 4  # streams that read what is no longer kept at a time
_ANOTHER: Final = "the daemon has another journal, or less of it; begin again from the snapshot"
_PAUSE: Final = DurationNs(NS_PER_S // 5)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose reports a stream sees.

    Attributes
    ----------
    client : str | None
        None with `accounts` None: everybody's.
    is_told_all : bool
        Whether reasons tell what the accounts hold, and how the desk stands.
    """

    client: str | None
    accounts: frozenset[str] | None
    is_told_all: bool = True

    def sees(self, report: "Told") -> bool:
        """Tell whether a report is among them."""
        if self.accounts is None:
            return True
        return report.account in self.accounts and self.client in {None, report.client}

    def seen(self, reports: Iterable["Told"]) -> "Iterator[tuple[tuple[int, int], bytes]]":
        """Yield the place and the words of those that are seen."""
        for each in reports:
            if self.sees(each):
                yield each.place, each.payload if self.is_told_all else each.discreet


def scope_of(principal: Principal, account: str | None) -> Scope:
    """Return what somebody sees, or of that the part of one account."""
    client = None if principal.accounts is None else principal.client
    accounts = None if principal.accounts is None else frozenset(principal.accounts)
    if account is not None:
        accounts = frozenset({account})
    return Scope(client, accounts, is_told_all=principal.sees_the_desk)


@dataclass(frozen=True, slots=True)
class Told:
    """A report, in full and as most are told it, and what says who sees it."""

    place: tuple[int, int]
    client: str
    account: str
    payload: bytes
    discreet: bytes


def _untold(_problem: ProblemError) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One stream's subscription.

    Attributes
    ----------
    lost : function
        Told why it is told no more, where its places mean nothing any longer.
    """

    outbox: Outbox
    name: str
    scope: Scope
    lost: Callable[[ProblemError], None] = field(default=_untold, compare=False)

    def tell(self, reports: Iterable[Told]) -> None:
        """Have the stream told of those it sees."""
        for batch in _batches(self.scope.seen(reports)):
            self.outbox.events(batch.under(self.name))


class ReportsHub:
    """Follows the daemon's reports, and tells them to whoever subscribed."""

    def __init__(self, line: DeskLine, clock: Clock, *, kept_max: int = KEPT_MAX) -> None:
        self._line = line
        self._clock = clock
        self._kept: deque[Told] = deque(maxlen=kept_max)
        self._floor: tuple[int, int] | None = None  # all that came after it is kept
        self._fresh: list[Told] = []
        self._told_at = 0.0  # as the loop counts
        self._readers: dict[Scope, list[Reader]] = {}
        self._count = 0  # of readers
        self._reading = asyncio.Semaphore(_READING_MAX)
        self.journal = ""
        self.place: tuple[int, int] | None = None
        self.began = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._line.linked.wait()
            try:
                await self._begin()
                async for report in self._line.follow("reports", after=list(self.place or ())):
                    self._take(report)
            except LinkError:
                pass  # the daemon has gone, or is not ready; it is asked again from the last place
            await self._clock.sleep(_PAUSE)

    def subscribe(self, reader: Reader, after: tuple[int, int] | None) -> bool:
        """Tell a stream what comes, and first what came after a place.

        Returns
        -------
        bool
            False where that is more than a stream is told at once: `catch_up` it.

        Raises
        ------
        ProblemError
            If the place is not one of this journal.
        """
        self._flush()
        place = self._now()
        if after is not None and after > place:
            raise ProblemError(Code.LOST, f"{list(after)} lies ahead of {list(place)}")
        missed = [] if after is None else self._newer(after)
        if missed is None or len(missed) > _AT_ONCE:
            return False
        reader.tell(missed)
        self._readers.setdefault(reader.scope, []).append(reader)
        self._count += 1
        return True

    async def catch_up(self, reader: Reader, after: tuple[int, int]) -> None:
        """Tell one stream what it missed, as fast as it takes it; then it goes on with the others.

        Raises
        ------
        LinkError
            If the daemon goes meanwhile.
        """
        journal = self.journal
        while True:
            await _room(reader)
            if self.journal != journal:
                raise ProblemError(Code.LOST, _ANOTHER)
            if after <= self._now() and self.subscribe(reader, after):
                return
            missed = self._newer(after) if after <= self._now() else None
            if missed is None:
                async with self._reading:
                    after = await self._read_back(reader, after)
                continue
            for begin in range(0, len(missed), _AT_ONCE):
                reader.tell(missed[begin : begin + _AT_ONCE])
                await self._clock.sleep(DurationNs(0))
                await _room(reader)
            after = missed[-1].place

    # What is no longer kept, until what is kept. Who has no room for more lets others read
    # meanwhile; and of a daemon that tells faster than the stream takes it, it is asked again.
    async def _read_back(self, reader: Reader, after: tuple[int, int]) -> tuple[int, int]:
        place = after
        try:
            async with aclosing(self._line.follow("reports", after=list(after))) as told:
                async for said in told:
                    report = _told(said)
                    reader.tell((report,))
                    place = report.place
                    is_kept = self._newer(place) is not None and place <= self._now()
                    if is_kept or not reader.outbox.has_room:
                        return place
        except LinkError as error:
            if error.code != Code.LOST or place == after:
                raise
            return place
        raise LinkError("the daemon tells no more", code=Code.AWAY)

    def _now(self) -> tuple[int, int]:
        if self.place is None:
            raise ProblemError(Code.DEGRADED, "the daemon is away; subscribe again in a moment")
        return self.place

    # From the newest backwards: whoever comes back is seldom far behind. None: no longer kept.
    def _newer(self, after: tuple[int, int]) -> list[Told] | None:
        if self._floor is None or after < self._floor:
            return None
        found: list[Told] = []
        for report in reversed(self._kept):
            if report.place <= after:
                break
            found.append(report)
        found.reverse()
        return found

    def forget(self, reader: Reader) -> None:
        """Tell a stream no more."""
        readers = self._readers.get(reader.scope, [])
        if reader in readers:
            readers.remove(reader)
            self._count -= 1
            if not readers:
                del self._readers[reader.scope]

    # A daemon with another journal tells of other orders, and so does one whose journal is shorter
    # than it was, an older copy: places of before mean nothing.
    async def _begin(self) -> None:
        status = await self._line.ask("status")
        said = status["place"]
        place = None if said is None else (int(said[0]), int(said[1]))
        is_same = self.place is not None and status["journal"] == self.journal
        if is_same and (place is None or self.place is None or place >= self.place):
            return
        if place is None:
            raise LinkError("the desk cannot read its journal now", code=Code.DEGRADED)
        self._flush()
        self.journal = str(status["journal"])
        self.place = self._floor = place
        self._kept.clear()
        self._end_all()
        self.began.set()

    def _end_all(self) -> None:
        readers, self._readers = self._readers, {}
        self._count = 0
        for reader in (each for several in readers.values() for each in several):
            reader.lost(ProblemError(Code.LOST, _ANOTHER))

    def _take(self, said: dict[str, Any]) -> None:
        report = _told(said)
        if self._kept and len(self._kept) == self._kept.maxlen:
            self._floor = self._kept[0].place
        self._kept.append(report)
        self.place = report.place
        if not self._fresh:
            loop = asyncio.get_running_loop()
            loop.call_at(self._told_at + self._gather_s, self._flush)  # at once, if that is over
        self._fresh.append(report)

    def _flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        self._told_at = asyncio.get_running_loop().time()
        for scope, readers in self._readers.items():
            for batch in _batches(scope.seen(fresh)):
                for reader in readers:
                    reader.outbox.events(batch.under(reader.name))

    @property
    def _gather_s(self) -> float:
        return min(_GATHER_MAX_S, max(_GATHER_MIN_S, self._count * _GATHER_EACH_S))


# As many reports together as fill a frame.
def _batches(reports: Iterable[tuple[tuple[int, int], bytes]]) -> Iterator[Batch]:
    together: list[bytes] = []
    size, last = 0, (0, 0)
    for place, payload in reports:
        together.append(payload)
        size, last = size + len(payload), place
        if size >= FRAME_BYTES_MAX:
            yield _batch(together, last)
            together, size = [], 0
    if together:
        yield _batch(together, last)


def _batch(payloads: Sequence[bytes], place: tuple[int, int]) -> Batch:
    return Batch(b",".join(payloads), count=len(payloads), place=place)


# Who takes nothing is not waited for: it is hung up on, and comes back with its place.
async def _room(reader: Reader) -> None:
    try:
        async with asyncio.timeout(_TAKES_WITHIN_S):
            await reader.outbox.room()
    except TimeoutError:
        reader.outbox.overflow()
        raise ProblemError(Code.LOST, "what was told is not taken") from None


def _told(said: dict[str, Any]) -> Told:
    sequence, index = said["place"]
    payload, text = encode(said), str(said.get("text", ""))
    kept = discreet(text)
    return Told(
        (int(sequence), int(index)),
        str(said["client"]),
        str(said["account"]),
        payload,
        payload if kept == text else encode({**said, "text": kept}),
    )
