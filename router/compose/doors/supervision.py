"""The daemon's gateways: one process each, started with it, started again when one ends."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from router.domain.error import ConfigError
from router.domain.units import NS_PER_S, DurationNs
from router.gateway.config import parse
from router.port import Clock
from router.shell import child_process, observe
from router.shell.child_process import Child
from router.shell.config import GatewayConfig

_AT_ONCE: Final = DurationNs(NS_PER_S // 10)  # before another takes the place of one that served
# Before another is tried after one that could not be started; the last for good.
_PAUSES: Final = tuple(DurationNs(seconds * NS_PER_S) for seconds in (1, 2, 5, 10, 30))


@asynccontextmanager
async def supervised(config: GatewayConfig, clock: Clock) -> AsyncIterator[Mapping[str, Any]]:
    """Keep the configured gateways at work, and yield where they listen.

    Raises
    ------
    ConfigError
        If one cannot be started the first time.
    """
    settings = parse(config.gateway, where=f"{config.path}: gateway")
    doors = {"http": settings.http, "fix": settings.fix}
    kept = [Kept(name, config, clock) for name, door in doors.items() if door is not None]
    try:
        facts: dict[str, Any] = {}
        for each in kept:
            facts.update(await each.start())
        watching = [asyncio.create_task(each.keep()) for each in kept]
        try:
            yield {name: value for name, value in facts.items() if name != "ready"}
        finally:
            for task in watching:
                task.cancel()
            if watching:
                await asyncio.wait(watching)
    finally:
        for each in kept:
            await each.stop()


class Kept:
    """One gateway.

    Attributes
    ----------
    child : Child | None
        Its process; None before the first.
    """

    def __init__(self, name: str, config: GatewayConfig, clock: Clock) -> None:
        self._name = name
        self._config = config
        self._clock = clock
        self.child: Child | None = None
        self._port = 0  # the one it was given first: clients come back to it

    async def start(self) -> Mapping[str, Any]:
        """Start it, and return what it says of itself.

        Raises
        ------
        ConfigError
            If it ends before it is ready; why is on the error stream.
        """
        words = ("gateway", self._name, str(self._config.path), "--port", str(self._port))
        self.child = await child_process.start(*words)
        self._port = int(self.child.facts["port"])
        return self.child.facts

    async def keep(self) -> None:
        """Start another whenever it ends, later each time that cannot be done; never returns."""
        while True:
            assert self.child is not None, "started before it is kept"
            code = await self.child.process.wait()
            observe.alarm_raised(f"gateway {self._name} ended with {code}; it is started again")
            await self._clock.sleep(_AT_ONCE)
            tried = 0
            while not await self._is_started():
                await self._clock.sleep(_PAUSES[min(tried, len(_PAUSES) - 1)])
                tried += 1

    async def stop(self) -> None:
        """End it."""
        if self.child is not None:
            await self.child.stop()

    async def _is_started(self) -> bool:
        try:
            await self.start()
        except ConfigError as error:
            observe.alarm_raised(f"gateway {self._name} cannot be started: {error}")
            return False
        return True
