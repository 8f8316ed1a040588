"""Refusals of messages as such: at the session's level, and at that of the business."""

from typing import Final

from router.gateway.fix import tags as t
from router.gateway.fix.dialect import Dialect
from router.gateway.fix.execution import told_text
from router.gateway.fix.message import Message, MessageError, body
from router.gateway.link import Code, LinkError


class Reason:
    """BusinessRejectReason(380)."""

    OTHER: Final = "0"
    UNKNOWN_ID: Final = "1"
    UNKNOWN_SECURITY: Final = "2"
    UNSUPPORTED: Final = "3"
    NOT_AVAILABLE: Final = "4"
    MISSING: Final = "5"
    NOT_AUTHORISED: Final = "6"


UNDONE: Final = frozenset({Code.AWAY, Code.INTERNAL})  # nobody can say whether it was done
_REASON_MAX_42: Final = 11
_NAMES: Final = (
    *(t.CL_ORD_ID, t.QUOTE_REQ_ID, t.MD_REQ_ID, t.POS_REQ_ID, t.SECURITY_REQ_ID),
    *(t.MASS_STATUS_REQ_ID, t.LIST_ID),
)


def business_reject(asked: Message, reason: str, text: str) -> Message:
    """Return a BusinessMessageReject, naming what was asked by its own name."""
    named = next((asked.body.get(tag) for tag in _NAMES if asked.body.get(tag)), None)
    content = body(
        (t.REF_SEQ_NUM, asked.header.get(t.MSG_SEQ_NUM)),
        (t.REF_MSG_TYPE, asked.kind),
        (t.BUSINESS_REJECT_REF_ID, named),
        (t.BUSINESS_REJECT_REASON, reason),
        (t.TEXT, told_text(text)),
    )
    return Message("j", content)


def failed(asked: Message, error: LinkError) -> Message:
    """Return the answer where the daemon did not answer, or could not."""
    reasons = {Code.UNKNOWN: Reason.UNKNOWN_ID, Code.INVALID: Reason.OTHER}
    reason = reasons.get(error.code, Reason.NOT_AVAILABLE)
    return business_reject(asked, reason, f"{error.code.upper()}: {error}")


def unread(asked: Message, error: MessageError) -> Message:
    """Return the answer to a message of which a field means nothing."""
    return business_reject(asked, Reason.MISSING, str(error))


def session_reject(
    error: MessageError, dialect: Dialect, *, sequence: str, kind: str | None = None
) -> Message:
    """Return the session's Reject of a text that could not be read."""
    is_known = dialect.has_parties or error.reason <= _REASON_MAX_42
    content = body(
        (t.REF_SEQ_NUM, sequence),
        (t.REF_TAG_ID, str(error.tag) if error.tag else None),
        (t.REF_MSG_TYPE, kind),
        (t.SESSION_REJECT_REASON, str(error.reason) if is_known else None),
        (t.TEXT, told_text(str(error))),
    )
    return Message("3", content)
