"""Positions are made smaller by ordinary orders, before all others, and never twice at once."""

from dataclasses import replace
from typing import Final

import pytest

from router import engine
from router.domain.command import ObserveMarket, ReportParent
from router.domain.event import (
    AccountsObserved,
    LimitsChanged,
    MarketObserved,
    ObservationFailed,
    RiskAssessed,
    SwitchSet,
)
from router.domain.order import ChildOrder, Fill, OrderStatus
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.risk import AccountAssessment, Assessment, Cut, GateRules, Zone
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import (
    AccountId,
    Amount,
    ChildId,
    DurationNs,
    InstrumentId,
    Pips,
    Side,
    TimestampNs,
    VenueId,
)
from router.execution.order_machine import new_child
from router.journal.codec import decode_event, encode
from router.state.world import Phase, World
from tests.unit.engine.scene import (
    LIMITS,
    MARGIN,
    PERP,
    STARTED,
    Driver,
    accounts,
    observation,
    order,
)
from tests.unit.risk.controls.scene import firm

LOTS: Final = 5_000
CUT: Final = Cut(PERP.id, -LOTS, Pips(4_000), "near liquidation")


def assessed(driver, *cuts, zone=Zone.HARD):
    at = driver.tick()
    account = AccountAssessment(MARGIN, PERP.venue, 100, 90, 80, zone, None)
    return driver.feed(RiskAssessed(Assessment((account,), cuts, at)))


def started(**changes):
    driver = Driver()
    driver.start()
    if changes:
        driver.feed(LimitsChanged(replace(LIMITS, **changes), "ann", driver.tick()))
    return driver


def fail(driver, parent):
    """End an order that nothing was sent for."""
    driver.feed(ObservationFailed(parent.id, "no book", driver.tick()))


def reductions(driver):
    return [p for p in driver.world.parents.values() if p.order.strategy == "deleverage"]


def test_a_cut_becomes_an_ordinary_order_that_only_reduces():
    driver = started()

    commands = assessed(driver, CUT)

    (parent,) = reductions(driver)
    order = parent.order
    assert (order.side, order.venues, order.reduces_only) == (Side.SELL, (PERP.venue,), True)
    assert order.quantity.atoms == LOTS * PERP.lot_atoms
    assert order.slippage_max_pips == CUT.slippage_max_pips
    told = [c for c in commands if isinstance(c, ReportParent)]
    assert [(c.parent, c.status, c.message) for c in told] == [
        (order.id, OrderStatus.NEW, "accepted")
    ]
    assert any(isinstance(c, ObserveMarket) and c.parent == order.id for c in commands)


def test_reductions_are_worked_before_orders_that_came_earlier():
    driver = started()
    driver.submit(order(name="first"))
    driver.submit(order(name="second"))

    assessed(driver, CUT)
    (parent,) = reductions(driver)
    assert parent.phase is Phase.QUEUED
    fail(driver, order(name="first"))

    assert driver.world.active == driver.world.parents[parent.order.id]
    assert driver.world.parents[order(name="second").id].phase is Phase.QUEUED


def test_two_assessments_in_a_row_do_not_cut_twice():
    driver = started()
    assessed(driver, CUT)

    assessed(driver, CUT)
    assert len(reductions(driver)) == 1

    (parent,) = reductions(driver)
    fail(driver, parent.order)
    assert driver.world.parents[parent.order.id].phase is Phase.DONE
    assessed(driver, CUT)
    assert len(reductions(driver)) == 2


def test_half_of_a_pair_is_never_begun_while_the_other_half_is_under_way():
    driver = started()
    assessed(driver, CUT)

    assessed(driver, CUT, replace(CUT, lots=LOTS))

    assert len(reductions(driver)) == 1


OTHER: Final = replace(
    PERP,
    id=InstrumentId("paradex:ETH"),
    venue=VenueId("paradex"),
    account=AccountId("paradex:0xcc"),
)
HEDGE: Final = Cut(OTHER.id, LOTS, Pips(4_000), "near liquidation", (PERP.id,))


def of_two_venues():
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(*STARTED.instruments, OTHER)))
    spare = replace(accounts()[1], account=OTHER.account)
    driver.feed(AccountsObserved((*accounts(), spare), driver.world.epoch, driver.tick()))
    return driver


def paired():
    """Begin the cut of a position; that of its hedge waits."""
    driver = of_two_venues()
    assessed(driver, CUT, HEDGE)
    first, second = reductions(driver)
    assert (first.phase, second.phase) == (Phase.OBSERVING, Phase.QUEUED)
    return driver, first.order.id, second.order.id


