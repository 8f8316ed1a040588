from dataclasses import replace

import pytest

from router.domain.order import Fill, OrderStatus
from router.domain.units import Amount, ChildId, TimestampNs
from router.execution import progress
from router.execution.order_machine import new_child
from router.execution.progress import Next
from router.state.world import Phase, World
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    Driver,
    order,
)

BOTH = (POOL, PERP)


def filled_child(asked, atoms, *, stage, name, notional=0):
    """Return a child that has filled so much, whatever it was sent for."""
    driver = Driver()
    driver.start()
    driver.submit(asked)
    (sent,) = driver.solve(driver.observe(asked), (PERP, 1))
    fill = Fill(
        id=name,
        child=sent.id,
        instrument=PERP.id,
        quantity=Amount(ETH.id, atoms),
        notional=Amount(USDC.id, notional),
        fee=Amount(USDC.id, 0),
        at_venue=T0,
    )
    child = new_child(replace(sent, id=ChildId(name), stage=stage))
    return replace(child, status=OrderStatus.FILLED, fills=(fill,) if atoms else ())


def world_of(asked, *children, parent_round=1):
    parent = replace(
        progress.new_parent(asked),
        round=parent_round,
        slices=1,
        children=tuple(c.order.id for c in children),
    )
    world = World(started=STARTED).with_parent(parent)
    for child in children:
        world = world.with_child(child)
    return world, parent


def test_a_new_parent_waits_and_nothing_of_it_is_filled():
    world, parent = world_of(order())

    assert (parent.status, parent.phase) == (OrderStatus.NEW, Phase.QUEUED)
    assert progress.filled(world, parent) == Amount(ETH.id, 0)
    assert progress.left(world, parent) == order().quantity


def test_what_is_left_is_the_order_less_all_fills():
    first = filled_child(order(), 3 * ETHER, stage=0, name="a")
    second = filled_child(order(), ETHER, stage=1, name="b")

    world, parent = world_of(order(), first, second)

    assert progress.left(world, parent) == Amount(ETH.id, 6 * ETHER)


def test_an_order_in_cash_is_filled_in_cash():
    asked = order(quantity=Amount(USDC.id, 5_000 * DOLLAR))
    child = filled_child(order(), ETHER, stage=0, name="a", notional=3_000 * DOLLAR)

    world, parent = world_of(asked, child)

    assert progress.left(world, parent) == Amount(USDC.id, 2_000 * DOLLAR)


@pytest.mark.parametrize(
    ("atoms", "stage", "candidates", "parent_round", "expected"),
    [
        (10 * ETHER, 1, BOTH, 1, Next.DONE),
        (11 * ETHER, 1, BOTH, 1, Next.DONE),
        (9 * ETHER, 0, BOTH, 1, Next.LATER_STAGE),
        (9 * ETHER, 0, BOTH, LIMITS.plan_rounds_max, Next.LATER_STAGE),
        (9 * ETHER, 1, BOTH, 1, Next.NEXT_ROUND),
        (9 * ETHER, 1, BOTH, LIMITS.plan_rounds_max, Next.GIVE_BACK),
        (9 * ETHER, 0, (PERP,), 1, Next.NEXT_ROUND),
        (9 * ETHER, 0, (PERP,), LIMITS.plan_rounds_max, Next.GIVE_BACK),
        # An atom is less than a lot: nothing but a pool can trade it.
        (10 * ETHER - 1, 0, (PERP,), 1, Next.DONE),
        (10 * ETHER - 1, 0, BOTH, 1, Next.LATER_STAGE),
        (10 * ETHER - PERP.lot_atoms, 0, (PERP,), 1, Next.NEXT_ROUND),
    ],
)
def test_what_comes_next(atoms, stage, candidates, parent_round, expected):
    child = filled_child(order(), atoms, stage=stage, name="a")
    child = replace(child, order=replace(child.order, round=parent_round))
    world, parent = world_of(order(), child, parent_round=parent_round)

    assert progress.decide(world, parent, candidates) is expected


def test_cash_is_left_down_to_the_last_atom():
    asked = order(quantity=Amount(USDC.id, 3_000 * DOLLAR))
    child = filled_child(order(), ETHER, stage=0, name="a", notional=3_000 * DOLLAR - 1)
    world, parent = world_of(asked, child)

    assert progress.decide(world, parent, (PERP,)) is Next.NEXT_ROUND


@pytest.mark.parametrize(
    ("ethers", "status"),
    [(10, OrderStatus.FILLED), (4, OrderStatus.CANCELED), (0, OrderStatus.EXPIRED)],
)
def test_the_last_status_is_what_was_reached(ethers, status):
    world, parent = world_of(order(), filled_child(order(), ethers * ETHER, stage=0, name="a"))

    assert progress.outcome(world, parent, order().deadline_at) is status


def test_a_parent_ends_with_its_reason_and_its_time():
    _, parent = world_of(order())

    done = progress.ended(parent, OrderStatus.REJECTED, reason="why", at=TimestampNs(5))

    assert (done.phase, done.status) == (Phase.DONE, OrderStatus.REJECTED)
    assert (done.reason, done.ended_at) == ("why", 5)


def test_no_parent_ends_in_the_middle():
    _, parent = world_of(order())

    with pytest.raises(AssertionError, match="cannot end as"):
        progress.ended(parent, OrderStatus.NEW, reason="", at=T0)
