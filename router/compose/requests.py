"""What may be asked of a running desk at its local door, by what the request says to do."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import orjson

from router.compose.desk import Desk, Tell
from router.domain.error import OrderError
from router.gateway.switch_request import parse_switch
from router.journal import codec

Request: TypeAlias = Mapping[str, str]
Answer: TypeAlias = Callable[[Desk, Request, Tell], Awaitable[bytes]]

_ORDER: Final = "order"


async def answer(desk: Desk, request: Request, tell: Tell) -> bytes:
    """Do what a request says, an order where it says nothing, and return the answer as JSON.

    Raises
    ------
    OrderError
        If nobody does that, or what it asks for cannot be.
    """
    do = request.get("do", _ORDER)
    if do not in _ANSWERS:
        raise OrderError(f"do: must be one of {', '.join(_ANSWERS)}, was {do!r}")
    rest = {name: value for name, value in request.items() if name != "do"}
    return await _ANSWERS[do](desk, rest, tell)


async def _order(desk: Desk, request: Request, tell: Tell) -> bytes:
    return codec.encode(await desk.work(request, tell))


async def _switch(desk: Desk, request: Request, _tell: Tell) -> bytes:
    setting = await desk.switch(parse_switch(request))
    return orjson.dumps(
        {
            "scope": setting.scope.label,
            "state": str(setting.state),
            "by": setting.by,
            "reason": setting.reason,
            "at": str(setting.at),
        }
    )


async def _risk(desk: Desk, _request: Request, _tell: Tell) -> bytes:
    return orjson.dumps(await desk.risk())


async def _reload(desk: Desk, request: Request, _tell: Tell) -> bytes:
    by = request.get("by", "")
    if not by or request.keys() != {"by"}:
        raise OrderError("by: must say who has the limits read anew, and nothing else")
    return orjson.dumps({"changed": list(await desk.reload(by, os.environ)), "by": by})


_ANSWERS: Final[Mapping[str, Answer]] = {
    _ORDER: _order,
    "switch": _switch,
    "reload": _reload,
    "risk": _risk,
}
