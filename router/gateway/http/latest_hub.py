"""What is told again and again and of which only the newest counts: books, and the desk's status.

Each thing is asked of the daemon once, for as long as some stream wants it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.discretion import discreet_data
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.frames import Batch, Events
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError, of_link
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError
from router.port import Clock

WATCHED_MAX: Final = 64
DISCREET: Final = "is_discreet"  # not asked of the daemon: why the desk is halted is kept back
_PAUSE: Final = DurationNs(NS_PER_S // 2)
_PASSING: Final = frozenset({Code.AWAY, Code.DEGRADED, Code.BUSY, Code.STALE, Code.LOST})

Wanted: TypeAlias = tuple[str, tuple[tuple[str, str | int], ...]]


@dataclass(slots=True)
class _Watched:
    task: "asyncio.Task[None]"
    newest: bytes | None = None
    streams: dict[tuple[Outbox, str], None] = field(default_factory=dict)


class LatestHub:
    """Follows what somebody wants to see the newest of."""

    def __init__(self, line: DeskLine, clock: Clock, group: asyncio.TaskGroup) -> None:
        self._line = line
        self._clock = clock
        self._group = group
        self._watched: dict[Wanted, _Watched] = {}

    def subscribe(self, outbox: Outbox, name: str, wanted: Wanted) -> None:
        """Tell a stream the newest, from now on.

        Raises
        ------
        ProblemError
            If too many different things are watched.
        """
        watched = self._watched.get(wanted)
        if watched is None:
            if len(self._watched) >= WATCHED_MAX:
                told = f"{WATCHED_MAX} different books are watched already"
                raise ProblemError(Code.BUSY, told)
            task = self._group.create_task(self._watch(wanted))
            watched = self._watched[wanted] = _Watched(task)
        watched.streams[outbox, name] = None
        if watched.newest is not None:
            outbox.state("", Events(name, watched.newest))

    def forget(self, outbox: Outbox, name: str) -> None:
        """Tell a stream no more; what nobody wants is followed no more."""
        for wanted, watched in tuple(self._watched.items()):
            watched.streams.pop((outbox, name), None)
            if not watched.streams:
                watched.task.cancel()
                del self._watched[wanted]

    def close(self) -> None:
        """Follow nothing more."""
        for watched in self._watched.values():
            watched.task.cancel()
        self._watched.clear()

    async def _watch(self, wanted: Wanted) -> None:
        while True:
            await self._line.linked.wait()
            try:
                await self._follow(wanted)
            except LinkError as error:
                if error.code not in _PASSING:
                    self._refuse(wanted, error)
                    return
            await self._clock.sleep(_PAUSE)

    async def _follow(self, wanted: Wanted) -> None:
        do, fields = wanted[0], dict(wanted[1])
        is_discreet = fields.pop(DISCREET, 0)
        async for said in self._line.follow(do, **fields):
            payload = encode(discreet_data(said) if is_discreet else said)
            watched = self._watched[wanted]
            watched.newest = payload
            batch = Batch(payload)
            for outbox, name in watched.streams:
                outbox.state("", batch.under(name))

    def _refuse(self, wanted: Wanted, error: LinkError) -> None:
        problem = of_link(error)
        for outbox, name in self._watched.pop(wanted).streams:
            said = {"op": "error", "id": name, "problem": problem.data("-")}
            outbox.reply(encode(said))
