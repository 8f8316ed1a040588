import itertools
from dataclasses import replace

import pytest

from router.domain.event import (
    ChildAcknowledged,
    ChildCancelRefused,
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
from router.execution.order_machine import (
    ASKS,
    TRANSITIONS,
    advance,
    ask_cancel,
    ask_replace,
    is_doubtful,
    new_child,
)
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
    ChildCancelRefused: ChildCancelRefused(CHILD.id, "never there", T0),
    ChildFilled: ChildFilled(CHILD.id, FILL, T0),
}
PATHS = {
    S.PENDING_NEW: (),
    S.SIGNED: (ChildSigned,),
    S.NEW: (ChildSigned, ChildAcknowledged),
    S.PARTIALLY_FILLED: (ChildSigned, ChildFilled),
    S.IN_DOUBT: (ChildSigned, ChildWentSilent),
    S.PENDING_CANCEL: (ChildSigned, ask_cancel),
    S.PENDING_REPLACE: (ChildSigned, ask_replace),
}
ASKED = (S.PENDING_CANCEL, S.PENDING_REPLACE)
ASK = {S.PENDING_CANCEL: ask_cancel, S.PENDING_REPLACE: ask_replace}
SENT = tuple(s for s in PATHS if s not in {S.PENDING_NEW, *ASKED})


def child_in(status):
    child = new_child(CHILD)
    for each in PATHS[status]:
        child = advance(child, EVENTS[each]) if each in EVENTS else each(child)
    assert child.status is status
    return child


def test_every_status_is_a_row_of_the_table_or_the_last():
    assert set(TRANSITIONS) == set(PATHS)
    assert set(TRANSITIONS) | TERMINAL == set(S)


@pytest.mark.parametrize(
    ("status", "kind"),
    list(itertools.product([s for s in PATHS if s not in ASKED], EVENTS)),
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


@pytest.mark.parametrize(
    ("asked", "beneath", "kind"),
    list(itertools.product(ASKED, SENT, EVENTS)),
    ids=lambda x: getattr(x, "__name__", None) or x.name,
)
def test_what_is_asked_stays_while_what_is_beneath_moves_on(asked, beneath, kind):
    child = ASK[asked](child_in(beneath))
    fresh = ChildFilled(CHILD.id, replace(FILL, id="other"), T0)
    event = fresh if kind is ChildFilled else EVENTS[kind]

    if kind not in TRANSITIONS[beneath]:
        with pytest.raises(AssertionError, match="is a bug"):
            advance(child, event)
        return
    after, plain = advance(child, event), advance(child_in(beneath), event)

    if kind is ChildCancelRefused or plain.is_terminal:
        assert (after.status, after.beneath) == (plain.status, None)
    else:
        assert (after.status, after.beneath) == (asked, plain.status)
    assert after.fills == plain.fills


@pytest.mark.parametrize(("status", "asked"), list(itertools.product(PATHS, ASKED)))
def test_what_may_be_asked_is_in_the_table(status, asked):
    child = child_in(status)

    if status in ASKS[asked]:
        assert ASK[asked](child).status is asked
        assert ASK[asked](ASK[asked](child)) == ASK[asked](child)
    else:
        with pytest.raises(AssertionError, match="is a bug"):
            ASK[asked](child)


def test_a_fill_that_crosses_a_cancel_counts_and_the_cancel_stays_asked():
    child = advance(ask_cancel(child_in(S.NEW)), EVENTS[ChildFilled])

    assert (child.status, len(child.fills)) == (S.PENDING_CANCEL, 1)


@pytest.mark.parametrize("before", SENT)
@pytest.mark.parametrize("asked", ASKED)
def test_a_refused_cancel_leaves_the_child_where_it_was(before, asked):
    child = advance(ASK[asked](child_in(before)), EVENTS[ChildCancelRefused])

    assert child == child_in(before)


def test_what_is_in_doubt_stays_in_doubt_under_a_cancel_until_the_venue_says():
    asked = ask_cancel(child_in(S.IN_DOUBT))

    assert is_doubtful(asked)
    assert not is_doubtful(advance(asked, EVENTS[ChildAcknowledged]))
    assert advance(asked, EVENTS[ChildCancelRefused]).status is S.IN_DOUBT
    assert is_doubtful(advance(ask_cancel(child_in(S.NEW)), EVENTS[ChildWentSilent]))


def test_an_acknowledgement_takes_nothing_back_of_what_has_filled():
    silent = advance(child_in(S.PARTIALLY_FILLED), EVENTS[ChildWentSilent])

    assert silent.status is S.IN_DOUBT
    assert advance(silent, EVENTS[ChildAcknowledged]).status is S.PARTIALLY_FILLED


@pytest.mark.parametrize("status", [s for s in PATHS if s is not S.PENDING_NEW])
@pytest.mark.parametrize("last", sorted(TERMINAL, key=lambda s: s.value))
def test_a_sent_child_may_end_any_way_and_stays_ended(status, last):
    ended = advance(child_in(status), ChildEnded(CHILD.id, last, "", None, T0))

    is_replaced = status is S.PENDING_REPLACE and last is S.CANCELED
    assert ended.status is (S.REPLACED if is_replaced else last)
    assert ended.beneath is None
    for event in EVENTS.values():
        assert advance(ended, event) is ended


def test_a_child_cannot_end_before_it_is_signed_nor_as_something_open():
    with pytest.raises(AssertionError):
        advance(child_in(S.PENDING_NEW), ChildEnded(CHILD.id, S.FILLED, "", None, T0))
    with pytest.raises(AssertionError):
        advance(child_in(S.NEW), ChildEnded(CHILD.id, S.NEW, "", None, T0))
