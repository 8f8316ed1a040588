"""The file of reports: what is read from it, whatever happened to its bytes."""

import os
import resource
from contextlib import closing, contextmanager

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import DiskError, JournalError
from router.journal.record import Tip
from router.shell.report_file import open_reports, place_of, report_path

HEAD = {"reports": "1", "journal": "a"}


def tip(sequence):
    return Tip(sequence, sequence.to_bytes(32, "big"))


def report(sequence, index, size=0):
    return orjson.dumps({"place": [sequence, index], "text": "x" * size})


# Records 2, 3 and 7 tell something; each batch is written with the record it ends with.
BATCHES = (
    ([report(2, 0), report(2, 1), report(3, 0, 50)], tip(4)),
    ([], tip(5)),
    ([], tip(6)),
    ([report(7, 0), report(7, 1)], tip(7)),
    ([], tip(11)),
)


def opened(path, *, head=HEAD, is_of_journal=lambda _tip: True):
    return closing(open_reports(path, head, is_of_journal))


def written(path, batches=BATCHES):
    with opened(path) as file:
        for reports, until in batches:
            file.write(reports, until)


def all_after(file, after=(0, -1)):
    found = []
    while piece := file.read(after):
        found.extend(piece)
        after = place_of(piece[-1])
    return found


def told(batches=BATCHES):
    return [each for reports, _ in batches for each in reports]


def known(until):
    """Return what records up to one had to tell."""
    return [each for each in told() if place_of(each)[0] <= until]


def test_what_is_written_is_read_from_any_place_on_also_by_the_next_who_opens_it(tmp_path):
    path = tmp_path / "reports"
    with opened(path) as file:
        for reports, until in BATCHES:
            file.write(reports, until)
        at_once = all_after(file)

    with opened(path) as file:
        rests = [all_after(file, place_of(each)) for each in told()]
        until = file.until

    assert at_once == told()
    assert rests == [told()[n + 1 :] for n in range(len(told()))]
    assert until == 11


def test_records_that_tell_nothing_make_the_file_no_longer(tmp_path):
    path = tmp_path / "reports"
    written(path)
    before = path.stat().st_size

    with opened(path) as file:
        for sequence in range(12, 40):
            file.write([], tip(sequence))

    assert path.stat().st_size == before
    with opened(path) as file:
        assert (file.until, all_after(file)) == (39, told())


def test_a_file_cut_off_anywhere_holds_all_that_it_says_it_does_and_is_continued(tmp_path):
    whole = tmp_path / "whole"
    written(whole)
    data = whole.read_bytes()
    kept = set()
    for length in range(len(data) + 1):
        path = tmp_path / "cut"
        path.write_bytes(data[:length])

        with opened(path) as file:
            until, found = file.until, all_after(file)
            rest = [each for each in told() if each not in found]
            file.write(rest, tip(20))

        assert found == known(until)
        with opened(path) as file:
            assert (file.until, all_after(file)) == (20, told())
        kept.add(until)
    assert kept == {0, 6, 11}


def test_no_byte_can_be_changed_without_its_being_noticed(tmp_path):
    whole = tmp_path / "whole"
    written(whole)
    data = whole.read_bytes()
    for at in range(len(data)):
        path = tmp_path / "changed"
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

        with opened(path) as file:
            assert all_after(file) == known(file.until)
            assert file.until < 11


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 5_000_000, b"{}\n" * 100, os.urandom(10_000)])
def test_what_is_no_file_of_reports_is_begun_anew(tmp_path, rubbish):
    path = tmp_path / "reports"
    path.write_bytes(rubbish)

    with opened(path) as file:
        assert (file.until, all_after(file)) == (0, [])
    written(path)
    with opened(path) as file:
        assert all_after(file) == told()


def test_reports_of_another_journal_or_of_records_it_does_not_hold_are_not_read(tmp_path):
    path = tmp_path / "reports"
    for refused in ({"head": HEAD | {"journal": "b"}}, {"is_of_journal": lambda _tip: False}):
        written(path)
        with opened(path, **refused) as file:
            assert (file.until, all_after(file)) == (0, [])


def test_the_journal_is_asked_for_the_record_that_the_last_mark_names(tmp_path):
    path, asked = tmp_path / "reports", []
    written(path)

    with opened(path, is_of_journal=lambda tip: asked.append(tip) or True):
        pass

    assert asked == [tip(11)]


@given(
    sizes=st.lists(st.sampled_from([0, 10, 700, 9_000, 120_000]), min_size=1, max_size=60),
    batch=st.integers(1, 7),
    step=st.integers(1, 3),
)
def test_every_place_is_found_in_a_file_of_any_length(tmp_path_factory, sizes, batch, step):
    path = tmp_path_factory.mktemp("any") / "reports"
    lines = [report(n // 2 * step, n % 2, size) for n, size in enumerate(sizes, start=2)]
    pieces = [lines[n : n + batch] for n in range(0, len(lines), batch)]
    # A batch ends with a record: of two that share one, both are in it.
    written(path, [(piece, tip(place_of(piece[-1])[0])) for piece in pieces])

    with opened(path) as file:
        places = [place_of(line) for line in lines]
        for sequence in range(places[-1][0] + 2):
            for index in (-1, 0, 1):
                after = (sequence, index)
                wanted = [line for line in lines if place_of(line) > after]
                found = file.read(after)
                assert found == wanted[: len(found)]
                assert bool(found) == bool(wanted)


@contextmanager
def no_file_longer_than(size):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_takes_a_part_of_a_batch_is_told_and_the_rest_is_read_as_before(tmp_path):
    path = tmp_path / "reports"
    written(path)
    size = path.stat().st_size

    with opened(path) as file:
        with no_file_longer_than(size + 20), pytest.raises(DiskError):
            file.write([report(12, 0, 100)], tip(12))
        assert (file.until, all_after(file)) == (11, told())
    with opened(path) as file:
        assert (file.until, all_after(file)) == (11, told())


def test_a_file_that_is_changed_while_it_is_open_is_noticed(tmp_path):
    path = tmp_path / "reports"
    written(path)
    with opened(path) as file:
        os.truncate(path, 100)

        with pytest.raises(JournalError):
            all_after(file)


def test_a_file_that_is_deleted_while_it_is_open_is_read_to_its_end(tmp_path):
    path = tmp_path / "reports"
    with opened(path) as file:
        file.write(*BATCHES[0])
        path.unlink()
        for reports, until in BATCHES[1:]:
            file.write(reports, until)

        assert all_after(file) == told()


def test_where_it_cannot_be_made_the_disk_is_named(tmp_path):
    path = tmp_path / "reports"
    path.mkdir()

    with pytest.raises(JournalError, match=str(path)):
        open_reports(path, HEAD, lambda _tip: True)


def test_it_lies_beside_the_journal_however_its_path_is_written(tmp_path):
    journal = tmp_path / "a.journal"
    journal.touch()
    other = tmp_path / "link"
    other.symlink_to(journal)

    assert report_path(other) == report_path(journal) == tmp_path / "a.journal-reports"


@pytest.mark.parametrize("line", [b"", b"{}", b'{"place":[1]}', b'{"place":["a",1]}', b"\0" * 50])
def test_a_line_that_begins_with_no_place_is_no_report(line):
    with pytest.raises(JournalError, match="no report"):
        place_of(line)
