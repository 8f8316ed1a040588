"""What an HTTP reply, or none, means: may the action have happened, or not. Pure.

Refuses to retry, and to know what a request is for.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, TypeVar

from router.domain.error import (
    InDoubtError,
    MalformedDataError,
    NotSentError,
    RejectedError,
    VenueError,
)
from venues.hyperliquid import wire
from venues.hyperliquid.spec import VENUE
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.http import HttpReply

T = TypeVar("T")

_BODY_SHOWN_MAX: Final = 200


def read_info(reply: HttpReply, read: Callable[[object], T], *, kind: str) -> T:
    """Read the answer to a question without effect.

    Raises
    ------
    VenueError
        If it is no answer, or none that can be read.
    """
    if reply.status != HTTPStatus.OK:
        raise VenueError(VENUE, f"{kind}: {_shown(reply)}")
    with readable():
        return read(wire.decode(reply.body))


def is_unsupported(reply: HttpReply) -> bool:
    """Tell whether this deployment does not know the question."""
    return reply.status == HTTPStatus.UNPROCESSABLE_ENTITY


def read_action(reply: HttpReply, read: Callable[[object], T]) -> T:
    """Read the answer to a signed action.

    Raises
    ------
    NotSentError
        If it cannot have been read: over the rate limit.
    RejectedError
        If the request was refused as such (other HTTP 4xx).
    InDoubtError
        If anything else was answered.
    """
    if reply.status == HTTPStatus.OK:
        try:
            return read(wire.decode(reply.body))
        except MalformedDataError as error:
            raise InDoubtError(VENUE, f"cannot read the answer: {error}") from error
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSentError(VENUE, _shown(reply))
    refused = HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if refused and reply.status != HTTPStatus.REQUEST_TIMEOUT:
        raise RejectedError(VENUE, _shown(reply))
    raise InDoubtError(VENUE, _shown(reply))


def no_answer(error: TransportError) -> VenueError:
    """Return what it means that a signed action got no reply at all."""
    if isinstance(error, NotDeliveredError):
        return NotSentError(VENUE, str(error))
    return InDoubtError(VENUE, str(error))


@contextmanager
def readable() -> Iterator[None]:
    """Turn what cannot be read into a `VenueError`: it is as good as no answer."""
    try:
        yield
    except MalformedDataError as error:
        raise VenueError(VENUE, f"cannot read the answer: {error}") from error


def _shown(reply: HttpReply) -> str:
    return f"HTTP {reply.status}: {reply.body[:_BODY_SHOWN_MAX].decode(errors='replace')}"
