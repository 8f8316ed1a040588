"""What a chain account keeps for gas, and how many of its transactions are out at once."""

from dataclasses import replace

import pytest

from router.domain.command import ObserveMarket
from router.domain.event import MarketObserved
from router.domain.inventory import GAS_UNITS_POOL, GAS_UNITS_TRANSACTION, ChainInventory
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.units import NATIVE, NS_PER_S, Amount, ParentId, TimestampNs, VenueId
from router.risk import controls, inventory
from router.state.world import Phase
from tests.unit.engine.scene import (
    CHAIN,
    ETHER,
    LIMITS,
    PERP,
    POOL,
    STARTED,
    T0,
    Driver,
    order,
    plan,
)

GWEI = 10**9
ONE = (GAS_UNITS_TRANSACTION + GAS_UNITS_POOL) * 5 // 4  # gas of a transaction over one pool
SECOND = GAS_UNITS_POOL * 5 // 4
CAP = 100 * GWEI
ONLY_POOL = (VenueId("uniswap_v3"),)


def desk(*, reserve=0, in_flight_max=16):
    """Return a desk that keeps a reserve of the coin, of which it holds ten."""
    rule = ChainInventory(POOL.venue, reserve, CAP, in_flight_max)
    made = Driver()
    made.feed(replace(STARTED, limits=replace(LIMITS, inventory=(rule,))))
    made.reconcile()
    return made


def parent(name, **changes):
    return order(1, name=name, deadline_at=TimestampNs(T0 + 10_000 * NS_PER_S), **changes)


def send(driver, name):
    """Have an order's transaction sent, and leave it there."""
    asked = parent(name, venues=ONLY_POOL)
    driver.submit(asked)
    (child,) = driver.solve(driver.observe(asked), (POOL, 1))
    driver.sign(child)
    driver.acknowledge(child)
    return child


def state(driver, name):
    return driver.world.parents[ParentId(f"parent-{name}")]


def test_an_order_goes_ahead_where_its_worst_gas_leaves_the_reserve():
    driver = desk(reserve=10 * ETHER - ONE * CAP)

    problem = order_problem(driver)

    assert [pool.instrument.id for pool in problem.pools] == [POOL.id]


def order_problem(driver, **changes):
    asked = parent("asked", **changes)
    driver.submit(asked)
    return driver.observe(asked)


def test_pools_are_left_out_where_a_wei_of_the_reserve_would_be_spent():
    driver = desk(reserve=10 * ETHER - ONE * CAP + 1)

    problem = order_problem(driver)

    assert problem.pools == ()
    assert [book.instrument.id for book in problem.books] == [PERP.id]


def test_an_order_that_could_only_go_on_chain_is_refused_with_the_figures():
    driver = desk(reserve=10 * ETHER)
    asked = parent("asked", venues=ONLY_POOL)

    driver.submit(asked)
    driver.feed(MarketObserved(asked.id, driver.seen(), driver.tick()))

    ended = state(driver, "asked")
    assert (ended.phase, ended.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert "holds 10 of its coin" in ended.reason
    assert "0.03 for this" in ended.reason
    assert "native_reserve keeps 10: fund it" in ended.reason


def test_what_is_in_flight_is_reckoned_at_its_worst_too():
    driver = desk(reserve=10 * ETHER - 2 * ONE * CAP)
    send(driver, "first")

    second = order_problem(driver, venues=ONLY_POOL)
    (child,) = driver.solve(second, (POOL, 1))
    driver.sign(child)
    third = parent("third")
    driver.submit(third)

    assert second.pools
    assert driver.observe(third).pools == ()


def test_a_plan_of_more_pools_than_the_coin_pays_for_is_refused():
    driver = desk(reserve=10 * ETHER - ONE * CAP - SECOND * CAP + 1)
    problem = order_problem(driver)
    other = replace(POOL, id="uniswap_v3:ETH/USDC:3000")
    one, two = plan(problem, (POOL, 1)), plan(problem, (POOL, 1), (other, 1))

    refused = inventory.plans_refusal(driver.world, [(problem, two)])

    assert inventory.plans_refusal(driver.world, [(problem, one)]) is None
    assert refused.reason is NoRouteReason.INSUFFICIENT_BALANCE
    assert CHAIN in refused.message


def test_it_is_asked_of_a_plan_whether_or_not_there_are_other_controls():
    driver = desk(reserve=10 * ETHER - ONE * CAP - SECOND * CAP + 1)
    problem = order_problem(driver)
    other = replace(POOL, id="uniswap_v3:ETH/USDC:3000")
    two = plan(problem, (POOL, 1), (other, 1))

    found = controls.plan_refusal(driver.world, state(driver, "asked"), two, at=T0)

    assert driver.world.limits.controls is None
    assert found == inventory.plans_refusal(driver.world, [(problem, two)])


def test_plans_that_go_together_are_paid_for_together():
    driver = desk(reserve=10 * ETHER - 2 * ONE * CAP + 1)
    problem = order_problem(driver)
    each = (problem, plan(problem, (POOL, 1)))

    assert inventory.plans_refusal(driver.world, [each]) is None
    assert inventory.plans_refusal(driver.world, [each, each])


def test_the_smaller_of_books_and_chain_counts():
    driver = desk(reserve=10 * ETHER - ONE * CAP)
    problem = order_problem(driver)
    (chain,) = problem.chains
    poorer = replace(chain, spendable=(Amount(NATIVE, 10 * ETHER - 1),))
    made = plan(problem, (POOL, 1))

    assert inventory.plans_refusal(driver.world, [(problem, made)]) is None
    assert inventory.plans_refusal(driver.world, [(replace(problem, chains=(poorer,)), made)])


def test_without_a_table_nothing_is_kept():
    driver = Driver()
    driver.start()

    assert order_problem(driver).pools


def test_orders_wait_while_their_account_has_all_its_transactions_in_flight():
    driver = desk(in_flight_max=2)
    first = send(driver, "first")
    send(driver, "second")
    waiting = parent("waiting", venues=ONLY_POOL)

    driver.submit(waiting)
    assert state(driver, "waiting").phase is Phase.QUEUED
    driver.fill(first, 1)
    driver.end(first, OrderStatus.FILLED)

    assert state(driver, "waiting").phase is Phase.OBSERVING
    assert any(
        isinstance(each, ObserveMarket) and each.parent == waiting.id for each in driver.commands
    )


def test_an_order_that_may_go_elsewhere_does_without_the_full_account():
    driver = desk(in_flight_max=2)
    send(driver, "first")
    send(driver, "second")

    problem = order_problem(driver)

    assert problem.pools == ()
    assert problem.books


def test_sixteen_are_the_most_where_no_table_says_so():
    driver = Driver()
    driver.start()
    for number in range(16):
        send(driver, f"n{number}")

    late = parent("late", venues=ONLY_POOL)
    driver.submit(late)

    assert state(driver, "late").phase is Phase.QUEUED
    assert len(driver.world.transactions) == 16
    assert {c.order.nonce for c in driver.world.transactions.rows()} == set(range(3, 19))


@pytest.mark.parametrize("number", [1, 3])
def test_parents_side_by_side_leave_each_other_what_their_transactions_may_spend(number):
    driver = Driver()
    driver.start()
    for each in range(number):
        send(driver, f"n{each}")

    problem = order_problem(driver)

    taken = [r.amount.atoms for r in problem.reservations if r.account == CHAIN]
    assert sum(taken) == number * 3_003 * 10**6
