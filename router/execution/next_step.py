"""What follows from news of a child that neither filled nor ended it. Pure."""

from typing import TypeAlias

from router.domain.command import Command, ReplaceChild, ResolveChild, SubmitChild
from router.domain.event import (
    ChildAcknowledged,
    ChildCancelRefused,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
)
from router.domain.order import Replacement
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


def next_step(child: ChildState, news: News) -> tuple[Command, ...]:
    """Return the commands by which an open child goes on."""
    match news:
        case ChildSigned() | ChildReplaced():
            return (SubmitChild(child.order, news.signed),)
        case ChildStuck():
            return (ReplaceChild(child.order, child.attempts, news.wanted),)
        case ChildProgressed() | ChildCancelRefused():
            return ()
        case ChildAcknowledged() | ChildWentSilent():
            return resume(child)


def resume(child: ChildState) -> tuple[Command, ...]:
    """Return the command that asks what became of what was signed."""
    assert child.attempts, "only signed bytes are sent"
    return (ResolveChild(child.order, child.attempts),)


def cancel(child: ChildState) -> tuple[Command, ...]:
    """Return the command that keeps what was sent from happening, where that can be done.

    An order at a book is immediate: by the time a cancel comes, it has ended.
    """
    if child.attempts and child.order.legs[0].instrument.is_on_chain:
        return (ReplaceChild(child.order, child.attempts, Replacement.CANCEL),)
    return ()


def fill_gap(child: ChildState) -> tuple[Command, ...]:
    """Return the command that uses up the nonce of a child whose own transaction was not sent."""
    return (ReplaceChild(child.order, child.attempts, Replacement.CANCEL),)
