"""Reports of a running desk: the newest are kept, older ones are made again from the journal."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeAlias

import orjson

from router import engine
from router.domain.command import Command
from router.domain.error import JournalError
from router.domain.event import Event
from router.domain.instrument import Asset
from router.gateway.report_data import report_data
from router.gateway.reports import Report, reports_of
from router.journal.replay import replay
from router.shell import store
from router.state.recorded import Recorded
from router.state.world import World

Place: TypeAlias = tuple[int, int]  # record and number; a record's own place is (sequence, -1)

KEPT_MAX: Final = 50_000
_BEGINNING: Final[Place] = (0, -1)
_CLOSED: Final = "the desk is closed; follow it again in a moment"


@dataclass(frozen=True, slots=True)
class _Older:
    """All reports up to a place, made again from the journal."""

    until: Place
    reports: Sequence[Report]


class Reporting:
    """What followers are told of orders, from any place on.

    Parameters
    ----------
    begun : int
        The newest record when the watching begins: older reports come from the journal.
    """

    def __init__(
        self,
        journal: Path,
        journal_id: str,
        assets: Mapping[str, Asset],
        *,
        begun: int,
        kept_max: int = KEPT_MAX,
    ) -> None:
        self._journal = journal
        self._journal_id = journal_id
        self._assets = assets
        self._kept_max = kept_max
        self._kept: dict[int, Report] = {}  # by a number that counts reports since the start
        self._said: dict[int, bytes] = {}  # the same as JSON, once somebody has asked
        self._first, self._next = 0, 0
        self._forgotten: Place = (begun + 1, -1)  # what comes after it is kept
        self._reached: Place = (begun + 1, -1)
        self._wakes: set[asyncio.Event] = set()
        self._reading: asyncio.Task[_Older] | None = None
        self._is_closed = False

    @property
    def reached(self) -> Place:
        """The place that whoever begins to follow now begins at."""
        return self._reached

    def record(self, recorded: Recorded) -> None:
        """Take an event that is durable."""
        for report in reports_of(recorded):
            self._kept[self._next] = report
            self._next += 1
            if len(self._kept) > self._kept_max:
                oldest = self._kept.pop(self._first)
                self._said.pop(self._first, None)
                self._forgotten = _place(oldest)
                self._first += 1
        self._reached = (recorded.sequence + 1, -1)
        for wake in self._wakes:
            wake.set()

    def close(self) -> None:
        """End what is followed: the desk is no more, and another may take its place."""
        self._is_closed = True
        for wake in self._wakes:
            wake.set()

    async def newest(self, sequence: int) -> Place:
        """Return the place of the newest report, once all of a record and those before are taken.

        Raises
        ------
        JournalError
            If the desk is closed meanwhile.
        """
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            while self._reached < (sequence + 1, -1):
                if self._is_closed:
                    raise JournalError(_CLOSED)
                wake.clear()
                await wake.wait()
        finally:
            self._wakes.discard(wake)
        return _place(self._kept[self._next - 1]) if self._kept else self._forgotten

    async def follow(
        self, after: Place | None, *, says_reached: bool = False
    ) -> AsyncIterator[bytes]:
        """Yield reports as JSON from the one after a place on; None: those from now on.

        Parameters
        ----------
        says_reached : bool
            Whether to say once, where all of before was told, up to which place that was.

        Raises
        ------
        JournalError
            Once the desk is closed; or where the journal does not make those of before again.
        """
        place = self._reached if after is None else after
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            while True:
                wake.clear()
                while place < self._forgotten:
                    older, place = await self._before(place)
                    for report in older:
                        yield self._json(report)
                number = self._after(place)
                while self._first <= number < self._next:
                    place = _place(self._kept[number])
                    yield self._said_of(number)
                    number += 1
                if self._is_closed:
                    raise JournalError(_CLOSED)
                if place < self._forgotten:
                    continue
                if says_reached:
                    says_reached = False
                    yield orjson.dumps({"reached": self._reached})
                await wake.wait()
        finally:
            self._wakes.discard(wake)

    # The number of the first report after a place.
    def _after(self, place: Place) -> int:
        low, high = self._first, self._next
        while low < high:
            middle = (low + high) // 2
            if _place(self._kept[middle]) <= place:
                low = middle + 1
            else:
                high = middle
        return low

    # What comes after a place and is not kept, with the place of the last of it.
    async def _before(self, place: Place) -> tuple[Sequence[Report], Place]:
        older = await self._read_back()
        if place >= self._forgotten:
            return (), place
        return [each for each in older.reports if place < _place(each)], max(place, older.until)

    # The journal is read once for all who wait for it, and read to the end even where whoever asked
    # first has gone: the next who asks is there before.
    async def _read_back(self) -> _Older:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(self._forgotten))
            self._reading.add_done_callback(_looked_at)
        return await asyncio.shield(self._reading)

    async def _read(self, until: Place) -> _Older:
        reports = await asyncio.to_thread(self._older, until)
        room = self._kept_max - len(self._kept)
        if room > 0 and self._forgotten == until:  # it may have moved while the journal was read
            for report in reversed(reports[-room:]):
                self._first -= 1
                self._kept[self._first] = report
            self._forgotten = _BEGINNING if len(reports) <= room else _place(reports[-room - 1])
        return _Older(until, reports)

    def _older(self, until: Place) -> list[Report]:
        found: list[Report] = []
        sequence = 0

        def step(world: World, event: Event) -> tuple[World, tuple[Command, ...]]:
            nonlocal sequence
            sequence += 1
            changed, commands = engine.step(world, event)
            told = reports_of(Recorded(sequence, world, event, changed, commands))
            found.extend(report for report in told if _place(report) <= until)
            return changed, commands

        records = store.read(self._journal)
        wanted = takewhile(lambda record: record.sequence <= until[0], records)
        replayed = replay(wanted, step, World(), journal_id=self._journal_id)
        if replayed.fault is not None:
            raise JournalError(f"reports of before the start: {replayed.fault.sentence}")
        return found

    def _said_of(self, number: int) -> bytes:
        said = self._said.get(number)
        if said is None:
            said = self._said[number] = self._json(self._kept[number])
        return said

    def _json(self, report: Report) -> bytes:
        return orjson.dumps(report_data(report, self._assets))


# What it failed with is told to whoever waited; perhaps nobody does any more.
def _looked_at(reading: asyncio.Task[_Older]) -> None:
    if not reading.cancelled():
        reading.exception()


def _place(report: Report) -> Place:
    return report.sequence, report.index
