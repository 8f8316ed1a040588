"""A start from what was kept of a world is a start from its journal."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from router import engine
from router.journal import codec
from router.journal.checkpoint import changed_rows, make_checkpoint, restored
from router.journal.record import Tip, make_record, trace
from router.journal.replay import replay
from router.shell import store
from router.shell.build import deciding_build
from router.shell.checkpoint_store import Checkpoints, checkpoint_path, load
from router.state.world import World
from tests.unit.engine.scene import PERP, POOL, Driver, order
from tests.unit.engine.story import executed_perp_leg, executed_pool_leg, settled
from tests.unit.shell.floor import JumpClock, run

TIP = Tip(7, b"\x07" * 32)


def keeping(path, clock=None):
    return Checkpoints(path, journal_id="journal", build="b", kept=None, clock=clock or JumpClock())


def busy():
    """Bring a desk to where one order is done, one is at work, one is planned and one waits."""
    driver = Driver()
    driver.start()
    done = order(name="done")
    executed_perp_leg(driver, done)
    executed_pool_leg(driver, done, 6)
    driver.reconcile(**settled(6, 4))
    working, planned, queued = (order(name=n) for n in ("working", "planned", "queued"))
    driver.submit(working)
    (child,) = driver.solve(driver.observe(working), (PERP, 4), (POOL, 6))
    driver.sign(child)
    driver.submit(planned)
    driver.observe(planned)
    driver.submit(queued)
    return driver


def test_a_world_comes_back_as_it_was_with_every_order_in_its_place():
    world = busy().world

    back = restored(make_checkpoint(world, TIP, build="b"), list(changed_rows(World(), world)))

    assert back == world
    for name in ("parents", "children", "going", "queued", "planning", "settling", "open"):
        assert list(getattr(back, name)) == list(getattr(world, name)), name


def test_what_follows_is_decided_as_if_nothing_had_been_kept():
    driver = busy()
    world = driver.world
    back = restored(make_checkpoint(world, TIP, build="b"), list(changed_rows(World(), world)))
    straight = busy()
    first = engine.step(back, straight.history[0])

    assert first == engine.step(world, straight.history[0])


def test_only_what_changed_is_written_again():
    driver = busy()
    before = driver.world
    (child,) = before.open_children()
    driver.acknowledge(child.order)

    changed = {(row.kind, row.key) for row in changed_rows(before, driver.world)}

    assert ("child", child.order.id) in changed
    assert ("parent", order(name="done").id) not in changed


def test_many_orders_are_kept_a_few_at_a_time_and_again_where_they_changed(tmp_path):
    driver, path = busy(), tmp_path / "kept"
    waiting = next(driver.world.queued.rows())
    named = {n: replace(waiting.order, id=f"{n:016x}") for n in range(100)}
    first = driver.world
    for asked in named.values():
        first = first.with_parent(replace(waiting, order=asked))
    second = first
    for n in range(0, 100, 2):
        second = second.with_parent(replace(waiting, order=named[n], reason="seen again"))
    keeper = keeping(path)

    keeper.keep(first, TIP, 0.0001)
    keeper.keep(second, replace(TIP, sequence=8), 0.0001)
    kept = load(path, journal_id="journal", build="b")

    assert (kept.world, kept.tip.sequence) == (second, 8)
    assert kept.world != first


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_at_any_moments_is_the_world_of_the_last(tmp_path, seed, monkeypatch):
    monkeypatch.setattr("router.state.table._PUTS_MAX", 3)  # more may have changed in between
    rng, path, driver, world = Random(seed), tmp_path / "kept", busy(), World()
    keeper = keeping(path)

    for sequence, event in enumerate(driver.history, start=1):
        world, _ = engine.step(world, event)
        if rng.random() < 0.3:
            keeper.keep(world, replace(TIP, sequence=sequence))
            assert load(path, journal_id="journal", build="b").world == world
        if rng.random() < 0.1:
            kept = load(path, journal_id="journal", build="b")
            keeper = Checkpoints(
                path, journal_id="journal", build="b", kept=kept, clock=JumpClock()
            )


@pytest.fixture
def journal(tmp_path):
    """Write a busy desk's journal, with its checkpoint of half the way."""
    path, driver = tmp_path / "a.journal", busy()

    async def written():
        half, tip, world = len(driver.history) // 2, None, World()
        with closing(store.open_journal(path, journal_id="journal")) as opened:
            kept = Checkpoints(
                checkpoint_path(path), journal_id="journal", build="b", kept=None, clock=JumpClock()
            )
            tip = opened.tip
            for count, event in enumerate(driver.history, start=1):
                world, commands = engine.step(world, event)
                record = make_record(tip, codec.encode(event), trace(commands))
                await opened.append(record)
                tip = record.tip
                if count in {half // 2, half}:
                    kept.keep(world, tip)
        return world

    return path, asyncio.run(written())


def read(path, **changes):
    return load(checkpoint_path(path), **({"journal_id": "journal", "build": "b"} | changes))


def test_the_rest_of_the_journal_leads_to_the_same_world(journal):
    path, world = journal

    kept = read(path)
    records = store.read(path, after=kept.tip.sequence)
    found = replay(records, engine.step, kept.world, journal_id="journal", tip=kept.tip)

    assert found.fault is None
    assert (found.world, found.tip.sequence) == (world, kept.tip.sequence + found.records_count)
    assert 0 < found.records_count < found.tip.sequence


def test_what_was_kept_of_another_journal_or_by_another_build_is_not_used(journal):
    path, _ = journal

    assert read(path) is not None
    assert read(path, journal_id="other") is None
    assert read(path, build="other") is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE row SET data = X'7b7d' WHERE kind = 'child'",
        "DELETE FROM row WHERE kind = 'parent'",
        "UPDATE checkpoint SET sequence = sequence + 1",
        "UPDATE checkpoint SET rest = X'7b7d'",
        "DELETE FROM checkpoint",
        "DROP TABLE row",
    ],
)
def test_what_is_damaged_is_not_used(journal, damage):
    path, _ = journal
    with closing(sqlite3.connect(checkpoint_path(path))) as connection:
        connection.execute(damage)
        connection.commit()

    assert read(path) is None


