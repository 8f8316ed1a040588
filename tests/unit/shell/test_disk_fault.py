"""What the disk did passes; what is damage does not."""

import errno
import os
import sqlite3

import pytest

from router.domain.error import DiskError, JournalError
from router.shell.disk_fault import translated
from router.shell.disk_probe import ROOM, probe


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_what_the_disk_refuses_is_of_the_disk(number):
    with pytest.raises(DiskError, match="the journal: "), translated("the journal"):
        raise OSError(number, os.strerror(number))


def test_a_database_that_may_not_be_written_is_of_the_disk_and_rubbish_is_not(tmp_path):
    path = tmp_path / "a.sqlite"
    sqlite3.connect(path).close()
    reading = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(DiskError), translated(path):
        reading.execute("CREATE TABLE t (x)")
    reading.close()

    path.write_bytes(b"rubbish" * 1_000)
    spoiled = sqlite3.connect(path)
    with pytest.raises(JournalError) as caught, translated(path):
        spoiled.execute("SELECT * FROM sqlite_schema")
    spoiled.close()
    assert not isinstance(caught.value, DiskError)


def test_a_disk_that_takes_bytes_again_is_said_so_and_nothing_is_left_there(tmp_path):
    journal = tmp_path / "a.journal"
    journal.write_bytes(b"")

    probe(journal)

    assert [path.name for path in tmp_path.iterdir()] == ["a.journal"]
    assert ROOM > 0


def test_a_journal_that_is_not_there_is_a_fault_of_its_disk(tmp_path):
    with pytest.raises(DiskError, match="No such file"):
        probe(tmp_path / "gone" / "a.journal")
