"""Whoever asked to be woken is, once, at the last moment it asked for."""

import asyncio

from router.domain.command import WakeAt
from router.domain.units import TimestampNs
from router.shell.timers import Timers
from tests.unit.engine.scene import T0
from tests.unit.shell.floor import JumpClock, run

S = 10**9


class HeldClock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.time = T0
        self.passed = asyncio.Condition()

    def now(self):
        return TimestampNs(self.time)

    async def sleep(self, duration):
        until = self.time + duration
        async with self.passed:
            await self.passed.wait_for(lambda: self.time >= until)

    async def pass_by(self, duration):
        async with self.passed:
            self.time += duration
            self.passed.notify_all()
        for _ in range(5):
            await asyncio.sleep(0)


def at(second):
    return TimestampNs(T0 + second * S)


def test_each_is_woken_once_at_its_moment_and_not_before():
    async def told():
        clock, fired = HeldClock(), []
        async with asyncio.TaskGroup() as group:
            timers = Timers(clock, fired.append)
            timers.set(WakeAt("a", at(2)), group)
            timers.set(WakeAt("b", at(1)), group)
            await clock.pass_by(0)
            assert fired == []
            await clock.pass_by(S)
            assert [event.parent for event in fired] == ["b"]
            await clock.pass_by(9 * S)
        return [(event.parent, event.at) for event in fired]

    assert run(told()) == [("b", at(1)), ("a", at(10))]


def test_a_later_word_takes_the_place_of_an_earlier_one():
    async def told():
        clock, fired = HeldClock(), []
        async with asyncio.TaskGroup() as group:
            timers = Timers(clock, fired.append)
            timers.set(WakeAt("a", at(1)), group)
            timers.set(WakeAt("a", at(5)), group)
            await clock.pass_by(2 * S)
            assert fired == []
            await clock.pass_by(4 * S)
        return [event.at for event in fired]

    assert run(told()) == [at(6)]


def test_a_moment_that_is_over_is_now_and_after_a_stop_nobody_is_woken():
    async def told():
        clock, fired = JumpClock(), []
        async with asyncio.TaskGroup() as group:
            timers = Timers(clock, fired.append)
            timers.set(WakeAt("past", TimestampNs(T0 - S)), group)
            await asyncio.sleep(0)
        held = HeldClock()
        async with asyncio.TaskGroup() as group:
            timers = Timers(held, fired.append)
            timers.set(WakeAt("never", at(1)), group)
            await asyncio.sleep(0)
            timers.cancel()
        return [(event.parent, event.at) for event in fired]

    assert run(told()) == [("past", T0)]
