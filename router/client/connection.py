"""Signed requests over HTTP: one answer, or an error that says whether anything was done."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson
from yarl import URL

from router.client.error import (
    BusyError,
    ClientError,
    DegradedError,
    ForbiddenError,
    InvalidError,
    OutcomeUnknownError,
    ProtocolError,
    ThrottledError,
    UnauthenticatedError,
    UnreachableError,
    from_problem,
)
from router.client.signing import Stamp

TURNED_AWAY: Final = (BusyError, DegradedError, ThrottledError)
_UNHEARD: Final = (
    UnauthenticatedError,
    ForbiddenError,
    InvalidError,
)  # said before it is looked up
_AGAIN: Final = (*TURNED_AWAY, OutcomeUnknownError, UnreachableError)
_SHOWN_OUT: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
}
_SCHEMES: Final = frozenset({"http", "https"})
_ACCEPT: Final = {"Accept": "application/json, application/problem+json"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits, and how often it asks again.

    Attributes
    ----------
    answer_s : float
        For one answer.
    again_s : float
        Before it asks again, where the other side does not say; twice as long each time.
    again_max_s : float
        Never longer than this.
    within_s : float
        How long it asks again at all.
    """

    answer_s: float = 10.0
    again_s: float = 0.05
    again_max_s: float = 2.0
    within_s: float = 30.0


class Connection:
    """Where the desk is, and how requests to it are signed.

    Parameters
    ----------
    url : str
        Of the door: scheme, host and port, with no path.
    stamp : Stamp | None
        None where the door asks for no keys.
    tls : aiohttp.Fingerprint | ssl.SSLContext | bool
        As aiohttp takes it.
    """

    def __init__(
        self,
        url: str,
        stamp: Stamp | None,
        *,
        patience: Patience = Patience(),
        tls: Any = True,  # noqa: ANN401 - as aiohttp takes it
    ) -> None:
        self._base = URL(url)
        if self._base.scheme not in _SCHEMES or not self._base.host:
            raise ClientError(f"url: must be as http://127.0.0.1:8080, was {url!r}")
        self._stamp = stamp
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self.patience = patience

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened().close()
        self._session = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        more_s: float = 0.0,
    ) -> Any:  # noqa: ANN401 - whatever JSON says
        """Ask once.

        Parameters
        ----------
        more_s : float
            How much longer than usual the answer may take.

        Raises
        ------
        UnreachableError, RefusedError
            Nothing was done.
        OutcomeUnknownError
            It may have been done.
        """
        data = b"" if body is None else orjson.dumps(body)
        answer_s = self.patience.answer_s + more_s
        target = self._target(path, query)
        try:
            async with self._opened().request(
                method,
                target,
                data=data or None,
                headers=self._headers(method, target.raw_path_qs, data),
                timeout=aiohttp.ClientTimeout(total=answer_s),
                allow_redirects=False,
                ssl=self._tls,
            ) as answer:
                return _taken(answer, await answer.read())
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{self._base}: {error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            said = str(error) or f"no answer within {answer_s:g} s"
            raise OutcomeUnknownError(f"{method} {path}: {said}") from error

    async def ask_again(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        more_s: float = 0.0,
        is_once: bool = False,
    ) -> Any:  # noqa: ANN401 - whatever JSON says
        """Ask until there is an answer.

        Parameters
        ----------
        more_s : float
            How much longer than usual each answer may take.
        is_once : bool
            Whether it must not be asked again where it may have been done.

        Raises
        ------
        ClientError
            The last one, when patience has ended; at once where asking again cannot help.
        """
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self.patience.within_s + more_s, self.patience.again_s
        is_unknown = False
        while True:
            try:
                return await self.ask(method, path, query=query, body=body, more_s=more_s)
            except (*_UNHEARD, ProtocolError) as error:
                raise _last(error, is_unknown=is_unknown) from error
            except _AGAIN as error:
                is_unknown = is_unknown or isinstance(error, OutcomeUnknownError)
                wait_s = max(pause, getattr(error, "retry_after_s", None) or 0.0)
                if loop.time() + wait_s > until or (is_once and is_unknown):
                    raise _last(error, is_unknown=is_unknown) from error
                await waited(wait_s)
                pause = min(2 * pause, self.patience.again_max_s)

    async def stream(self, path: str) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket.

        Raises
        ------
        UnreachableError, RefusedError
            If there is none to be had.
        """
        target = self._target(path, None)
        try:
            async with asyncio.timeout(self.patience.answer_s):
                return await self._opened().ws_connect(
                    target,
                    headers=self._headers("GET", target.raw_path_qs, b""),
                    heartbeat=self.patience.answer_s,
                    max_msg_size=0,
                    ssl=self._tls,
                )
        except aiohttp.WSServerHandshakeError as error:
            code = _SHOWN_OUT.get(error.status)
            if code is None:
                raise UnreachableError(f"{path}: HTTP {error.status}") from error
            raise from_problem({"code": code}, http_status=error.status) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            said = str(error) or f"no stream within {self.patience.answer_s:g} s"
            raise UnreachableError(f"{self._base}: {said}") from error

    def _target(self, path: str, query: Mapping[str, str] | None) -> URL:
        target = self._base.join(URL(path))
        return target if not query else target.with_query(dict(query))

    def _headers(self, method: str, target: str, data: bytes) -> dict[str, str]:
        content = {"Content-Type": "application/json"} if data else {}
        signed = {} if self._stamp is None else self._stamp.headers(method, target, data)
        return {**_ACCEPT, **content, **signed}

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise ClientError("the client is not open; use it in a with statement")
        return self._session


async def waited(seconds: float) -> None:
    """Let time pass."""
    await asyncio.sleep(seconds)  # noqa: TID251 - a client lives by the clock of its machine


# An earlier question may have been answered by deeds: a refusal of the last one does not undo it.
def _last(error: ClientError, *, is_unknown: bool) -> ClientError:
    if is_unknown and not isinstance(error, OutcomeUnknownError):
        return OutcomeUnknownError(f"an earlier request may have been done; the last: {error}")
    return error


# What is not the desk's own word may come from somebody in between, who passed the request on.
def _taken(answer: aiohttp.ClientResponse, data: bytes) -> Any:  # noqa: ANN401 - as JSON says
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _strange(answer, "not JSON") from error
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return said
    if not isinstance(said, dict):
        raise _strange(answer, "no problem document")
    raise from_problem(said, http_status=answer.status, retry_after_s=_retry_after(answer))


def _strange(answer: aiohttp.ClientResponse, what: str) -> ClientError:
    told = f"HTTP {answer.status}: {what}"
    is_answered = answer.status < HTTPStatus.MULTIPLE_CHOICES and answer.method != "GET"
    if is_answered or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknownError(told)
    return ProtocolError(told)


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
