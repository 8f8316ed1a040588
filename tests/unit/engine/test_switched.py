"""The kill switch at the router: what waits, what is decided on, and what is out."""

from collections import Counter
from dataclasses import replace

import pytest

from router.domain.command import (
    ObserveMarket,
    ReplaceChild,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveRoute,
    TellFinding,
)
from router.domain.control import Control
from router.domain.event import (
    ChildNotSent,
    ChildReplaced,
    HourStruck,
    MarketObserved,
    RouteSolved,
    SwitchSet,
)
from router.domain.order import OrderStatus, Replacement, SignedChild
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import InstrumentId, Side, VenueId
from router.engine import guarding
from router.state.world import Phase
from tests.unit.engine.scene import (
    CHAIN,
    ETHER,
    MARGIN,
    PERP,
    POOL,
    STARTED,
    Driver,
    observation,
    order,
    plan,
)

ACTIVE, REDUCE, CANCEL, HALTED = TradingState
VENUES = {i: Scope(ScopeKind.VENUE, i.venue) for i in (POOL, PERP)}
PHASES = ["queued", "observing", "solving", "executing"]


def switch(driver, state, scope=FIRM):
    at = driver.tick()
    return driver.feed(SwitchSet(SwitchSetting(scope, state, "ann", "a drill", at), at))


def at_work(phase, instrument=POOL):
    """Bring an order to a phase; another waits behind it, and a third in the phase `queued`."""
    driver = Driver()
    driver.start()
    if phase == "queued":
        driver.submit(order(name="before"))
    driver.submit(order())
    driver.submit(order(name="behind"))
    if phase in {"solving", "executing"}:
        problem = driver.observe(order())
        if phase == "executing":
            (child,) = driver.solve(problem, (instrument, 10))
            driver.sign(child)
    return driver


def phase_of(driver, name="one"):
    return driver.world.parents[order(name=name).id].phase


@pytest.mark.parametrize("phase", PHASES[:3])
def test_halting_ends_whatever_has_sent_nothing_once_each_and_says_why(phase):
    driver = at_work(phase)

    commands = switch(driver, HALTED)

    reports = Counter(c.parent for c in commands if isinstance(c, ReportParent))
    findings = [c.finding for c in commands if isinstance(c, TellFinding)]
    assert set(reports) == set(driver.world.parents)
    assert set(reports.values()) == {1}
    assert all(p.phase is Phase.DONE for p in driver.world.parents.values())
    assert all(p.status is OrderStatus.REJECTED for p in driver.world.parents.values())
    assert [f.control for f in findings] == [Control.KILL_SWITCH] * len(reports)
    assert {f.limit for f in findings} == {"halted"}
    assert not [c for c in commands if isinstance(c, ObserveMarket | SolveRoute | SignChild)]


@pytest.mark.parametrize("phase", ["observing", "solving"])
def test_cancel_only_lets_what_waits_wait_and_ends_what_was_being_planned(phase):
    driver = at_work(phase)

    commands = switch(driver, CANCEL)
    then = switch(driver, ACTIVE)

    assert phase_of(driver) is Phase.DONE
    assert not [c for c in commands if isinstance(c, ObserveMarket)]
    assert [c.parent for c in then if isinstance(c, ObserveMarket)] == [order(name="behind").id]


@pytest.mark.parametrize("state", [CANCEL, HALTED])
def test_nothing_new_is_taken_in(state):
    driver = Driver()
    driver.start()
    switch(driver, state)

    driver.submit(order())

    parent = driver.world.parents[order().id]
    assert (parent.phase, parent.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert parent.reason == (
        f"firm is {state.value} since ann said so: a drill; headrace switch makes it active again"
    )


def test_an_observation_or_a_plan_that_comes_too_late_begins_nothing():
    for phase in ("observing", "solving"):
        driver = at_work(phase)
        problem = driver.world.parents[order().id].problem
        switch(driver, HALTED)

        if phase == "observing":
            commands = driver.feed(MarketObserved(order().id, observation(), driver.tick()))
        else:
            commands = driver.feed(
                RouteSolved(order().id, plan(problem, (POOL, 10)), driver.tick())
            )

        assert commands == ()


def test_halting_cancels_what_a_chain_has_once_and_cancel_only_does_not():
    driver = at_work("executing")
    (child,) = driver.world.open_children()

    quiet = switch(driver, CANCEL)
    commands = switch(driver, HALTED)
    cancel = SignedChild(child.order.id, "ref-2", child.order.nonce, "x", Replacement.CANCEL)
    driver.feed(ChildReplaced(child.order.id, cancel, driver.tick()))
    again = switch(driver, HALTED, VENUES[POOL])

    wanted = ReplaceChild(child.order, child.attempts, Replacement.CANCEL)
    assert [c for c in quiet if isinstance(c, ReplaceChild)] == []
    assert [c for c in commands if isinstance(c, ReplaceChild)] == [wanted]
    assert [c for c in again if isinstance(c, ReplaceChild)] == []


def test_nothing_is_cancelled_where_nobody_halted():
    driver = at_work("executing")

    free = guarding.cancels(driver.world)
    switch(driver, HALTED, VENUES[PERP])

    assert free == guarding.cancels(driver.world) == ()


def test_a_book_order_that_is_out_ends_by_itself():
    driver = at_work("executing", PERP)

    commands = switch(driver, HALTED)

    assert not [c for c in commands if isinstance(c, ReplaceChild)]


def test_a_desk_that_starts_halted_asks_for_what_is_out_and_cancels_it():
    driver = at_work("executing")
    (child,) = driver.world.open_children()
    switch(driver, HALTED)

    commands = driver.feed(STARTED)

    assert commands[1:3] == (
        ResolveChild(child.order, child.attempts),
        ReplaceChild(child.order, child.attempts, Replacement.CANCEL),
    )


@pytest.mark.parametrize("state", [CANCEL, HALTED])
def test_a_venue_that_is_off_is_not_planned_with_and_the_others_are(state):
    driver = Driver()
    driver.start()
    switch(driver, state, VENUES[PERP])

    driver.submit(order())
    asked = driver.command(ObserveMarket)
    problem = driver.observe(order())

    assert (asked.instruments, asked.accounts) == ((POOL.id,), (CHAIN,))
    assert (len(problem.pools), problem.books) == (1, ())


def test_an_order_whose_only_venue_is_off_ends_and_the_next_begins():
    driver = Driver()
    driver.start()
    switch(driver, HALTED, VENUES[PERP])

    driver.submit(order(venues=(PERP.venue,)))
    driver.submit(order(name="two"))
    driver.feed(MarketObserved(order().id, replace(observation(), books=()), driver.tick()))

    assert phase_of(driver) is Phase.DONE
    assert phase_of(driver, "two") is Phase.OBSERVING


def test_what_the_signer_refused_is_planned_again_without_the_venue():
    driver = Driver()
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (PERP, 10))
    switch(driver, HALTED, VENUES[PERP])

    driver.feed(ChildNotSent(child.id, "the signer does not sign", driver.tick()))

    assert driver.command(ObserveMarket).instruments == (POOL.id,)


