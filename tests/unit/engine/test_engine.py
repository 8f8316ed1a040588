from dataclasses import replace

import pytest

from router import engine
from router.domain.command import (
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveRoute,
    TellFinding,
)
from router.domain.event import (
    ChildFilled,
    ChildNotSent,
    ChildWentSilent,
    MarketObserved,
    ObservationFailed,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import Fill, OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, Rounding, TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import (
    CHAIN,
    ETH,
    ETHER,
    LIMITS,
    MID,
    PERP,
    POOL,
    STARTED,
    USDC,
    Driver,
    observation,
    order,
    plan,
)
from tests.unit.engine.story import GAS, executed_perp_leg, executed_pool_leg, settled


def test_nothing_is_planned_before_the_ledger_has_a_baseline():
    driver = Driver()
    driver.feed(STARTED)
    parent = order()

    driver.submit(parent)
    before = driver.commands
    driver.reconcile()

    assert not any(isinstance(c, ObserveMarket) for c in before)
    assert driver.command(ObserveMarket).parent == parent.id


def test_a_parent_goes_from_submission_to_reconciled_with_the_least_certain_leg_first():
    driver, parent = Driver(), order()
    driver.start()

    perp = executed_perp_leg(driver, parent)
    reads = driver.command(ObserveMarket)
    pool = executed_pool_leg(driver, parent, 6)
    asked = driver.command(ObserveAccounts)
    driver.reconcile(**settled(6, 4))

    assert perp.legs[0].instrument is PERP
    assert perp.stage < pool.stage
    assert reads.instruments == (POOL.id,)
    assert asked.epoch == driver.world.epoch
    done = driver.world.parents[parent.id]
    assert (done.status, done.phase) == (OrderStatus.FILLED, Phase.DONE)
    assert driver.world.reconciliation.differences == ()


def test_the_rest_is_planned_on_what_really_filled():
    driver, parent = Driver(), order()
    driver.start()

    executed_perp_leg(driver, parent, ethers=4, filled=3)
    problem = driver.observe(parent)

    assert problem.quantity == Amount(ETH.id, 7 * ETHER)
    assert problem.books == ()


def test_a_reverted_transaction_costs_gas_and_is_planned_again_over_all_venues():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (POOL, 10))
    driver.sign(child)

    driver.end(child, OrderStatus.REJECTED, gas=GAS, why="too little received")
    driver.reconcile(native=-GAS.atoms)

    assert set(driver.command(ObserveMarket).instruments) == {POOL.id, PERP.id}
    assert driver.world.parents[parent.id].round == 2
    assert driver.world.nonces[CHAIN] == child.nonce + 1
    driver.submit(order(name="other"))
    assert driver.world.ledger.balances[CHAIN, "NATIVE"] == 10 * ETHER - GAS.atoms


def test_after_the_last_round_what_is_left_is_given_back():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    for number in range(1, LIMITS.plan_rounds_max + 1):
        (child,) = driver.solve(driver.observe(parent), (POOL, 10))
        driver.sign(child)
        driver.end(child, OrderStatus.REJECTED, gas=GAS, why="too little received")
        driver.reconcile(native=-number * GAS.atoms)

    done = driver.world.parents[parent.id]
    assert done.status is OrderStatus.REJECTED
    assert "too little received" in done.reason
    assert len(done.children) == LIMITS.plan_rounds_max


def test_a_nonce_that_was_never_mined_is_used_again():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (POOL, 10))

    driver.feed(ChildNotSent(child.id, "would revert", driver.tick()))
    (again,) = driver.solve(driver.observe(parent), (POOL, 10))

    assert again.nonce == child.nonce
    assert again.id != child.id


def test_a_silent_child_is_asked_for_and_never_sent_anew():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    signed = driver.sign(child)

    driver.feed(ChildWentSilent(child.id, "timeout", driver.tick()))

    assert driver.command(ResolveChild) == ResolveChild(child, (signed,))
    assert driver.command(ReportParent).status is OrderStatus.IN_DOUBT
    assert driver.world.children[child.id].status is OrderStatus.IN_DOUBT


def test_a_fill_told_twice_counts_once():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    driver.sign(child)

    driver.fill(child, 4)
    ledger = driver.world.ledger
    driver.fill(child, 4)

    assert len(driver.world.children[child.id].fills) == 1
    assert driver.world.ledger == ledger


def test_filling_more_than_was_ordered_raises_an_alarm():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    driver.sign(child)

    driver.fill(child, 10, name="first")
    driver.fill(child, 1, name="second")

    assert "more than ordered" in driver.command(RaiseAlarm).message


@pytest.mark.parametrize(("pips", "alarms"), [(0, 0), (1_000, 0), (1_001, 1)])
def test_a_fill_may_use_its_leg_s_bound_and_nothing_beyond(pips, alarms):
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    driver.sign(child)
    quantity = child.legs[0].quantity
    fill = Fill(
        id="worse",
        child=child.id,
        instrument=PERP.id,
        quantity=quantity,
        notional=MID.shifted(pips, Rounding.UP).notional(quantity, Rounding.UP),
        fee=Amount(USDC.id, 0),
        at_venue=TimestampNs(driver.now),
    )

    driver.feed(ChildFilled(child.id, fill, driver.tick()))

    assert len([c for c in driver.commands if isinstance(c, RaiseAlarm)]) == alarms


