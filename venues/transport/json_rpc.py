"""JSON-RPC 2.0 over one WebSocket: requests, batches, subscriptions.

Answers come back as plain JSON values. A broken connection fails everything that waits on it and
stays broken. Refuses to retry and to know any method by name.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Self, TypeAlias

import orjson

from router.domain.error import RouterError
from router.domain.units import NS_PER_S, DurationNs
from venues.transport.error import AnswerError, NotDeliveredError, TransportError, UnansweredError
from venues.transport.websocket import WebSocket

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"
Call: TypeAlias = tuple[str, Sequence[Json]]
Answer: TypeAlias = "Json | JsonRpcError"
_Outcome: TypeAlias = "Answer | TransportError"

NOTICES_MAX: Final = 65_536  # of one subscription, waiting to be taken
EARLY_NOTICES_MAX: Final = 1024  # that came before the answer which names their subscription


class JsonRpcError(RouterError):
    """The server answered that it did not do it.

    Attributes
    ----------
    code, message, data
        As in the JSON-RPC error object; `data` often holds revert bytes.
    """

    def __init__(self, code: int, message: str, data: Json) -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message
        self.data = data


class Subscription:
    """Notices of one subscription, in the order of their arrival."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._notices: asyncio.Queue[Json | TransportError] = asyncio.Queue(NOTICES_MAX + 1)

    async def take(self, *, within: DurationNs | None = None) -> Json:
        """Wait for the next notice.

        Raises
        ------
        TransportError
            If the connection broke, the queue overflowed, or nothing came in time.
        """
        try:
            async with asyncio.timeout(None if within is None else within / NS_PER_S):
                notice = await self._notices.get()
        except TimeoutError:
            raise UnansweredError(f"subscription {self.name}: silent") from None
        if isinstance(notice, TransportError):
            raise notice
        return notice

    def waiting(self) -> list[Json]:
        """Return the notices that are there, without waiting; errors as in `take`."""
        notices = []
        while not self._notices.empty():
            notice = self._notices.get_nowait()
            if isinstance(notice, TransportError):
                raise notice
            notices.append(notice)
        return notices

    def put(self, notice: "Json | TransportError") -> bool:
        """Queue a notice; False if it was dropped because the queue is full."""
        if self._notices.qsize() >= NOTICES_MAX and not isinstance(notice, TransportError):
            return False
        if not self._notices.full():
            self._notices.put_nowait(notice)
        return True


