"""A chain uses a nonce up by mining it, a book by being sent it."""

from dataclasses import replace

import pytest

from router.domain.order import SignedChild
from router.execution import nonces
from router.execution.order_machine import new_child
from router.state.world import World
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, Driver, observation, order


def child_at(instrument):
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    (child,) = driver.solve(driver.observe(asked), (instrument, 10))
    signed = SignedChild(child.id, "reference", child.nonce, "bytes")
    return replace(new_child(child), attempts=(signed,))


@pytest.mark.parametrize(("known", "floor"), [({}, 3), ({CHAIN: 2}, 3), ({CHAIN: 7}, 7)])
def test_what_a_chain_says_is_next_is_a_floor(known, floor):
    world = nonces.with_floor(World(nonces=known), observation())

    assert world.nonces == {CHAIN: floor}


def test_a_signature_uses_up_a_books_nonce_and_not_a_chains():
    book, pool = child_at(PERP), child_at(POOL)

    assert nonces.with_sent(World(), book).nonces == {MARGIN: book.order.nonce + 1}
    assert nonces.with_sent(World(), pool).nonces == {}
    assert nonces.with_sent(World(), replace(book, attempts=())).nonces == {}


def test_an_older_nonce_that_is_used_late_takes_nothing_back():
    world = replace(World(), nonces={CHAIN: 9})

    assert nonces.with_used(world, CHAIN, 4).nonces == {CHAIN: 9}
    assert nonces.with_used(world, CHAIN, 9).nonces == {CHAIN: 10}
