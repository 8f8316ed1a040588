"""The parts of a step, each by itself."""

from dataclasses import replace
from typing import get_args

from router.domain.command import ObserveMarket, ReportParent, TellFinding
from router.domain.control import Control, Finding
from router.domain.event import ChildEnded, DeadlinePassed, Event, ObservationFailed, SwitchSet
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.engine import admission, dispatch, ending, memory, reconciling, working
from router.execution import progress
from router.risk.guards import DELEVERAGING
from router.state.world import Phase
from tests.unit.engine.scene import PERP, POOL, T0, Driver, order

FINDING = Finding(Control.ORDER_SIZE, FIRM, "order_notional_max", "1", "2", "too large")
REFUSED = Refused(NoRouteReason.LIMIT_EXCEEDED, "too large", FINDING)


def ready():
    driver = Driver()
    driver.start()
    return driver


def with_queued(world, *orders):
    for each in orders:
        world = world.with_parent(progress.new_parent(each))
    return world


def test_what_keeps_an_account_from_being_liquidated_goes_first():
    first, urgent = order(name="first"), order(name="urgent", strategy=DELEVERAGING)

    world, commands = admission.activate(with_queued(ready().world, first, urgent), T0)

    assert [c.parent for c in commands if isinstance(c, ObserveMarket)] == [urgent.id]
    assert world.parents[first.id].phase is Phase.QUEUED


def test_an_order_waits_while_nothing_new_may_begin_and_begins_once_it_may():
    waiting = order()
    held = SwitchSetting(FIRM, TradingState.CANCEL_ONLY, "anna", "drill", T0)
    world = with_queued(ready().world, waiting)

    world, commands = dispatch.step(world, SwitchSet(held, T0))
    assert (commands, world.parents[waiting.id].phase) == ((), Phase.QUEUED)

    free = replace(held, state=TradingState.ACTIVE)
    world, commands = dispatch.step(world, SwitchSet(free, T0))
    assert [type(c) for c in commands] == [ObserveMarket]


def test_what_a_control_found_is_put_on_record_once_whatever_was_sent():
    driver = ready()
    unsent = progress.new_parent(order(name="unsent"))
    world, commands = admission.settle(driver.world.with_parent(unsent), unsent, REFUSED, at=T0)

    told = [c for c in commands if isinstance(c, TellFinding)]
    assert told == [TellFinding(unsent.order.id, FINDING)]
    assert world.parents[unsent.order.id].reason == "too large"

    begun = order()
    driver.submit(begun)
    (child,) = driver.solve(driver.observe(begun), (PERP, 10))
    sent = driver.world.parents[begun.id]
    assert sent.children == (child.id,)
    world, commands = admission.settle(driver.world, sent, REFUSED, at=T0)
    assert sum(isinstance(c, TellFinding) for c in commands) == 1
    world, commands = admission.end(world, world.parents[begun.id], "too large", at=T0)
    assert not any(isinstance(c, TellFinding) for c in commands)


def test_a_deadline_ends_what_waits_and_nothing_that_was_sent():
    driver = ready()
    begun, waiting = order(name="begun"), order(name="waiting")
    driver.submit(begun)
    driver.submit(waiting)
    driver.solve(driver.observe(begun), (POOL, 10))

    _, kept = ending.expired(driver.world, DeadlinePassed(begun.id, TimestampNs(driver.now)))
    world, told = ending.expired(driver.world, DeadlinePassed(waiting.id, TimestampNs(driver.now)))

    assert kept == ()
    assert [type(c) for c in told] == [ReportParent]
    assert world.parents[waiting.id].phase is Phase.DONE


def test_an_hour_asks_for_the_accounts_unless_they_are_asked_for():
    driver = ready()

    world, idle = reconciling.hour(driver.world)
    _, busy = reconciling.hour(world)

    assert [c.accounts for c in idle] == [driver.world.accounts]
    assert busy == ()


def test_the_last_word_on_a_child_is_its_last():
    driver = ready()
    begun = order()
    driver.submit(begun)
    (child,) = driver.solve(driver.observe(begun), (PERP, 10))
    driver.sign(child)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED)

    again = ChildEnded(child.id, OrderStatus.REJECTED, "late", None, TimestampNs(driver.now))
    assert working.child(driver.world, again) == (driver.world, ())


def test_an_event_that_leaves_no_trace_in_memory_makes_no_new_world():
    world = ready().world

    assert memory.remember(world, world, DeadlinePassed(order().id, T0)) is world


def test_every_event_there_is_has_its_place_in_a_step():
    # The match over them is closed; an event that was forgotten there would end the process.
    named = dispatch._decide.__code__.co_names  # noqa: SLF001 - what the match names
    assert {kind.__name__ for kind in get_args(Event)} <= set(named)


def test_between_two_stages_an_order_lets_one_go_first_that_keeps_an_account_alive():
    driver = ready()
    begun, other = order(name="begun"), order(name="other")
    urgent = order(name="urgent", strategy=DELEVERAGING)
    driver.submit(begun)
    (child,) = driver.solve(driver.observe(begun), (PERP, 6), (POOL, 4))
    driver.submit(other)  # is planned from here on
    driver.submit(urgent)
    driver.sign(child)
    driver.fill(child, 6)
    driver.end(child, OrderStatus.FILLED)
    assert driver.world.parents[begun.id].phase is Phase.QUEUED
    assert driver.world.parents[begun.id].stage == 1

    driver.feed(ObservationFailed(other.id, "nobody answers", driver.tick()))
    assert driver.command(ObserveMarket).parent == urgent.id
    driver.feed(ObservationFailed(urgent.id, "nobody answers", driver.tick()))
    assert driver.command(ObserveMarket).parent == begun.id


def test_what_is_half_done_goes_before_what_has_not_begun():
    driver = ready()
    begun, first, second = order(name="begun"), order(name="first"), order(name="second")
    driver.submit(begun)
    (child,) = driver.solve(driver.observe(begun), (PERP, 6), (POOL, 4))
    driver.submit(first)
    driver.submit(second)
    driver.sign(child)
    driver.fill(child, 6)
    driver.end(child, OrderStatus.FILLED)

    driver.feed(ObservationFailed(first.id, "nobody answers", driver.tick()))

    assert driver.command(ObserveMarket).parent == begun.id
