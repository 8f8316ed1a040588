"""Reports of a running desk: the newest are kept, older ones are made again from the journal."""

import asyncio
from collections.abc import AsyncIterator, Mapping
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

    async def follow(self, after: Place | None) -> AsyncIterator[bytes]:
        """Yield reports as JSON from the one after a place on; None: those from now on.

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
                    until = self._forgotten  # it moves while the journal is read
                    for report in await asyncio.to_thread(self._older, place, until):
                        yield self._json(report)
                    place = until
                number = self._after(place)
                while self._first <= number < self._next:
                    place = _place(self._kept[number])
                    yield self._said_of(number)
                    number += 1
                if self._is_closed:
                    raise JournalError("the desk is closed; follow it again in a moment")
                if place >= self._forgotten:
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

    def _older(self, after: Place, until: Place) -> list[Report]:
        found: list[Report] = []
        sequence = 0

        def step(world: World, event: Event) -> tuple[World, tuple[Command, ...]]:
            nonlocal sequence
            sequence += 1
            changed, commands = engine.step(world, event)
            if after[0] <= sequence:
                told = reports_of(Recorded(sequence, world, event, changed, commands))
                found.extend(report for report in told if after < _place(report) <= until)
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


def _place(report: Report) -> Place:
    return report.sequence, report.index
