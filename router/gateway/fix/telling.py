"""What a session's peer is told of orders: the daemon's reports from where it was left, each once.

While the peer is away they are stored, and it asks for them when it is back. Where its numbers
begin anew the stored ones are gone: then the state of every order that it may have missed something
of is announced again.

After a start, and whenever the line to the daemon was down, reports of before come late. What
counts them in already, as the answer to a status request does, waits for them.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.gateway.fix.execution import reported
from router.gateway.fix.line import Line
from router.gateway.fix.marks import BEGINNING, Place
from router.gateway.fix.message import Message
from router.gateway.fix.outbox import Outbox
from router.gateway.fix.peer import Peer
from router.gateway.link import Code, Link, LinkError
from router.port import Clock

_PAUSE: Final = DurationNs(NS_PER_S // 10)
_ROUND: Final = 64  # reports between two looks at what else is to do
_CATCH_UP_S: Final = 30
_LATE_S: Final = 90  # as long as the daemon may take for an answer
_ASKS_MAX: Final = 16  # for where an order stands of which more is told meanwhile
_LATE: Final = "what was reported before is still to be told; ask again in a moment"
_PAGE: Final = "next"


class Telling:
    """One session's outbound side.

    Parameters
    ----------
    is_meant : function
        Whether a report is for this peer.
    window : DurationNs
        How long after a report was sent it is not sure yet that the peer has it: until then a
        dead line would have been noticed.
    """

    def __init__(
        self,
        peer: Peer,
        outbox: Outbox,
        line: Line,
        *,
        clock: Clock,
        is_meant: Callable[[Mapping[str, Any]], bool],
        window: DurationNs,
    ) -> None:
        self._peer = peer
        self._outbox = outbox
        self._line = line
        self._clock = clock
        self._is_meant = is_meant
        self._window = window
        self._free = asyncio.Event()
        self._free.set()
        self._unsettled: dict[tuple[str, str], Place] = {}  # client and order, last told at
        self._places: deque[tuple[TimestampNs, Place]] = deque()
        self._has_caught_up = asyncio.Event()  # what was told before this process began is known
        self._told = BEGINNING  # up to where nothing is left to tell
        self._awaited: list[tuple[Place, asyncio.Future[None]]] = []

    @property
    def may_be_missed(self) -> bool:
        """Whether something was reported that may not have reached the peer."""
        return self._outbox.mark.settled < self._outbox.mark.place

    def hold(self) -> None:
        """Tell nothing until `go_on`: the numbers are about to begin anew."""
        self._free.clear()

    def go_on(self) -> None:
        """Tell again."""
        self._free.set()

    def settle(self, now: TimestampNs, *, is_there: bool) -> None:
        """Take note of what has surely reached the peer; to be called every second or so."""
        if not is_there:
            self._places.clear()
            return
        mark = self._outbox.mark
        self._places.append((now, mark.place))
        settled = mark.settled
        while self._places and now - self._places[0][0] >= self._window:
            _, settled = self._places.popleft()
        if settled != mark.settled:
            self._outbox.mark = replace(mark, settled=settled)
            still = {n: at for n, at in self._unsettled.items() if at > settled}
            self._unsettled = still

    async def run(self) -> None:
        """Tell reports for as long as the gateway runs; never returns."""
        while True:
            link = await self._line.up()
            try:
                await self._follow(link)
            except LinkError:
                self._told = BEGINNING  # another journal may be there next
                await self._clock.sleep(_PAUSE)

    async def told(self, place: Place) -> None:
        """Return once everything up to a place was told.

        Raises
        ------
        LinkError
            If that takes too long.
        """
        if place <= self._told:
            return
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((place, told))
        try:
            async with asyncio.timeout(_LATE_S):
                await told
        except TimeoutError:
            raise LinkError(_LATE, code=Code.AWAY) from None
        finally:
            self._awaited.remove((place, told))

    async def announce(self) -> None:
        """Tell how every order stands that is open, or that the peer may have missed the end of."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await self._has_caught_up.wait()
        waiting, has_looked = dict.fromkeys(self._unsettled), False
        while True:
            link = await self._line.up()
            try:
                if not has_looked:
                    async for each in _open_orders(link, self._peer):
                        if self._is_meant(each):
                            waiting[each["client"], each["order"]] = None
                    has_looked = True
                while waiting:
                    client, order = next(iter(waiting))
                    self._outbox.tell(await self._standing(link, client, order))
                    del waiting[client, order]
            except LinkError:
                await self._clock.sleep(_PAUSE)
            else:
                return

    # Of an order that is of another journal than the desk's there is nothing to tell. An answer
    # that a later report has overtaken would take back what that one told.
    async def _standing(self, link: Link, client: str, order: str) -> tuple[Message, ...]:
        for _ in range(_ASKS_MAX):
            try:
                report = await link.ask("last_report", client=client, order=order)
            except LinkError as error:
                if error.code != Code.UNKNOWN:
                    raise
                return ()
            place = place_of(report)
            await self.told(place)
            if self._unsettled.get((client, order), place) <= place:
                return reported(report, self._peer)
        raise LinkError(_LATE, code=Code.AWAY)

    async def _follow(self, link: Link) -> None:
        after = await self._begin(link)
        self._told, count = self._outbox.mark.place, 0
        async for event in link.follow("reports", after=list(after), reached=True):
            await self._free.wait()
            if "reached" in event:
                self._has_caught_up.set()
                self._pass(place_of(event, "reached"))
            else:
                self._tell(event)
                self._pass(place_of(event))
            count += 1
            if count % _ROUND == 0:
                await self._clock.sleep(DurationNs(0))

    # Whoever comes for the first time is told what happens from now on. A place that the desk has
    # not reached is of another journal, and nothing of this one was told.
    async def _begin(self, link: Link) -> Place:
        reached = await _reached(link)
        mark = self._outbox.mark  # as it is now, not as it was before it was asked
        if (0, 0) <= mark.place <= reached:
            return min(mark.settled, mark.place)
        place = BEGINNING if mark.place > reached else reached
        self._outbox.change(replace(mark, place=place, place_then=place, settled=place))
        return place

    def _tell(self, report: Mapping[str, Any]) -> None:
        place = place_of(report)
        is_meant = self._is_meant(report)
        if is_meant:
            self._unsettled[(report["client"], report["order"])] = place
        if place > self._outbox.mark.place:
            messages = reported(report, self._peer) if is_meant else ()
            self._outbox.report(messages, place=place)

    def _pass(self, place: Place) -> None:
        self._told = max(self._told, place)
        for awaited, told in self._awaited:
            if awaited <= place and not told.done():
                told.set_result(None)


async def _reached(link: Link) -> Place:
    said = await link.ask("status")
    if said["place"] is None:
        raise LinkError("the desk cannot tell of its journal now", code=Code.DEGRADED)
    return place_of(said)


def place_of(said: Mapping[str, Any], name: str = "place") -> Place:
    """Return a place that the daemon told of."""
    return int(said[name][0]), int(said[name][1])


async def _open_orders(link: Link, peer: Peer) -> Any:  # noqa: ANN401 - an iterator of JSON
    after: str | None = None
    while True:
        scope = {"client": peer.client, "accounts": list(peer.accounts)} if peer.client else {}
        page = await link.ask("orders", **scope, **({} if after is None else {"after": after}))
        for each in page["orders"]:
            yield each
        after = page[_PAGE]
        if after is None:
            return
