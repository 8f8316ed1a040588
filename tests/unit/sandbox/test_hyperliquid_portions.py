"""What is due is made in portions: each is short, none skips anything, `publish` makes them all."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS
from venues.sandbox.hyperliquid.config import SandboxConfig, SceneConfig
from venues.sandbox.hyperliquid.service.blocks import PORTION_MS, PORTION_STEPS_MAX, Blocks
from venues.sandbox.hyperliquid.service.clock import VenueClock
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox
from venues.sandbox.hyperliquid.venue import Venue

SECOND_MS = 1_000
CONFIG = SandboxConfig(block_ms=100)


class Machine:
    """Time that passes only by work: every step costs so many milliseconds."""

    def __init__(self, step_ms):
        self.now_ms = OPENED_MS
        self.step_ms = step_ms
        self.seen = []

    def __call__(self):
        return self.now_ms

    def act(self, now_ms):
        self.now_ms += self.step_ms
        self.seen.append(now_ms)


def at_work(step_ms, *, factor=0):
    """Return a machine, the venue's clock on it, and the blocks it makes."""
    machine = Machine(step_ms)
    clock = VenueClock(machine, factor=factor, grid_ms=CONFIG.block_ms, is_blockwise=True)
    blocks = Blocks(Venue(CONFIG, clock), clock, scene=machine, tell=lambda: None, timer=machine)
    return machine, clock, blocks


@pytest.mark.parametrize("step_ms", [1, 3, 8, 20, 100])
def test_a_portion_ends_with_the_first_step_after_which_it_took_long_enough(step_ms):
    machine, clock, blocks = at_work(step_ms)
    clock.leap(600 * SECOND_MS)

    assert not blocks.settle()

    spent = machine.now_ms - OPENED_MS
    assert spent - step_ms < PORTION_MS
    assert spent >= PORTION_MS or len(machine.seen) == PORTION_STEPS_MAX


def test_steps_that_cost_nothing_are_a_bounded_portion_too():
    machine, clock, blocks = at_work(0)
    clock.leap(600 * SECOND_MS)

    assert not blocks.settle()
    assert len(machine.seen) == PORTION_STEPS_MAX


def test_portions_together_are_all_that_was_due():
    whole, portions = at_work(0), at_work(7)
    for _, clock, _ in (whole, portions):
        clock.leap(120 * SECOND_MS)

    while not whole[2].settle():
        pass
    count = 1
    while not portions[2].settle():
        count += 1

    assert count > 120 * 7 // (PORTION_MS + 7)
    assert portions[0].seen == whole[0].seen
    assert {moment // SECOND_MS for moment in whole[0].seen} >= set(
        range(OPENED_MS // SECOND_MS + 1, OPENED_MS // SECOND_MS + 120)
    )


def test_catching_up_makes_what_was_due_and_ends_although_time_runs_faster_than_it_can():
    machine, clock, blocks = at_work(50, factor=3_600)
    machine.now_ms += 1
    until_ms = clock.target_ms()

    blocks.catch_up()

    assert clock() >= until_ms
    assert not blocks.settle(), "every step makes more due than it does"


def test_publishing_makes_every_block_that_is_due():
    async def reached():
        config = replace(
            CONFIG, scene=SceneConfig(), time_factor=0, tick_ms=3_600_000, builder_dexs=()
        )
        async with HyperliquidSandbox.start(config, clock=lambda: OPENED_MS) as sandbox:
            sandbox.clock.leap(60 * SECOND_MS)
            sandbox.publish()
            return sandbox.clock(), sandbox.venue.state.now_ms

    assert asyncio.run(reached()) == (OPENED_MS + 60 * SECOND_MS,) * 2
