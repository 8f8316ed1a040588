"""What gateways are told of accounts: what is held, what was traded, and what is at risk."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from router.compose.link.fields import text_or, texts
from router.compose.link.linked import Answer, Linked
from router.domain.instrument import Instrument
from router.domain.units import format_decimal
from router.gateway.link import Fields
from router.gateway.position_data import position_data
from router.gateway.risk_data import risk_data


async def _positions(link: Linked, fields: Fields) -> bytes:
    client, accounts = text_or(fields, "client"), texts(fields, "accounts")
    assets = link.desk.assembly.config.assets
    rows = [
        position_data(key, traded, assets)
        for key, traded in sorted(link.world.traded.items())
        if client in {"", key[0]} and (accounts is None or key[1] in accounts)
    ]
    return orjson.dumps({"positions": rows, "at": str(link.now)})


async def _accounts(link: Linked, _fields: Fields) -> bytes:
    world, assets = link.world, link.desk.assembly.config.assets
    ledger = world.ledger
    if ledger is None:
        return orjson.dumps({"is_known": False, "balances": [], "positions": []})
    balances = [
        {
            "account": account,
            "asset": asset,
            "quantity": format_decimal(atoms, assets[asset].decimals if asset in assets else 0),
            "atoms": str(atoms),
        }
        for (account, asset), atoms in sorted(ledger.balances.items())
    ]
    known = world.instruments
    positions = [
        {
            "account": account,
            "instrument": name,
            "lots": str(lots),
            "quantity": _held(known.get(name), lots),
        }
        for (account, name), lots in sorted(ledger.positions.items())
    ]
    return orjson.dumps({"is_known": True, "balances": balances, "positions": positions})


async def _risk(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(await _found(link))


async def _margin(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(_some(await _found(link), "at_s", "accounts", "cuts", "transfers"))


async def _stress(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(_some(await _found(link), "at_s", "stress"))


async def _funding(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps(_some(await _found(link), "at_s", "funding"))


async def _found(link: Linked) -> dict[str, object]:
    return risk_data(await link.risk(), link.desk.assembly.config.assets)


def _some(data: Mapping[str, Any], *names: str) -> dict[str, object]:
    return {name: data[name] for name in (*names, "unreadable", "stale")}


def _held(instrument: Instrument | None, lots: int) -> str | None:
    if instrument is None:
        return None
    return format_decimal(lots * instrument.lot_atoms, instrument.base.decimals)


ANSWERS: Final[Mapping[str, Answer]] = {
    "positions": _positions,
    "accounts": _accounts,
    "margin": _margin,
    "stress": _stress,
    "funding": _funding,
    "risk": _risk,
}
