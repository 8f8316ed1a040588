"""Reports of orders, for all streams of this process from one line to the daemon.

The newest are kept, so that who comes back goes on after any place; older ones are asked of the
daemon again, for that stream alone. Events of one moment are put together once for all streams that
see the same, and are told in one piece.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.access import Principal
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError
from router.port import Clock

KEPT_MAX: Final = 50_000
_AT_ONCE: Final = 500  # told to one stream before others are looked at
_PAUSE: Final = DurationNs(NS_PER_S // 5)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose reports a stream sees.

    Attributes
    ----------
    client : str | None
        None with `accounts` None: everybody's.
    """

    client: str | None
    accounts: frozenset[str] | None

    def sees(self, report: "Told") -> bool:
        """Tell whether a report is among them."""
        if self.accounts is None:
            return True
        return report.account in self.accounts and self.client in {None, report.client}


def scope_of(principal: Principal, account: str | None) -> Scope:
    """Return what somebody sees, or of that the part of one account."""
    client = None if principal.accounts is None else principal.client
    if account is not None:
        return Scope(client, frozenset({account}))
    accounts = None if principal.accounts is None else frozenset(principal.accounts)
    return Scope(client, accounts)


@dataclass(frozen=True, slots=True)
class Told:
    """A report, and what says who sees it."""

    place: tuple[int, int]
    client: str
    account: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reader:
    """One stream's subscription."""

    outbox: Outbox
    name: str
    scope: Scope

    def tell(self, reports: Iterable[Told]) -> None:
        """Have the stream told of those it sees, each by itself."""
        for report in reports:
            if self.scope.sees(report):
                self.outbox.events(self.name, report.payload, count=1, place=report.place)


class ReportsHub:
    """Follows the daemon's reports, and tells them to whoever subscribed."""

    def __init__(self, line: DeskLine, clock: Clock, *, kept_max: int = KEPT_MAX) -> None:
        self._line = line
        self._clock = clock
        self._kept: deque[Told] = deque(maxlen=kept_max)
        self._floor: tuple[int, int] | None = None  # all that came after it is kept
        self._fresh: list[Told] = []
        self._readers: dict[Scope, list[Reader]] = {}
        self.journal = ""
        self.place: tuple[int, int] | None = None
        self.began = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._line.linked.wait()
            try:
                await self._begin()
                async for report in self._line.follow("reports", after=list(self.place or ())):
                    self._take(report)
            except LinkError:
                pass  # the daemon has gone, or is not ready; it is asked again from the last place
            await self._clock.sleep(_PAUSE)

    def subscribe(self, reader: Reader, after: tuple[int, int] | None) -> bool:
        """Tell a stream what comes, and first what came after a place.

        Returns
        -------
        bool
            False where that is more than a stream is told at once: `catch_up` it.

        Raises
        ------
        ProblemError
            If the place is not one of this journal.
        """
        self._flush()
        place = self._now()
        if after is not None and after > place:
            raise ProblemError(Code.LOST, f"{list(after)} lies ahead of {list(place)}")
        missed = [] if after is None else self._newer(after)
        if missed is None or len(missed) > _AT_ONCE:
            return False
        reader.tell(missed)
        self._readers.setdefault(reader.scope, []).append(reader)
        return True

    async def catch_up(self, reader: Reader, after: tuple[int, int]) -> None:
        """Tell one stream what it missed, as fast as it takes it; then it goes on with the others.

        Raises
        ------
        LinkError
            If the daemon goes meanwhile.
        """
        while after > self._now() or not self.subscribe(reader, after):
            missed = self._newer(after) if after <= self._now() else None
            if missed is None:
                after = await self._read_back(reader, after)
                continue
            for begin in range(0, len(missed), _AT_ONCE):
                reader.tell(missed[begin : begin + _AT_ONCE])
                await reader.outbox.room()
            after = missed[-1].place

    # What is no longer kept, and then until what is kept.
    async def _read_back(self, reader: Reader, after: tuple[int, int]) -> tuple[int, int]:
        async with aclosing(self._line.follow("reports", after=list(after))) as told:
            async for said in told:
                report = _told(said)
                reader.tell((report,))
                await reader.outbox.room()
                if self._newer(report.place) is not None and report.place <= self._now():
                    return report.place
        raise LinkError("the daemon tells no more", code=Code.AWAY)

    def _now(self) -> tuple[int, int]:
        if self.place is None:
            raise ProblemError(Code.DEGRADED, "the daemon is away; subscribe again in a moment")
        return self.place

    # From the newest backwards: whoever comes back is seldom far behind. None: no longer kept.
    def _newer(self, after: tuple[int, int]) -> list[Told] | None:
        if self._floor is None or after < self._floor:
            return None
        found: list[Told] = []
        for report in reversed(self._kept):
            if report.place <= after:
                break
            found.append(report)
        found.reverse()
        return found

    def forget(self, reader: Reader) -> None:
        """Tell a stream no more."""
        readers = self._readers.get(reader.scope, [])
        if reader in readers:
            readers.remove(reader)
            if not readers:
                del self._readers[reader.scope]

    # A daemon with another journal tells of other orders: places of the old one mean nothing.
    async def _begin(self) -> None:
        status = await self._line.ask("status")
        if self.place is not None and status["journal"] == self.journal:
            return
        place = status["place"]
        if place is None:
            raise LinkError("the desk cannot read its journal now", code=Code.DEGRADED)
        self.journal = str(status["journal"])
        self.place = self._floor = (int(place[0]), int(place[1]))
        self._kept.clear()
        self.began.set()

    def _take(self, said: dict[str, Any]) -> None:
        report = _told(said)
        if self._kept and len(self._kept) == self._kept.maxlen:
            self._floor = self._kept[0].place
        self._kept.append(report)
        self.place = report.place
        if not self._fresh:
            asyncio.get_running_loop().call_soon(self._flush)
        self._fresh.append(report)

    def _flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        for scope, readers in self._readers.items():
            seen = [report for report in fresh if scope.sees(report)]
            if not seen:
                continue
            payload, place = b",".join(each.payload for each in seen), seen[-1].place
            for reader in readers:
                reader.outbox.events(reader.name, payload, count=len(seen), place=place)


def _told(said: dict[str, Any]) -> Told:
    sequence, index = said["place"]
    return Told(
        (int(sequence), int(index)), str(said["client"]), str(said["account"]), encode(said)
    )
