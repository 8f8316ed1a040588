"""Orders as the venue remembers them: open, with triggers and children, and by status.

Statuses stay text, because the venue adds some now and then. Refuses to say what one means.
"""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    boolean,
    flag,
    integer,
    is_buy,
    items,
    many,
    optional_text,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the venue remembers it; `size_left` as of the status, `size` as asked for."""

    coin: str
    oid: int
    cloid: str | None
    size: str
    size_left: str
    status: str
    placed_ms: int


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """What only the answers made for a screen tell of an order.

    Attributes
    ----------
    order_type : str
        "Limit", "Stop Market", "Take Profit Limit" and the like.
    time_in_force : str or None
        None for an order that waits for a trigger.
    children : tuple of OpenOrder
        What is placed once this order has filled.
    """

    order_type: str
    time_in_force: str | None
    is_trigger: bool
    trigger_price: str
    trigger_condition: str
    is_position_tpsl: bool
    children: tuple["OpenOrder", ...] = ()


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order; `size_left` of `size` has not traded. Answers of 2023 may lack `size`."""

    coin: str
    is_buy: bool
    limit_price: str
    size_left: str
    oid: int
    placed_ms: int
    size: str | None = None
    cloid: str | None = None
    is_reduce_only: bool = False
    details: OrderDetails | None = None


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order and what became of it when."""

    order: OpenOrder
    status: str
    status_ms: int


def read_order_status(value: object) -> Order | None:
    """Read what the router needs of `orderStatus`; None where the venue does not know the order."""
    found = _found(value)
    return None if found is None else read_order(found)


def read_found_order(value: object) -> OrderUpdate | None:
    """Read `orderStatus` whole; None where the venue does not know the order."""
    found = _found(value)
    return None if found is None else read_order_update(found)


def _found(value: object) -> Fields | None:
    fields = table(value, "orderStatus")
    status = text(fields, "status")
    if status == "unknownOid":
        return None
    if status != "order":
        raise MalformedDataError(f"status must be order or unknownOid, was {status!r}")
    return table(fields.get("order"), "order")


def read_order(value: object) -> Order:
    """Read an order with its status, as `orderStatus` and `orderUpdates` have it."""
    outer = table(value, "order")
    fields = table(outer.get("order"), "order")
    return Order(
        coin=text(fields, "coin"),
        oid=integer(fields, "oid"),
        cloid=optional_text(fields, "cloid"),
        size=text(fields, "origSz"),
        size_left=text(fields, "sz"),
        status=text(outer, "status"),
        placed_ms=integer(fields, "timestamp"),
    )


def read_order_update(value: object) -> OrderUpdate:
    """Read an order with its status whole."""
    fields = table(value, "order")
    return OrderUpdate(
        order=read_open_order(fields.get("order")),
        status=text(fields, "status"),
        status_ms=integer(fields, "statusTimestamp"),
    )


def read_order_updates(value: object) -> tuple[OrderUpdate, ...]:
    """Read `orderUpdates` and `historicalOrders`."""
    return many(value, "orders", read_order_update)


def read_open_orders(value: object) -> tuple[OpenOrder, ...]:
    """Read `openOrders` and `frontendOpenOrders`."""
    return many(value, "orders", read_open_order)


def read_open_order(value: object) -> OpenOrder:
    """Read an order without a status."""
    fields = table(value, "order")
    return OpenOrder(
        coin=text(fields, "coin"),
        is_buy=is_buy(fields),
        limit_price=text(fields, "limitPx"),
        size_left=text(fields, "sz"),
        oid=integer(fields, "oid"),
        placed_ms=integer(fields, "timestamp"),
        size=optional_text(fields, "origSz"),
        cloid=optional_text(fields, "cloid"),
        is_reduce_only=flag(fields, "reduceOnly"),
        details=_details(fields) if "orderType" in fields else None,
    )


def _details(fields: Fields) -> OrderDetails:
    return OrderDetails(
        order_type=text(fields, "orderType"),
        time_in_force=optional_text(fields, "tif"),
        is_trigger=boolean(fields, "isTrigger"),
        trigger_price=text(fields, "triggerPx"),
        trigger_condition=text(fields, "triggerCondition"),
        is_position_tpsl=boolean(fields, "isPositionTpsl"),
        children=tuple(
            read_open_order(child) for child in items(fields.get("children"), "children")
        ),
    )