def with_fill(driver, parent, lots):
    """Put in a child of an order that filled so much and has ended."""
    leg = Leg(
        instrument=PERP,
        side=Side.SELL,
        quantity_kind=QuantityKind.BASE,
        quantity=Amount(PERP.base.id, lots * PERP.lot_atoms),
        notional=Amount(PERP.quote.id, lots),
        bound=Amount(PERP.quote.id, lots),
        limit_ticks=1,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )
    child = ChildOrder(
        id=ChildId("c"),
        parent=parent,
        venue=PERP.venue,
        account=PERP.account,
        side=Side.SELL,
        legs=(leg,),
        nonce=1,
        deadline_at=TimestampNs(driver.now + 10**12),
        round=1,
        stage=0,
    )
    cash = Amount(PERP.quote.id, lots)
    fill = Fill("f", child.id, PERP.id, leg.quantity, cash, Amount(cash.asset, 0), driver.now)
    done = replace(new_child(child), fills=(fill,), status=OrderStatus.CANCELED)
    state = replace(driver.world.parents[parent], children=(child.id,))
    driver.world = driver.world.with_parent(state).with_child(done)


def test_a_hedge_is_not_cut_where_what_it_hedges_was_not():
    driver, first, second = paired()

    fail(driver, driver.world.parents[first].order)

    ended = driver.world.parents[second]
    assert (ended.phase, ended.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert "without a hedge" in ended.reason
    assessed(driver, CUT, HEDGE)
    assert len(reductions(driver)) == 4


def test_a_hedge_is_not_cut_where_what_it_hedges_was_refused_at_once():
    driver, too_much = of_two_venues(), Pips(LIMITS.slippage_max_pips + 1)

    assessed(driver, replace(CUT, slippage_max_pips=too_much), HEDGE)

    assert [p.status for p in reductions(driver)] == [OrderStatus.REJECTED] * 2


@pytest.mark.parametrize(
    ("lots", "phase"), [(LOTS // 2 - 1, Phase.DONE), (LOTS // 2, Phase.OBSERVING)]
)
def test_a_hedge_is_cut_where_half_of_what_it_hedges_was(lots, phase):
    driver, first, second = paired()
    with_fill(driver, first, lots)

    ended = replace(driver.world.parents[first], phase=Phase.DONE, status=OrderStatus.CANCELED)
    driver.world = driver.world.with_parent(ended)
    driver.feed(LimitsChanged(LIMITS, "ann", driver.tick()))

    assert driver.world.parents[second].phase is phase


def test_a_position_is_cut_whatever_becomes_of_its_hedge():
    driver, too_much = of_two_venues(), Pips(LIMITS.slippage_max_pips + 1)

    assessed(driver, CUT, replace(HEDGE, slippage_max_pips=too_much))

    assert driver.world.active == reductions(driver)[0]


@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.REDUCE_ONLY])
def test_an_account_that_may_only_reduce_is_reduced(state):
    gate = GateRules(age_max=DurationNs(10**12), interval=DurationNs(10**9))
    driver = started(gate=gate)
    at = driver.tick()
    driver.feed(SwitchSet(SwitchSetting(FIRM, state, "ann", "a drill", at), at))

    assessed(driver, CUT)
    (parent,) = reductions(driver)
    seen = replace(observation(), accounts=accounts(lots=10_000))
    driver.feed(MarketObserved(parent.order.id, seen, driver.tick()))

    parent = driver.world.parents[parent.order.id]
    assert parent.phase is Phase.SOLVING
    assert [b.instrument.id for b in parent.problem.books] == [PERP.id]
    (margin,) = [m for m in parent.problem.margins if m.account == MARGIN]
    assert margin.reduces_only


def test_reductions_are_the_same_again_out_of_the_journal():
    driver = started()
    driver.submit(order(name="first"))
    assessed(driver, CUT)
    fail(driver, order(name="first"))
    assessed(driver, CUT)

    world = World()
    for event in driver.history:
        world, commands = engine.step(world, decode_event(encode(event)))

    assert world == driver.world
    assert commands == driver.commands
    assert len(reductions(driver)) == 1


@pytest.mark.parametrize("state", [TradingState.CANCEL_ONLY, TradingState.HALTED])
def test_while_nothing_may_trade_no_order_is_made_of_a_cut_every_second(state):
    driver = started()
    at = driver.tick()
    driver.feed(SwitchSet(SwitchSetting(FIRM, state, "ann", "a drill", at), at))

    for _ in range(3):
        assessed(driver, CUT)
    assert reductions(driver) == []

    at = driver.tick()
    driver.feed(SwitchSet(SwitchSetting(FIRM, TradingState.ACTIVE, "ann", "over", at), at))
    assessed(driver, CUT)
    assert len(reductions(driver)) == 1


def test_a_second_assessment_of_the_same_moment_does_not_take_the_place_of_an_order():
    driver = started()
    assessed(driver, CUT)
    (parent,) = reductions(driver)
    fail(driver, parent.order)
    done = driver.world.parents[parent.order.id]

    driver.feed(RiskAssessed(replace(driver.world.assessment, cuts=(replace(CUT, lots=LOTS),))))

    assert driver.world.parents[parent.order.id] == done


@pytest.mark.parametrize("seconds", [1, 30, 60, 3_600])
def test_what_reduces_keeps_to_the_longest_time_that_an_order_may_be_worked(seconds):
    driver = started(controls=firm(deadline_max=DurationNs(seconds * 10**9)))

    assessed(driver, CUT)

    (parent,) = reductions(driver)
    assert parent.phase is Phase.OBSERVING
    lifetime = parent.order.deadline_at - parent.order.submitted_at
    assert lifetime == min(seconds, 60) * 10**9
