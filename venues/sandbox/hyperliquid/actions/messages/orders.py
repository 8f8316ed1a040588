"""Orders, cancels, modifications, TWAPs and the dead man's switch, as clients send them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from venues.sandbox.hyperliquid.actions.messages.form import Form, l1
from venues.sandbox.hyperliquid.actions.reading import (
    Reader,
    address,
    array,
    boolean,
    cloid,
    flag,
    integer,
    key,
    mapping,
    number,
    one_of,
    optional,
    shape,
    short_integer,
)
from venues.sandbox.hyperliquid.order import (
    BuilderFee,
    OrderRequest,
    TimeInForce,
    TriggerRequest,
)


@dataclass(frozen=True, slots=True)
class PlaceOrders:
    """Action `order`."""

    orders: tuple[OrderRequest, ...]
    grouping: str
    builder: BuilderFee | None = None
    priority_fee: int = 0
    """Of the notional, in 1e-8."""


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """Actions `cancel` and `cancelByCloid`: pairs of asset and venue or client id."""

    targets: tuple[tuple[int, int | str], ...]
    is_fast: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What takes the place of which order, by venue or client id."""

    target: int | str
    order: OrderRequest


@dataclass(frozen=True, slots=True)
class ModifyOrders:
    """Actions `modify` and `batchModify`."""

    changes: tuple[Change, ...]
    is_batch: bool
    always_place: bool


@dataclass(frozen=True, slots=True)
class StartTwap:
    """Action `twapOrder`."""

    asset: int
    is_buy: bool
    size_text: str
    reduce_only: bool
    minutes: int
    is_randomised: bool
    is_conditional: bool
    """Has details: a trigger or a limit price."""


@dataclass(frozen=True, slots=True)
class StopTwap:
    """Action `twapCancel`."""

    asset: int
    twap_id: int


@dataclass(frozen=True, slots=True)
class ScheduleCancel:
    """Action `scheduleCancel`; no time disarms it."""

    time_ms: int | None


@dataclass(frozen=True, slots=True)
class Noop:
    """Action `noop`: it only uses its nonce up."""


OrderAction: TypeAlias = (
    PlaceOrders | CancelOrders | ModifyOrders | StartTwap | StopTwap | ScheduleCancel | Noop
)

_LIMIT = shape(key("limit", shape(key("tif", one_of("Gtc", "Ioc", "Alo", "FrontendMarket")))))
_TRIGGER = shape(
    key(
        "trigger",
        shape(key("isMarket", boolean), key("triggerPx", number), key("tpsl", one_of("tp", "sl"))),
    )
)
_PRIORITY = shape(key("p", integer))
_NAMED_GROUPING = one_of("na", "normalTpsl", "positionTpsl")


def _kind(value: object) -> dict[str, Any]:
    return _TRIGGER(value) if "trigger" in mapping(value) else _LIMIT(value)


def _grouping(value: object) -> str | dict[str, Any]:
    return _PRIORITY(value) if isinstance(value, dict) else _NAMED_GROUPING(value)


def _oid(value: object) -> int | str:
    return cloid(value) if isinstance(value, str) else integer(value)


def _or_null(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


_DETAILS = shape(
    key("t", _or_null(shape(key("p", number), key("a", boolean)))), key("s", _or_null(number))
)
_ORDER = shape(
    key("a", integer),
    key("b", boolean),
    key("p", number),
    key("s", number),
    key("r", boolean),
    key("t", _kind),
    optional("c", cloid),
)
_TWAP = shape(
    key("a", integer),
    key("b", boolean),
    key("s", number),
    key("r", boolean),
    key("m", short_integer),
    key("t", boolean),
)


def _place_orders(normal: Mapping[str, Any]) -> PlaceOrders:
    grouping, builder = normal["grouping"], normal.get("builder")
    is_named = isinstance(grouping, str)
    return PlaceOrders(
        orders=tuple(_order(item) for item in normal["orders"]),
        grouping=grouping if is_named else "na",
        builder=None if builder is None else BuilderFee(builder["b"], builder["f"]),
        priority_fee=0 if is_named else grouping["p"],
    )


def _order(normal: Mapping[str, Any]) -> OrderRequest:
    limit, trigger = normal["t"].get("limit"), normal["t"].get("trigger")
    return OrderRequest(
        asset=normal["a"],
        is_buy=normal["b"],
        price_text=normal["p"],
        size_text=normal["s"],
        reduce_only=normal["r"],
        time_in_force=None if limit is None else TimeInForce(limit["tif"]),
        cloid=normal.get("c"),
        trigger=None if trigger is None else _trigger(trigger),
    )


def _trigger(normal: Mapping[str, Any]) -> TriggerRequest:
    return TriggerRequest(
        is_market=normal["isMarket"],
        price_text=normal["triggerPx"],
        is_take_profit=normal["tpsl"] == "tp",
    )


def _cancel(normal: Mapping[str, Any]) -> CancelOrders:
    return CancelOrders(
        targets=tuple((item["a"], item["o"]) for item in normal["cancels"]),
        is_fast=normal.get("f", False),
    )


def _cancel_by_cloid(normal: Mapping[str, Any]) -> CancelOrders:
    return CancelOrders(
        targets=tuple((item["asset"], item["cloid"]) for item in normal["cancels"]),
        is_fast=normal.get("f", False),
    )


def _modify(normal: Mapping[str, Any]) -> ModifyOrders:
    return ModifyOrders(
        changes=(Change(normal["oid"], _order(normal["order"])),),
        is_batch=False,
        always_place=normal.get("a", False),
    )


def _batch_modify(normal: Mapping[str, Any]) -> ModifyOrders:
    return ModifyOrders(
        changes=tuple(Change(item["oid"], _order(item["order"])) for item in normal["modifies"]),
        is_batch=True,
        always_place=normal.get("a", False),
    )


def _twap_order(normal: Mapping[str, Any]) -> StartTwap:
    twap, details = normal["twap"], normal.get("details", {})
    return StartTwap(
        asset=twap["a"],
        is_buy=twap["b"],
        size_text=twap["s"],
        reduce_only=twap["r"],
        minutes=twap["m"],
        is_randomised=twap["t"],
        is_conditional=any(value is not None for value in details.values()),
    )


FORMS: Mapping[str, Form[OrderAction]] = {
    "order": l1(
        key("orders", array(_ORDER)),
        key("grouping", _grouping),
        optional("builder", shape(key("b", address), key("f", integer))),
        build=_place_orders,
    ),
    "cancel": l1(
        key("cancels", array(shape(key("a", integer), key("o", integer)))),
        optional("f", flag),
        build=_cancel,
    ),
    "cancelByCloid": l1(
        key("cancels", array(shape(key("asset", integer), key("cloid", cloid)))),
        optional("f", flag),
        build=_cancel_by_cloid,
    ),
    "modify": l1(key("oid", _oid), key("order", _ORDER), optional("a", flag), build=_modify),
    "batchModify": l1(
        key("modifies", array(shape(key("oid", _oid), key("order", _ORDER)))),
        optional("a", flag),
        build=_batch_modify,
    ),
    "twapOrder": l1(key("twap", _TWAP), optional("details", _DETAILS), build=_twap_order),
    "twapCancel": l1(
        key("a", integer),
        key("t", integer),
        build=lambda normal: StopTwap(asset=normal["a"], twap_id=normal["t"]),
    ),
    "scheduleCancel": l1(
        optional("time", integer), build=lambda normal: ScheduleCancel(normal.get("time"))
    ),
    "noop": l1(build=lambda _: Noop()),
}
