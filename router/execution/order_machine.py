"""The child order's states as a table. A pair that is not in it is a bug, and stops the process."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias

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
from router.domain.order import TERMINAL, ChildOrder, Fill, OrderStatus
from router.state.world import ChildState

ChildEvent: TypeAlias = (
    ChildSigned
    | ChildNotSent
    | ChildAcknowledged
    | ChildWentSilent
    | ChildProgressed
    | ChildStuck
    | ChildReplaced
    | ChildCancelRefused
    | ChildFilled
    | ChildEnded
)

S = OrderStatus

# ChildEnded is not in the table: it carries its own status, and is legal in every open state. While
# something is asked of a child, what it would be otherwise moves on beneath.
TRANSITIONS: Final[Mapping[S, Mapping[type[ChildEvent], S]]] = {
    S.PENDING_NEW: {
        ChildSigned: S.SIGNED,
        ChildNotSent: S.REJECTED,
        ChildReplaced: S.SIGNED,  # nothing but its nonce is sent, for the sake of those behind it
    },
    S.SIGNED: {
        ChildNotSent: S.REJECTED,
        ChildAcknowledged: S.NEW,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.SIGNED,
        ChildStuck: S.SIGNED,
        ChildReplaced: S.SIGNED,
        ChildCancelRefused: S.SIGNED,
        ChildFilled: S.PARTIALLY_FILLED,  # a fill may overtake its own acknowledgement
    },
    S.NEW: {
        ChildAcknowledged: S.NEW,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.NEW,
        ChildStuck: S.NEW,
        ChildReplaced: S.NEW,
        ChildCancelRefused: S.NEW,
        ChildFilled: S.PARTIALLY_FILLED,
    },
    S.PARTIALLY_FILLED: {
        ChildAcknowledged: S.PARTIALLY_FILLED,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.PARTIALLY_FILLED,
        ChildStuck: S.PARTIALLY_FILLED,
        ChildReplaced: S.PARTIALLY_FILLED,
        ChildCancelRefused: S.PARTIALLY_FILLED,
        ChildFilled: S.PARTIALLY_FILLED,
    },
    S.IN_DOUBT: {
        ChildAcknowledged: S.NEW,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.IN_DOUBT,
        ChildStuck: S.IN_DOUBT,
        ChildReplaced: S.IN_DOUBT,
        ChildCancelRefused: S.IN_DOUBT,
        ChildFilled: S.PARTIALLY_FILLED,
    },
    S.PENDING_CANCEL: {
        ChildNotSent: S.REJECTED,
        ChildAcknowledged: S.PENDING_CANCEL,
        ChildWentSilent: S.PENDING_CANCEL,
        ChildProgressed: S.PENDING_CANCEL,
        ChildStuck: S.PENDING_CANCEL,
        ChildReplaced: S.PENDING_CANCEL,
        ChildCancelRefused: S.NEW,  # or as far as it is beneath
        ChildFilled: S.PENDING_CANCEL,
    },
    S.PENDING_REPLACE: {
        ChildNotSent: S.REJECTED,
        ChildAcknowledged: S.PENDING_REPLACE,
        ChildWentSilent: S.PENDING_REPLACE,
        ChildProgressed: S.PENDING_REPLACE,
        ChildStuck: S.PENDING_REPLACE,
        ChildReplaced: S.PENDING_REPLACE,
        ChildCancelRefused: S.NEW,  # or as far as it is beneath
        ChildFilled: S.PENDING_REPLACE,
    },
}

# What may be asked of a child in each open state; of an intent nothing can be asked.
_SENT: Final = frozenset({S.SIGNED, S.NEW, S.PARTIALLY_FILLED, S.IN_DOUBT})
ASKS: Final[Mapping[S, frozenset[S]]] = {
    S.PENDING_CANCEL: _SENT | {S.PENDING_CANCEL, S.PENDING_REPLACE},
    S.PENDING_REPLACE: _SENT | {S.PENDING_REPLACE},
}


def new_child(order: ChildOrder) -> ChildState:
    """Return the state of an intent of which nothing is signed."""
    return ChildState(order=order, status=S.PENDING_NEW)


def ask_cancel(child: ChildState) -> ChildState:
    """Return the child once its venue is asked to end it; asking twice is harmless."""
    return _asked(child, S.PENDING_CANCEL)


def ask_replace(child: ChildState) -> ChildState:
    """Return the child once its venue is asked to end it, because another is to take over."""
    return _asked(child, S.PENDING_REPLACE)


def is_doubtful(child: ChildState) -> bool:
    """Tell whether it is unknown if the venue has the child, whatever is asked of it."""
    return S.IN_DOUBT in {child.status, child.beneath}


def advance(child: ChildState, event: ChildEvent) -> ChildState:
    """Return the child after an event; a fill seen before changes nothing.

    A late word on a child that has ended changes nothing either: the venue's last word was durable,
    and every fill came before it.
    """
    if child.is_terminal:
        return child
    if isinstance(event, ChildEnded):
        return _ended(child, event)
    if isinstance(event, ChildFilled) and event.fill.id in _known(child):
        return child
    if child.beneath is None:
        return _with_facts(replace(child, status=_following(child, child.status, event)), event)
    # The row of what is asked says what is legal, that of what is beneath what comes of it.
    status = _following(child, child.status, event)
    beneath = _following(child, child.beneath, event)
    if status in TERMINAL or isinstance(event, ChildCancelRefused):
        return _with_facts(replace(child, status=beneath, beneath=None), event)
    return _with_facts(replace(child, status=status, beneath=beneath), event)


def voided(child: ChildState, fill: str, corrected: Fill | None) -> ChildState:
    """Return the child without a fill, or with another in its place; its venue's last word stays.

    A fill that it does not have changes nothing, and one that it has already takes no other's
    place.
    """
    if all(each.id != fill for each in child.fills):
        return child
    if corrected is not None and corrected.id in _known(child):
        return child
    instead = () if corrected is None else (corrected,)
    fills = tuple(each for own in child.fills for each in ((own,) if own.id != fill else instead))
    after = replace(child, fills=fills, voided=(*child.voided, fill))
    if fills:
        return after
    # Of one that is open nothing has filled any more.
    status = S.NEW if child.status is S.PARTIALLY_FILLED else child.status
    beneath = S.NEW if child.beneath is S.PARTIALLY_FILLED else child.beneath
    return replace(after, status=status, beneath=beneath)


def _known(child: ChildState) -> frozenset[str]:
    return frozenset((*(fill.id for fill in child.fills), *child.voided))


def _asked(child: ChildState, status: OrderStatus) -> ChildState:
    allowed = ASKS[status]
    assert child.status in allowed, f"{status} of {child.order.id}, {child.status}, is a bug"
    return replace(child, status=status, beneath=child.beneath or child.status)


def _following(child: ChildState, status: OrderStatus, event: ChildEvent) -> OrderStatus:
    allowed = TRANSITIONS[status]
    assert type(event) in allowed, f"{type(event).__name__} while {status} is a bug"
    found = allowed[type(event)]
    # That a venue has it takes nothing back of what has filled.
    return S.PARTIALLY_FILLED if found is S.NEW and child.fills else found


def _ended(child: ChildState, event: ChildEnded) -> ChildState:
    assert child.status is not S.PENDING_NEW, f"{child.order.id} ended before it was signed"
    assert event.status in TERMINAL, f"{child.order.id} cannot end as {event.status}"
    is_replaced = child.status is S.PENDING_REPLACE and event.status is S.CANCELED
    return replace(
        child,
        status=S.REPLACED if is_replaced else event.status,
        beneath=None,
        gas=event.gas,
        reason=event.reason,
        ended_at=event.at,
    )


# One line a case of a closed union: splitting it would hide that it is complete.
def _with_facts(child: ChildState, event: ChildEvent) -> ChildState:  # noqa: PLR0911
    match event:
        case ChildSigned():
            return replace(child, attempts=(event.signed,), sent_at=event.at)
        case ChildReplaced():
            attempts = (*child.attempts, event.signed)
            return replace(child, attempts=attempts, sent_at=child.sent_at or event.at)
        case ChildProgressed():
            return replace(child, transaction=event.state)
        case ChildFilled():
            return replace(child, fills=(*child.fills, event.fill))
        case ChildNotSent():
            return replace(child, reason=event.reason, ended_at=event.at)
        case ChildWentSilent():
            return replace(child, reason=event.reason)
        case ChildAcknowledged() | ChildEnded() | ChildStuck() | ChildCancelRefused():
            return child
