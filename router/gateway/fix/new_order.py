"""NewOrderSingle: an order, once, whatever comes twice.

A ClOrdID stands for one order. Without PossResend a second use is refused and the first order is
not touched; with it, the same order is answered with where it stands, another is refused.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.units import TimestampNs
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import UNDONE, failed
from router.gateway.fix.execution import OrderReject, execution_report, order_refused
from router.gateway.fix.message import Message, MessageError
from router.gateway.fix.order_fields import order_fields
from router.gateway.fix.peer import Peer
from router.gateway.link import Code, LinkError

_TAGS: Final[Mapping[int, str]] = {
    t.SYMBOL: OrderReject.UNKNOWN_SYMBOL,
    t.ORDER_QTY: OrderReject.QUANTITY,
    t.CASH_ORDER_QTY: OrderReject.QUANTITY,
    t.ACCOUNT: OrderReject.ACCOUNT,
    t.EXPIRE_TIME: OrderReject.TOO_LATE,
    t.EXPIRE_DATE: OrderReject.TOO_LATE,
    t.CL_ORD_ID: OrderReject.OTHER,
}
_FIELDS: Final[Mapping[str, str]] = {
    "base": OrderReject.UNKNOWN_SYMBOL,
    "quote": OrderReject.UNKNOWN_SYMBOL,
    "quantity": OrderReject.QUANTITY,
    "account": OrderReject.ACCOUNT,
    "client_order_id": OrderReject.OTHER,
    "quote_id": OrderReject.STALE,
}
_CODES: Final[Mapping[str, str]] = {
    Code.DUPLICATE: OrderReject.DUPLICATE,
    Code.UNKNOWN: OrderReject.STALE,
    Code.STALE: OrderReject.STALE,
    Code.TOO_LATE: OrderReject.STALE,
    Code.REFUSED: OrderReject.EXCEEDS_LIMIT,
}


def new_order(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Submit an order; what becomes of one that is taken, the reports tell."""
    try:
        order = order_fields(asked.body, peer, now)
    except MessageError as error:
        reason = _TAGS.get(error.tag, OrderReject.UNSUPPORTED)
        return (order_refused(asked.body, peer, reason=reason, text=str(error), now=now),)
    on_known = "return" if is_sent_again(asked) else "refuse"
    try:
        answer = yield Ask("submit", {"order": order, "on_known": on_known})
        if answer["is_new"]:
            return ()
        report = yield Ask("last_report", {"order": answer["order"], "client": peer.client})
    except LinkError as error:
        return (refusal(asked, peer, error, now=now),)
    return (execution_report(report, peer),)


def is_sent_again(asked: Message) -> bool:
    """Tell whether the sender says that it may have sent it before."""
    return "Y" in {asked.header.get(t.POSS_RESEND), asked.header.get(t.POSS_DUP)}


def refusal(asked: Message, peer: Peer, error: LinkError, *, now: TimestampNs) -> Message:
    """Return the answer to an order that the daemon did not take, or may have taken."""
    if error.code in UNDONE:
        return failed(asked, error)
    reason = _CODES.get(error.code, OrderReject.OTHER)
    if error.code == Code.INVALID:
        reason = _FIELDS.get(error.field or "", OrderReject.UNSUPPORTED)
    text = f"{error.code.upper()}: {error}"
    return order_refused(asked.body, peer, reason=reason, text=text, now=now)
