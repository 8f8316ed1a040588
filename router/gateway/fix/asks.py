"""What a message comes to: things asked of the daemon in turn, and what is sent in the end.

A conversation is a generator: it yields an `Ask`, is sent the answer or thrown the `LinkError`, and
returns what goes to the peer. Whoever runs it moves the bytes.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from router.gateway.fix.message import Message

AS_IT_IS: Final = "at_once"  # of a last report: it need not be on disk, nor those before it told


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the daemon, in the link's words."""

    do: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """Something to be told of again and again.

    Attributes
    ----------
    key : str
        The peer's name of it; the same name again takes its place.
    tell : function
        Makes messages of an event.
    tell_refused : function
        Makes messages of why it is not followed.
    """

    key: str
    do: str
    fields: Mapping[str, Any]
    tell: Callable[[Any], tuple[Message, ...]]
    tell_refused: Callable[[str], tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Unfollow:
    """No more of what is followed by that name."""

    key: str


def first_of_list(name: str) -> str:
    """Return the name of a list's first order, by which the list is known."""
    return f"{name}.1"


Output: TypeAlias = Message | Follow | Unfollow
Conversation: TypeAlias = Generator[Ask, Any, tuple[Output, ...]]
