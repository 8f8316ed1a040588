"""Orders beside each other: opposite and equal ones, and those that a finding stops."""

from dataclasses import replace

import pytest

from router.domain.command import RaiseAlarm
from router.domain.control import Control
from router.domain.controls import (
    SelfTrade,
)
from router.domain.event import (
    ChildFilled,
    ControlTripped,
    ParentSubmitted,
    SwitchSet,
)
from router.domain.order import Fill, OrderStatus
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, DurationNs, Rounding, Side, TimestampNs
from router.state.counts import Measure
from router.state.world import Phase
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    order,
)
from tests.unit.risk.controls.scene import (
    STRATEGY,
    S,
    desk,
    firm,
    usdc,
)

SELLING = order(10, name="two", side=Side.SELL)


@pytest.mark.parametrize(
    ("mode", "older_goes_on", "newer_is_taken"),
    [
        (SelfTrade.CANCEL_NEWEST, True, False),
        (SelfTrade.CANCEL_OLDEST, False, True),
        (SelfTrade.CANCEL_BOTH, False, False),
    ],
)
def test_of_two_opposite_orders_those_go_that_the_rules_say(mode, older_goes_on, newer_is_taken):
    made, older = desk(replace(firm(), self_trade=mode)), order()
    made.feed(ParentSubmitted(older, made.tick()))

    made.feed(ParentSubmitted(SELLING, made.tick()))

    newer = made.world.parents[SELLING.id]
    assert (newer.status is not OrderStatus.REJECTED) is newer_is_taken
    assert bool(made.plan(older)) is older_goes_on
    assert {f.control for f in made.findings} == {Control.SELF_TRADE}


@pytest.mark.parametrize(
    "changes", [{"side": Side.BUY}, {"venues": (POOL.venue,)}, {"quote": "USDT"}]
)
def test_orders_that_cannot_meet_do_not_hinder_each_other(changes):
    made = desk(firm())
    made.feed(ParentSubmitted(order(venues=(PERP.venue,)), made.tick()))

    made.feed(ParentSubmitted(replace(SELLING, **changes), made.tick()))

    assert made.findings == []


def test_an_order_that_only_reduces_is_never_the_one_that_goes():
    made, older = desk(firm()), order()
    made.feed(ParentSubmitted(older, made.tick()))
    rescue = order(4, name="d", side=Side.SELL, strategy="deleverage", reduces_only=True)

    made.feed(ParentSubmitted(rescue, made.tick()))

    assert made.world.parents[rescue.id].status is OrderStatus.NEW
    assert made.plan(older) == []
    assert [f.control for f in made.findings] == [Control.SELF_TRADE]


def test_an_equal_order_within_the_time_is_refused_unless_it_is_meant():
    rules = firm(similar_within=DurationNs(2 * S))
    for seconds, changes, is_taken in [
        (1, {}, False),
        (1, {"allow_similar": True}, True),
        (1, {"quantity": Amount(ETH.id, 9 * ETHER)}, True),
        (1, {"strategy": "other"}, True),
        (2, {}, True),
    ]:
        made = desk(rules)
        made.feed(ParentSubmitted(order(), made.tick()))
        made.now += (seconds - 1) * S
        twin = order(10, name="twin", **changes)
        made.feed(ParentSubmitted(twin, made.tick()))
        is_open = made.world.parents[twin.id].status is OrderStatus.NEW
        assert is_open is is_taken, (seconds, changes)
        assert [f.control for f in made.findings] == ([] if is_taken else [Control.DUPLICATE])


def test_a_loss_of_the_day_beyond_its_limit_stops_what_is_new():
    rules = firm(daily_loss_max=usdc(100))
    for lost, is_taken in ((100 * DOLLAR, True), (100 * DOLLAR + 1, False)):
        made = desk(rules)
        activity = made.world.activity.added(
            Measure.RESULT, FIRM, TimestampNs(made.now), count=-lost, asset=USDC.id
        )
        made.world = replace(made.world, activity=activity)
        made.feed(ParentSubmitted(order(), made.tick()))
        assert (made.world.parents[order().id].status is OrderStatus.NEW) is is_taken
        assert [f.control for f in made.findings] == ([] if is_taken else [Control.DAILY])


