"""Requests as the venue reads them: JSON values to typed actions, or `MalformedError`.

The venue deserialises before it looks at a signature, and hashes what it deserialised. So keys come
in the documented order, unknown keys are refused, and prices and sizes are hashed in normal form: a
client that signs "3000.0" is told that a stranger signed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from venues.sandbox.hyperliquid.actions.signature import Signature
from venues.sandbox.hyperliquid.number import is_plain, normalised
from venues.sandbox.hyperliquid.order import OrderRequest, TimeInForce

MALFORMED_TEXT = "Failed to deserialize the JSON body into the target type"

_U64_MAX = 2**64 - 1
_CLOID = re.compile(r"0x[0-9a-f]{32}\Z")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")

# Actions of the venue that this sandbox does not play; anything else unknown is malformed.
UNSUPPORTED_ACTIONS = frozenset(
    (
        "agentSendAsset",
        "agentSetAbstraction",
        "approveAgent",
        "approveBuilderFee",
        "batchModify",
        "borrowLend",
        "cDeposit",
        "cWithdraw",
        "claimRewards",
        "convertToMultiSigUser",
        "createSubAccount",
        "modify",
        "multiSig",
        "perpDeploy",
        "reserveRequestWeight",
        "sendAsset",
        "setReferrer",
        "spotDeploy",
        "spotSend",
        "subAccountSpotTransfer",
        "subAccountTransfer",
        "tokenDelegate",
        "topUpIsolatedOnlyMargin",
        "twapCancel",
        "twapOrder",
        "updateIsolatedMargin",
        "usdClassTransfer",
        "usdSend",
        "userDexAbstraction",
        "userSetAbstraction",
        "vaultTransfer",
        "withdraw3",
    )
)


class MalformedError(Exception):
    """The body is not what the venue can deserialise; the answer is HTTP 422."""


@dataclass(frozen=True, slots=True)
class PlaceOrders:
    """Action `order`."""

    orders: tuple[OrderRequest, ...]
    grouping: str
    has_builder: bool


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """Actions `cancel` and `cancelByCloid`: pairs of asset and venue or client id."""

    kind: str
    targets: tuple[tuple[int, int | str], ...]


@dataclass(frozen=True, slots=True)
class UpdateLeverage:
    """Action `updateLeverage`."""

    asset: int
    is_cross: bool
    leverage: int


@dataclass(frozen=True, slots=True)
class ScheduleCancel:
    """Action `scheduleCancel`; no time disarms it."""

    time_ms: int | None


@dataclass(frozen=True, slots=True)
class Noop:
    """Action `noop`: it only uses its nonce up."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An action the venue knows and this sandbox does not."""

    name: str


