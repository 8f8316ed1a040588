"""The archive of reports, on disks that refuse or hang."""

import threading

import orjson
import pytest

from router.compose import archive as archive_module
from router.compose.archive import Archive
from router.domain.error import DiskError
from router.journal.record import Tip
from router.shell.checkpoint_store import Checkpoints, checkpoint_path
from router.shell.report_file import place_of
from router.state.world import World
from tests.unit.compose.life import ASSETS, lived, replayed, unkept, up_to_now
from tests.unit.shell.floor import JumpClock, run

NAMES = ("a", "b", "c")


class Disk:
    """A file of reports on a disk that refuses after so many batches."""

    def __init__(self, *, batches_max=10**9, reads_max=10**9):
        self.until = 0
        self.reports = []
        self.batches, self.batches_max = [], batches_max
        self.reads, self.reads_max = 0, reads_max
        self.hangs = threading.Event()
        self.hangs.set()
        self.is_closed = False

    def write(self, reports, tip):
        self.hangs.wait()
        if len(self.batches) >= self.batches_max:
            raise DiskError("no space left")
        self.batches.append(tip.sequence)
        self.reports.extend(reports)
        self.until = tip.sequence

    def read(self, after):
        self.reads += 1
        if self.reads > self.reads_max:
            raise DiskError("cannot be read")
        return [each for each in self.reports if place_of(each) > after][:2]

    def close(self):
        self.is_closed = True


@pytest.mark.parametrize("refuses", [{"batches_max": 0}, {"batches_max": 1}, {"reads_max": 1}])
def test_a_disk_that_refuses_is_said_once_and_the_journal_is_read_instead(tmp_path, refuses):
    path, disk = tmp_path / "a.journal", Disk(**refuses)

    async def told():
        with unkept() as reasons:
            async with lived(path, kept_max=1, archive=Archive(disk, ASSETS)) as life:
                found = []
                for name in NAMES:
                    await life.trade(name)
                    found.append(await up_to_now(life.told))
                return found, await replayed(path), reasons

    found, again, reasons = run(told())

    assert found[-1] == again
    assert len(reasons) == 1
    assert disk.is_closed


def report(sequence, index=0):
    return FakeSaid((sequence, index))


class FakeSaid:
    def __init__(self, place):
        self.place = place
        self.json = orjson.dumps({"place": place})


def tip(sequence):
    return Tip(sequence, bytes(32))


def test_an_archive_is_continued_and_nothing_left_out_nor_said_twice():
    disk = Disk()
    archive = Archive(disk)
    archive.extend(0, [report(1)], tip(1))
    archive.extend(2, [report(3)], tip(3))  # the second record is missing
    archive.flush()
    assert archive.until == (2, -1)

    archive.extend(0, [report(1), report(2, 0), report(2, 1), report(3)], tip(3))
    archive.extend(1, [report(2)], tip(2))
    archive.extend(3, [], tip(5))
    archive.flush()

    assert [place_of(each) for each in disk.reports] == [(1, 0), (2, 0), (2, 1), (3, 0)]
    assert archive.until == (6, -1)


def test_nobody_waits_for_a_disk_that_hangs_and_what_waits_for_it_is_bounded():
    disk = Disk()
    disk.hangs.clear()
    archive = Archive(disk, behind_max=10)
    archive.extend(0, [report(1)], tip(1))
    writer = threading.Thread(target=archive.flush)
    writer.start()
    with unkept() as reasons:
        for sequence in range(2, 40):
            archive.extend(sequence - 1, [report(sequence)], tip(sequence))
        assert not archive.takes
    disk.hangs.set()
    writer.join()

    archive.flush()

    assert len(reasons) == 1
    assert disk.batches == [1]


class Untold(FakeSaid):
    """A report that cannot be made into JSON."""

    @property
    def json(self):
        raise MemoryError

    @json.setter
    def json(self, _):
        pass


def test_what_could_not_be_written_leaves_no_gap_before_what_comes_after_it():
    disk = Disk()
    archive = Archive(disk)
    archive.extend(0, [Untold((1, 0))], tip(1))
    with pytest.raises(MemoryError):
        archive.flush()

    archive.extend(1, [report(2)], tip(2))
    archive.flush()

    assert disk.reports == []
    assert archive.until == (1, -1)
    assert not archive.takes


def test_what_is_written_when_it_is_closed_is_all_of_it_and_nobody_reads_on():
    disk = Disk()
    archive = Archive(disk)
    archive.extend(0, [report(1)], tip(1))

    archive.close()

    assert disk.batches == [1]
    assert disk.is_closed
    assert archive.read((0, -1)) is None


def test_reports_are_written_before_the_world_that_a_start_goes_on_from(tmp_path):
    place, seen = checkpoint_path(tmp_path / "a.journal"), []
    checkpoints = Checkpoints(
        place,
        journal_id="a",
        build="b",
        kept=None,
        clock=JumpClock(),
        first=lambda: seen.append(place.exists()),
    )

    checkpoints.keep(World(), tip(1))

    assert seen == [False]
    assert place.exists()


def test_a_report_is_made_into_json_once(tmp_path, monkeypatch):
    made = []
    report_data = archive_module.report_data

    def counted(report, assets):
        made.append((report.sequence, report.index))
        return report_data(report, assets)

    monkeypatch.setattr(archive_module, "report_data", counted)
    path = tmp_path / "a.journal"

    async def told():
        async with lived(path) as life:
            await life.trade("a")
            first = await up_to_now(life.told)
            await life.trade("b")
            return first, await up_to_now(life.told), await up_to_now(life.told)

    first, second, third = run(told())

    assert second == third
    assert len(first) < len(second)
    assert sorted(made) == sorted(set(made))
