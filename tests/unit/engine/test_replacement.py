"""Transactions that do not go through at once: reported, replaced, and never leaving a gap."""

from dataclasses import replace

from router.domain.command import ReplaceChild, ResolveChild, SignChild, SubmitChild
from router.domain.event import (
    ChildAcknowledged,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import (
    GasPaid,
    OrderStatus,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.units import InstrumentId
from router.execution import nonces
from tests.unit.engine.scene import POOL, STARTED, Driver, order

OTHER = replace(POOL, id=InstrumentId("pancakeswap_v3:ETH/USDC:500"), router="another")
GAS = GasPaid(atoms=21_000, gas_used=21_000, block_number=8, block_hash="0x08")


def sent_child():
    driver = Driver()
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (POOL, 10))
    return driver, child, driver.sign(child)


def replacement(child, purpose, *, number=2):
    return SignedChild(child.id, f"ref-{number}", child.nonce, "other bytes", purpose)


def two_children():
    """Two transactions of one account, at nonces in a row; nothing is signed."""
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL, OTHER)))
    driver.reconcile()
    driver.submit(order())
    first, second = driver.solve(observed_with_both(driver), (POOL, 4), (OTHER, 6))
    assert second.nonce == first.nonce + 1
    return driver, first, second


def observed_with_both(driver):
    problem = driver.observe(order())
    (pool,) = problem.pools
    parent = driver.world.parents[problem.parent]
    both = replace(problem, pools=(pool, replace(pool, instrument=OTHER)))
    driver.world = driver.world.with_parent(replace(parent, problem=both))
    return both


def test_a_stuck_transaction_is_replaced_in_the_way_its_venue_wants():
    for wanted in Replacement:
        driver, child, first = sent_child()

        driver.feed(ChildStuck(child.id, wanted, "no block wants it", driver.tick()))

        assert driver.commands == (ReplaceChild(child, (first,), wanted),)


def test_a_replacement_is_durable_before_it_is_sent_and_both_are_asked_for():
    driver, child, first = sent_child()
    driver.acknowledge(child)
    second = replacement(child, Replacement.BUMP)

    driver.feed(ChildReplaced(child.id, second, driver.tick()))
    assert driver.commands == (SubmitChild(child, second),)

    driver.feed(ChildAcknowledged(child.id, driver.tick()))
    assert driver.command(ResolveChild) == ResolveChild(child, (first, second))


def test_a_restart_asks_for_every_attempt():
    driver, child, first = sent_child()
    second = replacement(child, Replacement.BUMP)
    driver.feed(ChildReplaced(child.id, second, driver.tick()))

    driver.feed(STARTED)

    assert driver.command(ResolveChild) == ResolveChild(child, (first, second))


def test_news_of_a_transaction_is_kept_and_changes_nothing_else():
    driver, child, _ = sent_child()
    driver.acknowledge(child)

    for state in TransactionState:
        driver.feed(ChildProgressed(child.id, state, "as the node says", driver.tick()))

        kept = driver.world.children[child.id]
        assert (kept.transaction, kept.status, driver.commands) == (state, OrderStatus.NEW, ())


def test_a_cancelled_transaction_costs_its_gas_and_the_rest_is_planned_again():
    driver, child, _ = sent_child()
    driver.acknowledge(child)
    cancel = replacement(child, Replacement.CANCEL)
    driver.feed(ChildReplaced(child.id, cancel, driver.tick()))

    driver.end(child, OrderStatus.CANCELED, gas=GAS, why="replaced by a transfer to ourselves")

    parent = driver.world.parents[child.parent]
    assert parent.round == 2
    assert driver.world.nonces[child.account] == child.nonce + 1


def test_a_child_that_cannot_be_signed_gives_its_nonce_back_where_no_other_waits_behind_it():
    driver, first, second = two_children()

    driver.feed(ChildNotSent(second.id, "would revert", driver.tick()))

    assert driver.world.children[second.id].status is OrderStatus.REJECTED
    assert not [c for c in driver.commands if isinstance(c, ReplaceChild)]
    assert driver.world.children[first.id].status is OrderStatus.PENDING_NEW


