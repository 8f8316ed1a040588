"""The journal on a real disk: order, durability, exclusion, and what it refuses."""

import asyncio
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from router.domain.error import DiskError, JournalError
from router.domain.event import ObservationFailed
from router.journal.record import SCHEMA_VERSION, FaultKind, Tip, make_record
from router.journal.replay import replay
from router.shell.store import _COMMIT_MAX, JournalStore, identity, open_journal, read
from tests.unit.journal.vocabulary import JOURNAL_ID, chain, small_journal, step


@pytest.fixture
def path(tmp_path):
    return tmp_path / "desk.journal"


@pytest.fixture
def written(path):
    """Return the path of a closed journal with the small journal in it."""
    with_store(path, lambda store: append_all(store, small_journal()))
    return path


def with_store(path, use):
    store = open_journal(path, journal_id=JOURNAL_ID)
    try:
        return asyncio.run(use(store))
    finally:
        store.close()


async def append_all(store, records):
    for answer in [store.append(record) for record in records]:
        await answer


async def append_next(store: JournalStore, text: str) -> int:
    record = make_record(store.tip, text.encode(), ())
    await store.append(record)
    return record.sequence


def replayed(path):
    return replay(read(path), step, 0, journal_id=identity(path))


def test_records_come_back_as_they_went_in(written):
    assert list(read(written)) == small_journal()
    assert identity(written) == JOURNAL_ID
    assert replayed(written).fault is None


def test_a_journal_goes_on_where_it_ended(written):
    last = small_journal()[-1]

    async def use(store):
        assert store.tip == last.tip
        return await append_next(store, "more")

    assert with_store(written, use) == last.sequence + 1


def test_what_is_answered_is_on_disk_and_in_order(path):
    count = 400

    async def use(store):
        answered = []

        async def one(index):
            answered.append(await append_next(store, f"event {index}"))

        async with asyncio.TaskGroup() as group:
            for index in range(count):
                group.create_task(one(index))
        on_disk = [record.sequence for record in read(path)]
        return answered, on_disk, commits_in_log(path)

    answered, on_disk, commits = with_store(path, use)

    assert answered == on_disk == list(range(1, count + 1))
    assert [record.event for record in read(path)] == [f"event {i}".encode() for i in range(count)]
    # Appends that wait together are committed together: far fewer commits than records.
    assert commits < count / 10


# In a write-ahead log the last frame of every commit carries the size of the database.
def commits_in_log(path: Path) -> int:
    log = path.with_name(path.name + "-wal").read_bytes()
    frame_bytes = 24 + int.from_bytes(log[8:12])
    frames = range(32, len(log), frame_bytes)
    return sum(int.from_bytes(log[at + 4 : at + 8]) > 0 for at in frames)


def test_the_disk_is_synced_at_every_commit(path):
    store = open_journal(path, journal_id=JOURNAL_ID)
    with sqlite3.connect(path) as other:
        mode = other.execute("PRAGMA journal_mode").fetchone()
    other.close()
    synchronous = store._connection.execute("PRAGMA synchronous").fetchone()  # noqa: SLF001 - no other witness
    store.close()

    assert (mode, synchronous) == (("wal",), (2,))


def test_a_batch_that_the_disk_has_no_room_for_is_refused_whole_and_so_is_all_that_waits(
    path, monkeypatch
):
    is_held, goes_on = threading.Event(), threading.Event()
    commit, sizes = vars(JournalStore)["_commit"], []

    def crammed(store, batch):
        is_held.set()
        assert goes_on.wait(10.0)
        sizes.append(len(batch))
        if len(sizes) > 1:
            connection = vars(store)["_connection"]
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        commit(store, batch)

    async def append_many(store):
        first = store.append(make_record(store.tip, b"first", ()))
        await asyncio.to_thread(is_held.wait, 10.0)
        answers = [
            store.append(make_record(store.tip, b"x" * 500, ())) for _ in range(_COMMIT_MAX + 50)
        ]
        goes_on.set()
        await first
        refused = await asyncio.gather(*answers, return_exceptions=True)
        return refused, await asyncio.gather(append_next(store, "late"), return_exceptions=True)

    monkeypatch.setattr(JournalStore, "_commit", crammed)
    refused, late = with_store(path, append_many)

    assert sizes == [1, _COMMIT_MAX]
    assert {type(each) for each in refused} == {type(late[0])} == {DiskError}
    assert "record 2 may not be on disk" in str(refused[-1])
    assert [record.event for record in read(path)] == [b"first"]
    monkeypatch.undo()
    assert with_store(path, lambda store: append_next(store, "after")) == 2


