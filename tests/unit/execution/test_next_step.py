from dataclasses import replace

import pytest

from router.domain.command import CancelChild, ReplaceChild, ResolveChild, SubmitChild
from router.domain.event import (
    ChildAcknowledged,
    ChildCancelRefused,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import (
    OrderStatus,
    Replacement,
    SignedChild,
    TimeInForce,
    TransactionState,
)
from router.execution.next_step import cancel, fill_gap, is_waiting, next_step, resume
from router.execution.order_machine import ask_cancel, ask_replace, new_child
from tests.unit.engine.scene import PERP, POOL, T0, Driver, order


def a_child(instrument=POOL):
    driver = Driver()
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (instrument, 10))
    return new_child(child)


CHILD = a_child()
FIRST = SignedChild(CHILD.order.id, "0x01", 3, "bytes")
SECOND = SignedChild(CHILD.order.id, "0x02", 3, "others", Replacement.BUMP)
SENT = replace(CHILD, attempts=(FIRST, SECOND), status=OrderStatus.NEW)
NOTHING = SignedChild(CHILD.order.id, "0x03", 3, "nothing", Replacement.CANCEL)
BOOK = replace(a_child(PERP), attempts=(FIRST,), status=OrderStatus.NEW)
WAITING = tuple(
    replace(BOOK, order=replace(BOOK.order, time_in_force=each))
    for each in (TimeInForce.RESTING, TimeInForce.POST_ONLY)
)


@pytest.mark.parametrize(
    "news",
    [ChildSigned(CHILD.order.id, FIRST, T0), ChildReplaced(CHILD.order.id, FIRST, T0)],
    ids=lambda news: type(news).__name__,
)
def test_what_is_signed_is_sent(news):
    assert next_step(SENT, news) == (SubmitChild(CHILD.order, FIRST),)


@pytest.mark.parametrize(
    "news",
    [ChildAcknowledged(CHILD.order.id, T0), ChildWentSilent(CHILD.order.id, "timeout", T0)],
    ids=lambda news: type(news).__name__,
)
def test_what_was_sent_is_asked_for_by_every_attempt(news):
    assert next_step(SENT, news) == (ResolveChild(CHILD.order, (FIRST, SECOND)),)
    assert resume(SENT) == (ResolveChild(CHILD.order, (FIRST, SECOND)),)


@pytest.mark.parametrize("wanted", Replacement)
def test_what_is_stuck_is_replaced_as_wanted(wanted):
    stuck = ChildStuck(CHILD.order.id, wanted, "slow", T0)

    assert next_step(SENT, stuck) == (ReplaceChild(CHILD.order, (FIRST, SECOND), wanted),)


@pytest.mark.parametrize("wanted", Replacement)
def test_what_is_to_end_and_is_stuck_is_not_sent_again_at_a_higher_price(wanted):
    stuck = ChildStuck(CHILD.order.id, wanted, "slow", T0)

    (command,) = next_step(ask_cancel(SENT), stuck)

    assert command == ReplaceChild(CHILD.order, (FIRST, SECOND), Replacement.CANCEL)


def test_news_asks_for_nothing():
    seen = ChildProgressed(CHILD.order.id, TransactionState.MINED, "in block 9", T0)

    assert next_step(SENT, seen) == ()


def test_a_gap_is_filled_by_a_transaction_without_effect():
    assert fill_gap(CHILD) == (ReplaceChild(CHILD.order, (), Replacement.CANCEL),)


def test_nothing_is_asked_for_of_which_nothing_was_signed():
    with pytest.raises(AssertionError, match="only signed bytes are sent"):
        resume(CHILD)


@pytest.mark.parametrize("child", WAITING)
def test_what_waits_at_a_book_is_canceled_there(child):
    assert is_waiting(child)
    assert cancel(child) == (CancelChild(child.order, (FIRST,)),)


def test_a_transaction_is_canceled_by_another_of_its_nonce_unless_that_is_signed():
    assert cancel(SENT) == (ReplaceChild(CHILD.order, (FIRST, SECOND), Replacement.CANCEL),)
    assert cancel(replace(SENT, attempts=(FIRST, NOTHING))) == ()


def test_what_trades_at_once_or_was_never_signed_cannot_be_canceled():
    assert cancel(BOOK) == ()
    assert cancel(CHILD) == ()


@pytest.mark.parametrize("ask", [ask_cancel, ask_replace])
@pytest.mark.parametrize("child", [*WAITING, SENT], ids=["resting", "post_only", "chain"])
def test_after_a_restart_what_was_asked_to_end_is_asked_for_and_asked_to_end_again(child, ask):
    asked = ask(child)

    resolve, again = resume(asked)

    assert resolve == ResolveChild(child.order, child.attempts)
    assert (again,) == cancel(child)


def test_a_cancel_that_overtook_its_order_is_sent_again_once_that_is_there():
    (child, _), there = WAITING, ChildAcknowledged(BOOK.order.id, T0)

    assert next_step(child, there) == (ResolveChild(child.order, (FIRST,)),)
    resolve, again = next_step(ask_cancel(child), there)
    assert (resolve, again) == (
        ResolveChild(child.order, (FIRST,)),
        CancelChild(child.order, (FIRST,)),
    )


def test_a_transaction_that_arrived_is_not_replaced_twice():
    there = ChildAcknowledged(CHILD.order.id, T0)

    assert next_step(ask_cancel(SENT), there) == (ResolveChild(CHILD.order, (FIRST, SECOND)),)


def test_a_refusal_to_cancel_asks_for_nothing():
    assert next_step(WAITING[0], ChildCancelRefused(BOOK.order.id, "ended", T0)) == ()
