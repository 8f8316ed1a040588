"""The account's one connection, kept up: connected, followed, lost, and connected again.

Actions may be posted over it: each post has an id, a future that waits for its answer, and a
deadline. Refuses to say again what was lost: who hears of a loss has to ask.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from router.domain.market import StreamLost
from router.domain.units import NS_PER_S, DurationNs
from router.port import Clock
from venues.hyperliquid import wire
from venues.hyperliquid.feed.session import Session, SessionEvent
from venues.hyperliquid.spec import VENUE, HyperliquidConfig
from venues.transport.backoff import Backoff
from venues.transport.error import NotDeliveredError, TransportError, UnansweredError
from venues.transport.websocket import WebSocket

_TICK: Final = DurationNs(NS_PER_S // 10)  # how finely a stream measures silence


class Stream:
    """One connection after the other.

    Parameters
    ----------
    tell : callable
        Hears every event, losses included.
    """

    def __init__(
        self, config: HyperliquidConfig, clock: Clock, *, tell: Callable[[SessionEvent], None]
    ) -> None:
        self._config = config
        self._clock = clock
        self._tell = tell
        self._socket: WebSocket | None = None
        self._session: Session | None = None
        self._answers: dict[int, asyncio.Future[wire.Posted]] = {}

    @property
    def is_live(self) -> bool:
        """Whether a connection is there over which everything was told at least once."""
        session = self._session
        return session is not None and session.lost is None and session.is_complete

    async def run(self) -> None:
        """Connect and follow, again after every loss, until cancelled."""
        timing = self._config.timing
        backoff = Backoff(
            self._clock, first=timing.reconnect_first, longest=timing.reconnect_longest
        )
        while True:
            try:
                socket = await WebSocket.connect(self._config.ws_url, within=timing.request_timeout)
            except TransportError as error:
                self._tell(StreamLost(VENUE, str(error), self._clock.now()))
            else:
                try:
                    self._tell(await self._follow(socket, backoff))
                finally:
                    self._forget()
                    await socket.close()
            await backoff.pause()

    async def post(self, request: wire.Fields) -> wire.Posted:
        """Send the request of a post and return the answer to it.

        Raises
        ------
        NotDeliveredError
            If there is no connection, or too many answers are waited for already.
        UnansweredError
            If it was sent and no answer came in time.
        """
        session, socket = self._session, self._socket
        made = None if session is None else session.post(request)
        if session is None or socket is None or made is None:
            raise NotDeliveredError("the stream cannot take another action now")
        post_id, frame = made
        answer: asyncio.Future[wire.Posted] = asyncio.get_running_loop().create_future()
        self._answers[post_id] = answer
        timeout = self._config.timing.request_timeout
        try:
            async with asyncio.timeout(timeout / NS_PER_S):
                await socket.send(frame, within=timeout)
                return await answer
        except TimeoutError:
            raise UnansweredError(f"post {post_id}: no answer in {timeout / NS_PER_S} s") from None
        finally:
            session.given_up(post_id)
            if self._answers.get(post_id) is answer:
                del self._answers[post_id]

    async def _follow(self, socket: WebSocket, backoff: Backoff) -> StreamLost:
        session = Session(self._config, opened_at=self._clock.now())
        self._socket, self._session = socket, session
        try:
            await self._send(socket, session.opening_frames())
            while session.lost is None:
                raw = await _receive(socket)
                if raw is not None:
                    self._take(session.receive(raw, now=self._clock.now()))
                if session.is_complete:
                    backoff.succeeded()
                if session.lost is None:
                    frames, events = session.tick(self._clock.now())
                    self._take(events)
                    await self._send(socket, frames)
        except TransportError as error:
            return StreamLost(VENUE, str(error), self._clock.now())
        return session.lost

    async def _send(self, socket: WebSocket, frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            await socket.send(frame, within=self._config.timing.request_timeout)

    def _take(self, events: tuple[SessionEvent, ...]) -> None:
        for event in events:
            if isinstance(event, wire.Posted):
                answer = self._answers.pop(event.id, None)
                if answer is not None and not answer.done():
                    answer.set_result(event)
            elif not isinstance(event, StreamLost):  # which `run` tells once, for every cause
                self._tell(event)

    def _forget(self) -> None:
        self._socket = self._session = None
        for post_id, answer in self._answers.items():
            if not answer.done():
                answer.set_exception(UnansweredError(f"post {post_id}: the connection was lost"))
        self._answers.clear()


async def _receive(socket: WebSocket) -> bytes | None:
    try:
        return await socket.receive(within=_TICK)
    except UnansweredError:
        if socket.is_open:
            return None
        raise
