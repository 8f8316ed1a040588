"""Moments that parents asked to be woken at; the last one asked for is the one that counts."""

import asyncio
from collections.abc import Callable

from router.domain.command import WakeAt
from router.domain.event import TimerFired
from router.domain.units import DurationNs, ParentId
from router.port import Clock


class Timers:
    """Tells each parent's moment, once it has come."""

    def __init__(self, clock: Clock, post: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._post = post
        self._tasks: dict[ParentId, asyncio.Task[None]] = {}

    def set(self, command: WakeAt, group: asyncio.TaskGroup) -> None:
        """Wake a parent at another moment than it asked for before."""
        older = self._tasks.pop(command.parent, None)
        if older is not None:
            older.cancel()
        self._tasks[command.parent] = group.create_task(self._wake(command))

    def cancel(self) -> None:
        """Wake nobody any more."""
        for task in self._tasks.values():
            task.cancel()

    async def _wake(self, command: WakeAt) -> None:
        while (now := self._clock.now()) < command.at:
            await self._clock.sleep(DurationNs(command.at - now))
        del self._tasks[command.parent]
        self._post(TimerFired(command.parent, now))
