"""What follows from news of a child that neither filled nor ended it. Pure."""

from typing import Final, TypeAlias

from router.domain.command import (
    CancelChild,
    Command,
    ReplaceChild,
    ResolveChild,
    SubmitChild,
)
from router.domain.event import (
    ChildAcknowledged,
    ChildCancelRefused,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import OrderStatus, Replacement, TimeInForce
from router.state.world import ChildState

News: TypeAlias = (
    ChildSigned
    | ChildReplaced
    | ChildCancelRefused
    | ChildAcknowledged
    | ChildWentSilent
    | ChildProgressed
    | ChildStuck
)


_ASKED: Final = frozenset({OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE})


def next_step(child: ChildState, news: News) -> tuple[Command, ...]:
    """Return the commands by which an open child goes on."""
    match news:
        case ChildSigned() | ChildReplaced():
            return (SubmitChild(child.order, news.signed),)
        case ChildStuck():
            # What somebody wants to end is not repeated at a higher price.
            is_unwanted = child.status is OrderStatus.PENDING_CANCEL
            wanted = Replacement.CANCEL if is_unwanted else news.wanted
            return (ReplaceChild(child.order, child.attempts, wanted),)
        case ChildProgressed() | ChildCancelRefused():
            return ()
        case ChildAcknowledged() | ChildWentSilent():
            # A cancel that overtook its order at a book has met nothing there.
            return resume(child) if is_waiting(child) else _resolve(child)


def resume(child: ChildState) -> tuple[Command, ...]:
    """Return the commands that ask what became of what was signed, and end it where that is asked.

    Both may have been asked before: neither does anything twice.
    """
    return (*_resolve(child), *(cancel(child) if child.status in _ASKED else ()))


def cancel(child: ChildState) -> tuple[Command, ...]:
    """Return the command that keeps what was sent from happening, where that can be done.

    An order at a book that does not wait is immediate: by the time a cancel comes, it has ended.
    """
    if not child.attempts:
        return ()
    if is_waiting(child):
        return (CancelChild(child.order, child.attempts),)
    if child.order.legs[0].instrument.is_on_chain and not _is_cancelled(child):
        return (ReplaceChild(child.order, child.attempts, Replacement.CANCEL),)
    return ()


def is_waiting(child: ChildState) -> bool:
    """Tell whether a child is of those that wait at a book."""
    return child.order.time_in_force is not TimeInForce.IMMEDIATE


def fill_gap(child: ChildState) -> tuple[Command, ...]:
    """Return the command that uses up the nonce of a child whose own transaction was not sent."""
    return (ReplaceChild(child.order, child.attempts, Replacement.CANCEL),)


def _resolve(child: ChildState) -> tuple[Command, ...]:
    assert child.attempts, "only signed bytes are sent"
    return (ResolveChild(child.order, child.attempts),)


# The venue sends what was signed last again until a block has one of them.
def _is_cancelled(child: ChildState) -> bool:
    return child.signed is not None and child.signed.replacement is Replacement.CANCEL
