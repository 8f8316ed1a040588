"""Requests posted over a WebSocket: each waits for its answer without holding up the socket."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson

from venues.sandbox.hyperliquid.service.limits import IpLimits

Serve = Callable[[object], Awaitable[dict[str, Any] | None]]
"""Answers a request with the `response` object, or with None to stay silent."""


class Posts:
    """The posts of one socket that are being served."""

    def __init__(
        self, serve: Serve, send: Callable[[Iterable[str]], None], budget: IpLimits
    ) -> None:
        self._serve = serve
        self._send = send
        self._budget = budget
        self._running: set[asyncio.Task[None]] = set()

    def receive(self, text: str) -> bool:
        """Take a frame that is a post and begin to serve it; False for every other frame."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(message, dict) or message.get("method") != "post":
            return False
        number, request = message.get("id"), message.get("request")
        if not isinstance(number, int) or isinstance(number, bool):
            return False
        if self._budget.takes_post():
            task = asyncio.create_task(self._answer(number, request))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            self._send([_frame("error", f"too many pending post requests id={number}")])
        return True

    async def close(self) -> None:
        """Give up on what is still being served."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _answer(self, number: int, request: object) -> None:
        try:
            response = await self._serve(request)
        finally:
            self._budget.releases_post()
        if response is not None:
            self._send([_frame("post", {"id": number, "response": response})])


def _frame(channel: str, data: object) -> str:
    return orjson.dumps({"channel": channel, "data": data}).decode()
