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
from router.domain.order import TERMINAL, ChildOrder, OrderStatus
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

# ChildEnded is not in the table: it carries its own status, and is legal in every open state.
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
        ChildFilled: S.PARTIALLY_FILLED,  # a fill may overtake its own acknowledgement
    },
    S.NEW: {
        ChildAcknowledged: S.NEW,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.NEW,
        ChildStuck: S.NEW,
        ChildReplaced: S.NEW,
        ChildFilled: S.PARTIALLY_FILLED,
    },
    S.PARTIALLY_FILLED: {
        ChildAcknowledged: S.PARTIALLY_FILLED,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.PARTIALLY_FILLED,
        ChildStuck: S.PARTIALLY_FILLED,
        ChildReplaced: S.PARTIALLY_FILLED,
        ChildFilled: S.PARTIALLY_FILLED,
    },
    S.IN_DOUBT: {
        ChildAcknowledged: S.NEW,
        ChildWentSilent: S.IN_DOUBT,
        ChildProgressed: S.IN_DOUBT,
        ChildStuck: S.IN_DOUBT,
        ChildReplaced: S.IN_DOUBT,
        ChildFilled: S.PARTIALLY_FILLED,
    },
}


def new_child(order: ChildOrder) -> ChildState:
    """Return the state of an intent of which nothing is signed."""
    return ChildState(order=order, status=S.PENDING_NEW)


def advance(child: ChildState, event: ChildEvent) -> ChildState:
    """Return the child after an event; a fill seen before changes nothing.

    A late word on a child that has ended changes nothing either: the venue's last word was durable,
    and every fill came before it.
    """
    if child.is_terminal:
        return child
    if isinstance(event, ChildEnded):
        assert child.status is not S.PENDING_NEW, f"{child.order.id} ended before it was signed"
        assert event.status in TERMINAL, f"{child.order.id} cannot end as {event.status}"
        return replace(
            child,
            status=event.status,
            gas=event.gas,
            reason=event.reason,
            ended_at=event.at,
        )
    if isinstance(event, ChildFilled) and event.fill.id in {f.id for f in child.fills}:
        return child
    allowed = TRANSITIONS[child.status]
    assert type(event) in allowed, f"{type(event).__name__} while {child.status} is a bug"
    return _with_facts(replace(child, status=allowed[type(event)]), event)


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
