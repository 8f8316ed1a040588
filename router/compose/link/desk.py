"""What gateways may have done by a running desk, by what they say to do.

Who may ask for it was decided by the gateway; here a request is understood, done, and answered.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from router.compose.desk import Desk
from router.compose.link import accounts, control, follow, groups, market, orders, quotes, records
from router.compose.link.fields import refused
from router.compose.link.linked import Answer, Follow, Linked
from router.domain.error import (
    JournalError,
    MarketDataError,
    OrderError,
    RouterError,
    RoutingError,
    VenueError,
)
from router.gateway.link import Code, Fields, LinkError

_CODES: Final[tuple[tuple[type[RouterError], str], ...]] = (
    (RoutingError, Code.NO_ROUTE),
    (MarketDataError, Code.STALE),
    (VenueError, Code.STALE),
    (JournalError, Code.DEGRADED),
)
_ANSWERS: Final[Mapping[str, Answer]] = {
    **orders.ANSWERS,
    **groups.ANSWERS,
    **quotes.ANSWERS,
    **market.ANSWERS,
    **accounts.ANSWERS,
    **control.ANSWERS,
    **records.ANSWERS,
}
_FOLLOWS: Final[Mapping[str, Follow]] = follow.FOLLOWS


class LinkDesk:
    """A running desk as its gateways see it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._linked = Linked(desk)

    async def answer(self, do: str, fields: Fields) -> bytes:
        """Do what is asked, and return the answer as JSON.

        Raises
        ------
        LinkError
            If it is refused, or nobody does that.
        """
        if do not in _ANSWERS:
            raise LinkError(f"do: nobody does {do!r}", code=Code.INVALID, field="do")
        try:
            return await _ANSWERS[do](self._linked, fields)
        except RouterError as error:
            raise told(error) from error

    async def follow(self, do: str, fields: Fields) -> AsyncIterator[bytes]:
        """Tell what is followed, until nobody listens.

        Raises
        ------
        LinkError
            If there is nothing of that name to follow.
        """
        if do not in _FOLLOWS:
            raise LinkError(f"do: nobody tells of {do!r}", code=Code.INVALID, field="do")
        try:
            async for event in _FOLLOWS[do](self._linked, fields):
                yield event
        except RouterError as error:
            raise told(error) from error


def told(error: RouterError) -> LinkError:
    """Return what a gateway is told of an error that is expected in operation."""
    if isinstance(error, LinkError):
        return error
    if isinstance(error, OrderError):
        return refused(error)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Code.REFUSED)
    return LinkError(str(error), code=code)
