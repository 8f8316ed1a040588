"""The parts of a look at one account, each by itself."""

from router.domain.difference import DifferenceKind as K
from router.domain.event import HourStruck
from router.engine.noticing import noticed
from router.reconciliation.examine import examine, expected_of
from router.reconciliation.money import foreign_transfers, transferred
from router.reconciliation.nonces import nonce_difference
from router.reconciliation.orders import match
from tests.unit.engine.scene import DOLLAR, MARGIN, USDC
from tests.unit.reconciliation.scene import planted, started, transfer, venue_fill, venue_order


def test_an_account_as_it_was_agrees_and_nothing_is_found():
    driver = started()

    for account in planted():
        found = examine(driver.world, driver.world.ledger, account, is_quiet=True)
        assert found.agrees
        assert (found.sure, found.numbers) == ((), ())


def test_what_is_booked_leaves_an_account_in_agreement_and_what_halts_does_not():
    driver = started()
    _, paid = planted(cash=5, perp={"transfers": (transfer("in", 5),)})
    _, gone = planted(cash=-5, perp={"transfers": (transfer("out", -5),)})

    booked = examine(driver.world, driver.world.ledger, paid, is_quiet=True)
    halted = examine(driver.world, driver.world.ledger, gone, is_quiet=True)

    assert ([d.kind for d in booked.sure], booked.agrees) == ([K.DEPOSIT], True)
    assert ([d.kind for d in halted.sure], halted.agrees) == ([K.WITHDRAWAL], False)


def test_transfers_move_what_is_expected_and_keep_their_sign():
    driver = started()
    _, account = planted(perp={"transfers": (transfer("in", 9), transfer("out", -4))})
    world, ledger = driver.world, driver.world.ledger

    moved = foreign_transfers(world, ledger, account)

    assert [d.actual for d in transferred(account, moved)] == [9, -4]
    before = ledger.balances[MARGIN, USDC.id]
    assert expected_of(world, ledger, account).balances[MARGIN, USDC.id] == before + 5


def test_a_nonce_that_is_as_expected_or_not_known_is_no_difference():
    driver = started()
    chain, perp = planted()

    assert nonce_difference(driver.world, driver.world.ledger, chain) is None
    assert nonce_difference(driver.world, driver.world.ledger, perp) is None


def test_fills_of_nobody_are_what_the_ledger_does_not_have():
    driver = started()
    fill = venue_fill("77", lots=1, dollars=3)
    _, account = planted(
        lots=1, cash=-3 * DOLLAR, perp={"fills": (fill,), "orders": (venue_order("9"),)}
    )

    found = match(driver.world, driver.world.ledger, account, is_quiet=True)

    assert found.unbooked == (fill,)
    assert {d.kind for d in found.differences} == {K.FOREIGN_ORDER, K.FOREIGN_FILL}


def test_what_is_no_news_of_a_child_is_not_noticed():
    driver = started()

    after, commands = noticed(driver.world, driver.world, HourStruck(driver.tick()))

    assert (after, commands) == (driver.world, ())
