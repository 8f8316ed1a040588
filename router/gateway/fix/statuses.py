"""Requests for the status of one order, and of all that are open."""

from collections.abc import Generator
from typing import Any, Final

from router.domain.units import TimestampNs
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import Reason, business_reject, failed, unread
from router.gateway.fix.execution import NO_ORDER, Report, execution_report, order_unknown
from router.gateway.fix.message import Message, MessageError, body
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import pair_of, required, told_moment
from router.gateway.link import Code, LinkError

_BY_SECURITY: Final = "1"
_ALL: Final = "7"
_PAGES_MAX: Final = 100
_NOTHING_OPEN: Final = "no open orders"


def order_status(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Tell where an order stands, by any name it has had, or by ours."""
    names = (asked.body.get(t.CL_ORD_ID), asked.body.get(t.ORDER_ID))
    try:
        for name in (name for name in names if name):
            found = yield Ask("find", {"client": peer.client, "name": name})
            order = name if found["order"] is None else found["order"]["order"]
            report = yield from _standing(order, peer)
            if report is not None:
                extra = asked.body.get(t.ORD_STATUS_REQ_ID) if peer.dialect.has_parties else None
                return (execution_report(report, peer, (t.ORD_STATUS_REQ_ID, extra)),)
    except LinkError as error:
        return (failed(asked, error),)
    return (order_unknown(asked.body, peer, now=now),)


def mass_status(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Tell where all open orders stand: of the session's accounts, or of one pair among them."""
    kind = asked.body.get(t.MASS_STATUS_REQ_TYPE)
    if kind not in {_ALL, _BY_SECURITY}:
        text = "585: must be 7 (all orders) or 1 (of a symbol)"
        return (business_reject(asked, Reason.UNSUPPORTED, text),)
    try:
        name = required(asked.body, t.MASS_STATUS_REQ_ID)
        wanted = dict(peer.scope)
        if kind == _BY_SECURITY:
            wanted["base"], wanted["quote"] = pair_of(required(asked.body, t.SYMBOL), t.SYMBOL)
        orders = yield from _open_orders(wanted)
        reports: list[Report] = []
        for order in orders:
            report = yield from _standing(order, peer)
            reports.extend(() if report is None else (report,))
    except MessageError as error:
        return (unread(asked, error),)
    except LinkError as error:
        return (failed(asked, error),)
    if not reports:
        return (_nothing(asked, name, now),)
    return tuple(
        execution_report(report, peer, *_counted(name, place, len(reports)))
        for place, report in enumerate(reports, 1)
    )


def _standing(order: str, peer: Peer) -> Generator[Ask, Any, Report | None]:
    try:
        report: Report = yield Ask("last_report", {"order": order, "client": peer.client})
    except LinkError as error:
        if error.code == Code.UNKNOWN:
            return None
        raise
    return report if peer.may_see(report["account"]) else None


def _open_orders(wanted: dict[str, object]) -> Generator[Ask, Any, list[str]]:
    found: list[str] = []
    after: dict[str, object] = {}
    for _ in range(_PAGES_MAX):
        page = yield Ask("orders", {**wanted, **after})
        found.extend(order["order"] for order in page["orders"])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    return found


def _counted(name: str, place: int, count: int) -> tuple[tuple[int, str | None], ...]:
    return (
        (t.MASS_STATUS_REQ_ID, name),
        (t.TOT_NUM_REPORTS, str(count)),
        (t.LAST_RPT_REQUESTED, "Y" if place == count else "N"),
    )


def _nothing(asked: Message, name: str, now: TimestampNs) -> Message:
    content = body(
        (t.ORDER_ID, NO_ORDER),
        (t.EXEC_ID, "0"),
        (t.EXEC_TYPE, "I"),
        (t.ORD_STATUS, "8"),
        (t.ORD_REJ_REASON, "99"),
        (t.SYMBOL, asked.body.get(t.SYMBOL) or NO_ORDER),
        (t.SIDE, asked.body.get(t.SIDE) or "1"),
        (t.LEAVES_QTY, "0"),
        (t.CUM_QTY, "0"),
        (t.AVG_PX, "0"),
        (t.TRANSACT_TIME, told_moment(now)),
        (t.TEXT, _NOTHING_OPEN),
        (t.MASS_STATUS_REQ_ID, name),
        (t.TOT_NUM_REPORTS, "0"),
        (t.LAST_RPT_REQUESTED, "Y"),
    )
    return Message("8", content)
