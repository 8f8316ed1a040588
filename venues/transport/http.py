"""HTTP POST with a deadline, telling "never left" from "left, outcome unknown".

Refuses to retry, to follow redirects and to interpret status codes.
"""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import aiohttp

from router.domain.units import NS_PER_S, DurationNs
from venues.transport.error import NotDeliveredError, UnansweredError
from venues.transport.session import open_session

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What the server answered; any status is an answer."""

    status: int
    body: bytes


class HttpClient:
    """Keeps connections to one server; call `close` when done.

    Must be constructed inside a running event loop.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = open_session(_departure_trace())

    async def post_json(self, path: str, body: bytes, *, within: DurationNs) -> HttpReply:
        """Send a JSON body and return the answer.

        Raises
        ------
        NotDeliveredError
            If no connection could be had, so that no byte of the request left.
        UnansweredError
            If anything failed after that, the deadline included.
        """
        departure = SimpleNamespace(started=False)
        try:
            async with asyncio.timeout(within / NS_PER_S):
                return await self._post(path, body, departure)
        except TimeoutError:
            raise _failure(
                departure, f"{path or '/'}: no answer in {within / NS_PER_S} s"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(departure, f"{path or '/'}: {type(error).__name__}: {error}") from error

    async def _post(self, path: str, body: bytes, departure: SimpleNamespace) -> HttpReply:
        request = self._session.post(
            self._base_url + path,
            data=body,
            headers={"Content-Type": "application/json"},
            allow_redirects=False,
            trace_request_ctx=departure,
        )
        async with request as response:
            answer = await response.content.read(ANSWER_BYTES_MAX)
            while not response.content.at_eof():
                answer += await response.content.read(ANSWER_BYTES_MAX)
                if len(answer) > ANSWER_BYTES_MAX:
                    raise UnansweredError(f"{path}: the answer exceeds {ANSWER_BYTES_MAX} bytes")
            return HttpReply(response.status, answer)

    async def close(self) -> None:
        """Close all connections; idempotent."""
        await self._session.close()


def _failure(departure: SimpleNamespace, message: str) -> NotDeliveredError | UnansweredError:
    return UnansweredError(message) if departure.started else NotDeliveredError(message)


# From the moment a request has a connection its bytes may be on the way; aiohttp tells that
# moment only to tracers.
def _departure_trace() -> aiohttp.TraceConfig:
    async def started(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.started = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(started)
    trace.on_connection_reuseconn.append(started)
    return trace
