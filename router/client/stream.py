"""Reports of orders as they happen, each exactly once, however often the connection breaks.

Every report has its place; whoever comes back names the last one it has, and is told what follows.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, TypeAlias

import aiohttp
import orjson

from router.client.connection import TURNED_AWAY, Connection, waited
from router.client.error import (
    ClientError,
    OutcomeUnknownError,
    ProtocolError,
    RefusedError,
    UnreachableError,
    from_problem,
)
from router.client.model import Report

Place: TypeAlias = tuple[int, int]

_PATH: Final = "/v1/stream"
_NAME: Final = "reports"
_LOST: Final = {4001: "unauthenticated", 4003: "forbidden", 4010: "lost"}
_BAD_REQUEST: Final = 400


class Reports:
    """What happens to the orders a key may see.

    Parameters
    ----------
    after : Place | None
        The last report that is known; None begins with what happens from now on.
    journal : str | None
        The journal that `after` is a place of, where that was kept, too: then a desk with another
        one says so.
    account : str | None
        Those of one account only.

    Attributes
    ----------
    place : Place | None
        Of the last report that was given out; keep it to go on from there another day.
    journal : str | None
        The journal that it is a place of.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        after: Place | None = None,
        journal: str | None = None,
        account: str | None = None,
    ) -> None:
        self._connection = connection
        self._account = account
        self._breaks = 0
        self.place = after
        self.journal = journal
        self.subscribed = asyncio.Event()

    @property
    def breaks(self) -> int:
        """How often the connection broke so far."""
        return self._breaks

    async def follow(self) -> AsyncGenerator[Report, None]:
        """Yield reports until the iterator is closed.

        Raises
        ------
        RefusedError
            If the key may not follow them, or the place is known no more.
        UnreachableError
            If nobody was there for as long as patience lasts.
        """
        loop, patience = asyncio.get_running_loop(), self._connection.patience
        since, pause = loop.time(), patience.again_s
        while True:
            said = "it goes as soon as it comes"
            try:
                async with aclosing(self._once()) as told:
                    async for report in told:
                        yield report
            except (UnreachableError, OutcomeUnknownError) as error:
                said = str(error)
            if self.subscribed.is_set():  # it was there meanwhile
                since, pause = loop.time(), patience.again_s
            if loop.time() - since > patience.within_s:
                raise UnreachableError(f"{_PATH}: {said}")
            self._breaks += 1
            self.subscribed.clear()
            await waited(pause)
            pause = min(2 * pause, patience.again_max_s)

    # One connection, until it breaks.
    async def _once(self) -> AsyncGenerator[Report, None]:
        socket = await self._connection.stream(_PATH)
        try:
            await socket.send_str(orjson.dumps(self._wanted()).decode())
            async for frame in socket:
                if frame.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    continue
                for report in self._read(orjson.loads(frame.data)):
                    if self.place is None or report.place > self.place:
                        self.place = report.place
                        yield report
            _check_end(socket.close_code)
        except ConnectionError as error:
            raise UnreachableError(str(error)) from error
        finally:
            await socket.close()

    def _wanted(self) -> dict[str, object]:
        wanted: dict[str, object] = {"op": "subscribe", "id": _NAME, "channel": "reports"}
        if self.place is not None:
            wanted["after"] = list(self.place)
            if self.journal is not None:
                wanted["journal"] = self.journal
        if self._account is not None:
            wanted["account"] = self._account
        return wanted

    def _read(self, frame: dict[str, Any]) -> list[Report]:
        match frame.get("op"):
            case "subscribed":
                self._begin(frame.get("place"))
                self.journal = frame.get("journal") or self.journal
            case "events":
                return [Report.of(each) for each in frame["events"]]
            case "error":
                raise _refused(frame["problem"])
            case _:
                pass  # what a later desk tells besides
        return []

    # Without it, what happens between the subscription and the first report could be missed.
    def _begin(self, place: Any) -> None:  # noqa: ANN401 - as JSON says
        if self.place is None and place is not None:
            self.place = (int(place[0]), int(place[1]))
        self.subscribed.set()


def _refused(problem: dict[str, Any]) -> ClientError:
    error = from_problem(problem, http_status=int(problem.get("status", _BAD_REQUEST)))
    if isinstance(error, TURNED_AWAY):
        return UnreachableError(str(error))  # for a moment: it is asked again
    return error if isinstance(error, RefusedError) else OutcomeUnknownError(str(error))


def _check_end(code: int | None) -> None:
    if code in _LOST:
        raise from_problem({"code": _LOST[code]}, http_status=_BAD_REQUEST)
    if code == aiohttp.WSCloseCode.UNSUPPORTED_DATA:
        raise ProtocolError("the stream does not understand this client")
