"""Reports of a running desk: the newest are kept, older ones read from their file.

What that file lacks is made again from the journal, which takes about as long as it took to decide:
then the file is whole again.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeAlias

import orjson

from router.compose.archive import Archive, Said
from router.compose.retelling import Take, retell
from router.domain.error import JournalError
from router.domain.instrument import Asset
from router.gateway.reports import Report, reports_of
from router.journal.record import Record, Tip
from router.shell import report_file, store
from router.state.recorded import Recorded

Place: TypeAlias = report_file.Place

KEPT_MAX: Final = 50_000
_WRITE_AFTER_S: Final = 0.05  # what is told meanwhile is written at once
_AHEAD: Final = 1_000  # records that are made again although what they have to tell is kept still
_BEGINNING: Final[Place] = (0, -1)
_CLOSED: Final = "the desk is closed; follow it again in a moment"


@dataclass(frozen=True, slots=True)
class _Older:
    """All reports up to a place, made again from the journal; none where the archive took them."""

    until: Place
    reports: Sequence[Said]


class Reporting:
    """What followers are told of orders, from any place on.

    Parameters
    ----------
    begun : int
        The newest record when the watching begins: older reports come from the archive.
    archive : Archive | None
        None: older reports come from the journal alone.
    """

    def __init__(
        self,
        journal: Path,
        journal_id: str,
        assets: Mapping[str, Asset],
        *,
        begun: int,
        kept_max: int = KEPT_MAX,
        archive: Archive | None = None,
    ) -> None:
        self._journal = journal
        self._journal_id = journal_id
        self._assets = assets
        self._kept_max = kept_max
        self._archive = Archive() if archive is None else archive
        self._writing: asyncio.TimerHandle | None = None
        self._tip: Tip | None = None  # of the newest record taken
        self._kept: dict[int, Said] = {}  # by a number that counts reports since the start
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
        told = [Said(report, self._assets) for report in reports_of(recorded)]
        for said in told:
            self._kept[self._next] = said
            self._next += 1
            if len(self._kept) > self._kept_max:
                self._forgotten = self._kept.pop(self._first).place
                self._first += 1
        self._tip = Tip(recorded.sequence, recorded.hash)
        self._archive.extend(recorded.sequence - 1, told, self._tip)
        self._write_soon()
        self._reached = (recorded.sequence + 1, -1)
        for wake in self._wakes:
            wake.set()

    def close(self) -> None:
        """End what is followed: the desk is no more, and another may take its place."""
        self._is_closed = True
        if self._writing is not None:
            self._writing.cancel()
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
        return self._kept[self._next - 1].place if self._kept else self._forgotten

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
                    for told in older:
                        yield told
                number = self._after(place)
                while self._first <= number < self._next:
                    said = self._kept[number]
                    place = said.place
                    yield said.json
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
            if self._kept[middle].place <= place:
                low = middle + 1
            else:
                high = middle
        return low

    # Some of what comes after a place and is not kept, with the place up to which that is all.
    async def _before(self, place: Place) -> tuple[Iterable[bytes], Place]:
        archive = self._archive
        if place >= archive.until:
            await asyncio.to_thread(archive.flush)
        if place < archive.until:
            found = await asyncio.to_thread(archive.read, place)
            return ((), place) if found is None else found
        if archive.is_closed:
            raise JournalError(_CLOSED)
        older = await self._read_back()
        if place >= self._forgotten:
            return (), place
        told, after = older.reports, bisect_right(older.reports, place, key=_place)
        # There may be millions, and whoever runs on this loop waits while they are made into JSON.
        return (told[n].json for n in range(after, len(told))), max(place, older.until)

    # The journal is read once for all who wait for it, and read to the end even where whoever asked
    # first has gone: the next who asks is there before.
    async def _read_back(self) -> _Older:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(self._forgotten))
            self._reading.add_done_callback(_looked_at)
        return await asyncio.shield(self._reading)

    async def _read(self, until: Place) -> _Older:
        archive = self._archive
        if archive.takes:
            wanted = takewhile(self._is_wanted, store.read(self._journal))
            await asyncio.to_thread(self._retell, wanted, archive.take)
            self._join()
            await asyncio.to_thread(archive.flush)
            return _Older(_BEGINNING, ())
        reports = await asyncio.to_thread(self._older, until)
        room = self._kept_max - len(self._kept)
        if room > 0 and self._forgotten == until:  # it may have moved while the journal was read
            for said in reversed(reports[-room:]):
                self._first -= 1
                self._kept[self._first] = said
            self._forgotten = _BEGINNING if len(reports) <= room else reports[-room - 1].place
        return _Older(until, reports)

    # While the journal is read, more is forgotten of what is kept: the file has to catch up with
    # that, or all would be read again, and again. Asked in another thread.
    def _is_wanted(self, record: Record) -> bool:
        last = min(self._forgotten[0] + _AHEAD, self._reached[0] - 1)
        return self._archive.takes and record.sequence <= last

    # What was taken meanwhile; all of a record is kept, or the archive is not continued.
    def _join(self) -> None:
        sequence, index = self._forgotten
        after = sequence if index >= 0 else sequence - 1
        if self._tip is not None:
            self._archive.extend(after, self._kept.values(), self._tip)

    def _older(self, until: Place) -> list[Said]:
        found: list[Said] = []

        def take(_tip: Tip, reports: Sequence[Report]) -> None:
            told = (Said(report, self._assets) for report in reports)
            found.extend(said for said in told if said.place <= until)

        self._retell(self._records(until), take)
        if self._is_closed:  # it was not read to the end: nobody ends before his threads have
            raise JournalError(_CLOSED)
        return found

    def _records(self, until: Place) -> Iterator[Record]:
        def is_wanted(record: Record) -> bool:
            return record.sequence <= until[0] and not self._is_closed

        return takewhile(is_wanted, store.read(self._journal))

    def _retell(self, records: Iterator[Record], take: Take) -> None:
        found = retell(records, take, journal_id=self._journal_id)
        if found.fault is not None:
            raise JournalError(f"reports of before the start: {found.fault.sentence}")

    def _write_soon(self) -> None:
        if self._writing is None and self._archive.takes and not self._is_closed:
            loop = asyncio.get_running_loop()
            self._writing = loop.call_later(_WRITE_AFTER_S, self._write)

    def _write(self) -> None:
        written = asyncio.get_running_loop().run_in_executor(None, self._archive.flush)
        written.add_done_callback(self._wrote)

    def _wrote(self, _written: "asyncio.Future[None]") -> None:
        self._writing = None
        if self._archive.has_more:
            self._write_soon()


def _place(said: Said) -> Place:
    return said.place


# What it failed with is told to whoever waited; perhaps nobody does any more.
def _looked_at(reading: asyncio.Task[_Older]) -> None:
    if not reading.cancelled():
        reading.exception()