def test_closing_writes_what_is_pending(path):
    store = open_journal(path, journal_id=JOURNAL_ID)

    async def use():
        answers = [store.append(record) for record in small_journal()]
        store.close()
        for answer in answers:
            await answer

    asyncio.run(use())

    assert list(read(path)) == small_journal()
    store.close()  # a second time does nothing


def test_an_abandoned_append_is_still_written_and_disturbs_nobody(path):
    async def use(store):
        first, second, _ = small_journal()
        abandoned = store.append(first)
        abandoned.cancel()
        await store.append(second)

    with_store(path, use)

    assert [record.sequence for record in read(path)] == [1, 2]


def test_a_closed_store_refuses(path):
    store = open_journal(path, journal_id=JOURNAL_ID)
    store.close()

    async def use():
        await store.append(small_journal()[0])

    with pytest.raises(JournalError, match="the journal is closed"):
        asyncio.run(use())


def test_a_record_that_does_not_follow_is_refused_and_the_right_one_taken(path):
    first, second, third = small_journal()

    async def use(store):
        with pytest.raises(JournalError, match="record 1 is missing"):
            await store.append(second)
        await store.append(first)
        with pytest.raises(JournalError, match="record 2 is missing"):
            await store.append(first)
        with pytest.raises(JournalError, match="record 2 is missing"):
            await store.append(third)
        with pytest.raises(JournalError, match="record 2 does not follow record 1"):
            await store.append(make_record(Tip(1, bytes(32)), b"", ()))
        await store.append(second)

    with_store(path, use)

    assert list(read(path)) == [first, second]


def test_a_journal_is_read_while_it_is_written(path):
    async def use(store):
        seen = []
        for record in small_journal():
            await store.append(record)
            seen.append(len(list(read(path))))
        return seen

    assert with_store(path, use) == [1, 2, 3]


def test_more_records_than_one_batch_are_read(path):
    count = 600

    async def use(store):
        async with asyncio.TaskGroup() as group:
            for index in range(count):
                group.create_task(append_next(store, f"event {index}"))

    with_store(path, use)

    assert [record.sequence for record in read(path)] == list(range(1, count + 1))


def test_a_closed_journal_is_one_file_that_can_be_copied(written, tmp_path):
    copy = tmp_path / "archive %23?" / "copy.journal"
    copy.parent.mkdir()
    shutil.copy(written, copy)

    assert not written.with_name(written.name + "-wal").exists()
    assert list(read(copy)) == small_journal()


def test_a_journal_is_read_where_nothing_can_be_written_beside_it(written):
    # A folder in the place of the file that SQLite wants to make, as on a read-only disk.
    written.with_name(written.name + "-shm").mkdir()

    assert list(read(written)) == small_journal()


def test_the_same_process_cannot_open_twice(path):
    store = open_journal(path, journal_id=JOURNAL_ID)

    with pytest.raises(JournalError, match="already open for writing in this process"):
        open_journal(path, journal_id=JOURNAL_ID)

    store.close()
    open_journal(path, journal_id=JOURNAL_ID).close()


