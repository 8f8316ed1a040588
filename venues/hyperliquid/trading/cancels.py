"""Cancels of children, those that are wanted at the same time in one request.

The venue counts a request of forty cancels as two, so that thousands are through in seconds. Uses
what the budget keeps for cancels. Refuses to repeat one: whoever wants it asks again.
"""

import asyncio
from typing import Final, TypeAlias

from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from venues.hyperliquid.actions.change import CancelByCloid
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.clients.exchange import Ended, ExchangeClient
from venues.hyperliquid.spec import VENUE

AT_ONCE_MAX: Final = 400  # in one request

_Asked: TypeAlias = tuple[CancelByCloid, "asyncio.Future[Ended]"]


class Cancels:
    """The cancels of one account."""

    def __init__(self, exchange: ExchangeClient) -> None:
        self._exchange = exchange
        self._asked: list[_Asked] = []
        self._sender: asyncio.Task[None] | None = None

    async def cancel(self, market: Market, cloid: str) -> Ended:
        """Ask for one, and return what the venue says of it.

        Raises
        ------
        NotSentError
            If it cannot have arrived, or the request was refused whatever it asked for.
        InDoubtError
            If nobody knows.
        """
        answer: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._asked.append((CancelByCloid(market.asset, cloid), answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await answer

    async def close(self) -> None:
        """Stop; what was sent has had its effect."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait([self._sender])

    async def _send_all(self) -> None:
        batch: list[_Asked] = []
        try:
            while self._asked:
                batch, self._asked = self._asked[:AT_ONCE_MAX], self._asked[AT_ONCE_MAX:]
                await self._send(batch)
        finally:
            self._sender = None
            left, self._asked = self._asked, []
            for _, answer in (*batch, *left):
                if not answer.done():
                    answer.set_exception(InDoubtError(VENUE, "cut off before an answer came"))

    async def _send(self, batch: list[_Asked]) -> None:
        try:
            told = await self._exchange.cancel_by_cloid([cancel for cancel, _ in batch])
        except RejectedError as error:
            # Of the request, not of a cancel in it.
            _fail(batch, NotSentError(VENUE, str(error)))
        except VenueError as error:
            _fail(batch, error)
        else:
            for (_, answer), one in zip(batch, told, strict=True):
                if not answer.done():
                    answer.set_result(one)


def _fail(batch: list[_Asked], error: VenueError) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
