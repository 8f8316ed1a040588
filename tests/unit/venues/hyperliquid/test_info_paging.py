"""A window that does not fit one answer is read whole, however the venue cuts."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from venues.hyperliquid.clients.paging import Pages, Stretch

PAGE = 7


@dataclass(frozen=True, slots=True)
class Row:
    time_ms: int
    number: int


def read_all(rows, *, start_ms, end_ms, keeps_newest=False, page_rows=PAGE):
    """Return what is known at the end, and how many questions it took."""
    pages = Pages(Stretch(start_ms, end_ms), page_rows=page_rows, key=lambda row: row)
    questions = 0
    while (due := pages.due()) is not None:
        questions += 1
        end = float("inf") if due.end_ms is None else due.end_ms
        told = [row for row in rows if due.start_ms <= row.time_ms <= end]
        pages.add(told[-page_rows:] if keeps_newest else told[:page_rows])
    return pages.rows(), questions


# Up to six rows a millisecond, so that the cut often falls between two of the same.
HISTORIES = st.lists(st.integers(0, PAGE - 1), max_size=40).map(
    lambda counts: [Row(ms, n) for ms, count in enumerate(counts) for n in range(count)]
)


@given(HISTORIES, st.integers(0, 40), st.none() | st.integers(0, 40), st.booleans())
def test_every_row_of_a_window_is_read_once_and_none_outside(rows, start_ms, end_ms, keeps_newest):
    told, _ = read_all(rows, start_ms=start_ms, end_ms=end_ms, keeps_newest=keeps_newest)

    wanted = [
        row for row in rows if start_ms <= row.time_ms and (end_ms is None or row.time_ms <= end_ms)
    ]
    assert sorted(told, key=lambda row: (row.time_ms, row.number)) == wanted
    assert [row.time_ms for row in told] == [row.time_ms for row in wanted]


def test_a_window_that_fits_one_answer_takes_one_question():
    rows = [Row(ms, 0) for ms in range(PAGE - 1)]

    assert read_all(rows, start_ms=0, end_ms=None)[1] == 1


def test_a_millisecond_that_no_answer_can_hold_is_refused_and_not_cut():
    rows = [Row(5, number) for number in range(PAGE + 1)]

    with pytest.raises(MalformedDataError, match="more rows at 5 ms"):
        read_all(rows, start_ms=0, end_ms=None)


def test_an_answer_of_five_hundred_rows_may_be_cut_though_more_are_documented():
    rows = [Row(ms, 0) for ms in range(1_200)]
    pages = Pages(Stretch(0, 2_000), page_rows=2_000, key=lambda row: row)

    while (due := pages.due()) is not None:
        told = [row for row in rows if due.start_ms <= row.time_ms <= due.end_ms]
        pages.add(told[:500])

    assert pages.rows() == tuple(rows)


def cut_at_five_hundred(rows):
    """Return what is known of rows that the venue tells five hundred of, oldest first."""
    pages = Pages(Stretch(0, None), page_rows=2_000, key=lambda row: row)
    while (due := pages.due()) is not None:
        end = float("inf") if due.end_ms is None else due.end_ms
        pages.add([row for row in rows if due.start_ms <= row.time_ms <= end][:500])
    return pages.rows()


def test_an_answer_cut_within_its_only_millisecond_does_not_end_the_window():
    rows = [Row(0, 0), *(Row(1, number) for number in range(500)), *(Row(2, n) for n in range(300))]

    assert cut_at_five_hundred(rows[1:]) == tuple(rows[1:])
    assert cut_at_five_hundred(rows) == tuple(rows)


def test_a_row_told_twice_in_one_answer_does_not_make_it_look_whole():
    rows = [Row(ms, 0) for ms in range(3 * PAGE)]
    pages = Pages(Stretch(0, None), page_rows=PAGE, key=lambda row: row)

    while (due := pages.due()) is not None:
        end = float("inf") if due.end_ms is None else due.end_ms
        told = [row for row in rows if due.start_ms <= row.time_ms <= end]
        pages.add((told[:1] + told)[:PAGE])

    assert pages.rows() == tuple(rows)
