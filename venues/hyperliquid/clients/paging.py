"""Which stretches of time must still be asked for until every row of a window is known. Pure.

The venue cuts an answer that is too long and does not say so, nor at which end: so the rest on
either side of a page that may have been cut is asked for, until a page is too short for it. The
stretches share their millisecond with the page, because rows of one block share it too, unless the
page has no other. Refuses a millisecond with more rows than a page holds.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from router.domain.error import MalformedDataError

PAGES_MAX: Final = 500
_CUT_FROM_ROWS: Final = 500  # no answer is cut shorter, whatever the limit of its kind is today


class Dated(Protocol):
    """A row with the venue's time."""

    @property
    def time_ms(self) -> int:
        """When it happened."""
        ...


Row = TypeVar("Row", bound=Dated)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a millisecond to another, both counted; None for now."""

    start_ms: int
    end_ms: int | None


class Pages(Generic[Row]):
    """The rows of a window as far as they are known.

    Parameters
    ----------
    page_rows : int
        How many rows one answer has at most, by the venue's documentation.
    key : callable
        What tells one row from another; a row told twice counts once.
    """

    def __init__(self, window: Stretch, *, page_rows: int, key: Callable[[Row], Hashable]) -> None:
        self._page_rows = page_rows
        self._key = key
        self._due = [window]
        self._asked = 0
        self._rows: dict[Hashable, Row] = {}

    def due(self) -> Stretch | None:
        """Return what to ask for next; None once everything is known."""
        return self._due[-1] if self._due else None

    def add(self, told: Iterable[Row]) -> None:
        """Take the answer to what was due."""
        asked = self._due.pop()
        self._asked += 1
        rows = tuple(told)  # counted as they came: a row told twice may have cut another off
        self._rows |= {self._key(row): row for row in rows}
        if len(rows) < min(_CUT_FROM_ROWS, self._page_rows):
            return
        first, last = min(row.time_ms for row in rows), max(row.time_ms for row in rows)
        shared = first < last
        if not shared:
            self._check_whole(first, len(rows))
        if self._asked >= PAGES_MAX:
            raise MalformedDataError(f"more than {PAGES_MAX} pages: ask for a shorter window")
        before = Stretch(asked.start_ms, first if shared else first - 1)
        after = Stretch(last if shared else last + 1, asked.end_ms)
        self._due += (s for s in (before, after) if s.end_ms is None or s.start_ms <= s.end_ms)

    # A millisecond is the shortest stretch there is to ask for.
    def _check_whole(self, time_ms: int, rows: int) -> None:
        if rows >= self._page_rows:
            raise MalformedDataError(f"more rows at {time_ms} ms than the {rows} of a page")

    def rows(self) -> tuple[Row, ...]:
        """Return what is known, oldest first."""
        return tuple(sorted(self._rows.values(), key=lambda row: row.time_ms))
