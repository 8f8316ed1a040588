"""One connected WebSocket: a bounded outbox between the stream's frames and the socket.

A client that does not read loses its connection, not the sandbox its memory.
"""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from venues.sandbox.hyperliquid.order import Event
from venues.sandbox.hyperliquid.service.faults import Faults
from venues.sandbox.hyperliquid.service.stream import Stream, UnknownCoinError

_OUTBOX_MAX = 10_000


class Client:
    """A socket with its subscriptions; `sent_ms` is when something was last sent."""

    def __init__(
        self,
        *,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        stream: Stream,
        faults: Faults,
        now_ms: int,
    ) -> None:
        self.sent_ms = now_ms
        self._socket = socket
        self._transport = transport
        self._stream = stream
        self._faults = faults
        self._outbox: asyncio.Queue[str] = asyncio.Queue(_OUTBOX_MAX)

    def send(self, frames: Iterable[str], *, now_ms: int) -> None:
        """Queue frames for the socket, unless streams are muted."""
        if self._faults.streams_muted:
            return
        for frame in frames:
            self.sent_ms = now_ms
            try:
                self._outbox.put_nowait(frame)
            except asyncio.QueueFull:
                self.abort()
                return

    def receive(self, text: str, *, now_ms: int) -> bool:
        """Answer a frame; return False when the conversation is over."""
        try:
            self.send(self._stream.receive(text), now_ms=now_ms)
        except UnknownCoinError:
            return False
        return True

    def publish(self, events: tuple[Event, ...], *, now_ms: int) -> None:
        """Queue what the client subscribed to, or forget it while publishing is stopped."""
        frames = self._stream.observe(events)
        if not self._faults.publishing_stopped:
            self.send(frames + self._stream.flush(now_ms=now_ms), now_ms=now_ms)

    def subscription_count(self) -> int:
        """Return how many subscriptions the client holds."""
        return self._stream.subscription_count()

    async def write(self) -> None:
        """Move frames from the outbox to the socket until cancelled or disconnected."""
        while not self._socket.closed:
            frame = await self._outbox.get()
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()
