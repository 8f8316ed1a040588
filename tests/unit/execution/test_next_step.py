from dataclasses import replace

import pytest

from router.domain.command import ReplaceChild, ResolveChild, SubmitChild
from router.domain.event import (
    ChildAcknowledged,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import Replacement, SignedChild, TransactionState
from router.execution.next_step import fill_gap, next_step, resume
from router.execution.order_machine import new_child
from tests.unit.engine.scene import POOL, T0, Driver, order


def a_child():
    driver = Driver()
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (POOL, 10))
    return new_child(child)


CHILD = a_child()
FIRST = SignedChild(CHILD.order.id, "0x01", 3, "bytes")
SECOND = SignedChild(CHILD.order.id, "0x02", 3, "others", Replacement.BUMP)
SENT = replace(CHILD, attempts=(FIRST, SECOND))


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


def test_news_asks_for_nothing():
    seen = ChildProgressed(CHILD.order.id, TransactionState.MINED, "in block 9", T0)

    assert next_step(SENT, seen) == ()


def test_a_gap_is_filled_by_a_transaction_without_effect():
    assert fill_gap(CHILD) == (ReplaceChild(CHILD.order, (), Replacement.CANCEL),)


def test_nothing_is_asked_for_of_which_nothing_was_signed():
    with pytest.raises(AssertionError, match="only signed bytes are sent"):
        resume(CHILD)
