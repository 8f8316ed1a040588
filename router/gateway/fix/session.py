"""One FIX session: what its peer asks for, what it is told, and what happens when it goes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs
from router.gateway.chain import SESSION, SESSION_OF_MANY
from router.gateway.config import EVERY, FixSessionSettings
from router.gateway.fix.application import Application, Ways
from router.gateway.fix.asks import Ask
from router.gateway.fix.disconnect import Disconnect
from router.gateway.fix.engine import Engine, Identity
from router.gateway.fix.line import Line
from router.gateway.fix.marks import Mark, MarkFile
from router.gateway.fix.message import Message
from router.gateway.fix.outbox import Outbox
from router.gateway.fix.peer import Peer
from router.gateway.fix.recording import Recording
from router.gateway.fix.streams import Streams
from router.gateway.fix.telling import Telling, place_of
from router.gateway.fix.throttle import Throttle
from router.port import Clock

_HEARTBEATS_TO_NOTICE: Final = 3  # the engine gives a silent line up after 2.4 of them
_AFTER_FIRST_LOGON: Final = 2
_ADMIN: Final = frozenset({"0", "1", "2", "3", "4", "5", "A"})


@dataclass(frozen=True, slots=True)
class Around:
    """What all sessions share.

    Attributes
    ----------
    start : function
        Runs something beside everything else.
    note : function
        Told what happened to a session, by its name.
    fault : function
        Told of a fault of ours.
    """

    line: Line
    clock: Clock
    start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    note: Callable[[str, str], None]
    fault: Callable[[Exception], None]


def identity(settings: FixSessionSettings) -> Identity:
    """Return what names a session on the wire."""
    return Identity(settings.begin_string, settings.sender, settings.target)


def recovered(mark: Mark | None, next_out: int, stored: tuple[str, ...]) -> Mark:
    """Return what holds of a session when its gateway starts, by its record and its store."""
    if mark is None:
        return Mark()
    is_stored = any(_kind(text) not in _ADMIN for text in stored)
    return mark.settled_after_crash(next_out, is_stored=is_stored)


class FixSession:
    """One session at work; the engine calls it, and it never makes the engine wait."""

    def __init__(
        self,
        name: str,
        settings: FixSessionSettings,
        peer: Peer,
        *,
        engine: Engine,
        kept: tuple[MarkFile, Mark],
        around: Around,
        recording: Recording,
    ) -> None:
        self.name = name
        self.settings = settings
        self.source = ""  # where the peer is
        self._recording = recording
        self._engine = engine
        self._around = around
        file, mark = kept
        self._outbox = Outbox(
            name,
            settings.begin_string,
            engine=engine,
            file=file,
            mark=mark,
            fault=around.fault,
        )
        clock, line = around.clock, around.line
        self._streams = Streams(line, self._outbox, start=around.start)
        throttle = Throttle(
            rate=settings.messages_per_s, burst=settings.messages_burst, now=clock.now
        )
        self._application = Application(
            peer,
            Ways(
                line,
                self._outbox,
                throttle,
                clock,
                around.start,
                self._streams.change,
                self._record,
                around.fault,
                self._answered,
                self._told,
            ),
        )
        self._telling = Telling(
            peer,
            self._outbox,
            line,
            clock=clock,
            is_meant=_meant(settings, peer),
            window=DurationNs(_HEARTBEATS_TO_NOTICE * settings.heartbeat_s * NS_PER_S),
        )
        self._disconnect = self._made_disconnect(peer)
        self._known_out = engine.next_out(name)
        self._is_emptied = False  # the store, since the peer was last there
        self._running: asyncio.Task[None] | None = None
        self._announcing: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Take up work: what was under way when the process died is asked for again."""
        mark = self._outbox.mark
        next_in = self._engine.next_in(self.name)
        expected = min(next_in, mark.answered + 1)
        self._engine.set_next_in(self.name, expected)
        self._outbox.change(replace(mark, answered=expected - 1, answered_then=expected - 1))
        self._application.begin_at(expected, received=next_in - 1)
        self._disconnect.begin()
        if self.settings.kind != "quotes":
            self._running = self._around.start(self._telling.run())

    @property
    def is_full(self) -> bool:
        """Whether so much is unanswered that no more should be read."""
        return self._application.is_full

    def received(self, text: str) -> None:
        """Take a message of the application."""
        if self._application.take(text):
            self._forget_numbers()

    def resetting(self) -> None:
        """Make ready for a Logon that sets the numbers back: nothing is told until it is over."""
        self._telling.hold()
        self._application.begin_anew()
        self._forget_numbers()

    def logged_on(self) -> None:
        """Take note that the peer is there."""
        next_out = self._engine.next_out(self.name)
        has_begun_anew = self._has_begun_anew(next_out)
        self._known_out, self._is_emptied = next_out, False
        if has_begun_anew:
            self._application.begin_anew()
            self._forget_numbers()
        self._disconnect.there()
        self._telling.go_on()
        self._around.note(self.name, "logged on")
        self._recording.signed_on("logged_on", source=self.source)
        if has_begun_anew and self.settings.kind != "quotes":
            self._announcing = self._around.start(self._telling.announce())

    def logged_out(self) -> None:
        """Take note that the peer has gone."""
        self._streams.end()
        self._disconnect.gone()
        self._telling.go_on()
        self._around.note(self.name, "logged out")
        self._recording.signed_on("logged_out", source=self.source)

    def left(self) -> None:
        """Take note that a connection has ended, whether or not it ever logged on."""
        self._telling.go_on()

    def tick(self) -> None:
        """Put on record what is settled; to be called every second or so."""
        is_there = self._engine.is_logged_on(self.name)
        self._telling.settle(self._around.clock.now(), is_there=is_there)
        next_in = self._engine.next_in(self.name)
        if self._application.is_idle:
            mark = self._outbox.mark
            self._outbox.mark = replace(mark, answered=next_in - 1, answered_then=next_in - 1)
        next_out = self._engine.next_out(self.name)
        self._is_emptied |= next_out < self._known_out
        self._known_out = next_out
        self._outbox.flush()

    # By the peer's wish, by the schedule, or since somebody took the store away.
    def _has_begun_anew(self, next_out: int) -> bool:
        is_first = next_out == _AFTER_FIRST_LOGON and self._telling.may_be_missed
        return next_out <= self._known_out or self._is_emptied or is_first

    def _record(self, ask: Ask, number: int) -> Awaitable[None]:
        return self._recording.write(ask, source=self.source, number=number)

    def _answered(self, asked: Message, answer: Message, number: int) -> None:
        self._recording.refused(asked, answer, source=self.source, number=number)

    # A session for quotes is told of no orders.
    async def _told(self, report: Mapping[str, Any]) -> None:
        if self._running is not None:
            await self._telling.told(place_of(report))

    def _made_disconnect(self, peer: Peer) -> Disconnect:
        settings, around = self.settings, self._around
        return Disconnect(
            peer,
            self._outbox,
            around.line,
            grace_s=settings.grace_s if settings.cancel_on_disconnect else None,
            clock=around.clock,
            start=around.start,
            told=lambda text: around.note(self.name, text),
            is_idle=lambda: self._application.is_idle,
        )

    # The mark must not run ahead of numbers that begin anew; the place of the reports holds.
    def _forget_numbers(self) -> None:
        mark = self._outbox.mark
        self._outbox.change(replace(mark, answered=0, answered_then=0, number=0))


def _meant(settings: FixSessionSettings, peer: Peer) -> Callable[[Mapping[str, Any]], bool]:
    if EVERY in settings.accounts:
        return lambda _: True
    accounts, others = frozenset(peer.accounts), settings.hears_others

    def is_meant(each: Mapping[str, Any]) -> bool:
        if each["client"] != peer.client or each["account"] not in accounts:
            return False
        # What it asked of somebody else's order is answered, too.
        return others or any(_is_of(peer, each.get(who)) for who in ("by", "asked_by"))

    return is_meant


# Of the session itself, or of a person behind it.
def _is_of(peer: Peer, who: str | None) -> bool:
    kind, _, name = (who or "").partition(".")
    known = f"{kind}." in {SESSION, SESSION_OF_MANY}
    return known and (name == peer.session or name.startswith(f"{peer.session}."))


def _kind(text: str) -> str:
    return text.partition("\x0135=")[2].partition("\x01")[0]
