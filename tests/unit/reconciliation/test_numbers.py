"""Nonces, blocks, and numbers that nothing explains."""

import pytest

from router.domain.command import ObserveAccounts
from router.domain.event import BaselineAccepted, HourStruck
from router.domain.order import OrderStatus
from tests.unit.engine.scene import BLOCK, CHAIN, DOLLAR, ETHER, POOL
from tests.unit.reconciliation.scene import (
    GAS,
    kinds,
    look,
    open_child,
    planted,
    started,
    traded_on_chain,
    waiting_child,
)

MOVED = {"eth": 10 * ETHER, "usdc": -30_000 * DOLLAR, "native": -GAS.atoms}


def test_a_transaction_of_the_key_that_is_not_ours_halts():
    driver = started()

    told = look(driver, planted(chain={"next_nonce": 5}))

    assert kinds(driver) == ["nonce_ahead"]
    assert "2 transactions were sent by somebody else" in told[0]


def test_it_halts_while_an_order_of_ours_is_at_work_and_may_have_used_one():
    driver = started()
    child = open_child(driver, driver.world.configured[0])
    assert child.nonce == 3

    look(driver, planted(chain={"next_nonce": 4}))
    assert kinds(driver) == [], "that may be ours"
    look(driver, planted(chain={"next_nonce": 5}))

    assert kinds(driver) == ["nonce_ahead"]


def test_our_own_transactions_are_expected():
    driver = started()
    traded_on_chain(driver)

    told = look(driver, planted(**MOVED, chain={"next_nonce": 4}))

    assert (told, kinds(driver)) == ([], [])
    assert driver.world.ledger.nonces[CHAIN] == 4


def test_a_transaction_of_ours_that_is_no_longer_in_the_chain_halts_by_name():
    driver = started()
    child = traded_on_chain(driver)
    look(driver, planted(**MOVED, chain={"next_nonce": 4}))

    told = look(driver, planted(later=20, chain={"next_nonce": 3}))

    assert kinds(driver) == ["reorged"]
    assert child.id in told[0]


def test_a_reorged_transaction_that_is_mined_again_ends_the_halt():
    driver = started()
    traded_on_chain(driver)
    look(driver, planted(**MOVED, chain={"next_nonce": 4}))
    look(driver, planted(later=20, chain={"next_nonce": 3}))

    look(driver, planted(**MOVED, later=30, chain={"next_nonce": 4}))

    assert kinds(driver) == []


def test_after_a_reorg_is_accepted_the_nonce_is_free_again():
    driver = started()
    traded_on_chain(driver)
    void = planted(later=20, chain={"next_nonce": 3})
    look(driver, planted(**MOVED, chain={"next_nonce": 4}))
    look(driver, void)

    driver.feed(BaselineAccepted("gone", driver.tick()))
    look(driver, void)
    child = open_child(driver, driver.world.configured[0], name="two")

    assert kinds(driver) == []
    assert child.nonce == 3


def test_what_a_transaction_did_is_no_difference_while_its_block_is_not_deep_enough():
    driver = started()
    child = open_child(driver, POOL)
    mined = planted(eth=10 * ETHER, usdc=-30_000 * DOLLAR, chain={"next_nonce": child.nonce + 1})

    told = [line for _ in range(90) for line in look(driver, mined)]

    assert (told, kinds(driver)) == ([], [])


def test_what_differs_beside_a_transaction_that_no_block_has_halts_once_it_lasts():
    driver = started()
    child = open_child(driver, POOL)

    for _ in range(90):
        look(driver, planted(usdc=-30_000 * DOLLAR, chain={"next_nonce": child.nonce}))

    assert kinds(driver) == ["balance"]


def test_what_is_asked_after_a_reorg_is_accepted_does_not_wait_for_a_block_that_is_gone():
    driver = started()
    traded_on_chain(driver)
    look(driver, planted(**MOVED, chain={"next_nonce": 4}))
    look(driver, planted(later=20, chain={"next_nonce": 3}))
    driver.feed(HourStruck(driver.tick()))
    assert [block for name, block in asked(driver).blocks_min if name == CHAIN] != []

    driver.feed(BaselineAccepted("gone", driver.tick()))

    assert [block for name, block in asked(driver).blocks_min if name == CHAIN] == []


def asked(driver):
    (found,) = (c for c in driver.commands if isinstance(c, ObserveAccounts))
    return found


def test_a_node_that_has_not_seen_our_block_is_asked_again_and_proves_nothing():
    driver = started()
    traded_on_chain(driver)

    told = look(driver, planted(block=BLOCK, chain={"next_nonce": 3}))

    assert (told, kinds(driver)) == ([], [])


def test_a_node_that_stays_behind_is_told_once():
    driver = started()
    traded_on_chain(driver)

    told = [line for _ in range(40) for line in look(driver, planted(block=BLOCK))]

    assert [line.split(":")[0] for line in told] == ["behind"]
    assert kinds(driver) == []


def test_a_venue_that_answers_of_before_our_fill_is_asked_again_and_proves_nothing():
    driver = started()
    child = open_child(driver)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED)

    told = look(driver, planted(later=-5))

    assert (told, kinds(driver)) == ([], [])
    assert any(isinstance(c, ObserveAccounts) for c in driver.commands)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"usdc": 5}, "balance"),
        ({"usdc": -5}, "balance"),
        ({"cash": 5}, "balance"),
        ({"lots": 5}, "position"),
        ({"native": 5}, "gas"),
    ],
)
def test_a_number_that_nothing_explains_halts_by_its_kind_and_is_accepted(changes, kind):
    driver = started()
    read = planted(**changes)

    told = look(driver, read)
    assert kinds(driver) == [kind]
    assert len(told) == 1
    driver.feed(BaselineAccepted("known", driver.tick()))
    look(driver, read)

    assert kinds(driver) == []


def test_a_number_that_is_off_while_an_order_waits_is_judged_once_it_has_lasted():
    driver = started()
    waiting_child(driver)
    read = planted(cash=-5, perp={"orders": None})

    early = [line for _ in range(29) for line in look(driver, read)]
    assert (early, kinds(driver)) == ([], [])
    late = [line for _ in range(5) for line in look(driver, read)]

    assert kinds(driver) == ["balance"]
    assert len(late) == 1


def test_a_number_that_keeps_moving_while_an_order_waits_is_not_judged():
    driver = started()
    waiting_child(driver)

    for step in range(60):
        look(driver, planted(cash=-5 - step, perp={"orders": None}))

    assert kinds(driver) == []
