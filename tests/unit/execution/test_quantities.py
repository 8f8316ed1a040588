from dataclasses import replace

from router.domain.amend import Quantities
from router.domain.order import Fill, OrderStatus
from router.domain.units import Amount, ChildId, Price
from router.execution import progress
from router.execution.order_machine import new_child
from router.execution.quantities import quantities
from router.state.world import World
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, STARTED, T0, USDC, Driver, order


def world_of(asked, *fills):
    driver = Driver()
    driver.start()
    driver.submit(order())
    (sent,) = driver.solve(driver.observe(order()), (PERP, 1))
    world, names = World(started=STARTED), []
    children = []
    for place, (base, cash) in enumerate(fills):
        name = ChildId(f"c{place}")
        amounts = Amount(ETH.id, base), Amount(USDC.id, cash)
        fill = Fill(f"f{place}", name, PERP.id, *amounts, Amount(USDC.id, 0), T0)
        children.append(replace(new_child(replace(sent, id=name)), fills=(fill,)))
        names.append(name)
    parent = replace(progress.new_parent(asked), children=tuple(names))
    world = world.with_parent(parent)
    for child in children:
        world = world.with_child(child)
    return world, parent


def test_before_the_first_fill_all_is_left_and_there_is_no_price():
    world, parent = world_of(order())

    whole = Amount(ETH.id, 10 * ETHER)
    assert quantities(world, parent) == Quantities(whole, Amount(ETH.id, 0), whole, None)


def test_the_average_price_is_the_exact_ratio_of_what_was_paid():
    world, parent = world_of(order(), (ETHER, 3_000 * DOLLAR), (2 * ETHER, 6_003 * DOLLAR + 1))

    now = quantities(world, parent)

    assert now.cumulative == Amount(ETH.id, 3 * ETHER)
    assert now.leaves == Amount(ETH.id, 7 * ETHER)
    assert now.average_price == Price(ETH.id, USDC.id, 9_003 * DOLLAR + 1, 3 * ETHER)


def test_an_order_in_cash_counts_cash():
    asked = order(quantity=Amount(USDC.id, 9_000 * DOLLAR))
    world, parent = world_of(asked, (ETHER, 3_000 * DOLLAR))

    now = quantities(world, parent)

    assert now.cumulative == Amount(USDC.id, 3_000 * DOLLAR)
    assert now.leaves == Amount(USDC.id, 6_000 * DOLLAR)
    assert now.average_price == Price(ETH.id, USDC.id, 3_000 * DOLLAR, ETHER)


def test_nothing_is_left_of_what_has_ended_nor_less_than_nothing_of_what_has_not():
    world, parent = world_of(order(), (11 * ETHER, 33_000 * DOLLAR))
    ended = progress.ended(parent, OrderStatus.CANCELED, reason="", at=T0)

    assert quantities(world, parent).leaves.atoms == 0
    assert quantities(world, ended).leaves.atoms == 0
    assert quantities(world, ended).cumulative.atoms == 11 * ETHER


def test_what_was_given_away_for_nothing_has_no_price():
    world, parent = world_of(order(), (ETHER, 0))

    assert quantities(world, parent).average_price is None
