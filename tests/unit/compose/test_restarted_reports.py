"""Reports of before after a restart: from their file, as a replay would make them."""

import asyncio
import shutil
import time
from contextlib import closing
from random import Random

import orjson
import pytest

from router.compose import archive as archive_module
from router.compose.archive import open_archive
from router.domain.error import JournalError
from router.domain.event import ParentSubmitted
from router.domain.instrument import Asset
from router.domain.units import AssetId
from router.shell import store
from router.shell.report_file import place_of, report_path
from tests.unit.compose.life import (
    ASSETS,
    JOURNAL_ID,
    Steps,
    copied,
    lived,
    moved_away,
    replayed,
    started,
    unkept,
    up_to_now,
)
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, opened, run

NAMES = ("a", "b", "c")
WITHIN_S = 10.0
LOOK_EVERY_S = 0.02
TAIL_BYTES = 160  # the last mark, and the end of the report before it


def tip_of(path):
    return max(record.sequence for record in store.read(path))


def traded(path, *, names=NAMES, floor=None):
    """Write a journal of some orders; return what it has to tell."""

    async def written():
        async with lived(path, floor=floor) as life:
            await life.trade(*names)

    run(written())
    return run(replayed(path))


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Write a journal whose desk ends in order; return what it has to tell, and its floor."""
    path, floor = tmp_path_factory.mktemp("ended") / "a.journal", Floor()
    return path, traded(path, floor=floor), floor


@pytest.fixture
def left(ended, tmp_path):
    path, told, _ = ended
    return copied(path, tmp_path / "left"), told


def followed(path, after=(0, -1), **options):
    async def told():
        with started(path, **options) as reporting:
            return await up_to_now(reporting, after)

    return run(told())


def test_after_a_restart_nothing_is_decided_again_to_tell_what_was_told(left, monkeypatch):
    path, told = left
    steps = Steps(monkeypatch)

    assert followed(path) == told
    assert {orjson.loads(each)["client_order_id"] for each in told} == set(NAMES)
    assert steps.count == 0


def test_whoever_was_told_a_part_is_told_the_rest(left):
    path, told = left

    for number, each in enumerate(told):
        assert followed(path, place_of(each)) == told[number + 1 :]


def test_what_a_killed_desk_had_not_written_is_told_by_the_replay_of_the_start(
    tmp_path, monkeypatch
):
    path, floor = tmp_path / "a.journal", Floor()

    async def killed():
        async with lived(path, floor=floor) as life:
            await life.trade("a", "b")
        kept = tip_of(path)
        async with lived(path, floor=floor.restarted()) as life:
            await life.trade("c")
            return kept, copied(path, tmp_path / "killed")

    kept, left = run(killed())
    told, written = run(replayed(left)), report_path(left).stat().st_size
    steps = Steps(monkeypatch)

    assert followed(left) == told
    assert steps.count == tip_of(left) - kept > 0
    assert report_path(left).stat().st_size >= written


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_a_file_that_is_gone_is_whole_again_once_somebody_wanted_it(
    left, monkeypatch, has_checkpoint
):
    path, told = left
    whole = report_path(path).stat().st_size
    moved_away(path, reports=True, checkpoint=not has_checkpoint)
    steps = Steps(monkeypatch)

    assert followed(path) == told
    assert steps.count == tip_of(path)  # by the start, or by the follower
    assert followed(path) == told
    assert steps.count == tip_of(path) + (0 if has_checkpoint else tip_of(path))
    assert report_path(path).stat().st_size <= whole  # it has fewer marks


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_a_file_cut_off_at_any_byte_of_its_end_changes_nothing_that_is_told(
    left, has_checkpoint, monkeypatch
):
    path, told = left
    if not has_checkpoint:
        moved_away(path, checkpoint=True)
    file = report_path(path)
    whole = file.read_bytes()

    async def all_cut_off():
        for length in (*range(len(whole) - TAIL_BYTES, len(whole)), *range(0, len(whole), 1_999)):
            file.write_bytes(whole[:length])
            with started(path) as reporting:
                assert await up_to_now(reporting) == told
            steps = counted.count
            with started(path) as reporting:
                assert await up_to_now(reporting, place_of(told[3])) == told[4:]
            if has_checkpoint:
                assert counted.count == steps, "it was not whole again"

    counted = Steps(monkeypatch)
    asyncio.run(all_cut_off())


def test_the_file_of_another_journal_is_not_told(left, tmp_path):
    path, told = left
    other = tmp_path / "other.journal"
    others = traded(other, names=("x", "y"))
    shutil.copy(report_path(other), report_path(path))

    assert others != told
    # Both journals bear one name here: the record that the file ends with tells them apart.
    assert followed(path) == told
    with closing(open_archive(path, "another name", ASSETS)) as archive:
        assert archive.until == (1, -1)


@pytest.mark.parametrize("changes", ["assets", "build"])
def test_what_was_told_otherwise_than_it_would_be_now_is_told_as_it_would_be(
    left, monkeypatch, changes
):
    path, _ = left
    if changes == "assets":
        assets = ASSETS | {"USDC": Asset(AssetId("USDC"), 2)}
    else:
        assets = ASSETS
        monkeypatch.setattr(archive_module, "telling_build", lambda: "another")

    with closing(open_archive(path, JOURNAL_ID, assets)) as archive:
        assert archive.until == (1, -1)


def test_a_file_deleted_while_the_desk_runs_changes_nothing_that_is_told(tmp_path):
    path = tmp_path / "a.journal"

    async def told():
        async with lived(path, kept_max=1) as life:
            await life.trade("a")
            before = await up_to_now(life.told)
            moved_away(path, reports=True)
            await life.trade("b", "c")
            return before, await up_to_now(life.told), await replayed(path)

    before, whole, again = run(told())

    assert whole == again
    assert before == again[: len(before)]
    assert followed(path) == run(replayed(path))


def test_a_file_cut_off_while_the_desk_runs_changes_nothing_that_is_told(tmp_path):
    path = tmp_path / "a.journal"

    async def told():
        async with lived(path, kept_max=1) as life:
            await life.trade("a")
            await up_to_now(life.told)  # it is written
            with report_path(path).open("r+b") as file:
                file.truncate(200)
            await life.trade("b", "c")
            with unkept() as reasons:
                return await up_to_now(life.told), await replayed(path), reasons

    whole, again, reasons = run(told())

    assert whole == again
    assert len(reasons) == 1
    assert followed(path) == run(replayed(path))


@pytest.mark.parametrize("seed", range(8))
def test_file_and_memory_together_are_the_replay(ended, left, seed):
    path, told = left
    rng = Random(seed)
    kept_max, number = rng.randint(1, 30), rng.randrange(len(told))
    whole = report_path(path).read_bytes()
    report_path(path).write_bytes(whole[: rng.randint(0, len(whole))])

    async def found():
        async with lived(path, floor=ended[2].restarted(), kept_max=kept_max) as life:
            rests = []
            for name in ("more", "yet more")[: rng.randint(0, 2)]:
                await life.trade(name)
                rests.append(await up_to_now(life.told, place_of(told[number])))
            return rests, await up_to_now(life.told), await replayed(path)

    rests, all_told, again = run(found())

    assert all_told == again
    assert all(rest == again[number + 1 :][: len(rest)] for rest in rests)
    assert all(len(rest) >= len(told) - number for rest in rests)


def test_a_path_where_no_file_can_be_is_said_once_and_the_journal_is_read_instead(left):
    path, told = left
    report_path(path).unlink()
    report_path(path).mkdir()

    with unkept() as reasons:
        assert followed(path) == told
        assert followed(path, place_of(told[2])) == told[3:]
    assert len(reasons) == 2  # each start


def test_a_follower_of_a_desk_that_has_ended_does_not_read_the_journal_again(left, monkeypatch):
    path, _ = left

    async def told():
        with started(path) as reporting:
            events = reporting.follow((0, -1))
            await anext(events)
            await events.aclose()
        reporting.close()
        with pytest.raises(JournalError, match="closed"):
            await anext(reporting.follow((0, -1)))

    steps = Steps(monkeypatch)
    run(told())
    assert steps.count == 0


def test_what_becomes_durable_after_the_end_is_written_before_its_world_is_kept(left, monkeypatch):
    path, _ = left
    steps = Steps(monkeypatch)

    with started(path) as reporting:
        begun = reporting.reached

    assert steps.count == 0, "the checkpoint is of the last record"
    with closing(open_archive(path, JOURNAL_ID, ASSETS)) as archive:
        assert archive.until == begun == (tip_of(path) + 1, -1)


def test_a_desk_that_writes_tells_from_its_start_also_where_it_keeps_nothing(left):
    path, told = left

    async def found():
        with started(path, kept_max=0) as reporting:
            return await up_to_now(reporting)

    assert run(found()) == told


def test_what_was_posted_until_the_very_end_is_told_once_and_nothing_of_it_is_done(tmp_path):
    path, floor, seen = tmp_path / "a.journal", Floor(), []

    async def ended():
        async with opened(path) as journal:
            async with floor.running(journal) as runtime:
                runtime.follow(lambda recorded: seen.append(recorded.sequence))
            asked = order(4)
            runtime.post(ParentSubmitted(asked, floor.clock.now()))
            tip = await runtime.flushed()
            before = len(seen)
            runtime.tell_rest()
            runtime.tell_rest()
            return before, tip

    before, tip = run(ended())

    assert before < len(seen)
    assert seen == list(range(1, tip.sequence + 1))
    assert tip.sequence == tip_of(path)


def test_what_is_told_is_written_while_nobody_asks_for_it(tmp_path):
    path = tmp_path / "a.journal"

    async def written():
        async with lived(path) as life:
            await life.trade("a")
            deadline = time.monotonic() + WITHIN_S
            while b'"filled"' not in report_path(path).read_bytes():
                assert time.monotonic() < deadline
                await asyncio.sleep(LOOK_EVERY_S)

    run(written())
