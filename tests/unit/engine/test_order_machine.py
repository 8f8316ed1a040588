import itertools
from dataclasses import replace

import pytest

from router.domain.event import (
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import (
    TERMINAL,
    Fill,
    OrderStatus,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.units import Amount
from router.execution.order_machine import TRANSITIONS, advance, new_child
from tests.unit.engine.scene import ETH, PERP, T0, USDC, Driver, order

S = OrderStatus


def a_child():
    driver, parent = Driver(), order()
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, 10))
    return child


CHILD = a_child()
FILL = Fill("f", CHILD.id, PERP.id, Amount(ETH.id, 1), Amount(USDC.id, 1), Amount(USDC.id, 0), T0)
EVENTS = {
    ChildSigned: ChildSigned(CHILD.id, SignedChild(CHILD.id, "r", 1, "b"), T0),
    ChildNotSent: ChildNotSent(CHILD.id, "why", T0),
    ChildAcknowledged: ChildAcknowledged(CHILD.id, T0),
    ChildWentSilent: ChildWentSilent(CHILD.id, "why", T0),
    ChildProgressed: ChildProgressed(CHILD.id, TransactionState.MINED, "in block 9", T0),
    ChildStuck: ChildStuck(CHILD.id, Replacement.BUMP, "unmined for 3 blocks", T0),
    ChildReplaced: ChildReplaced(
        CHILD.id, SignedChild(CHILD.id, "r2", 1, "b2", Replacement.BUMP), T0
    ),
    ChildFilled: ChildFilled(CHILD.id, FILL, T0),
}
PATHS = {
    S.PENDING_NEW: (),
    S.SIGNED: (ChildSigned,),
    S.NEW: (ChildSigned, ChildAcknowledged),
    S.PARTIALLY_FILLED: (ChildSigned, ChildFilled),
    S.IN_DOUBT: (ChildSigned, ChildWentSilent),
}


def child_in(status):
    child = new_child(CHILD)
    for kind in PATHS[status]:
        child = advance(child, EVENTS[kind])
    assert child.status is status
    return child


@pytest.mark.parametrize(
    ("status", "kind"),
    list(itertools.product(PATHS, EVENTS)),
    ids=lambda x: getattr(x, "__name__", None) or x.name,
)
def test_a_pair_is_in_the_table_or_stops_the_process(status, kind):
    child = child_in(status)
    fresh = ChildFilled(CHILD.id, replace(FILL, id="other"), T0)
    event = fresh if kind is ChildFilled else EVENTS[kind]

    if kind in TRANSITIONS[status]:
        assert advance(child, event).status is TRANSITIONS[status][kind]
    else:
        with pytest.raises(AssertionError, match="is a bug"):
            advance(child, event)


@pytest.mark.parametrize("status", [s for s in PATHS if s is not S.PENDING_NEW])
@pytest.mark.parametrize("last", sorted(TERMINAL, key=lambda s: s.value))
def test_a_sent_child_may_end_any_way_and_stays_ended(status, last):
    ended = advance(child_in(status), ChildEnded(CHILD.id, last, "", None, T0))

    assert ended.status is last
    for event in EVENTS.values():
        assert advance(ended, event) is ended


def test_a_child_cannot_end_before_it_is_signed_nor_as_something_open():
    with pytest.raises(AssertionError):
        advance(child_in(S.PENDING_NEW), ChildEnded(CHILD.id, S.FILLED, "", None, T0))
    with pytest.raises(AssertionError):
        advance(child_in(S.NEW), ChildEnded(CHILD.id, S.NEW, "", None, T0))
