"""Reports of before on disk, as far as the disk takes them.

Reports are queued where they are made, and written by a thread that may wait for the disk. The file
holds what all records up to one have to tell, or it is not continued: what is missing in between is
made again from the journal first. Whatever goes wrong with it is said once, and nobody waits.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson

from router.domain.error import JournalError
from router.domain.instrument import Asset
from router.gateway.report_data import report_data
from router.gateway.reports import Report
from router.journal.record import Tip
from router.shell import observe, store
from router.shell.build import telling_build
from router.shell.report_file import Place, ReportFile, open_reports, place_of, report_path

# Reports that wait for the disk; beyond it none are written any more. All that a desk keeps may
# come at once, and more while that is written.
BEHIND_MAX: Final = 100_000
_BATCH: Final = 1_000  # reports, where they are made faster than they are told
_LAYOUT: Final = "1"
_NOWHERE: Final[Place] = (0, -1)


class Said:
    """A report, and the JSON that it is told as: made once, when it is first wanted."""

    __slots__ = ("_assets", "_json", "_report", "place")

    def __init__(self, report: Report, assets: Mapping[str, Asset]) -> None:
        self.place: Place = (report.sequence, report.index)
        self._report: Report | None = report
        self._assets = assets
        self._json = b""

    # Two threads may do this at a time, and come to the same.
    @property
    def json(self) -> bytes:
        """As it is told."""
        report = self._report
        if report is not None:
            self._json = orjson.dumps(report_data(report, self._assets))
            self._report = None
        return self._json


class Archive:
    """What was told up to some record. Made by `open_archive`; all threads may use it.

    Parameters
    ----------
    file : ReportFile | None
        None: nothing is kept.
    behind_max : int
        Reports that may wait for the disk.
    """

    def __init__(
        self,
        file: ReportFile | None = None,
        assets: Mapping[str, Asset] | None = None,
        *,
        behind_max: int = BEHIND_MAX,
    ) -> None:
        self._file = file
        self._assets = assets or {}
        self._behind_max = behind_max
        self._written = 0 if file is None else file.until
        self._end = self._written  # the newest record of what is written or queued
        self._queue: list[Said] = []
        self._tip: Tip | None = None  # of the queue
        self._takes = file is not None
        self.is_closed = False
        self._lock = threading.Lock()  # guards the five above; held for moments
        self._disk = threading.Lock()  # held while the disk is waited for

    @property
    def takes(self) -> bool:
        """Whether it is written still."""
        return self._takes

    @property
    def has_more(self) -> bool:
        """Whether something waits to be written."""
        return self._tip is not None

    @property
    def until(self) -> Place:
        """All reports before this place can be read."""
        return _NOWHERE if self._file is None else (self._written + 1, -1)

    def extend(self, after: int, reports: Iterable[Said], tip: Tip) -> None:
        """Queue what the records after one have to tell, up to the tip, if that continues it."""
        with self._lock:
            if not self._takes or after > self._end or tip.sequence <= self._end:
                return
            self._queue.extend(said for said in reports if said.place[0] > self._end)
            self._end, self._tip = tip.sequence, tip
            behind = len(self._queue)
        if behind > self._behind_max:
            self._give_up(f"the disk is {behind} reports behind")

    def take(self, tip: Tip, reports: Iterable[Report]) -> None:
        """Take what one record has to tell, where many are made again; may wait for the disk."""
        told = [Said(report, self._assets) for report in reports]
        self.extend(tip.sequence - 1, told, tip)
        if len(self._queue) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is queued, waiting for the disk; no fault of that is raised."""
        with self._disk:
            with self._lock:
                queue, self._queue = self._queue, []
                tip, self._tip = self._tip, None
            if tip is None or self._file is None:
                return
            try:
                self._file.write([said.json for said in queue], tip)
                self._written = tip.sequence
            except JournalError as error:
                self._give_up(str(error))
            finally:
                if self._written < tip.sequence:  # what comes later would hide that this is missing
                    self._give_up("a report could not be told")

    def read(self, after: Place) -> tuple[Sequence[bytes], Place] | None:
        """Return some of the reports after a place, and the place they go up to.

        None: nothing can be read. Waits for the disk.
        """
        with self._disk:
            until = self.until
            if self._file is None or after >= until:
                return None
            try:
                found = self._file.read(after)
                return found, place_of(found[-1]) if found else until
            except JournalError as error:
                self._give_up(str(error))
                self._drop()
                return None

    def close(self) -> None:
        """Write what is queued and end."""
        self.flush()
        with self._disk:
            self._takes, self.is_closed = False, True
            self._drop()

    # What is written can be read still.
    def _give_up(self, reason: str) -> None:
        with self._lock:
            did, self._takes = self._takes, False
            self._queue, self._tip = [], None
        if did:
            observe.reports_unkept(reason=reason)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def open_archive(journal: Path, journal_id: str, assets: Mapping[str, Asset]) -> Archive:
    """Open what was told of a journal that this process has open; never raises.

    Of another journal or told by another program, or with other assets, it is begun anew.
    """
    path = report_path(journal)
    head = {
        "reports": _LAYOUT,
        "journal": journal_id,
        "build": telling_build(),
        "assets": _digest(assets),
    }

    def is_of_journal(tip: Tip) -> bool:
        record = next(store.read(journal, after=tip.sequence - 1), None)
        return record is not None and record.tip == tip

    try:
        file = open_reports(path, head, is_of_journal)
    except JournalError as error:
        observe.reports_unkept(reason=str(error))
        return Archive()
    return Archive(file, assets)


# They say what an amount is told as.
def _digest(assets: Mapping[str, Asset]) -> str:
    told = sorted((str(name), asset.decimals) for name, asset in assets.items())
    return hashlib.sha256(orjson.dumps(told)).hexdigest()