def test_a_journal_of_another_name_is_refused(written):
    with pytest.raises(JournalError, match="is the journal 'desk-1', not 'desk-2'"):
        open_journal(written, journal_id="desk-2")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            f"PRAGMA user_version = {SCHEMA_VERSION + 1}",
            f"has schema {SCHEMA_VERSION + 1} and this build reads {SCHEMA_VERSION}",
        ),
        ("PRAGMA application_id = 7", "is not a journal"),
        ("DELETE FROM journal", "lost its name"),
    ],
)
def test_a_file_that_this_build_cannot_know_is_refused(written, statement, message):
    connection = sqlite3.connect(written)
    connection.execute(statement)
    connection.commit()
    connection.close()

    with pytest.raises(JournalError, match=message):
        open_journal(written, journal_id=JOURNAL_ID)
    with pytest.raises(JournalError, match=message):
        identity(written)


def test_a_database_of_somebody_else_is_left_alone(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(JournalError, match="is not a journal"):
        open_journal(path, journal_id=JOURNAL_ID)

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"not a database, only text" * 100)

    with pytest.raises(JournalError, match="not a database"):
        open_journal(path, journal_id=JOURNAL_ID)
    with pytest.raises(JournalError, match="not a database"):
        list(read(path))


def test_a_journal_that_is_not_there_cannot_be_read(path):
    with pytest.raises(JournalError, match=r"desk\.journal: unable to open"):
        list(read(path))
    assert not path.exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(JournalError, match="No such file or directory"):
        open_journal(tmp_path / "absent" / "desk.journal", journal_id=JOURNAL_ID)


def test_a_journal_whose_creation_was_interrupted_is_created(path):
    path.touch()

    open_journal(path, journal_id=JOURNAL_ID).close()

    assert identity(path) == JOURNAL_ID


def test_a_flipped_byte_of_an_event_is_named(written):
    second = small_journal()[1]
    data = bytearray(written.read_bytes())
    data[data.index(second.event) + 10] ^= 0x01
    written.write_bytes(data)

    fault = replayed(written).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (2, FaultKind.CONTENT_ALTERED)


def test_no_flipped_byte_of_the_file_changes_what_is_read_unnoticed(written):
    whole = written.read_bytes()
    records = small_journal()
    noticed = 0
    for at in range(0, len(whole), 7):
        data = bytearray(whole)
        data[at] ^= 0xFF
        written.write_bytes(data)
        try:
            fault = replayed(written).fault
            untouched = fault is not None or list(read(written)) == records
        except JournalError:  # not even its name can be read
            fault, untouched = None, True
            noticed += 1
        noticed += fault is not None

        assert untouched, f"byte {at}"

    # What matters of a file this small: its headers, its schema and its three records.
    assert noticed > sum(len(record.event) for record in records) / 7


def test_cut_off_records_are_noticed_by_the_file(written):
    # The page of records says how many there are; one less hides the newest.
    data = bytearray(written.read_bytes())
    page_bytes = int.from_bytes(data[16:18])
    page = data.index(small_journal()[-1].event) // page_bytes * page_bytes
    count = int.from_bytes(data[page + 3 : page + 5])
    assert count == len(small_journal())
    data[page + 3 : page + 5] = (count - 1).to_bytes(2)
    written.write_bytes(data)

    fault = replayed(written).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (3, FaultKind.UNREADABLE)


def test_what_lies_before_a_damaged_page_is_still_read(path):
    events = [ObservationFailed(f"p-{index}", "x" * 500, index) for index in range(100)]
    with_store(path, lambda store: append_all(store, chain(*events)))
    data = bytearray(path.read_bytes())
    page_bytes = int.from_bytes(data[16:18])
    page = data.index(b"p-50") // page_bytes * page_bytes
    data[page] = 0  # no kind of page
    path.write_bytes(data)

    report = replayed(path)

    assert report.fault is not None
    assert report.fault.kind is FaultKind.UNREADABLE
    # Events of half a kilobyte: the page holds a few of them before this one.
    assert 51 - page_bytes // 500 <= report.fault.sequence <= 51
    assert report.records_count == report.fault.sequence - 1


def test_an_event_larger_than_a_page_survives(path):
    large = "x" * 1_000_000

    with_store(path, lambda store: append_next(store, large))

    assert [record.event for record in read(path)] == [large.encode()]