Action: TypeAlias = (
    PlaceOrders | CancelOrders | UpdateLeverage | ScheduleCancel | Noop | Unsupported
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A whole `POST /exchange` body; `hashed` is the action in the form that was signed."""

    action: Action
    hashed: dict[str, Any]
    nonce: int
    signature: Signature
    vault: str | None
    expires_after: int | None


def address(value: object) -> str:
    """Return an address in lower case."""
    return _matching(value, _ADDRESS).lower()


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise MalformedError
    return value


def integer(value: object, *, maximum: int = _U64_MAX) -> int:
    """Return an unsigned JSON integer."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= maximum:
        raise MalformedError
    return value


def text(value: object) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise MalformedError
    return value


def envelope(body: object) -> Envelope:
    """Read an exchange request."""
    fields = mapping(body)
    allowed = {"action", "nonce", "signature", "vaultAddress", "expiresAfter", "isFrontend"}
    if not {"action", "nonce", "signature"} <= fields.keys() <= allowed:
        raise MalformedError
    action = mapping(fields["action"])
    kind = text(action.get("type"))
    parse = _PARSERS.get(kind)
    if parse is None and kind not in UNSUPPORTED_ACTIONS:
        raise MalformedError
    vault, expires_after = fields.get("vaultAddress"), fields.get("expiresAfter")
    return Envelope(
        action=Unsupported(kind) if parse is None else parse(action),
        hashed=_normal_form(action),
        nonce=integer(fields["nonce"]),
        signature=_signature(fields["signature"]),
        vault=None if vault is None else address(vault),
        expires_after=None if expires_after is None else integer(expires_after),
    )


def _signature(value: object) -> Signature:
    fields = mapping(value)
    if fields.keys() != {"r", "s", "v"}:
        raise MalformedError
    return Signature(
        r=int(_matching(fields["r"], _HEX), 16),
        s=int(_matching(fields["s"], _HEX), 16),
        v=integer(fields["v"]),
    )


def _normal_form(action: dict[str, Any]) -> dict[str, Any]:
    if action["type"] != "order":
        return action
    orders = [
        {**order, "p": normalised(order["p"]), "s": normalised(order["s"])}
        for order in action["orders"]
    ]
    return {**action, "orders": orders}


def _place_orders(action: Mapping[str, Any]) -> PlaceOrders:
    _ordered_keys(action, ("type", "orders", "grouping"), optional=("builder",))
    grouping = text(action["grouping"])
    if grouping not in {"na", "normalTpsl", "positionTpsl"}:
        raise MalformedError
    return PlaceOrders(
        orders=tuple(_order(item) for item in _items(action["orders"])),
        grouping=grouping,
        has_builder=action.get("builder") is not None,
    )


def _order(value: object) -> OrderRequest:
    fields = mapping(value)
    _ordered_keys(fields, ("a", "b", "p", "s", "r", "t"), optional=("c",))
    return OrderRequest(
        asset=integer(fields["a"]),
        is_buy=_boolean(fields["b"]),
        price_text=_number(fields["p"]),
        size_text=_number(fields["s"]),
        reduce_only=_boolean(fields["r"]),
        time_in_force=_time_in_force(mapping(fields["t"])),
        cloid=_matching(fields["c"], _CLOID) if "c" in fields else None,
    )


def _time_in_force(kind: Mapping[str, Any]) -> TimeInForce | None:
    if list(kind) == ["trigger"]:
        trigger = mapping(kind["trigger"])
        _ordered_keys(trigger, ("isMarket", "triggerPx", "tpsl"), optional=())
        return None
    _ordered_keys(kind, ("limit",), optional=())
    limit = mapping(kind["limit"])
    _ordered_keys(limit, ("tif",), optional=())
    try:
        return TimeInForce(text(limit["tif"]))
    except ValueError:
        raise MalformedError from None


def _cancel(action: Mapping[str, Any]) -> CancelOrders:
    return _cancels(action, keys=("a", "o"), read=integer)


def _cancel_by_cloid(action: Mapping[str, Any]) -> CancelOrders:
    return _cancels(action, keys=("asset", "cloid"), read=lambda value: _matching(value, _CLOID))


def _cancels(
    action: Mapping[str, Any], *, keys: tuple[str, str], read: Callable[[object], int | str]
) -> CancelOrders:
    _ordered_keys(action, ("type", "cancels"), optional=("f",))
    targets = []
    for item in _items(action["cancels"]):
        fields = mapping(item)
        _ordered_keys(fields, keys, optional=())
        targets.append((integer(fields[keys[0]]), read(fields[keys[1]])))
    return CancelOrders(kind=text(action["type"]), targets=tuple(targets))


def _update_leverage(action: Mapping[str, Any]) -> UpdateLeverage:
    _ordered_keys(action, ("type", "asset", "isCross", "leverage"), optional=())
    return UpdateLeverage(
        asset=integer(action["asset"]),
        is_cross=_boolean(action["isCross"]),
        leverage=integer(action["leverage"]),
    )


def _schedule_cancel(action: Mapping[str, Any]) -> ScheduleCancel:
    _ordered_keys(action, ("type",), optional=("time",))
    time = action.get("time")
    return ScheduleCancel(None if time is None else integer(time))


def _noop(action: Mapping[str, Any]) -> Noop:
    _ordered_keys(action, ("type",), optional=())
    return Noop()


_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], Action]] = {
    "order": _place_orders,
    "cancel": _cancel,
    "cancelByCloid": _cancel_by_cloid,
    "updateLeverage": _update_leverage,
    "scheduleCancel": _schedule_cancel,
    "noop": _noop,
}


def _ordered_keys(
    fields: Mapping[str, Any], required: tuple[str, ...], *, optional: tuple[str, ...]
) -> None:
    expected = required + tuple(key for key in optional if key in fields)
    if tuple(fields) != expected:
        raise MalformedError


def _items(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise MalformedError
    return value


def _number(value: object) -> str:
    if not is_plain(text(value)):
        raise MalformedError
    return text(value)


def _matching(value: object, pattern: re.Pattern[str]) -> str:
    if pattern.match(text(value)) is None:
        raise MalformedError
    return text(value)