def test_a_file_of_rubbish_is_not_used_and_is_written_over(journal):
    path, world = journal
    checkpoint_path(path).write_bytes(b"rubbish" * 1_000)
    assert read(path) is None

    fresh = Checkpoints(
        checkpoint_path(path), journal_id="journal", build="b", kept=None, clock=JumpClock()
    )
    fresh.keep(world, TIP)

    assert read(path).world == world


def test_a_journal_put_back_behind_its_checkpoint_is_noticed_by_its_records(journal, tmp_path):
    path, world = journal
    other = tmp_path / "other.journal"
    shutil.copy(checkpoint_path(path), checkpoint_path(other))

    kept = read(other)

    assert kept.tip in [record.tip for record in store.read(path)]
    assert replace(kept.tip, sequence=10**6) not in [record.tip for record in store.read(path)]
    assert world.parents


def test_the_build_is_that_of_the_source():
    assert deciding_build() == deciding_build()
    assert len(deciding_build()) == 64


def test_a_world_is_kept_after_many_records_or_some_and_a_while(tmp_path):
    place, world, clock = tmp_path / "a.journal-checkpoint", busy().world, JumpClock()

    async def kept_at():
        checkpoints = keeping(place, clock)
        found = []
        for sequence, passed in ((99, 10), (150, 0), (220, 1), (240, 2), (2_200, 0), (2_300, 2)):
            clock.time += passed * 10**9
            checkpoints.consider(world, Tip(sequence, b"\x07" * 32))
            await checkpoints.close()
            kept = load(place, journal_id="journal", build="b")
            found.append(0 if kept is None else kept.tip.sequence)
        return found

    # Ten seconds had gone by at 150 and two at 2,300; at 2,200 there were many.
    assert run(kept_at()) == [0, 150, 150, 150, 2_200, 2_300]
