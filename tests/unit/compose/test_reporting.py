import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest

from router import engine
from router.compose.reporting import Reporting
from router.domain.error import JournalError
from router.domain.instrument import Asset
from router.domain.units import AssetId
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, opened, run

ASSETS = {"ETH": Asset(AssetId("ETH"), 18), "USDC": Asset(AssetId("USDC"), 6)}
NAMES = ("a", "b", "c")


@asynccontextmanager
async def reporting(path, *, kept_max=1_000):
    floor = Floor()
    async with opened(path) as journal, floor.running(journal) as runtime:
        told = Reporting(path, "journal", ASSETS, begun=0, kept_max=kept_max)
        runtime.follow(told.record)
        yield runtime, told


async def traded(runtime):
    for name in NAMES:
        asked = order(4, name=name)
        runtime.submit(asked)
        await runtime.finished(asked.id)


async def first(events, count):
    """Return so many of what is told."""
    found = []
    async for event in events:
        found.append(event)
        if len(found) == count:
            break
    await events.aclose()
    return found


async def all_of(told):
    """Return what a follower from the beginning is told, until the last order has filled."""
    events, found = told.follow((0, -1)), []
    async with asyncio.timeout(30):
        async for event in events:
            found.append(event)
            report = orjson.loads(event)
            if (report["client_order_id"], report["status"]) == (NAMES[-1], "filled"):
                break
    await events.aclose()
    return found


def test_a_follower_from_the_beginning_is_told_all_and_each_place_once(tmp_path):
    async def told():
        async with reporting(tmp_path / "a.journal") as (runtime, desk):
            await traded(runtime)
            return await all_of(desk)

    reports = [orjson.loads(report) for report in run(told())]

    places = [tuple(report["place"]) for report in reports]
    assert places == sorted(set(places))
    assert {report["client_order_id"] for report in reports} == set(NAMES)
    kinds = [report["kind"] for report in reports if report["client_order_id"] == "a"]
    assert kinds[:2] == ["pending_new", "new"]
    assert set(kinds[2:]) == {"trade"}
    assert reports[-1]["status"] == "filled"


@pytest.mark.parametrize("kept_max", [1, 3])
def test_what_is_kept_no_longer_comes_from_the_journal_and_is_the_same(tmp_path, kept_max):
    async def told(path, kept_max):
        async with reporting(path, kept_max=kept_max) as (runtime, desk):
            await traded(runtime)
            whole = await all_of(desk)
            rests = []
            for report in whole[:-1]:
                place = tuple(orjson.loads(report)["place"])
                rests.append(await first(desk.follow(place), len(whole) - 1 - len(rests)))
            return whole, rests

    whole, rests = run(told(tmp_path / "few.journal", kept_max))

    assert len(whole) > 2 * kept_max
    assert rests == [whole[n + 1 :] for n in range(len(whole) - 1)]


def test_whoever_begins_now_is_told_only_what_comes(tmp_path):
    async def told():
        async with reporting(tmp_path / "a.journal") as (runtime, desk):
            await traded(runtime)
            reached = desk.reached
            events = desk.follow(None)
            next_one = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            asked = order(4, name="late")
            runtime.submit(asked)
            await runtime.finished(asked.id)
            report = orjson.loads(await next_one)
            await events.aclose()
            return reached, report

    reached, report = run(told())

    assert report["client_order_id"] == "late"
    assert tuple(report["place"]) >= reached


@pytest.mark.parametrize("kept_max", [1, 1_000])
def test_whoever_wants_to_know_is_told_once_where_all_of_before_was_told(tmp_path, kept_max):
    async def told():
        async with reporting(tmp_path / "a.journal", kept_max=kept_max) as (runtime, desk):
            await traded(runtime)
            whole = await all_of(desk)
            newest = await desk.newest(runtime.durable_sequence)
            late = order(4, name="late")
            events = desk.follow((0, -1), says_reached=True)
            before = [await anext(events) for _ in range(len(whole) + 1)]
            reached = desk.reached
            runtime.submit(late)
            await runtime.finished(late.id)
            return whole, before, await first(events, 2), newest, reached

    whole, before, later, newest, reached = run(told())

    assert before[:-1] == whole
    assert orjson.loads(before[-1]) == {"reached": list(reached)}
    assert newest == tuple(orjson.loads(whole[-1])["place"]) < reached
    assert {orjson.loads(each)["client_order_id"] for each in later} == {"late"}


def test_the_newest_report_is_told_once_its_record_was_taken_and_not_before(tmp_path):
    async def told():
        async with reporting(tmp_path / "a.journal") as (runtime, desk):
            late = order(4, name="late")
            runtime.submit(late)
            posted = runtime.durable_sequence + runtime.behind
            assert posted > runtime.durable_sequence
            newest = await desk.newest(posted)
            assert runtime.durable_sequence >= posted
            never = asyncio.ensure_future(desk.newest(10**9))
            await asyncio.sleep(0)
            (report,) = await first(desk.follow((0, -1)), 1)
            desk.close()
            with pytest.raises(JournalError, match="closed"):
                await never
            return newest, orjson.loads(report)

    newest, report = run(told())

    assert newest >= tuple(report["place"])
    assert report["client_order_id"] == "late"


def test_a_journal_that_does_not_make_the_same_again_is_told_and_no_report_left_out(
    tmp_path, monkeypatch
):
    path = tmp_path / "a.journal"

    async def told():
        async with reporting(path, kept_max=1) as (runtime, desk):
            await traded(runtime)
            step = engine.step

            def otherwise(world, event):
                return step(world, event)[0], ()

            with monkeypatch.context() as patch:
                patch.setattr(engine, "step", otherwise)
                with pytest.raises(JournalError, match="the decision differs"):
                    await first(desk.follow((0, -1)), 1)

    run(told())


def test_the_journal_is_read_back_once_for_all_even_where_whoever_asked_first_has_gone(tmp_path):
    path = tmp_path / "a.journal"

    async def told():
        floor = Floor()
        async with opened(path) as journal, floor.running(journal) as runtime:
            await traded(runtime)
            desk = Reporting(path, "journal", ASSETS, begun=runtime.durable_sequence)
            gone = asyncio.ensure_future(anext(desk.follow((0, -1))))
            await asyncio.sleep(0)  # it has begun to read
            gone.cancel()
            whole = await all_of(desk)
            path.rename(tmp_path / "away")  # whoever reads it now finds nothing
            later = tuple(orjson.loads(whole[2])["place"])
            return whole, await all_of(desk), await first(desk.follow(later), len(whole) - 3)

    whole, again, rest = run(told())

    assert {orjson.loads(report)["client_order_id"] for report in whole} == set(NAMES)
    assert again == whole
    assert rest == whole[3:]
