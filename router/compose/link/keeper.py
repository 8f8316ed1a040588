"""What gateways ask of a desk that is kept at work: also while its journal cannot be written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from router.compose.degraded import Degraded
from router.compose.desk import Desk
from router.compose.keeper import Keeper
from router.compose.link.degraded import LinkDegraded
from router.compose.link.desk import LinkDesk, told
from router.domain.error import RouterError
from router.gateway.link import Code, Fields, LinkError
from router.shell import observe

_BETWEEN: Final = "the desk is being opened anew; send it again in a moment"
_FAILED: Final = (
    "the journal cannot be written, and what became of this is not on record; ask again under the"
    " same name"
)
# What waits for nothing but the journal learns by itself that it cannot be written.
_QUICK: Final = frozenset(
    {"submit", "find", "order", "orders", "last_report", "status", "basket", "mass_cancel"}
)

_ENDING: Final = frozenset({"reports"})  # what is followed to the end of its desk, and ends with it


class LinkKeeper:
    """A kept desk as its gateways see it."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._now: LinkDesk | None = None

    async def answer(self, do: str, fields: Fields) -> bytes:
        """Do what is asked, as far as it can be done now.

        Raises
        ------
        LinkError
            If it cannot; a request under way when the journal fails is told so.
        """
        now = self._keeper.now
        if now is None:
            raise LinkError(_BETWEEN, code=Code.DEGRADED)
        if isinstance(now, Degraded):
            return await _degraded(now, do, fields)
        if do in _QUICK or fields.get("wait_s") == "0":
            return await self._linked(now).answer(do, fields)
        asked = asyncio.create_task(self._linked(now).answer(do, fields))
        failing = asyncio.create_task(self._keeper.failed.wait())
        try:
            await asyncio.wait({asked, failing}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            raise LinkError(_FAILED, code=Code.DEGRADED)
        finally:
            asked.cancel()
            failing.cancel()

    async def follow(self, do: str, fields: Fields) -> AsyncIterator[bytes]:
        """Tell what is followed, until nobody listens or the desk is opened anew.

        Raises
        ------
        LinkError
            If there is nothing to follow, or the desk has gone: follow it again a little later.
        """
        now = self._keeper.now
        if now is None or isinstance(now, Degraded):
            raise LinkError(_BETWEEN, code=Code.DEGRADED)
        source = self._linked(now).follow(do, fields)
        if do in _ENDING:
            async for event in source:
                yield event
            return
        failing = asyncio.create_task(self._keeper.failed.wait())
        following: asyncio.Task[bytes] | None = None
        try:
            while True:
                following = asyncio.create_task(_next(source))
                await asyncio.wait({following, failing}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    raise LinkError(_BETWEEN, code=Code.DEGRADED)
                yield following.result()
        except StopAsyncIteration:
            return
        finally:
            failing.cancel()
            if following is not None:
                following.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration, LinkError):
                    await following

    def fault(self, error: Exception) -> None:
        """Have whoever runs the desk told of a fault of ours; the desk goes on."""
        observe.alarm_raised(f"gateway: a request failed at the desk: {error!r}")

    # One for each desk: what it knows of a desk, it does not find out for every request.
    def _linked(self, desk: Desk) -> LinkDesk:
        if self._now is None or self._now.desk is not desk:
            self._now = LinkDesk(desk)
        return self._now


async def _next(source: AsyncIterator[bytes]) -> bytes:
    return await anext(source)


async def _degraded(now: Degraded, do: str, fields: Fields) -> bytes:
    try:
        return await LinkDegraded(now).answer(do, fields)
    except RouterError as error:
        raise told(error) from error
