"""What gateways may have done to the desk as a whole: switches, limits, the books, its health."""

import os
from collections.abc import Mapping
from typing import Final

import orjson

from router.compose.busting import bust
from router.compose.link.fields import some, text
from router.compose.link.linked import Answer, Linked
from router.domain.error import ConfigError
from router.domain.switch import SwitchSetting
from router.gateway.bust_request import parse_bust
from router.gateway.link import Code, Fields, LinkError
from router.gateway.switch_request import parse_switch


async def _status(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(status_now(link))


def status_now(link: Linked) -> dict[str, object]:
    """Return how the desk is."""
    world, runtime = link.world, link.runtime
    return {
        "journal": link.desk.journal_id,
        "is_ready": world.is_ready,
        "halted": world.halt_reason,
        "degraded": None,
        "behind": runtime.behind,
        "sequence": runtime.durable_sequence,
        "place": list(link.desk.reporting.reached),
        "going": len(world.going),
        "queued": len(world.queued),
        "open_children": len(world.open),
        "at": str(link.now),
    }


async def _switches(link: Linked, _fields: Fields) -> bytes:
    told = [switch_json(each) for each in link.desk.switchboard.settings.values()]
    return orjson.dumps({"switches": told})


async def _switch(link: Linked, fields: Fields) -> bytes:
    wanted = parse_switch(some(fields, "scope", "state", "by", "reason"))
    return orjson.dumps(switch_json(await link.desk.switch(wanted)))


async def _reload(link: Linked, fields: Fields) -> bytes:
    by = text(fields, "by")
    try:
        news = await link.desk.reload(by, os.environ)
    except ConfigError as error:
        raise LinkError(str(error), code=Code.REFUSED) from error
    return orjson.dumps({"changed": list(news), "by": by})


async def _reconcile(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(await link.desk.reconcile())


async def _accept(link: Linked, fields: Fields) -> bytes:
    by, reason = text(fields, "by"), text(fields, "reason")
    if link.world.planning or link.world.open:
        raise LinkError("an order is at work; accept once it has ended", code=Code.PENDING)
    await link.desk.accept(f"{by}: {reason}")
    return orjson.dumps({"accepted": True, "by": by, "reason": reason})


async def _bust(link: Linked, fields: Fields) -> bytes:
    asked = some(fields, "child", "fill", "reason", "by")
    corrected = fields.get("corrected")
    if corrected is not None:
        if not isinstance(corrected, Mapping):
            message = "corrected: must be an object of strings"
            raise LinkError(message, code=Code.INVALID, field="corrected")
        asked |= some(corrected, "quantity", "notional", "fee")
    wanted = parse_bust(asked)
    if wanted.child not in link.world.children:
        message = f"child: {wanted.child!r} is not known"
        raise LinkError(message, code=Code.UNKNOWN, field="child")
    return orjson.dumps(await bust(link.desk, wanted))


def switch_json(setting: SwitchSetting) -> dict[str, str]:
    """Return what is set for a scope."""
    return {
        "scope": setting.scope.label,
        "state": str(setting.state),
        "by": setting.by,
        "reason": setting.reason,
        "at": str(setting.at),
    }


ANSWERS: Final[Mapping[str, Answer]] = {
    "status": _status,
    "switches": _switches,
    "switch": _switch,
    "reload": _reload,
    "reconcile": _reconcile,
    "accept": _accept,
    "bust": _bust,
}
