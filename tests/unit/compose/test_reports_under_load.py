"""Reports of before, and where an order stands, while the desk is busy."""

import asyncio
import threading
from types import SimpleNamespace

import orjson
import pytest

from router.compose import archive as archive_module
from router.compose import reporting as reporting_module
from router.compose.archive import Archive
from router.compose.reporting import KEPT_MAX, Reporting
from router.domain.error import JournalError
from router.domain.event import CancelRequested, HourStruck
from router.journal.record import Tip
from router.shell import store
from tests.unit.compose.life import ASSETS, lived, moved_away, replayed, up_to_now
from tests.unit.compose.linked_floor import kept
from tests.unit.compose.test_archive import Disk
from tests.unit.shell.floor import Floor, run

BEFORE = 10  # reports of the record before the start


def test_a_file_behind_as_much_as_is_kept_is_whole_again_all_the_same(tmp_path, monkeypatch):
    def report(sequence, index=0):
        return SimpleNamespace(sequence=sequence, index=index)

    def data(told, _assets):
        return {"place": [told.sequence, told.index]}

    def retell(_records, take, **_):
        take(Tip(1, bytes(32)), tuple(report(1, index) for index in range(BEFORE)))
        return SimpleNamespace(fault=None)

    monkeypatch.setattr(archive_module, "report_data", data)
    monkeypatch.setattr(reporting_module, "retell", retell)
    monkeypatch.setattr(reporting_module, "reports_of", lambda r: (report(r.sequence),))
    last = KEPT_MAX + 1

    async def told():
        archive = Archive(Disk(), ASSETS)
        desk = Reporting(tmp_path / "none", "journal", ASSETS, begun=1, archive=archive)
        monkeypatch.setattr(desk, "_write_soon", lambda: None)
        for sequence in range(2, last + 1):
            desk.record(SimpleNamespace(sequence=sequence, hash=bytes(32)))
        assert archive.until == (1, -1), "the file lacks what was before"
        found = await anext(desk.follow((0, -1)))
        return orjson.loads(found), archive.takes, archive.until

    found, takes, until = run(told())

    assert found == {"place": [1, 0]}
    assert takes
    assert until == (last + 1, -1)


def test_what_is_told_while_the_journal_is_read_does_not_have_it_read_again(tmp_path, monkeypatch):
    path, floor, readings = tmp_path / "a.journal", Floor(), []

    async def told():
        async with lived(path, floor=floor) as life:
            await life.trade("a", "b")
        moved_away(path, reports=True)
        async with lived(path, floor=floor.restarted(), kept_max=2) as life:
            await life.trade("c")
            loop, read = asyncio.get_running_loop(), store.read

            def busy(path, **options):
                readings.append(options)
                name = f"meanwhile {len(readings)}"
                for number, record in enumerate(read(path, **options)):
                    if number == 1 and len(readings) < 4:
                        asyncio.run_coroutine_threadsafe(life.trade(name), loop).result(10.0)
                    yield record

            with monkeypatch.context() as patched:
                patched.setattr(store, "read", busy)
                found = await up_to_now(life.told)
            return found, await replayed(path)

    found, again = run(told())

    assert found == again
    assert len(readings) == 1


def test_what_is_made_again_in_memory_is_made_into_json_as_it_is_told(tmp_path, monkeypatch):
    path, made = tmp_path / "a.journal", []
    report_data = archive_module.report_data

    def counted(report, assets):
        made.append(report)
        return report_data(report, assets)

    async def told():
        async with lived(path) as life:
            await life.trade("a", "b", "c")
        tip = max(record.sequence for record in store.read(path))
        desk = Reporting(path, "journal", ASSETS, begun=tip, kept_max=1)
        monkeypatch.setattr(archive_module, "report_data", counted)
        events = desk.follow((0, -1))
        await anext(events)
        await events.aclose()

    run(told())

    assert len(made) == 1


def test_a_desk_that_ends_does_not_wait_until_its_journal_was_read(tmp_path, monkeypatch):
    path, read, count = tmp_path / "a.journal", [], 0

    async def told():
        nonlocal count
        async with lived(path) as life:
            await life.trade("a", "b", "c")
        records = list(store.read(path))
        count = len(records)
        desk = Reporting(path, "journal", ASSETS, begun=count)
        loop, closed = asyncio.get_running_loop(), threading.Event()

        def slow(_path):
            for record in records:
                read.append(record.sequence)
                if len(read) == 3:
                    loop.call_soon_threadsafe(lambda: (desk.close(), closed.set()))
                    assert closed.wait(10.0)
                yield record

        monkeypatch.setattr(store, "read", slow)
        with pytest.raises(JournalError, match="closed"):
            await anext(desk.follow((0, -1)))

    run(told())

    assert len(read) == 3 < count


def test_where_an_order_stands_counts_in_all_that_was_told_up_to_its_place(tmp_path, monkeypatch):
    goes_on, commit = threading.Event(), vars(store.JournalStore)["_commit"]

    def slow(journal, batch):
        assert goes_on.wait(10.0)
        commit(journal, batch)

    async def told():
        async with kept(tmp_path) as desk:
            order = (await desk.waiting("one"))["order"]
            runtime, now = desk.desk.runtime, desk.floor.clock.now()
            monkeypatch.setattr(store.JournalStore, "_commit", slow)
            runtime.post(HourStruck(now))
            asked = asyncio.create_task(desk.ask("last_report", order="one", client="acme"))
            await asyncio.sleep(0)
            runtime.post(CancelRequested(order, "c", "ann", now))
            goes_on.set()
            return await asked, await desk.told([0, -1], 2)

    standing, reports = run(told())

    told_before = [r for r in map(orjson.loads, reports) if r["place"] <= standing["place"]]
    assert orjson.loads(reports[-1])["status"] == "canceled"
    assert standing["status"] == told_before[-1]["status"]
