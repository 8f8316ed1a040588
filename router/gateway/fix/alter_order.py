"""OrderCancelRequest and OrderCancelReplaceRequest of orders by their names.

A cancel may name the order by any name it has had; a replacement by the one it has now. What the
daemon takes to its record, refused or not, is told by a report; what never gets there, here.
"""

from collections.abc import Generator, Mapping
from typing import Any, Final

from router.domain.units import TimestampNs
from router.gateway.fix import tags as t
from router.gateway.fix.asks import AS_IT_IS, Ask, Conversation
from router.gateway.fix.business import UNDONE, failed
from router.gateway.fix.execution import CancelReject, Report, execution_report, request_refused
from router.gateway.fix.message import Body, Message, MessageError, Reason
from router.gateway.fix.new_order import is_sent_again
from router.gateway.fix.order_fields import (
    AT_ONCE,
    asker_of,
    ending,
    name_of,
    refuse_unsupported,
    seconds,
    side_of,
    venues_of,
)
from router.gateway.fix.parameters import algo_of, parameters_of
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import pair_of, positive, required
from router.gateway.link import Code, LinkError

_CANCEL: Final = "F"
_ROLES: Final[Mapping[str, str]] = {"F": "cancel", "G": "amend"}
_CODES: Final[Mapping[str, str]] = {
    Code.UNKNOWN: CancelReject.UNKNOWN_ORDER,
    Code.TOO_LATE: CancelReject.TOO_LATE,
    Code.PENDING: CancelReject.PENDING,
    Code.DUPLICATE: CancelReject.DUPLICATE,
    Code.INVALID: CancelReject.OTHER,
    Code.REFUSED: CancelReject.OTHER,
}
_CHANGEABLE: Final = frozenset({"slippage_max_bps"})
_AT_ONCE: Final = "0"
_DATED: Final = "deadline"
_LIMIT: Final = "2"


class _UnfitError(Exception):
    """A request that is refused here, and why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def alter_order(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Cancel an order or give it other terms; what becomes of it, the reports tell."""
    report: Report | None = None
    try:
        name, original = name_of(asked.body), required(asked.body, t.ORIG_CL_ORD_ID)
        found = yield Ask("find", {"client": peer.client, "name": original})
        report = yield from _standing(found, peer, at_once=True)
        used = yield Ask("find", {"client": peer.client, "name": name})
        if _is_repeated(asked, used, report):
            report = yield from _standing(found, peer, at_once=False)
            return (execution_report(report, peer),)
        _check(asked, found, used=used, report=report)
        yield _ask(asked, peer, report=report, now=now)
    except _UnfitError as error:
        return (_refused(asked, peer, report, reason=error.reason, text=str(error), now=now),)
    except MessageError as error:
        other = CancelReject.OTHER
        return (_refused(asked, peer, report, reason=other, text=str(error), now=now),)
    except LinkError as error:
        if error.code in UNDONE:
            return (failed(asked, error),)
        reason = _CODES.get(error.code, CancelReject.BROKER)
        text = f"{error.code.upper()}: {error}"
        return (_refused(asked, peer, report, reason=reason, text=text, now=now),)
    return ()


# At once where it is only looked at: a cancel waits for no file, and for no report that comes late.
def _standing(
    found: Mapping[str, Any], peer: Peer, *, at_once: bool
) -> Generator[Ask, Any, Report]:
    unknown = _UnfitError(CancelReject.UNKNOWN_ORDER, "there is no such order")
    if found["order"] is None or found["role"] == "cancel":
        raise unknown
    asked = {"order": found["order"]["order"], "client": peer.client}
    report: Report = yield Ask("last_report", asked | ({AS_IT_IS: True} if at_once else {}))
    if not peer.may_see(report["account"]):
        raise unknown
    return report


def _is_repeated(asked: Message, used: Mapping[str, Any], report: Report) -> bool:
    if used["order"] is None or not is_sent_again(asked):
        return False
    is_same = used["order"]["order"] == report["order"]
    return bool(is_same and used["role"] == _ROLES[asked.kind])


def _check(
    asked: Message, found: Mapping[str, Any], *, used: Mapping[str, Any], report: Report
) -> None:
    if used["order"] is not None:
        raise _UnfitError(CancelReject.DUPLICATE, "11: is used already; choose another")
    if found["role"] == "amend" and found["outcome"] == "refused":
        raise _UnfitError(
            CancelReject.UNKNOWN_ORDER, "41: names a replacement that was refused; name the order"
        )
    if (report["base"], report["quote"]) != pair_of(required(asked.body, t.SYMBOL), t.SYMBOL):
        raise _UnfitError(CancelReject.OTHER, "55: is not the order's; a cancel repeats it")
    if report["side"] != side_of(asked.body):
        raise _UnfitError(CancelReject.OTHER, "54: is not the order's; a cancel repeats it")
    if asked.body.get(t.ACCOUNT) not in {None, report["account"]}:
        raise _UnfitError(CancelReject.OTHER, "1: is not the order's; it cannot be changed")
    if asked.kind != _CANCEL:
        _check_name(asked.body.get(t.ORIG_CL_ORD_ID), found, report)
        _check_venues(asked.body, found)


