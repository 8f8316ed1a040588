"""One WebSocket: connect, send, receive with a deadline, close.

A broken socket stays broken: the caller connects a new one (`venues.transport.backoff` says when)
and asks again for what it needs. Refuses to reconnect behind the caller's back, because messages
missed in between are the caller's business.
"""

import asyncio
from typing import Final, Self

import aiohttp

from router.domain.units import NS_PER_S, DurationNs
from venues.transport.error import NotDeliveredError, UnansweredError
from venues.transport.session import open_session
from venues.transport.url import host_of

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
CLOSE_TIMEOUT_S: Final = 1.0


class WebSocket:
    """A connected socket; make one with `connect`.

    What has arrived and was not received waits in a buffer of 64 KiB; beyond that the server is
    held back by flow control, so that a slow reader costs freshness and not memory.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: "aiohttp.ClientWebSocketResponse[bool]",
    ) -> None:
        self._session = session
        self._socket = socket

    @classmethod
    async def connect(
        cls, url: str, *, within: DurationNs, heartbeat: DurationNs | None = None
    ) -> Self:
        """Open a socket.

        Parameters
        ----------
        heartbeat : DurationNs | None
            Send a protocol ping this often, and break the socket if no pong comes in half of it.

        Raises
        ------
        NotDeliveredError
            If the server cannot be reached, or does not speak WebSocket, in time.
        """
        session = open_session()
        try:
            async with asyncio.timeout(within / NS_PER_S):
                socket = await session.ws_connect(
                    url,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                    heartbeat=None if heartbeat is None else heartbeat / NS_PER_S,
                    max_msg_size=MESSAGE_BYTES_MAX,
                    decode_text=False,
                )
        except TimeoutError:
            await session.close()
            raise NotDeliveredError(f"{host_of(url)}: no answer in {within / NS_PER_S} s") from None
        except aiohttp.WSServerHandshakeError as error:  # its text repeats the URL
            await session.close()
            raise NotDeliveredError(
                f"{host_of(url)}: cannot connect: it answered HTTP {error.status}"
            ) from None
        except aiohttp.InvalidURL:
            await session.close()
            raise NotDeliveredError(f"{host_of(url)}: cannot connect: no WebSocket URL") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            await session.close()
            raise NotDeliveredError(f"{host_of(url)}: cannot connect: {error}") from error
        except asyncio.CancelledError:
            await session.close()
            raise
        return cls(session, socket)

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed it, as far as is known."""
        return not self._socket.closed

    async def send(self, message: bytes, *, within: DurationNs) -> None:
        """Send one text message.

        Raises
        ------
        NotDeliveredError
            If the socket was closed already.
        UnansweredError
            If it broke, or did not take the message in time: part of it may have left.
        """
        if self._socket.closed:
            raise NotDeliveredError("the socket is closed")
        try:
            async with asyncio.timeout(within / NS_PER_S):
                await self._socket.send_frame(message, aiohttp.WSMsgType.TEXT)
        except TimeoutError:
            raise UnansweredError(f"not sent in {within / NS_PER_S} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnansweredError(f"the socket broke while sending: {error}") from error

    async def receive(self, *, within: DurationNs | None = None) -> bytes:
        """Return the next text or binary message.

        Raises
        ------
        UnansweredError
            If the socket closed or broke, or nothing came in time.
        """
        try:
            async with asyncio.timeout(None if within is None else within / NS_PER_S):
                message = await self._socket.receive()
        except TimeoutError:
            assert within is not None, "only a deadline times out"
            raise UnansweredError(f"silent for {within / NS_PER_S} s") from None
        if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
            assert isinstance(message.data, bytes), "the socket was opened without decoding"
            return message.data
        reason = f": {message.data}" if message.type is aiohttp.WSMsgType.ERROR else ""
        raise UnansweredError(f"the socket closed with code {self._socket.close_code}{reason}")

    async def close(self) -> None:
        """Say goodbye, wait at most a second for the answer, and release the socket; idempotent."""
        try:
            await self._socket.close()
        finally:
            await self._session.close()
