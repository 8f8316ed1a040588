"""What may be asked of a running desk at its local door, by what the request says to do."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import orjson

from router.compose.busting import bust
from router.compose.desk import Desk, Tell
from router.domain.error import OrderError
from router.gateway.alter_request import parse_amend, parse_cancel
from router.gateway.bust_request import parse_bust
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


async def _reconcile(desk: Desk, request: Request, _tell: Tell) -> bytes:
    for name in sorted(request):
        raise OrderError(f"{name}: unknown field; all accounts are looked at")
    return orjson.dumps(await desk.reconcile())


async def _basket(desk: Desk, request: Request, tell: Tell) -> bytes:
    return codec.encode(await desk.baskets.work(request, tell))


async def _cancel_basket(desk: Desk, request: Request, _tell: Tell) -> bytes:
    members = desk.baskets.members(request.get("order", ""))
    wanted = [parse_cancel({**request, "order": member}) for member in members]
    # All at once: none goes on trading while another is waited for.
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(desk.alterations.cancel(each)) for each in wanted]
    return orjson.dumps({"orders": [each.result() for each in asked]})


async def _cancel(desk: Desk, request: Request, _tell: Tell) -> bytes:
    return orjson.dumps(await desk.alterations.cancel(parse_cancel(request)))


async def _amend(desk: Desk, request: Request, _tell: Tell) -> bytes:
    return orjson.dumps(await desk.alterations.amend(parse_amend(request)))


async def _orders(desk: Desk, request: Request, _tell: Tell) -> bytes:
    for name in sorted(request):
        raise OrderError(f"{name}: unknown field; the orders at work are all listed")
    return orjson.dumps({"orders": desk.alterations.orders()})


async def _bust(desk: Desk, request: Request, _tell: Tell) -> bytes:
    return orjson.dumps(await bust(desk, parse_bust(request)))


_ANSWERS: Final[Mapping[str, Answer]] = {
    _ORDER: _order,
    "switch": _switch,
    "reload": _reload,
    "risk": _risk,
    "reconcile": _reconcile,
    "basket": _basket,
    "cancel_basket": _cancel_basket,
    "cancel": _cancel,
    "amend": _amend,
    "orders": _orders,
    "bust": _bust,
}
