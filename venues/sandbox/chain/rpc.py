"""A small blocking JSON-RPC client over one kept-alive HTTP connection.

For the sandbox's own errands: preparing a chain and playing the other trader. Threads take turns;
nothing is retried.
"""

import http.client
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

import orjson

from router.domain.error import RouterError

Request: TypeAlias = tuple[str, list[Any]]
"""Method and parameters."""

_HEADERS = {"Content-Type": "application/json"}


class ChainError(RouterError):
    """The local node failed, or refused a request; carries its revert data, if it gave any."""

    def __init__(self, message: str, *, data: str | None = None) -> None:
        super().__init__(message)
        self.data = data


class JsonRpc:
    """One connection to one node on this machine."""

    def __init__(self, port: int, *, timeout_s: float = 30.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        self._turn = threading.Lock()  # one request at a time on one connection

    def request(self, method: str, *parameters: Any) -> Any:  # noqa: ANN401 (JSON is untyped)
        """Return the result of one call.

        Raises
        ------
        ChainError
            The node answered with an error, or did not answer.
        """
        answer = self._post(_envelope(0, (method, list(parameters))))
        return _result((method, list(parameters)), answer)

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results of many calls in their order; the node may run them in any order."""
        if not requests:
            return []
        answers = self._post([_envelope(index, each) for index, each in enumerate(requests)])
        if not isinstance(answers, list):
            raise ChainError(f"the node refused a batch of {len(requests)}: {answers}")
        by_id = {answer["id"]: answer for answer in answers}
        return [_result(each, by_id[index]) for index, each in enumerate(requests)]

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._connection.close()

    def _post(self, body: object) -> Any:  # noqa: ANN401 (JSON is untyped)
        try:
            with self._turn:
                self._connection.request("POST", "/", orjson.dumps(body), _HEADERS)
                answer = self._connection.getresponse().read()
            return orjson.loads(answer)
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
            self._connection.close()
            raise ChainError(f"the local node did not answer: {error!r}") from error


def _envelope(identifier: int, request: Request) -> dict[str, Any]:
    method, parameters = request
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": parameters}


def _result(request: Request, answer: dict[str, Any]) -> Any:  # noqa: ANN401 (JSON is untyped)
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    data = error.get("data")
    raise ChainError(
        f"{request[0]}: {error.get('message')}", data=data if isinstance(data, str) else None
    )
