"""One connected WebSocket: a bounded outbox between the stream's frames and the socket.

A client that does not read loses its connection, not the sandbox its memory. Frames are lost,
doubled, swapped and delayed here, when a fault says so; the protocol's own answers (greeting, pong,
acknowledgement, error, post) are spared unless their channel is named.
"""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from venues.sandbox.hyperliquid.order import Event
from venues.sandbox.hyperliquid.service.faults import (
    ALL_CHANNELS,
    Failure,
    Faults,
    Mangling,
    Place,
)
from venues.sandbox.hyperliquid.service.stream import Stream, UnknownCoinError

_OUTBOX_MAX = 10_000
_OUTBOX_CHARACTERS_MAX = 32 * 2**20
_HELD_MAX_S = 0.5
_CHANNEL_PREFIX = '{"channel":"'
_PROTOCOL_CHANNELS = frozenset({"", "pong", "subscriptionResponse", "error", "post"})


class Client:
    """A socket with its subscriptions; `sent_s` is the loop's time when something was last sent."""

    def __init__(
        self,
        *,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        stream: Stream,
        faults: Faults,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.sent_s = self._loop.time()
        self._socket = socket
        self._transport = transport
        self._stream = stream
        self._faults = faults
        self._outbox: asyncio.Queue[tuple[float, str]] = asyncio.Queue(_OUTBOX_MAX)
        self._waiting_characters = 0
        self._held: str | None = None
        self._held_since_s = 0.0

    def send(self, frames: Iterable[str]) -> None:
        """Queue frames for the socket, unless streams are muted."""
        if self._faults.streams_muted:
            return
        for frame in frames:
            self._queue(self._mangled(frame))

    def receive(self, text: str) -> bool:
        """Answer a frame; return False when the conversation is over."""
        try:
            self.send(self._stream.receive(text))
        except UnknownCoinError:
            return False
        return True

    def publish(self, events: tuple[Event, ...], *, now_ms: int) -> None:
        """Queue what the client subscribed to, or forget it while publishing is stopped."""
        frames = self._stream.observe(events)
        if not self._faults.publishing_stopped:
            self.send(frames + self._stream.flush(now_ms=now_ms))

    def release_held(self) -> None:
        """Send a frame that has waited long enough for another one to change places with."""
        if self._held is not None and self._loop.time() - self._held_since_s > _HELD_MAX_S:
            held, self._held = self._held, None
            self._queue([held])

    def subscription_count(self) -> int:
        """Return how many subscriptions the client holds."""
        return self._stream.subscription_count()

    async def write(self) -> None:
        """Move frames from the outbox to the socket until cancelled or disconnected."""
        while not self._socket.closed:
            due_s, frame = await self._outbox.get()
            if due_s > self._loop.time():
                await self._until(due_s)
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return
            self._waiting_characters -= len(frame)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def _until(self, due_s: float) -> None:
        due = asyncio.Event()
        timer = self._loop.call_at(due_s, due.set)
        try:
            await due.wait()
        finally:
            timer.cancel()

    def _queue(self, frames: list[str]) -> None:
        for frame in frames:
            self.sent_s = self._loop.time()
            delay = self._faults.strikes(Failure.DELAY, Place.WS)
            due_s = self.sent_s + (0 if delay is None else delay.delay_ms / 1000)
            self._waiting_characters += len(frame)
            if self._outbox.full() or self._waiting_characters > _OUTBOX_CHARACTERS_MAX:
                self.abort()
                return
            self._outbox.put_nowait((due_s, frame))

    def _mangled(self, frame: str) -> list[str]:
        if not self._faults.frames and self._held is None:
            return [frame]
        channel = _channel(frame)
        scopes = (channel,) if channel in _PROTOCOL_CHANNELS else (channel, ALL_CHANNELS)
        if self._faults.mangles(Mangling.DROP, scopes):
            return []
        frames = [frame] * (2 if self._faults.mangles(Mangling.DUPLICATE, scopes) else 1)
        if self._held is not None:
            frames.append(self._held)
            self._held = None
        elif self._faults.mangles(Mangling.REORDER, scopes):
            self._held, self._held_since_s = frames.pop(), self._loop.time()
        return frames


def _channel(frame: str) -> str:
    if not frame.startswith(_CHANNEL_PREFIX):
        return ""
    return frame[len(_CHANNEL_PREFIX) :].partition('"')[0]
