"""Cancelling what a peer left open that has gone and does not come back in time.

Only its session's orders: others of the same accounts are not its to lose. What cannot be cancelled
yet, since other terms are under way, is asked again until it can.

When it went is on record, so it counts through the death of this process: a peer that was there
when the process died is taken to have gone when it starts again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.fix.line import Line
from router.gateway.fix.outbox import Outbox
from router.gateway.fix.peer import Peer
from router.gateway.link import LinkError
from router.port import Clock

REQUEST: Final = "cod"  # how the requests' names begin that nobody asked for
_PAUSE: Final = DurationNs(NS_PER_S // 5)
_AGAIN: Final = DurationNs(NS_PER_S)  # what takes no cancel now has a request under way, or ends


class Disconnect:
    """One session's coming and going.

    Parameters
    ----------
    grace_s : int | None
        How long after it went its open orders are cancelled; None: never.
    told : function
        Told of what was cancelled.
    is_idle : function
        Whether all that it asked for before it went is answered: an order may still be on its way.
    """

    def __init__(
        self,
        peer: Peer,
        outbox: Outbox,
        line: Line,
        *,
        grace_s: int | None,
        clock: Clock,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        told: Callable[[str], None],
        is_idle: Callable[[], bool],
    ) -> None:
        self._peer = peer
        self._outbox = outbox
        self._line = line
        self._grace_s = grace_s
        self._clock = clock
        self._start = start
        self._told = told
        self._is_idle = is_idle
        self._waiting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Take up what was on record when the process started."""
        mark = self._outbox.mark
        if mark.is_there:
            self.gone()
        elif mark.away_since and self._grace_s is not None:
            self._wait(mark.away_since)

    def there(self) -> None:
        """Take note that the peer is there; it is in time, or too late."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._outbox.change(replace(self._outbox.mark, is_there=True, away_since=0))

    def gone(self) -> None:
        """Take note that the peer has gone."""
        if not self._outbox.mark.is_there:
            return
        now = self._clock.now()
        since = 0 if self._grace_s is None else now
        self._outbox.change(replace(self._outbox.mark, is_there=False, away_since=since))
        if since:
            self._wait(since)

    def _wait(self, since: int) -> None:
        self._waiting = self._start(self._cancel(since))

    async def _cancel(self, since: int) -> None:
        grace = (self._grace_s or 0) * NS_PER_S
        left = since + grace - self._clock.now()
        await self._clock.sleep(DurationNs(min(max(0, left), grace)))  # a clock may be set back
        while True:
            is_idle = self._is_idle()
            answer = await self._ask(f"{REQUEST}.{since}")
            if is_idle and not answer["refused"]:
                break
            await self._clock.sleep(_AGAIN)
        self._outbox.change(replace(self._outbox.mark, away_since=0))
        self._told(f"{len(answer['affected'])} orders cancelled: the peer has not come back")

    async def _ask(self, request: str) -> Any:  # noqa: ANN401 - JSON
        while True:
            link = await self._line.up()
            try:
                return await link.ask(
                    "mass_cancel",
                    client=self._peer.client,
                    accounts=list(self._peer.accounts),
                    placed_by=self._peer.by,
                    request=request,
                    by=self._peer.by,
                )
            except LinkError:
                await self._clock.sleep(_PAUSE)
