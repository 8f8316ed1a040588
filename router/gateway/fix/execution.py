"""Execution reports and rejected cancels, written of a report's data. Decides nothing.

ExecType says why a report exists, OrdStatus what is true after it. ClOrdID is the order's name now,
with OrigClOrdID where a cancel or a replacement is answered; that of a fill is always the order's.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from router.custody.redaction import redact
from router.domain.units import TimestampNs
from router.gateway.chain import SESSION
from router.gateway.discretion import discreet
from router.gateway.fix import tags as t
from router.gateway.fix.message import Body, Message, body, clean
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import told_moment

Report: TypeAlias = Mapping[str, Any]

NO_ORDER: Final = "NONE"
OF_OURS: Final = "cod."  # requests of the gateway itself: the peer never sent such a name
_CUT_OFF: Final = "CANCEL_ON_DISCONNECT"
_NO_EXECUTION: Final = "0"
_RESTATED: Final = "D"  # what became of a request of somebody else's for other terms, or a cancel
_OTHERS: Final = frozenset({"replaced", "cancel_rejected", "replace_rejected"})
_BY_THE_BROKER: Final = "4"
_TEXT_MAX: Final = 500
_STATUS: Final = "status"
_EXEC_TYPES: Final[Mapping[str, str]] = {
    "pending_new": "A",
    "new": "0",
    "trade": "F",
    "pending_cancel": "6",
    "canceled": "4",
    "pending_replace": "E",
    "replaced": "5",
    "rejected": "8",
    "expired": "C",
    "trade_cancel": "H",
    "trade_correct": "G",
    _STATUS: "I",
}
STATUSES: Final[Mapping[str, str]] = {
    "pending_new": "A",
    "new": "0",
    "partially_filled": "1",
    "filled": "2",
    "canceled": "4",
    "pending_cancel": "6",
    "rejected": "8",
    "expired": "C",
    "pending_replace": "E",
}
_TRANSACTIONS: Final[Mapping[str, str]] = {"trade_cancel": "1", "trade_correct": "2", _STATUS: "3"}
_REFUSALS: Final[Mapping[str, str]] = {"cancel_rejected": "1", "replace_rejected": "2"}
SIDES: Final[Mapping[str, str]] = {"buy": "1", "sell": "2"}
_TIMES_IN_FORCE: Final[Mapping[str, str]] = {"ioc": "3", "fok": "4", "deadline": "6"}


class OrderReject:
    """OrdRejReason(103)."""

    BROKER: Final = "0"
    UNKNOWN_SYMBOL: Final = "1"
    CLOSED: Final = "2"
    EXCEEDS_LIMIT: Final = "3"
    TOO_LATE: Final = "4"
    UNKNOWN_ORDER: Final = "5"
    DUPLICATE: Final = "6"
    STALE: Final = "8"
    UNSUPPORTED: Final = "11"
    QUANTITY: Final = "13"
    ACCOUNT: Final = "15"
    OTHER: Final = "99"


class CancelReject:
    """CxlRejReason(102)."""

    TOO_LATE: Final = "0"
    UNKNOWN_ORDER: Final = "1"
    BROKER: Final = "2"
    PENDING: Final = "3"
    DUPLICATE: Final = "6"
    OTHER: Final = "99"


_CONTROLS: Final[Mapping[str, str]] = {
    "C01": OrderReject.EXCEEDS_LIMIT,
    "C02": OrderReject.EXCEEDS_LIMIT,
    "C03": OrderReject.EXCEEDS_LIMIT,
    "C04": OrderReject.EXCEEDS_LIMIT,
    "C05": OrderReject.EXCEEDS_LIMIT,
    "C06": OrderReject.EXCEEDS_LIMIT,
    "C07": OrderReject.EXCEEDS_LIMIT,
    "C14": OrderReject.STALE,
    "C15": OrderReject.UNSUPPORTED,
    "C17": OrderReject.EXCEEDS_LIMIT,
    "C18": OrderReject.CLOSED,
}
_WHY_NOT: Final[Mapping[str, str]] = {
    "too_late": CancelReject.TOO_LATE,
    "pending": CancelReject.PENDING,
}


def reported(report: Report, peer: Peer) -> tuple[Message, ...]:
    """Return the messages that tell a peer of a report: one, or none of what it did not ask."""
    if report["kind"] in _REFUSALS and _is_answer(report):
        return (cancel_rejected(report, peer),)
    if report["kind"] in _REFUSALS and not report["was_pending"]:
        return ()
    return (execution_report(report, peer),)


def execution_report(report: Report, peer: Peer, *extra: tuple[int, str | None]) -> Message:
    """Return the ExecutionReport of a report.

    Parameters
    ----------
    extra : pairs of tag and text
        What else it has to say, as an answer to a request for status.
    """
    kind = report["kind"]
    is_answer = _is_answer(report)
    fill = report["fill"] or {}
    content = body(
        (t.ORDER_ID, report["order"]),
        (t.SECONDARY_ORDER_ID, report["child"]),
        (t.CL_ORD_ID, report["request"] if is_answer else report["client_order_id"]),
        (t.ORIG_CL_ORD_ID, report["original_client_order_id"] if is_answer else None),
        (t.EXEC_ID, report["exec_id"]),
        (t.EXEC_REF_ID, report["voided_exec_id"]),
        *_types(report, peer, is_answer=is_answer),
        (t.ORD_STATUS, STATUSES[report["status"]]),
        (t.ORD_REJ_REASON, _order_reject(report, peer) if kind == "rejected" else None),
        *_terms(report),
        (t.LAST_QTY, fill.get("quantity")),
        (t.LAST_PX, fill.get("price")),
        (t.LAST_MKT, report["venue"] if fill else None),
        (t.LEAVES_QTY, report["leaves"]),
        (t.CUM_QTY, report["filled_base"]),
        (t.AVG_PX, report["average_price"] or "0"),
        (t.TRANSACT_TIME, told_moment(TimestampNs(int(report["at"])))),
        (t.TEXT, _text(report)),
        *_cash(report, fill),
        *(_later(report, fill, peer) if peer.dialect.has_parties else ()),
        *extra,
    )
    return Message("8", content)


def cancel_rejected(report: Report, peer: Peer) -> Message:
    """Return the OrderCancelReject of a report."""
    reason = _WHY_NOT.get(report["code"] or "", CancelReject.OTHER)
    content = body(
        (t.ORDER_ID, report["order"]),
        (t.CL_ORD_ID, report["request"]),
        (t.ORIG_CL_ORD_ID, report["original_client_order_id"]),
        (t.ORD_STATUS, STATUSES[report["status"]]),
        (t.ACCOUNT, report["account"] or None),
        (t.TRANSACT_TIME, told_moment(TimestampNs(int(report["at"])))),
        (t.CXL_REJ_RESPONSE_TO, _REFUSALS[report["kind"]]),
        (t.CXL_REJ_REASON, peer.dialect.cancel_reject(reason)),
        (t.TEXT, _text(report)),
    )
    return Message("9", content)


def order_refused(asked: Body, peer: Peer, *, reason: str, text: str, now: TimestampNs) -> Message:
    """Return the ExecutionReport of an order that was never taken."""
    name = asked.get(t.CL_ORD_ID) or NO_ORDER
    whose = f"{peer.session}\n{name}\n{now}"
    content = body(
        (t.ORDER_ID, NO_ORDER),
        (t.CL_ORD_ID, name),
        (t.EXEC_ID, hashlib.sha256(whose.encode()).hexdigest()[:20]),
        *(() if peer.dialect.has_trades else ((t.EXEC_TRANS_TYPE, "0"),)),
        (t.EXEC_TYPE, "8"),
        (t.ORD_STATUS, "8"),
        (t.ORD_REJ_REASON, peer.dialect.order_reject(reason)),
        (t.ACCOUNT, asked.get(t.ACCOUNT)),
        (t.SYMBOL, asked.get(t.SYMBOL) or NO_ORDER),
        (t.SIDE, asked.get(t.SIDE) or "1"),
        (t.ORDER_QTY, asked.get(t.ORDER_QTY)),
        (t.CASH_ORDER_QTY, asked.get(t.CASH_ORDER_QTY)),
        (t.ORD_TYPE, asked.get(t.ORD_TYPE)),
        (t.PRICE, asked.get(t.PRICE)),
        *_nothing_done(now),
        (t.TEXT, told_text(text)),
    )
    return Message("8", content)


def order_unknown(asked: Body, peer: Peer, *, now: TimestampNs) -> Message:
    """Return the answer to a request for the status of an order that there is not."""
    content = body(
        (t.ORDER_ID, NO_ORDER),
        (t.CL_ORD_ID, asked.get(t.CL_ORD_ID)),
        (t.EXEC_ID, _NO_EXECUTION),
        *(() if peer.dialect.has_trades else ((t.EXEC_TRANS_TYPE, "3"),)),
        (t.EXEC_TYPE, "I" if peer.dialect.has_trades else "8"),
        (t.ORD_STATUS, "8"),
        (t.ORD_REJ_REASON, OrderReject.UNKNOWN_ORDER),
        (t.SYMBOL, asked.get(t.SYMBOL) or NO_ORDER),
        (t.SIDE, asked.get(t.SIDE) or "1"),
        *_nothing_done(now),
        (t.TEXT, "there is no such order"),
        (t.ORD_STATUS_REQ_ID, asked.get(t.ORD_STATUS_REQ_ID) if peer.dialect.has_trades else None),
    )
    return Message("8", content)


def request_refused(
    asked: Message,
    peer: Peer,
    *,
    reason: str,
    text: str,
    now: TimestampNs,
    order: str = NO_ORDER,
    original: str | None = None,
    status: str = "rejected",
) -> Message:
    """Return the OrderCancelReject of a request that was never taken.

    Parameters
    ----------
    original : str | None
        The order's name now, where there is such an order.
    """
    content = body(
        (t.ORDER_ID, order),
        (t.CL_ORD_ID, asked.body.get(t.CL_ORD_ID) or NO_ORDER),
        (t.ORIG_CL_ORD_ID, original or asked.body.get(t.ORIG_CL_ORD_ID) or NO_ORDER),
        (t.ORD_STATUS, STATUSES[status]),
        (t.TRANSACT_TIME, told_moment(now)),
        (t.CXL_REJ_RESPONSE_TO, "2" if asked.kind == "G" else "1"),
        (t.CXL_REJ_REASON, peer.dialect.cancel_reject(reason)),
        (t.TEXT, told_text(text)),
    )
    return Message("9", content)


def told_text(text: str) -> str | None:
    """Return a reason as Text(58) has it: discreet, since no session is one of the whole desk."""
    return plain_text(discreet(text))


def plain_text(text: str) -> str | None:
    """Return a text for people as fields have it, without secrets; None where there is none."""
    return clean(redact(text))[:_TEXT_MAX] or None if text else None


# To a cancel or a replacement of a session's; what others asked for, the peer never heard of.
def _is_answer(report: Report) -> bool:
    if report["request"] is None or _is_of_ours(report):
        return False
    return str(report["asked_by"] or "").startswith(SESSION)


def _is_of_ours(report: Report) -> bool:
    return (report["request"] or "").startswith(OF_OURS)


def _nothing_done(now: TimestampNs) -> tuple[tuple[int, str], ...]:
    return (
        (t.LEAVES_QTY, "0"),
        (t.CUM_QTY, "0"),
        (t.AVG_PX, "0"),
        (t.TRANSACT_TIME, told_moment(now)),
    )


def _types(report: Report, peer: Peer, *, is_answer: bool) -> tuple[tuple[int, str], ...]:
    kind = report["kind"]
    if kind in _OTHERS and not is_answer:
        restated = ((t.EXEC_TYPE, _RESTATED), (t.EXEC_RESTATEMENT_REASON, _BY_THE_BROKER))
        return restated if peer.dialect.has_trades else ((t.EXEC_TRANS_TYPE, "0"), *restated)
    if peer.dialect.has_trades:
        return ((t.EXEC_TYPE, _EXEC_TYPES[kind]),)
    transaction = _TRANSACTIONS.get(kind, "0")
    if kind == "trade":
        return ((t.EXEC_TRANS_TYPE, transaction), (t.EXEC_TYPE, "2" if _is_full(report) else "1"))
    is_state = transaction != "0"
    exec_type = STATUSES[report["status"]] if is_state else _EXEC_TYPES[kind]
    return ((t.EXEC_TRANS_TYPE, transaction), (t.EXEC_TYPE, exec_type))


def _is_full(report: Report) -> bool:
    in_base = report["quantity_asset"] == report["base"]
    done = report["filled_base"] if in_base else report["filled_quote"]
    return Decimal(done) >= Decimal(report["quantity"])


def _terms(report: Report) -> tuple[tuple[int, str | None], ...]:
    in_base = report["quantity_asset"] == report["base"]
    persistence, price = report["time_in_force"], report["limit_price"]
    deadline = told_moment(TimestampNs(int(report["deadline_at"])))
    return (
        (t.ACCOUNT, report["account"] or None),
        (t.SYMBOL, f"{report['base']}/{report['quote']}"),
        (t.SIDE, SIDES[report["side"]]),
        (t.ORDER_QTY if in_base else t.CASH_ORDER_QTY, report["quantity"]),
        (t.ORD_TYPE, "1" if price is None else "2"),
        (t.PRICE, price),
        (t.TIME_IN_FORCE, _TIMES_IN_FORCE[persistence]),
        (t.EXPIRE_TIME, deadline if persistence == "deadline" else None),
        (t.LIST_ID, report["basket"]),
    )


# Of an order for cash, what is left and was asked for is cash; what has filled is the base asset.
def _cash(report: Report, fill: Mapping[str, Any]) -> tuple[tuple[int, str | None], ...]:
    in_base = report["quantity_asset"] == report["base"]
    return (
        (t.CUM_CASH, report["filled_quote"]),
        (t.LEAVES_CASH, None if in_base else report["leaves"]),
        (t.LAST_CASH, fill.get("notional")),
        (t.REJECT_CODE, report["code"]),
    )


# What FIX.4.2 has no fields for.
def _later(
    report: Report, fill: Mapping[str, Any], peer: Peer
) -> tuple[tuple[int, str | tuple[Body, ...] | None], ...]:
    fee, adds = fill.get("fee"), report["adds_liquidity"]
    paid = (
        (t.MISC_FEE_AMT, fee),
        (t.MISC_FEE_CURR, fill.get("fee_asset")),
        (t.MISC_FEE_TYPE, "4"),
    )
    sender = (
        (t.PARTY_ID, _person(report["by"], peer)),
        (t.PARTY_ID_SOURCE, "D"),
        (t.PARTY_ROLE, "11"),
    )
    return (
        (t.NO_PARTY_IDS, (body(*sender),) if report["by"] else None),
        (t.SECONDARY_EXEC_ID, fill.get("id")),
        (t.LAST_LIQUIDITY_IND, None if adds is None or not fill else "1" if adds else "2"),
        (t.COPY_MSG_INDICATOR, "Y" if peer.kind == "drop-copy" else None),
        (t.NO_MISC_FEES, None if fee in {None, "0"} else (body(*paid),)),
    )


# A session's own people are told by their own names.
def _person(by: str, peer: Peer) -> str:
    return by.removeprefix(f"{SESSION}{peer.session}.") or by


def _order_reject(report: Report, peer: Peer) -> str:
    control = (report["code"] or "").partition("-")[0]
    return peer.dialect.order_reject(_CONTROLS.get(control, OrderReject.BROKER))


def _text(report: Report) -> str | None:
    code, text = report["code"], report["text"]
    if _is_of_ours(report):
        return _CUT_OFF
    return told_text(f"{code}: {text}" if code and report["kind"] == "rejected" else text)
