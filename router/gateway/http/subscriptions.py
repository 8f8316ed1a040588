"""What one stream is subscribed to: begun, resumed, ended; each within what its key may see."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from router.gateway.access import Permission, Principal
from router.gateway.discretion import discreet_data
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.latest_hub import DISCREET, LatestHub, Wanted
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError, of_link
from router.gateway.http.reports_hub import Reader, ReportsHub, scope_of
from router.gateway.http.risk_hub import RiskHub
from router.gateway.http.stream_messages import Subscribe
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError

SUBSCRIPTIONS_MAX: Final = 32
_PAGE: Final = 500
_BEGIN_S: Final = 2  # a gateway that has just started has not heard of the daemon yet
_SNAPSHOT_MAX: Final = 20_000  # orders at work
_NEEDS: Final = {
    "reports": Permission.ORDERS_READ,
    "risk": Permission.MARGIN_READ,
    "book": Permission.DESK_READ,
    "status": Permission.DESK_READ,
}


@dataclass(frozen=True, slots=True)
class Hubs:
    """Where all streams of this process are told from."""

    line: DeskLine
    reports: ReportsHub
    risk: RiskHub
    latest: LatestHub

    @classmethod
    def of(cls, line: DeskLine, *, reports: ReportsHub, risk: RiskHub, latest: LatestHub) -> "Hubs":
        """Join them."""
        return cls(line, reports, risk, latest)


class Subscriptions:
    """The subscriptions of one stream."""

    def __init__(
        self, hubs: Hubs, outbox: Outbox, *, principal: Principal, group: asyncio.TaskGroup
    ) -> None:
        self._hubs = hubs
        self._outbox = outbox
        self._principal = principal
        self._group = group
        self._ends: dict[str, Callable[[], None]] = {}

    async def begin(self, wanted: Subscribe) -> None:
        """Subscribe.

        Raises
        ------
        ProblemError, AccessError, LinkError
            If it cannot be, or may not.
        """
        if wanted.id in self._ends:
            told = f"id: {wanted.id} is subscribed already; choose another, or unsubscribe"
            raise ProblemError(Code.DUPLICATE, told, field="id")
        if len(self._ends) >= SUBSCRIPTIONS_MAX:
            raise ProblemError(Code.BUSY, f"at most {SUBSCRIPTIONS_MAX} subscriptions a stream")
        self._principal.require(_NEEDS[wanted.channel], wanted.account)
        match wanted.channel:
            case "reports":
                await self._reports(wanted)
            case "risk":
                self._risk(wanted)
            case "book":
                self._latest(wanted, ("book", _pair(wanted)))
            case "status":
                kept_back = int(not self._principal.sees_the_desk)
                asked = (("every_ms", wanted.every_ms), (DISCREET, kept_back))
                self._latest(wanted, ("status", asked))

    def end(self, name: str) -> None:
        """Unsubscribe; what waits is told no more."""
        end = self._ends.pop(name, None)
        if end is None:
            raise ProblemError(Code.UNKNOWN, f"id: {name} is not subscribed", field="id")
        end()
        self._outbox.forget(name)

    def end_all(self) -> None:
        """Unsubscribe from everything."""
        for name in tuple(self._ends):
            self.end(name)

    # The place is told before the orders are looked at: what the snapshot shows may be told again,
    # and nothing after it is missed.
    async def _reports(self, wanted: Subscribe) -> None:
        hub = self._hubs.reports
        await _begun(hub.began)
        after = _place(wanted)
        if wanted.journal not in {None, hub.journal}:
            raise ProblemError(Code.LOST, "journal: the daemon has another; begin anew")
        scope = scope_of(self._principal, wanted.account)
        reader = Reader(
            self._outbox, wanted.id, scope, lost=lambda problem: self._lose(wanted.id, problem)
        )
        begun, journal = hub.place if after is None else after, hub.journal
        orders = await self._snapshot(wanted) if wanted.snapshot else None
        if hub.journal != journal:
            raise ProblemError(Code.LOST, "the daemon has another journal by now; begin anew")
        place = None if begun is None else list(begun)
        self._say(wanted, place=place, journal=hub.journal)
        if orders is not None:
            said = {"op": "snapshot", "id": wanted.id, "orders": orders}
            self._outbox.reply(encode(said))
        if hub.subscribe(reader, begun):
            self._ends[wanted.id] = lambda: hub.forget(reader)
            return
        assert begun is not None, "only who names a place can be behind"
        task = self._group.create_task(self._catch_up(reader, begun))

        def end() -> None:
            task.cancel()
            hub.forget(reader)

        self._ends[wanted.id] = end

    async def _catch_up(self, reader: Reader, after: tuple[int, int]) -> None:
        try:
            await self._hubs.reports.catch_up(reader, after)
        except (LinkError, ProblemError) as error:
            self._lose(reader.name, of_link(error) if isinstance(error, LinkError) else error)

    # Its name is free again; what waits is told before the problem is.
    def _lose(self, name: str, problem: ProblemError) -> None:
        self._ends.pop(name, None)
        said = {"op": "error", "id": name, "problem": problem.data("-")}
        self._outbox.reply(encode(said))

    def _risk(self, wanted: Subscribe) -> None:
        hub, after = self._hubs.risk, None
        if wanted.after is not None:
            if wanted.feed is None:
                raise ProblemError(Code.INVALID, "feed: missing; its name", field="feed")
            after = (wanted.feed, wanted.after[0])
        self._say(wanted, feed=hub.feed, place=[hub.sequence])
        hub.subscribe(
            self._outbox, wanted.id, after, lost=lambda problem: self._lose(wanted.id, problem)
        )
        self._ends[wanted.id] = lambda: hub.forget(self._outbox, wanted.id)

    def _latest(self, wanted: Subscribe, what: Wanted) -> None:
        hub = self._hubs.latest
        self._say(wanted)
        hub.subscribe(self._outbox, wanted.id, what)
        self._ends[wanted.id] = lambda: hub.forget(self._outbox, wanted.id)

    async def _snapshot(self, wanted: Subscribe) -> list[object]:
        orders: list[object] = []
        scope = self._principal.scope
        if wanted.account is not None:
            scope = {**scope, "accounts": [wanted.account]}
        after: dict[str, object] = {}
        while len(orders) < _SNAPSHOT_MAX:
            page = await self._hubs.line.ask("orders", **scope, **after, limit=_PAGE)
            told = page["orders"]
            orders.extend(told if self._principal.sees_the_desk else discreet_data(told))
            if page["next"] is None:
                return orders
            after = {"after": page["next"]}
        raise ProblemError(Code.BUSY, "too many orders are at work; read them by pages")

    def _say(self, wanted: Subscribe, **more: object) -> None:
        said = {"op": "subscribed", "id": wanted.id, "channel": wanted.channel, **more}
        self._outbox.reply(encode(said))


async def _begun(began: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_BEGIN_S):
            await began.wait()
    except TimeoutError:
        told = "the daemon is away; subscribe again in a moment"
        raise ProblemError(Code.DEGRADED, told) from None


def _place(wanted: Subscribe) -> tuple[int, int] | None:
    if wanted.after is None:
        return None
    if len(wanted.after) != 2:  # noqa: PLR2004 - a place has two numbers
        told = "after: must be a place: [sequence, index]"
        raise ProblemError(Code.INVALID, told, field="after")
    return wanted.after[0], wanted.after[1]


def _pair(wanted: Subscribe) -> tuple[tuple[str, str | int], ...]:
    for name in ("base", "quote"):
        if getattr(wanted, name) is None:
            raise ProblemError(Code.INVALID, f"{name}: missing; say of which", field=name)
    assert wanted.base is not None, "looked at above"
    assert wanted.quote is not None, "looked at above"
    depth, every_ms = ("depth", wanted.depth), ("every_ms", wanted.every_ms)
    return (("base", wanted.base), ("quote", wanted.quote), depth, every_ms)
