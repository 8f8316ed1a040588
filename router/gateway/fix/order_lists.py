"""NewOrderList and ListCancelRequest: a basket, planned together, taken in all or none.

The list names its orders: ClOrdID is the list's name, a dot and the order's place in it.
"""

from typing import Any, Final

import orjson

from router.domain.units import TimestampNs
from router.gateway.chain import SESSION_OF_MANY
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation, first_of_list
from router.gateway.fix.business import UNDONE, failed
from router.gateway.fix.execution import STATUSES, told_text
from router.gateway.fix.message import Body, Message, MessageError, Reason, body
from router.gateway.fix.order_fields import (
    account_of,
    asker_of,
    refuse_unsupported,
    terms_of,
    times_of,
)
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import required, told_moment, whole
from router.gateway.link import LinkError

_ACKNOWLEDGED: Final = "1"  # ListStatusType: it is told once, at once
_EXECUTING: Final = "3"  # ListOrderStatus
_CANCELING: Final = "4"
_REJECTED: Final = "7"


def new_list(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Take a basket in; its orders tell by their own reports what becomes of them."""
    try:
        wanted = _basket(asked.body, peer, now)
        answer = yield Ask("basket", wanted)
    except MessageError as error:
        return (_refused(asked, str(error), now),)
    except LinkError as error:
        if error.code in UNDONE:
            return (failed(asked, error),)
        return (_refused(asked, f"{error.code.upper()}: {error}", now),)
    rows = tuple(_row(order) for order in answer["orders"])
    return (_status(asked, _EXECUTING, rows, now=now),)


def cancel_list(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Cancel all orders of a basket; the same request again does nothing twice."""
    try:
        name = required(asked.body, t.LIST_ID)
        first = yield Ask("order", {"order": first_of_list(name), "client": peer.client})
        if not peer.may_see(first["account"]):
            return (_refused(asked, "UNKNOWN: there is no such list", now),)
        yield Ask(
            "cancel_basket",
            {
                "basket": name,
                "client": peer.client,
                "request": f"{name}.cancel",
                "by": asker_of(asked.body, peer, by=SESSION_OF_MANY),
            },
        )
    except MessageError as error:
        return (_refused(asked, str(error), now),)
    except LinkError as error:
        if error.code in UNDONE:
            return (failed(asked, error),)
        return (_refused(asked, f"{error.code.upper()}: {error}", now),)
    return (_status(asked, _CANCELING, (), now=now),)


def _basket(asked: Body, peer: Peer, now: TimestampNs) -> dict[str, Any]:
    name, entries = required(asked, t.LIST_ID), asked.entries(t.NO_ORDERS)
    for place, entry in enumerate(entries, 1):
        _check_place(entry, name, place)
    orders = [_order(entry, peer, now) for entry in entries]
    if whole(required(asked, t.TOT_NO_ORDERS), t.TOT_NO_ORDERS) != len(orders):
        raise _fault(t.TOT_NO_ORDERS, "send the whole list in one message")
    accounts = {account_of(entry, peer) for entry in entries}
    if len(accounts) != 1:
        raise _fault(t.ACCOUNT, "the orders of a list are for one account")
    return {
        "basket": {"client_order_id": name, "orders": orjson.dumps(orders).decode()},
        "client": peer.client,
        "account": accounts.pop(),
        "by": asker_of(entries[0], peer),
    }


def _check_place(entry: Body, name: str, place: int) -> None:
    if whole(required(entry, t.LIST_SEQ_NO), t.LIST_SEQ_NO) != place:
        raise _fault(t.LIST_SEQ_NO, "count the orders from 1 in their order")
    if required(entry, t.CL_ORD_ID) != f"{name}.{place}":
        raise _fault(t.CL_ORD_ID, f"order {place} is named {name}.{place}")


# All of a list is planned at once: of an order that waits for nothing alone there is none.
def _order(entry: Body, peer: Peer, now: TimestampNs) -> dict[str, str]:
    refuse_unsupported(entry)
    terms = terms_of(entry)
    return {**terms, **times_of(entry, peer, terms={"algo": "sweep"} | terms, now=now)}


def _row(order: dict[str, Any]) -> Body:
    return body(
        (t.CL_ORD_ID, order["client_order_id"]),
        (t.CUM_QTY, order["cumulative"]),
        (t.ORD_STATUS, STATUSES.get(order["status"], "0")),
        (t.LEAVES_QTY, order["leaves"]),
        (t.CXL_QTY, "0"),
        (t.AVG_PX, order["average_price"] or "0"),
    )


def _refused(asked: Message, text: str, now: TimestampNs) -> Message:
    rows = tuple(
        body(
            (t.CL_ORD_ID, entry.get(t.CL_ORD_ID) or "NONE"),
            (t.CUM_QTY, "0"),
            (t.ORD_STATUS, "8"),
            (t.LEAVES_QTY, "0"),
            (t.CXL_QTY, "0"),
            (t.AVG_PX, "0"),
            (t.ORD_REJ_REASON, "0"),
        )
        for entry in asked.body.entries(t.NO_ORDERS)
    )
    return _status(asked, _REJECTED, rows, now=now, text=text)


def _status(
    asked: Message, state: str, rows: tuple[Body, ...], *, now: TimestampNs, text: str = ""
) -> Message:
    content = body(
        (t.LIST_ID, asked.body.get(t.LIST_ID) or "NONE"),
        (t.LIST_STATUS_TYPE, _ACKNOWLEDGED),
        (t.NO_RPTS, "1"),
        (t.LIST_ORDER_STATUS, state),
        (t.RPT_SEQ, "1"),
        (t.TRANSACT_TIME, told_moment(now)),
        (t.TOT_NO_ORDERS, str(len(rows))),
        (t.NO_ORDERS, rows),
        (t.TEXT, told_text(text)),
    )
    return Message("N", content)


def _fault(tag: int, why: str) -> MessageError:
    return MessageError(f"{tag}: {why}", tag=tag, reason=Reason.VALUE)
