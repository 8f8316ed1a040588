"""JSON-RPC 2.0 over HTTP: one request, one answer. For servers that offer nothing else."""

from typing import Final, Self

import orjson

from router.domain.units import DurationNs
from venues.transport.error import AnswerError
from venues.transport.http import HttpClient
from venues.transport.json_rpc import Json, parse_error

_ID: Final = 1  # an HTTP answer belongs to its request without it


class JsonRpcHttp:
    """A server behind a URL; `close` it when done."""

    def __init__(self, url: str) -> None:
        self._client = HttpClient(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def request(self, method: str, *params: Json, within: DurationNs) -> Json:
        """Call a method and return its result.

        Raises
        ------
        NotDeliveredError
            If the server could not be reached.
        UnansweredError
            If the request may have arrived, and no answer came in time.
        AnswerError
            If the answer is not JSON-RPC, as of an overloaded server.
        JsonRpcError
            If the server answered with an error.
        """
        body = {"jsonrpc": "2.0", "id": _ID, "method": method, "params": params}
        reply = await self._client.post_json("", orjson.dumps(body), within=within)
        answer = _parse(reply.body)
        if answer is None or not ("result" in answer or answer.get("error") is not None):
            raise AnswerError(f"{method}: HTTP {reply.status} without a JSON-RPC answer")
        error = answer.get("error")
        if error is not None:
            raise parse_error(error)
        return answer["result"]

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._client.close()


def _parse(body: bytes) -> dict[str, Json] | None:
    try:
        answer: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
