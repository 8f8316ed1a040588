"""Orders as the venue shows them, short and whole, and the questions about them.

`openOrders` and `orderUpdates` show the short form, everything else the whole one. Lists are newest
first, as in recorded answers; children of an order that rests stand inside it and in the list.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.matching.placement import WAITING_FOR_FILL
from venues.sandbox.hyperliquid.order import Order, TimeInForce
from venues.sandbox.hyperliquid.state import Exchange

HISTORY_MAX = 2000
_OPEN = "open"

_MARKET_TIMES = frozenset({TimeInForce.FRONTEND_MARKET, TimeInForce.LIQUIDATION_MARKET})


def brief(state: Exchange, order: Order) -> dict[str, Any]:
    """Return an order in its short form; `sz` is what is left of it."""
    spec = state.market(order.coin).spec
    shown = {
        "coin": order.coin,
        "side": text.side(is_buy=order.is_buy),
        "limitPx": text.price(order.price, spec),
        "sz": text.size(order.leaves, spec),
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "origSz": text.size(order.size, spec),
    }
    if order.cloid is not None:
        shown["cloid"] = order.cloid
    if order.reduce_only:
        shown["reduceOnly"] = True
    return shown


def whole(state: Exchange, order: Order) -> dict[str, Any]:
    """Return an order in its whole form, with the children that wait for it."""
    spec = state.market(order.coin).spec
    trigger = order.trigger
    return {
        "coin": order.coin,
        "side": text.side(is_buy=order.is_buy),
        "limitPx": text.price(order.price, spec),
        "sz": text.size(order.leaves, spec),
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "triggerCondition": _condition(state, order),
        "isTrigger": trigger is not None,
        "triggerPx": text.NONE_MONEY if trigger is None else text.price(trigger.price, spec),
        "children": [whole(state, child) for child in _waiting(state, order)],
        "isPositionTpsl": order.is_position_tpsl,
        "reduceOnly": order.reduce_only,
        "orderType": _kind(order),
        "origSz": text.size(order.size, spec),
        "tif": None if order.time_in_force is None else order.time_in_force.value,
        "cloid": order.cloid,
    }


def with_status(state: Exchange, order: Order) -> dict[str, Any]:
    """Return an order with the status it has now."""
    return {
        "order": whole(state, order),
        "status": _OPEN if order.status == WAITING_FOR_FILL else order.status,
        "statusTimestamp": order.status_ms,
    }


def update(state: Exchange, order: Order) -> dict[str, Any]:
    """Return an order as a change of it is told."""
    return {
        "order": brief(state, order),
        "status": _OPEN if order.status == WAITING_FOR_FILL else order.status,
        "statusTimestamp": order.status_ms,
    }


def open_of(state: Exchange, account: Account, dex: str) -> list[Order]:
    """Return an account's open orders of one dex or all, newest first; spot is of the first dex.

    Children that wait for their parent are open too.
    """
    orders = account.open_orders.values()
    found = [order for order in orders if request.is_on(state, order.coin, dex)]
    found += [child for order in found for child in _waiting(state, order)]
    return sorted(found, key=lambda order: order.oid, reverse=True)


def open_orders(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `openOrders`."""
    account, dex = request.account(state, asked), request.dex_or_all(state, asked)
    return [brief(state, order) for order in open_of(state, account, dex)]


def frontend_open_orders(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `frontendOpenOrders`."""
    account = request.account(state, asked)
    return [whole(state, order) for order in open_of(state, account, request.dex(state, asked))]


def order_status(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `orderStatus`, by the venue's number or the client's id."""
    account = request.account(state, asked)
    key = asked.get("oid")
    oid = account.cloids.get(key.lower()) if isinstance(key, str) else request.integer(key)
    order = None if oid is None else state.orders.get(oid)
    if order is None or order.account != account.address:
        return {"status": "unknownOid"}
    return {"status": "order", "order": with_status(state, order)}


def history(state: Exchange, account: Account) -> list[dict[str, Any]]:
    """Return an account's latest orders, newest first."""
    newest: Iterable[int] = islice(reversed(account.order_ids), HISTORY_MAX)
    return [with_status(state, state.orders[oid]) for oid in newest if oid in state.orders]


def historical_orders(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `historicalOrders`."""
    return history(state, request.account(state, asked))


def _waiting(state: Exchange, order: Order) -> list[Order]:
    children = (state.orders[oid] for oid in order.children)
    return [child for child in children if child.status == WAITING_FOR_FILL]


def _kind(order: Order) -> str:
    if order.trigger is not None:
        name = "Take Profit" if order.trigger.is_take_profit else "Stop"
        return f"{name} {'Market' if order.trigger.is_market else 'Limit'}"
    return "Market" if order.time_in_force in _MARKET_TIMES else "Limit"


def _condition(state: Exchange, order: Order) -> str:
    # A selling take-profit waits for a higher mark and a selling stop for a lower one.
    if order.trigger is None:
        return "N/A"
    direction = "above" if order.trigger.is_take_profit != order.is_buy else "below"
    shown = text.price(order.trigger.price, state.market(order.coin).spec)
    return f"Price {direction} {shown.removesuffix('.0')}"