def _check_name(original: str | None, found: Mapping[str, Any], report: Report) -> None:
    if original == report["client_order_id"]:
        return
    if found["outcome"] == "pending":
        raise _UnfitError(CancelReject.PENDING, "41: is under way; one request is taken at a time")
    raise _UnfitError(
        CancelReject.UNKNOWN_ORDER, "41: was replaced; name the last replacement that holds"
    )


def _check_venues(body: Body, found: Mapping[str, Any]) -> None:
    is_said = body.get(t.EX_DESTINATION) is not None
    if is_said and set(venues_of(body)) != set(found["order"]["venues"]):
        raise _UnfitError(CancelReject.OTHER, "100: cannot be changed; repeat it or leave it out")


def _ask(asked: Message, peer: Peer, *, report: Report, now: TimestampNs) -> Ask:
    common = {
        "order": report["order"],
        "client": peer.client,
        "request": asked.body.get(t.CL_ORD_ID),
        "by": asker_of(asked.body, peer),
        "wait_s": _AT_ONCE,
    }
    if asked.kind == _CANCEL:
        return Ask("cancel", common)
    return Ask("amend", {**common, "terms": _terms(asked, peer, report=report, now=now)})


def _terms(asked: Message, peer: Peer, *, report: Report, now: TimestampNs) -> dict[str, str]:
    refuse_unsupported(asked.body)
    _check_unchanged(asked.body, report)
    terms = {**_quantity(asked, report), **_price(asked, report), **_parameters(asked)}
    body = asked.body
    if body.get(t.EXPIRE_TIME) is not None or body.get(t.EXPIRE_DATE) is not None:
        terms["deadline_s"] = seconds(ending(body, peer, now, persistence="6") - now)
    return terms


# What it repeats of the order has to be the order's.
def _check_unchanged(body: Body, report: Report) -> None:
    persistence = body.get(t.TIME_IN_FORCE)
    held = report["time_in_force"]
    if persistence is not None and AT_ONCE.get(persistence, _DATED) != held:
        raise _UnfitError(CancelReject.OTHER, "59: cannot be changed; repeat it or leave it out")
    algo = algo_of(body)
    if algo is not None and algo != report["algo"]:
        raise _UnfitError(CancelReject.OTHER, "847: cannot be changed; repeat it or leave it out")


def _quantity(asked: Message, report: Report) -> dict[str, str]:
    in_base = report["quantity_asset"] == report["base"]
    count, cash = asked.body.get(t.ORDER_QTY), asked.body.get(t.CASH_ORDER_QTY)
    if count is not None and asked.body.get(t.CURRENCY) == report["quote"]:
        count, cash = None, count
    if (cash if in_base else count) is not None:
        raise _UnfitError(CancelReject.OTHER, "38: the order's quantity is in another unit")
    given = count if in_base else cash
    if given is None:
        raise MessageError("38: missing; add it", tag=t.ORDER_QTY, reason=Reason.MISSING)
    return {"quantity": positive(given, t.ORDER_QTY)}


def _price(asked: Message, report: Report) -> dict[str, str]:
    if required(asked.body, t.ORD_TYPE) == _LIMIT:
        return {"limit_price": positive(required(asked.body, t.PRICE), t.PRICE)}
    if report["limit_price"] is not None:
        raise _UnfitError(CancelReject.OTHER, "40: a limit order keeps a limit; send 2 and a price")
    return {}


def _parameters(asked: Message) -> dict[str, str]:
    given = parameters_of(asked.body)
    for name in sorted(given.keys() - _CHANGEABLE):
        raise _UnfitError(CancelReject.OTHER, f"{name}: cannot be changed; leave it out")
    return given


def _refused(
    asked: Message,
    peer: Peer,
    report: Report | None,
    *,
    reason: str,
    text: str,
    now: TimestampNs,
) -> Message:
    if report is None:
        return request_refused(asked, peer, reason=reason, text=text, now=now)
    return request_refused(
        asked,
        peer,
        reason=reason,
        text=text,
        now=now,
        order=report["order"],
        original=report["client_order_id"],
        status=report["status"],
    )