def test_a_nonce_with_others_behind_it_is_used_up_by_a_transaction_without_effect():
    driver, first, second = two_children()
    driver.sign(second)

    driver.feed(ChildNotSent(first.id, "would revert", driver.tick()))
    assert driver.commands == (ReplaceChild(first, (), Replacement.CANCEL),)

    cancel = replacement(first, Replacement.CANCEL, number=1)
    driver.feed(ChildReplaced(first.id, cancel, driver.tick()))
    assert driver.commands == (SubmitChild(first, cancel),)
    driver.feed(ChildWentSilent(first.id, "timeout", driver.tick()))
    assert driver.command(ResolveChild) == ResolveChild(first, (cancel,))
    driver.end(first, OrderStatus.CANCELED, gas=GAS)
    assert driver.world.children[first.id].status is OrderStatus.CANCELED


def test_a_gap_that_a_crash_left_open_is_met_again_at_the_next_start():
    driver, first, second = two_children()
    signed = driver.sign(second)
    driver.feed(ChildNotSent(first.id, "would revert", driver.tick()))

    driver.feed(replace(STARTED, instruments=(POOL, OTHER)))

    assert driver.commands[1:3] == (SignChild(first), ResolveChild(second, (signed,)))


def test_the_last_of_several_that_are_not_sent_leaves_no_gap():
    driver, first, second = two_children()
    driver.feed(ChildNotSent(second.id, "no connection", driver.tick()))

    driver.feed(ChildNotSent(first.id, "no connection", driver.tick()))

    assert driver.world.children[first.id].status is OrderStatus.REJECTED
    assert not [c for c in driver.commands if isinstance(c, ReplaceChild)]


# What was decided against (a gap is being filled by a cancel) may be signed again after a
# restart, but only as long as nothing of its nonce may have been sent.
def test_after_a_cancel_is_durable_a_restart_never_signs_the_trade_again():
    driver, first, second = two_children()
    driver.sign(second)
    driver.feed(ChildNotSent(first.id, "would revert", driver.tick()))
    cancel = SignedChild(first.id, "ref-c", first.nonce, "cancel", Replacement.CANCEL)
    driver.feed(ChildReplaced(first.id, cancel, driver.tick()))

    driver.feed(replace(STARTED, instruments=(POOL, OTHER)))

    assert not [c for c in driver.commands if isinstance(c, SignChild | SubmitChild)]


# A replacement that was being signed while the first transaction was mined is not sent.
def test_a_replacement_signed_after_the_end_is_not_sent():
    driver, first, _ = two_children()
    driver.sign(first)
    driver.acknowledge(first)
    driver.fill(first, 4)
    driver.end(first, OrderStatus.FILLED)

    bump = SignedChild(first.id, "ref-b", first.nonce, "bump", Replacement.BUMP)
    driver.feed(ChildReplaced(first.id, bump, driver.tick()))

    assert driver.commands == ()


# The cancel may be under way already: were its nonce given to another order, one of both would
# never happen, and gas would be paid that nobody has booked.
def test_that_the_first_was_not_sent_says_nothing_of_a_cancel_that_was_signed_meanwhile():
    driver, first, second = two_children()
    driver.sign(first)
    driver.sign(second)
    cancel = SignedChild(second.id, "ref-c", second.nonce, "cancel", Replacement.CANCEL)
    driver.feed(ChildReplaced(second.id, cancel, driver.tick()))

    driver.feed(ChildNotSent(second.id, "the node does not answer", driver.tick()))

    child = driver.world.children[second.id]
    assert child.status is OrderStatus.IN_DOUBT
    assert driver.commands[0] == ResolveChild(second, child.attempts)
    assert nonces.following(driver.world)[second.account] == second.nonce + 1