def test_a_strategy_that_is_halted_ends_its_own_orders_only():
    driver = Driver()
    driver.start()
    driver.submit(order())
    driver.submit(order(name="other", strategy="other"))

    commands = switch(driver, HALTED, Scope(ScopeKind.STRATEGY, "default"))

    assert phase_of(driver) is Phase.DONE
    assert [c.parent for c in commands if isinstance(c, ObserveMarket)] == [order(name="other").id]


@pytest.mark.parametrize("scope", [FIRM, VENUES[PERP], Scope(ScopeKind.ACCOUNT, MARGIN)])
def test_reduce_only_flags_the_account_in_the_problem_and_its_children(scope):
    driver = Driver()
    driver.start()
    switch(driver, REDUCE, scope)

    asked = order(4, side=Side.SELL)
    driver.submit(asked)
    seen = observation()
    chain, margin = seen.accounts
    held = (replace(margin.positions[0], lots=10 * 10**4),)
    seen = replace(seen, accounts=(chain, replace(margin, positions=held)))
    driver.feed(MarketObserved(asked.id, seen, driver.tick()))
    problem = driver.command(SolveRoute).problem
    leg = plan(problem, (PERP, 4)).legs[0]
    selling = replace(leg, side=Side.SELL, limit_ticks=299_700, bound=leg.notional)
    selling = replace(selling, bound=replace(leg.bound, atoms=4 * 2_997 * 10**6))
    driver.feed(RouteSolved(asked.id, replace(plan(problem), legs=(selling,)), driver.tick()))
    (child,) = (c.child for c in driver.commands if isinstance(c, SignChild))

    assert [m.reduces_only for m in problem.margins] == [True]
    assert "is reduce_only since ann said so" in problem.margins[0].why
    assert child.reduces_only
    assert child.legs[0].quantity.atoms == 4 * ETHER


def test_reduce_only_buys_nothing_on_a_chain():
    driver = Driver()
    driver.start()
    switch(driver, REDUCE, VENUES[POOL])

    driver.submit(order())
    problem = driver.observe(order())

    assert (problem.pools, len(problem.books)) == ((), 1)
    assert not problem.margins[0].reduces_only


def test_reduce_only_at_one_venue_leaves_the_pools_of_another_to_a_buyer():
    other = replace(POOL, id=InstrumentId("pancake:ETH/USDC"), venue=VenueId("pancake"))
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL, other, PERP)))
    driver.reconcile()
    switch(driver, REDUCE, VENUES[POOL])
    seen = observation()
    seen = replace(seen, pools=(*seen.pools, replace(seen.pools[0], instrument=other.id)))

    driver.submit(order())
    driver.feed(MarketObserved(order().id, seen, driver.tick()))

    problem = driver.command(SolveRoute).problem
    assert [pool.instrument.id for pool in problem.pools] == [other.id]


def test_an_order_that_is_held_back_ends_at_its_deadline():
    driver = at_work("queued")
    switch(driver, CANCEL)
    assert phase_of(driver) is Phase.QUEUED
    driver.now = order().deadline_at

    driver.feed(HourStruck(driver.tick()))

    parent = driver.world.parents[order().id]
    assert (parent.phase, parent.status) == (Phase.DONE, OrderStatus.EXPIRED)
    assert not driver.world.queued