def test_a_strategy_that_repeats_itself_is_disabled_until_a_named_person_enables_it():
    made = desk(firm(children_per_min_max=0))
    made.tell(order())
    (finding,) = made.findings

    made.feed(ControlTripped(order().id, finding, made.tick()))

    setting = made.world.switches[STRATEGY]
    assert (setting.state, setting.by) == (TradingState.HALTED, "control C09-repeated-execution")
    made.command(RaiseAlarm)
    assert made.tell(order(name="next")) == []
    assert made.findings[-1].control is Control.KILL_SWITCH
    other = order(name="other", strategy="calm")
    made.feed(ParentSubmitted(other, made.tick()))
    assert made.world.parents[other.id].status is OrderStatus.NEW


def test_a_finding_of_another_control_stops_nothing_but_its_order():
    made = desk(firm(gas_units_max=1))
    made.tell(order())

    made.feed(ControlTripped(order().id, made.findings[0], made.tick()))

    assert made.world.switches == {}
    assert made.commands == ()


def test_what_was_refused_for_want_of_a_second_person_is_no_duplicate_once_there_is_one():
    rules = firm(similar_within=DurationNs(60 * S), confirm_above=usdc(1_000))
    made, alone = desk(rules), order(by="ann")
    assert made.tell(alone) == []

    both = order(name="two", by="ann", confirmed_by="bob")
    assert made.tell(both)

    assert [f.control for f in made.findings] == [Control.CONFIRMATION]


def test_what_waits_for_a_person_is_not_stopped_again_by_what_that_person_pardons():
    made = desk(firm(losing_slices_max=1, losing_slice_pips=10))
    first, second = order(), order(name="two", allow_similar=True)
    planned = order(name="planned", allow_similar=True)  # while the first trades; it ends
    made.feed(ParentSubmitted(first, made.tick()))
    made.feed(ParentSubmitted(planned, made.tick()))
    made.feed(ParentSubmitted(second, made.tick()))
    (child,) = made.plan(first, ((PERP, 10),))
    said(made, TradingState.CANCEL_ONLY)
    made.sign(child)
    made.acknowledge(child)
    dear = replace(MID, quote_atoms=MID.quote_atoms * 10_005 // 10_000)  # 5 bps worse than quoted
    quantity = Amount(ETH.id, 10 * ETHER)
    paid, fee = dear.notional(quantity, Rounding.UP), Amount(USDC.id, 0)
    fill = Fill("f", child.id, PERP.id, quantity, paid, fee, T0)
    made.feed(ChildFilled(child.id, fill, made.tick()))
    made.end(child, OrderStatus.FILLED)
    made.reconcile(cash=-fill.notional.atoms, lots=100_000)
    assert made.world.activity.losing == {"default": 1}

    said(made, TradingState.ACTIVE)

    assert made.world.parents[second.id].phase is Phase.OBSERVING
    assert made.world.parents[planned.id].phase is Phase.DONE
    assert [f.control for f in made.findings] == [Control.KILL_SWITCH]


def said(made, state):
    at = made.tick()
    made.feed(SwitchSet(SwitchSetting(STRATEGY, state, "ann", "a drill", at), at))


def test_an_order_that_was_refused_for_itself_does_not_take_an_older_one_along():
    made, older = desk(replace(firm(), self_trade=SelfTrade.CANCEL_BOTH)), order()
    made.feed(ParentSubmitted(older, made.tick()))
    late = replace(SELLING, deadline_at=T0)
    made.feed(ParentSubmitted(late, made.tick()))
    assert "deadline" in made.world.parents[late.id].reason

    assert made.plan(older)
