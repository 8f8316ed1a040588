"""Streams that a peer subscribed to: each is followed until it is given up, or the peer goes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from router.gateway.fix.asks import Follow, Unfollow
from router.gateway.fix.line import Line
from router.gateway.fix.outbox import Outbox
from router.gateway.link import Code, LinkError

_STREAMS_MAX: Final = 128  # of a session: all sessions share one line to the daemon
# The desk is being opened anew, or a venue is: it is asked again until it tells.
_PASSING: Final = frozenset({Code.AWAY, Code.LOST, Code.DEGRADED, Code.BUSY, Code.STALE})
_TOO_MANY: Final = f"more than {_STREAMS_MAX} are followed; end one first"


class Streams:
    """One session's streams."""

    def __init__(
        self,
        line: Line,
        outbox: Outbox,
        *,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._line = line
        self._outbox = outbox
        self._start = start
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def change(self, wanted: Follow | Unfollow) -> None:
        """Begin a stream, in place of one of that name, or end it."""
        former = self._tasks.pop(wanted.key, None)
        if former is not None:
            former.cancel()
        if isinstance(wanted, Follow):
            if len(self._tasks) >= _STREAMS_MAX:
                self._outbox.tell(wanted.tell_refused(_TOO_MANY))
                return
            self._tasks[wanted.key] = self._start(self._run(wanted))

    def end(self) -> None:
        """End them all: whoever comes back subscribes again."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _run(self, wanted: Follow) -> None:
        while True:
            link = await self._line.up()
            try:
                async for event in link.follow(wanted.do, **wanted.fields):
                    self._outbox.tell(wanted.tell(event))
            except LinkError as error:
                if error.code not in _PASSING:
                    self._tasks.pop(wanted.key, None)
                    self._outbox.tell(wanted.tell_refused(f"{error.code.upper()}: {error}"))
                    return
            await self._line.rest()
