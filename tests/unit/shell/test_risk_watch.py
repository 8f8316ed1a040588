"""When accounts are assessed, and what of it goes on record."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.event import EngineStarted, RiskAssessed
from router.domain.risk import GateRules, ZoneRules
from router.domain.stress import Scenario
from router.domain.units import NS_PER_S, DurationNs, Pips, TimestampNs
from router.shell.risk_watch import RiskWatch
from router.state.world import World
from tests.unit.engine.scene import DOLLAR, LIMITS, MARGIN, PERP, POOL, T0
from tests.unit.risk.ten_ethers import seen
from tests.unit.shell.floor import run

INTERVAL = DurationNs(5 * NS_PER_S)
RULES = GateRules(DurationNs(20 * NS_PER_S), INTERVAL)
GAP = Scenario(name="gap", gap_pips=-100_000)


class Desk:
    """What the watch reads: a world, a clock moved by hand, and a survey."""

    def __init__(self, *, rules=RULES):
        limits = replace(LIMITS, gate=rules, stresses=(GAP,))
        self.world = World(started=EngineStarted("journal", (POOL, PERP), limits, "test", T0))
        self.now = T0
        self.equity = 100_000
        self.read_count = 0
        self.posted = []
        self.woken = asyncio.Event()
        self.slept = asyncio.Event()

    async def survey(self, quote):
        assert quote == "USDC"
        self.read_count += 1
        return seen(equity=self.equity)

    async def sleep(self, duration):
        self.slept.set()
        await self.woken.wait()
        self.woken.clear()
        self.now = TimestampNs(self.now + duration)

    def watch(self):
        clock = type(
            "HandClock", (), {"now": lambda _: self.now, "sleep": lambda _, d: self.sleep(d)}
        )
        return RiskWatch(self, clock=clock(), world=lambda: self.world, post=self.posted.append)

    async def turn(self):
        """Let one interval pass, and return once the next has begun."""
        await self.slept.wait()
        self.slept.clear()
        self.woken.set()
        await self.slept.wait()


def test_before_a_plan_it_is_assessed_and_on_record_unless_that_was_done_within_an_interval():
    async def story():
        desk = Desk()
        watch = desk.watch()
        await watch.refresh()
        desk.now = TimestampNs(T0 + INTERVAL - 1)
        await watch.refresh()
        first = desk.read_count, len(desk.posted)
        desk.now = TimestampNs(T0 + INTERVAL)
        await watch.refresh()
        return first, desk

    first, desk = run(story())

    assert first == (1, 1)
    assert [e.assessment.at for e in desk.posted] == [T0, T0 + INTERVAL]
    assert all(isinstance(e, RiskAssessed) for e in desk.posted)


@pytest.mark.parametrize(("equity", "records"), [(100_000, 1), (99_000, 1), (1_000, 2)])
def test_between_plans_only_what_decisions_depend_on_goes_on_record(equity, records):
    async def story():
        desk = Desk()
        watch = desk.watch()
        reports = []
        watch.watch(reports.append)
        await watch.refresh()
        running = asyncio.create_task(watch.run())
        desk.equity = equity
        await desk.turn()
        running.cancel()
        await asyncio.wait([running])
        return desk, reports

    desk, reports = run(story())

    # A gap of a tenth takes 3,000 of a position of 30,000: with 1,000 it is short, else it is not.
    assert len(desk.posted) == records
    assert len(reports) == 2  # whoever watches hears of all
    assert reports[1].accounts[0].found.equity_atoms == equity * DOLLAR


def test_what_is_to_be_cut_goes_on_record_until_it_is_cut():
    zones = ZoneRules(
        venue=PERP.venue,
        early_pips=Pips(100_000),
        soft_pips=Pips(200_000),
        hard_pips=Pips(300_000),
        target_pips=Pips(150_000),
        slice_max_pips=Pips(1_000_000),
        cost_max_pips=Pips(5_000),
    )

    async def story():
        desk = Desk()
        limits = replace(desk.world.started.limits, zones=(zones,))
        desk.world = replace(desk.world, started=replace(desk.world.started, limits=limits))
        desk.equity = 1_000
        running = asyncio.create_task(desk.watch().run())
        for _ in range(3):
            await desk.turn()
        running.cancel()
        await asyncio.wait([running])
        return desk

    posted = [event.assessment for event in run(story()).posted]

    # The same each time: nothing was done about it in between.
    assert len(posted) == 3
    assert posted[0].cuts
    assert {each.cuts for each in posted} == {posted[0].cuts}


def test_without_rules_nothing_is_read_and_with_them_it_begins():
    async def story():
        desk = Desk(rules=None)
        watch = desk.watch()
        await watch.refresh()
        running = asyncio.create_task(watch.run())
        await asyncio.sleep(0)
        before = desk.read_count
        desk.world = Desk().world
        watch.limits_changed()
        await desk.turn()
        running.cancel()
        await asyncio.wait([running])
        return before, desk

    before, desk = run(story())

    assert (before, desk.read_count) == (0, 1)
    assert [e.assessment.of(MARGIN).unknown for e in desk.posted] == [""]
