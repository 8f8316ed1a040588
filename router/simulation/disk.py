"""A disk that a journal is written to: many appends to a commit, which takes its time.

A crash loses what was not synced; a beginning of it may have come to the disk all the same, and the
last record of that may be torn. Refuses to answer an append before its record is safe.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random

from router.journal.record import Record, Tip, genesis, verify
from router.simulation.town import JOURNAL_ID
from router.simulation.weather import Weather


class Disk:
    """What outlives the process."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    @property
    def tip(self) -> Tip:
        """The end of what is written."""
        return self.records[-1].tip if self.records else genesis(JOURNAL_ID)

    def mend(self) -> None:
        """Cut off a last record that is torn, as opening the file does."""
        if not self.records:
            return
        before = self.records[-2].tip if len(self.records) > 1 else genesis(JOURNAL_ID)
        if verify(self.records[-1], before) is not None:
            self.records.pop()


class Journal:
    """The journal of one life of the process; satisfies `router.shell.runtime.RecordSink`."""

    def __init__(
        self,
        disk: Disk,
        loop: asyncio.AbstractEventLoop,
        *,
        rng: Random,
        weather: Callable[[], Weather],
    ) -> None:
        self._disk = disk
        self._loop = loop
        self._rng = rng
        self._weather = weather
        self._tip = disk.tip
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._committing: list[tuple[Record, asyncio.Future[None]]] = []
        self._is_dead = False

    @property
    def tip(self) -> Tip:
        """The end of the chain, counting what was accepted."""
        return self._tip

    def append(self, record: Record) -> "asyncio.Future[None]":
        """Accept a record; of a process that is dead nothing is."""
        durable: asyncio.Future[None] = self._loop.create_future()
        if self._is_dead:
            return durable
        assert verify(record, self._tip) is None, "a record follows the one before it"
        self._tip = record.tip
        self._waiting.append((record, durable))
        if not self._committing:
            self._commit()
        return durable

    def crash(self) -> None:
        """Lose what is not synced, or all but a beginning of it."""
        self._is_dead = True
        lost = [record for record, _ in (*self._committing, *self._waiting)]
        kept = lost[: self._rng.randint(0, len(lost))]
        if kept and self._rng.random() < 0.5:  # noqa: PLR2004 - a coin
            kept[-1] = replace(kept[-1], event=kept[-1].event[: len(kept[-1].event) // 2])
        self._disk.records.extend(kept)

    def _commit(self) -> None:
        self._committing, self._waiting = self._waiting, []
        took = self._rng.random() * self._weather().disk_s
        self._loop.call_later(took, self._committed)

    def _committed(self) -> None:
        if self._is_dead:
            return
        done, self._committing = self._committing, []
        self._disk.records.extend(record for record, _ in done)
        for _, durable in done:
            if not durable.done():
                durable.set_result(None)
        if self._waiting:
            self._commit()
