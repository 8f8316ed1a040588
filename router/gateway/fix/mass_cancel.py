"""OrderMassCancelRequest: all open orders of the session's accounts, or of a pair and a side."""

from collections.abc import Mapping
from typing import Final

from router.domain.units import TimestampNs
from router.gateway.chain import SESSION_OF_MANY
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import UNDONE, failed
from router.gateway.fix.execution import told_text
from router.gateway.fix.message import Message, MessageError, body
from router.gateway.fix.order_fields import account_of, asker_of, name_of, side_of
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import pair_of, required, told_moment
from router.gateway.link import LinkError

_BY_SECURITY: Final = "1"
_ALL: Final = "7"
_UNSUPPORTED: Final = "0"
_OTHER: Final = "99"


def mass_cancel(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Cancel many orders; each tells by its own report what becomes of it."""
    if asked.body.get(t.MASS_CANCEL_REQUEST_TYPE) not in {_ALL, _BY_SECURITY}:
        text = "530: must be 7 (all orders) or 1 (of a symbol)"
        return (_refused(asked, peer, reason=_UNSUPPORTED, text=text, now=now),)
    try:
        answer = yield Ask("mass_cancel", _wanted(asked, peer))
    except MessageError as error:
        return (_refused(asked, peer, reason=_OTHER, text=str(error), now=now),)
    except LinkError as error:
        if error.code in UNDONE:
            return (failed(asked, error),)
        text = f"{error.code.upper()}: {error}"
        return (_refused(asked, peer, reason=_OTHER, text=text, now=now),)
    kind = asked.body.get(t.MASS_CANCEL_REQUEST_TYPE)
    count = str(len(answer["affected"]))
    result = (
        (t.MASS_CANCEL_RESPONSE, kind),
        (t.TOTAL_AFFECTED_ORDERS, count),
        (t.TEXT, _left_alone(len(answer["refused"]))),
    )
    return (_report(asked, peer, result, now=now),)


# An order takes one request at a time: who asked for its end must know that it goes on.
def _left_alone(count: int) -> str | None:
    return f"{count} not cancelled: a request is under way; ask again" if count else None


def _wanted(asked: Message, peer: Peer) -> Mapping[str, object]:
    wanted = {
        **peer.scope,
        "request": name_of(asked.body),
        "by": asker_of(asked.body, peer, by=SESSION_OF_MANY),
    }
    if asked.body.get(t.ACCOUNT) is not None:
        wanted["accounts"] = [account_of(asked.body, peer)]
    if asked.body.get(t.MASS_CANCEL_REQUEST_TYPE) == _BY_SECURITY:
        wanted["base"], wanted["quote"] = pair_of(required(asked.body, t.SYMBOL), t.SYMBOL)
    if asked.body.get(t.SIDE) is not None:
        wanted["side"] = side_of(asked.body)
    return wanted


def _refused(asked: Message, peer: Peer, *, reason: str, text: str, now: TimestampNs) -> Message:
    result = (
        (t.MASS_CANCEL_RESPONSE, "0"),
        (t.MASS_CANCEL_REJECT_REASON, reason),
        (t.TEXT, told_text(text)),
    )
    return _report(asked, peer, result, now=now)


def _report(
    asked: Message, peer: Peer, result: tuple[tuple[int, str | None], ...], *, now: TimestampNs
) -> Message:
    name, kind = asked.body.get(t.CL_ORD_ID), asked.body.get(t.MASS_CANCEL_REQUEST_TYPE)
    content = body(
        (t.CL_ORD_ID, name),
        (t.ORDER_ID, name or "NONE"),
        (t.MASS_ACTION_REPORT_ID, name if peer.dialect.has_mass_reports else None),
        (t.MASS_CANCEL_REQUEST_TYPE, kind if kind in {_ALL, _BY_SECURITY} else _ALL),
        *result,
        (t.SYMBOL, asked.body.get(t.SYMBOL)),
        (t.SIDE, asked.body.get(t.SIDE)),
        (t.TRANSACT_TIME, told_moment(now)),
    )
    return Message("r", content)