def test_a_plan_larger_than_what_is_left_is_refused():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    problem = driver.observe(parent)

    driver.feed(RouteSolved(parent.id, plan(problem, (POOL, 11)), driver.tick()))

    assert not any(isinstance(c, SignChild) for c in driver.commands)
    assert driver.world.parents[parent.id].status is OrderStatus.REJECTED


@pytest.mark.parametrize("lost", [-1, 1])
def test_a_balance_off_by_one_atom_halts_and_is_named(lost):
    driver, parent = Driver(), order()
    driver.start()
    executed_perp_leg(driver, parent)
    executed_pool_leg(driver, parent, 6)
    changes = settled(6, 4)

    driver.reconcile(**{**changes, "usdc": changes["usdc"] + lost})

    alarm = driver.command(RaiseAlarm).message
    assert "USDC" in alarm
    assert f"off by {lost}" in alarm
    late = driver.submit(order(name="late"))
    assert late.status is OrderStatus.REJECTED
    assert "halted" in late.reason


def test_funding_settled_since_the_baseline_is_booked_and_counted_once():
    driver = Driver()
    driver.start()  # its baseline is of T0, so the settlement at T0 is in it

    driver.feed(STARTED)
    driver.reconcile(funding=-7, cash=-7, later=1)
    first = driver.world.reconciliation.differences
    driver.feed(STARTED)
    driver.reconcile(funding=-7, cash=-7, later=1)

    assert first == ()
    assert driver.world.reconciliation.differences == ()


def test_cash_that_moved_without_funding_is_a_difference():
    driver = Driver()
    driver.start()

    driver.feed(STARTED)
    driver.reconcile(funding=-7, cash=-6, later=1)

    assert "off by 1" in driver.command(RaiseAlarm).message


def test_balances_read_before_the_last_change_are_read_again():
    driver, parent = Driver(), order()
    driver.start()
    stale = driver.world.epoch
    executed_perp_leg(driver, parent)
    executed_pool_leg(driver, parent, 6)
    fresh = driver.command(ObserveAccounts)

    late = replace(driver.history[1], epoch=stale, at=driver.tick())
    world, commands = engine.step(driver.world, late)

    assert commands == (fresh,)
    assert (world.ledger, world.reconciliation) == (driver.world.ledger, None)
    assert world.parents == driver.world.parents


def test_parents_are_worked_one_after_another():
    driver = Driver()
    driver.start()
    first, second = order(name="first"), order(name="second")

    driver.submit(first)
    driver.submit(second)
    waiting = driver.world.parents[second.id].phase
    driver.feed(RouteRefused(first.id, NoRouteReason.LIMIT_PRICE, "no", driver.tick()))
    driver.observe(first)
    driver.feed(RouteRefused(first.id, NoRouteReason.LIMIT_PRICE, "no", driver.tick()))

    assert waiting is Phase.QUEUED
    assert driver.world.parents[first.id].status is OrderStatus.REJECTED
    assert driver.command(ObserveMarket).parent == second.id


def test_the_same_submission_twice_is_one_parent():
    driver = Driver()
    driver.start()
    driver.submit(order())
    world = driver.world

    driver.submit(order())

    assert driver.world == world
    assert driver.commands == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantity": Amount(ETH.id, 0)}, "quantity must be positive"),
        ({"quantity": Amount(ETH.id, -1)}, "quantity must be positive"),
        ({"deadline_at": TimestampNs(1)}, "deadline must lie in the future"),
        ({"slippage_max_pips": 10_001}, "slippage_max must be at most 100 bps"),
        ({"base": "DOGE"}, "no configured instrument trades DOGE/USDC"),
        ({"venues": ("elsewhere",)}, "no configured instrument"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_field_and_nothing_is_read(changes, words):
    driver = Driver()
    driver.start()

    parent = driver.submit(order(**changes))

    assert parent.status is OrderStatus.REJECTED
    assert words in parent.reason
    found = [c for c in driver.commands if isinstance(c, TellFinding)]
    told = [c for c in driver.commands if c not in found]
    assert [type(c) for c in told] == [ReportParent]
    assert all(words in each.finding.message for each in found)


def test_an_order_above_the_notional_limit_is_refused_with_the_largest_that_fits():
    driver, parent = Driver(), order(1_000)
    driver.start()
    driver.submit(parent)

    driver.feed(MarketObserved(parent.id, observation(), driver.tick()))

    done = driver.world.parents[parent.id]
    assert done.status is OrderStatus.REJECTED
    assert "order_notional_max" in done.reason
    assert not any(isinstance(c, SolveRoute) for c in driver.commands)


def test_an_order_whose_market_cannot_be_read_ends_with_the_reason():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)

    driver.feed(ObservationFailed(parent.id, "book is 9.0 s old", driver.tick()))

    assert driver.world.parents[parent.id].reason == "book is 9.0 s old"


def test_a_restart_asks_for_what_was_sent_and_signs_what_was_not():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    unsigned = driver.world

    resigned = engine.step(unsigned, STARTED)[1]
    signed = driver.sign(child)
    resolved = engine.step(driver.world, STARTED)[1]

    assert [type(c) for c in resigned] == [ObserveAccounts, SignChild]
    assert resigned[1] == SignChild(child)
    assert resolved[1] == ResolveChild(child, (signed,))
    assert [type(c) for c in resolved] == [ObserveAccounts, ResolveChild]
