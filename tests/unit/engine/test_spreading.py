"""An order that is spread by the optimiser: asked once, followed slice by slice, also anew."""

from dataclasses import replace

import pytest

from router.domain.algo import Shortfall
from router.domain.command import ReportParent, SolveRoute, SolveSchedule, WakeAt
from router.domain.event import MarketObserved, ScheduleRefused, ScheduleSolved, TimerFired
from router.domain.market import PoolTick
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.schedule import Schedule
from router.domain.units import NS_PER_S, Amount, DurationNs, Pico, Pips, TimestampNs
from router.engine import spreading
from router.execution import progress
from router.optimiser.schedule import solve_schedule
from router.state.world import Phase
from tests.unit.engine.scene import ETH, ETHER, POOL, T0, Driver, order

ALGO = Shortfall(
    start_at=T0,
    end_at=TimestampNs(T0 + 40 * NS_PER_S),
    interval=DurationNs(10 * NS_PER_S),
    aversion=Pico(0),
    volatility_pips=Pips(40_000),
    half_life=DurationNs(10 * NS_PER_S),
    catch_up_pips=Pips(1_000_000),
)


DEEPER = 1_000


class DeepDriver(Driver):
    """Shows a pool that a slice of the order fits into."""

    def seen(self):
        shown = super().seen()
        (pool,) = shown.pools
        ticks = tuple(
            PoolTick(each.index, each.liquidity_gross * DEEPER, each.liquidity_net * DEEPER)
            for each in pool.ticks
        )
        deep = replace(pool, liquidity=pool.liquidity * DEEPER, ticks=ticks)
        return replace(shown, pools=(deep,))


@pytest.fixture
def driver():
    made = DeepDriver()
    made.start()
    return made


def asked(driver, parent):
    """Submit an order, show it the markets, and return the problem of its schedule."""
    driver.submit(parent)
    driver.feed(MarketObserved(parent.id, driver.seen(), driver.tick()))
    return driver.command(SolveSchedule).problem


def state(driver, parent):
    return driver.world.parents[parent.id]


def test_the_schedule_is_asked_for_before_anything_is_released(driver):
    parent = order(algo=ALGO)

    problem = asked(driver, parent)

    assert problem.quantity == parent.quantity
    assert len(problem.intervals) == 4
    assert (state(driver, parent).phase, state(driver, parent).released) == (Phase.SOLVING, None)


def test_the_first_slice_is_planned_as_the_schedule_says(driver):
    parent = order(algo=ALGO)
    schedule = solve_schedule(asked(driver, parent))

    driver.feed(ScheduleSolved(parent.id, schedule, driver.tick()))
    told = driver.command(ReportParent)
    planned = driver.observe(parent)

    assert f"spread over {len(schedule.releases)} slices" in told.message
    assert f"{schedule.expected_pico / 10**8:.2f} bps" in told.message
    assert planned.quantity.atoms == schedule.releases[0][1] < 10 * ETHER
    assert state(driver, parent).schedule == schedule


def test_the_next_slice_comes_at_its_time_and_the_sum_is_the_order(driver):
    parent = order(10, algo=ALGO)
    schedule = solve_schedule(asked(driver, parent))
    begins = [at for at, _ in schedule.releases]
    whole = tuple((at, n * ETHER) for at, n in zip(begins, (4, 6, 8, 10), strict=True))
    driver.feed(ScheduleSolved(parent.id, replace(schedule, releases=whole), driver.tick()))
    traded = []
    for ethers in (4, 2, 2, 2):
        problem = driver.observe(parent)
        assert problem.quantity.atoms == ethers * ETHER
        (child,) = driver.solve(problem, (POOL, ethers))
        driver.sign(child)
        driver.acknowledge(child)
        driver.fill(child, ethers)
        driver.end(child, OrderStatus.FILLED)
        traded.append(ethers)
        waiting = state(driver, parent)
        if waiting.phase is Phase.WAITING:
            assert driver.command(WakeAt).at == whole[len(traded)][0]
            driver.now = max(driver.now, waiting.wake_at)
            driver.feed(TimerFired(parent.id, TimestampNs(driver.now)))

    assert state(driver, parent).phase is Phase.RECONCILING
    assert sum(traded) == 10


@pytest.mark.parametrize(
    "amended",
    [{"quantity": Amount(ETH.id, 5 * ETHER)}, {"deadline_at": TimestampNs(T0 + 20 * NS_PER_S)}],
)
def test_a_schedule_of_older_terms_is_made_anew(driver, amended):
    parent = order(algo=ALGO)
    schedule = solve_schedule(asked(driver, parent))
    now = state(driver, parent)
    driver.world = driver.world.with_parent(replace(now, order=replace(parent, **amended)))

    driver.feed(ScheduleSolved(parent.id, schedule, driver.tick()))
    assert state(driver, parent).schedule is None
    driver.feed(MarketObserved(parent.id, driver.seen(), driver.tick()))

    problem = driver.command(SolveSchedule).problem
    assert problem.quantity == amended.get("quantity", parent.quantity)
    assert problem.intervals[-1].ends_at <= amended.get("deadline_at", ALGO.end_at)


def test_after_a_restart_the_schedule_is_still_there(driver):
    parent = order(algo=ALGO)
    schedule = solve_schedule(asked(driver, parent))
    driver.feed(ScheduleSolved(parent.id, schedule, driver.tick()))

    driver.start()
    planned = driver.observe(parent)

    assert planned.quantity.atoms == schedule.releases[0][1]


def test_a_schedule_that_was_being_made_is_asked_for_again_after_a_restart(driver):
    parent = order(algo=ALGO)
    asked(driver, parent)

    driver.start()
    driver.feed(MarketObserved(parent.id, driver.seen(), driver.tick()))

    assert driver.command(SolveSchedule).problem.parent == parent.id


def test_an_order_without_a_schedule_within_its_bounds_ends_with_the_reason(driver):
    parent = order(algo=ALGO)
    asked(driver, parent)

    driver.feed(ScheduleRefused(parent.id, NoRouteReason.NO_LIQUIDITY, "too little", driver.tick()))

    ended = state(driver, parent)
    assert (ended.phase, ended.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert ended.reason == "too little"


def test_an_answer_nobody_waits_for_changes_nothing(driver):
    parent = order(algo=ALGO)
    schedule = solve_schedule(asked(driver, parent))
    driver.feed(ScheduleSolved(parent.id, schedule, driver.tick()))
    before = state(driver, parent)

    driver.feed(ScheduleSolved(parent.id, replace(schedule, releases=()), driver.tick()))
    driver.feed(ScheduleRefused(parent.id, NoRouteReason.SOLVER, "late", driver.tick()))

    assert state(driver, parent) == before


def test_a_sweep_needs_no_schedule(driver):
    parent = order()
    driver.submit(parent)

    driver.observe(parent)

    assert driver.command(SolveRoute).problem.quantity == parent.quantity


def test_only_a_shortfall_order_without_a_schedule_waits_for_one():
    spread = progress.new_parent(order(algo=ALGO))

    assert spreading.is_due(spread)
    assert not spreading.is_due(replace(spread, schedule=Schedule((), *(Pico(0),) * 5)))
    assert not spreading.is_due(progress.new_parent(order()))
