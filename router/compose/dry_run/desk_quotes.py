"""Quotes of a running desk: whoever asks for the first has their solver started."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from router.compose.assembly import Assembly
from router.compose.dry_run.quoting import Quoter, quoting
from router.compose.dry_run.standing import DeskNow
from router.shell.runtime import Runtime


def desk_now(runtime: Runtime) -> DeskNow:
    """Return how a desk stands."""
    return DeskNow(runtime.world, runtime.crowded(1))


class DeskQuotes:
    """Makes quotes of the market a runtime reads; costs nothing until somebody asks."""

    def __init__(self, assembly: Assembly, runtime: Runtime) -> None:
        self._assembly = assembly
        self._runtime = runtime
        self._opening = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._quoter: Quoter | None = None

    async def quoted(
        self, request: Mapping[str, str], *, curve: bool, compare: bool, whole_desk: bool
    ) -> dict[str, object]:
        """Return the document of a request as plain data; see `Quoter.quoted`.

        Raises
        ------
        RouterError
            If the request names something that cannot be, or too many wait.
        """
        quoter = await self._ready()
        return await quoter.quoted(request, curve=curve, compare=compare, whole_desk=whole_desk)

    async def close(self) -> None:
        """Stop the solver, if there is one."""
        await self._opened.aclose()

    async def _ready(self) -> Quoter:
        async with self._opening:
            if self._quoter is None:
                quotes = quoting(
                    self._assembly, self._runtime.reader, desk=lambda: desk_now(self._runtime)
                )
                self._quoter = await self._opened.enter_async_context(quotes)
            return self._quoter
