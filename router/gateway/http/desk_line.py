"""The gateway's line to the daemon, connected again whenever it breaks.

A request that was sent over a line that broke may have been done: its client is told so, and asks
again by the same name. Nothing is sent twice by itself.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, Protocol, cast

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.link import Code, Link, LinkError
from router.port import Clock

_PAUSE: Final = DurationNs(NS_PER_S // 5)
_NOT_SENT: Final = "the daemon is away; nothing was sent: send it again"


class DeskLine(Protocol):
    """Whoever has things done by the daemon."""

    @property
    def linked(self) -> asyncio.Event:
        """Set while the daemon is there."""
        ...

    async def ask(self, do: str, **fields: object) -> Any:  # noqa: ANN401 - whatever JSON says
        """Have something done, and return the answer; raises `LinkError`."""
        ...

    def follow(self, do: str, **fields: object) -> AsyncGenerator[Any, None]:
        """Yield what is told; raises `LinkError`."""
        ...


class KeptLine:
    """A line that is opened again when the daemon comes back."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._link: Link | None = None
        self._linked = asyncio.Event()

    @property
    def linked(self) -> asyncio.Event:
        """Set while the daemon is there."""
        return self._linked

    async def keep(self) -> None:
        """Keep the line open until cancelled."""
        while True:
            try:
                self._link = await Link.open(self._path)
                self._linked.set()
                await self._link.run()
            except OSError:
                pass  # nobody listens yet; tried again below
            finally:
                self._link = None
                self._linked.clear()
            await self._clock.sleep(_PAUSE)

    async def ask(self, do: str, **fields: object) -> Any:  # noqa: ANN401 - whatever JSON says
        """Have something done, and return the answer.

        Raises
        ------
        LinkError
            DEGRADED where nothing was sent, AWAY where it may have been done.
        """
        return await self._open().ask(do, **fields)

    async def follow(self, do: str, **fields: object) -> AsyncGenerator[Any, None]:
        """Yield what is told, until the iterator is closed.

        Raises
        ------
        LinkError
            If it is refused, or the daemon goes.
        """
        told = cast("AsyncGenerator[Any, None]", self._open().follow(do, **fields))
        async with aclosing(told):
            async for event in told:
                yield event

    def _open(self) -> Link:
        if self._link is None or self._link.is_away:
            raise LinkError(_NOT_SENT, code=Code.DEGRADED)
        return self._link