class JsonRpc:
    """A connection; make one with `connect`, and `close` it.

    The reading task belongs to the connection and not to a task group, because the connection
    outlives the calls that use it; `close` ends it, and its failure reaches every caller.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[_Outcome]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._early: dict[str, list[Json]] = {}
        self._failure: TransportError | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, url: str, *, within: DurationNs, heartbeat: DurationNs | None = None
    ) -> Self:
        """Open a connection.

        Raises
        ------
        NotDeliveredError
            If the server cannot be reached in time.
        """
        return cls(await WebSocket.connect(url, within=within, heartbeat=heartbeat))

    @property
    def is_open(self) -> bool:
        """Whether requests can still be made."""
        return self._failure is None and self._socket.is_open

    async def request(self, method: str, params: Sequence[Json], *, within: DurationNs) -> Json:
        """Call a method and return its result.

        Raises
        ------
        NotDeliveredError
            If the connection was broken before.
        UnansweredError
            If it broke, or no answer came in time, after the request may have left.
        JsonRpcError
            If the server answered with an error.
        """
        (answer,) = await self._exchange([(method, params)], is_batch=False, within=within)
        if isinstance(answer, JsonRpcError):
            raise answer
        return answer

    async def batch(self, calls: Sequence[Call], *, within: DurationNs) -> tuple[Answer, ...]:
        """Send several calls in one message; results and errors in the order of the calls."""
        return await self._exchange(calls, is_batch=True, within=within) if calls else ()

    async def subscribe(self, params: Sequence[Json], *, within: DurationNs) -> Subscription:
        """Call eth_subscribe and return the stream of its notices."""
        name = await self.request("eth_subscribe", params, within=within)
        if not isinstance(name, str):
            raise AnswerError(f"eth_subscribe: must return a string, was {name!r}")
        subscription = Subscription(name)
        self._subscriptions[name] = subscription
        for notice in self._early.pop(name, []):
            self._deliver(subscription, notice)
        if self._failure is not None:
            subscription.put(self._failure)
        return subscription

    async def close(self) -> None:
        """Close the socket and fail whatever still waits; idempotent."""
        self._fail(NotDeliveredError("the connection was closed"))
        self._reader.cancel()
        try:
            await asyncio.wait([self._reader])
        finally:
            await self._socket.close()

    async def _exchange(
        self, calls: Sequence[Call], *, is_batch: bool, within: DurationNs
    ) -> tuple[Answer, ...]:
        if self._failure is not None:
            raise NotDeliveredError(str(self._failure))
        first = self._next_id
        self._next_id += len(calls)
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[_Outcome]] = [loop.create_future() for _ in calls]
        self._waiting.update(enumerate(futures, first))
        frames = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls, first)
        ]
        try:
            await self._send(orjson.dumps(frames if is_batch else frames[0]), within=within)
            done, late = await asyncio.wait(futures, timeout=within / NS_PER_S)
        finally:
            for number in range(first, first + len(calls)):
                self._waiting.pop(number, None)
        if late:
            raise UnansweredError(f"{calls[0][0]}: no answer in {within / NS_PER_S} s")
        assert len(done) == len(calls), "every call has its own future"
        return tuple(_answered(future.result()) for future in futures)

    # What broke while sending stays broken, even if the reader has not noticed yet.
    async def _send(self, message: bytes, *, within: DurationNs) -> None:
        try:
            await self._socket.send(message, within=within)
        except TransportError as error:
            self._fail(error)
            raise

    async def _read(self) -> None:
        try:
            while True:
                self._dispatch(_parse(await self._socket.receive()))
        except TransportError as error:
            self._fail(error)

    def _dispatch(self, message: Json) -> None:
        for item in message if isinstance(message, list) else [message]:
            if not isinstance(item, dict):
                raise AnswerError(f"a JSON-RPC message must be an object, was {item!r:.100}")
            if "method" in item:
                self._notify(item.get("params"))
            else:
                self._answer(item)

    def _answer(self, message: dict[str, Json]) -> None:
        number = message.get("id")
        if not isinstance(number, int):
            raise AnswerError(f"a JSON-RPC answer must carry our id: {message!r:.200}")
        future = self._waiting.get(number)
        if future is None or future.done():
            return  # its caller has given up
        error = message.get("error")
        future.set_result(message.get("result") if error is None else parse_error(error))

    def _notify(self, params: Json) -> None:
        if not isinstance(params, dict) or not isinstance(params.get("subscription"), str):
            raise AnswerError(f"a notice must name its subscription: {params!r:.100}")
        name = str(params["subscription"])
        subscription = self._subscriptions.get(name)
        if subscription is not None:
            self._deliver(subscription, params.get("result"))
            return
        early = self._early.setdefault(name, [])
        if sum(map(len, self._early.values())) >= EARLY_NOTICES_MAX:
            raise AnswerError("too many notices of subscriptions that nobody made")
        early.append(params.get("result"))

    @staticmethod
    def _deliver(subscription: Subscription, notice: Json) -> None:
        if not subscription.put(notice):
            raise UnansweredError(f"subscription {subscription.name}: the reader is too slow")

    def _fail(self, error: TransportError) -> None:
        if self._failure is not None:
            return
        self._failure = error
        for future in self._waiting.values():
            if not future.done():
                future.set_result(UnansweredError(str(error)))
        for subscription in self._subscriptions.values():
            subscription.put(error)


def _answered(outcome: _Outcome) -> Answer:
    if isinstance(outcome, TransportError):
        raise outcome
    return outcome


def _parse(message: bytes) -> Json:
    try:
        value: Json = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise AnswerError(f"not JSON: {error}") from error
    return value


def parse_error(value: Json) -> JsonRpcError:
    """Read the error object of an answer.

    Raises
    ------
    AnswerError
        If it is no object.
    """
    if not isinstance(value, dict):
        raise AnswerError(f"a JSON-RPC error must be an object, was {value!r:.100}")
    code, message = value.get("code"), value.get("message")
    return JsonRpcError(
        code if isinstance(code, int) else 0, str(message or "no message"), value.get("data")
    )
