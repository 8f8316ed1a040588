"""SecurityListRequest: the pairs that can be traded, and where."""

from collections.abc import Mapping
from typing import Any, Final

from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import failed, unread
from router.gateway.fix.execution import told_text
from router.gateway.fix.message import Body, Message, MessageError, body
from router.gateway.fix.values import required
from router.gateway.link import LinkError

_SYMBOL: Final = "0"
_ALL: Final = "4"
_VALID: Final = "0"
_UNSUPPORTED: Final = "1"
_NONE_FOUND: Final = "2"


def securities(asked: Message) -> Conversation:
    """Tell all pairs, or the one that is named."""
    kind = asked.body.get(t.SECURITY_LIST_REQUEST_TYPE)
    try:
        name = required(asked.body, t.SECURITY_REQ_ID)
        if kind not in {_SYMBOL, _ALL}:
            return (_list(name, _UNSUPPORTED, ()),)
        symbol = required(asked.body, t.SYMBOL) if kind == _SYMBOL else None
        answer = yield Ask("instruments", {})
    except MessageError as error:
        return (unread(asked, error),)
    except LinkError as error:
        return (failed(asked, error),)
    rows = tuple(
        _row(pair, answer["instruments"])
        for pair in answer["pairs"]
        if symbol in {None, _symbol(pair)}
    )
    return (_list(name, _VALID if rows else _NONE_FOUND, rows),)


def _symbol(pair: Mapping[str, Any]) -> str:
    return f"{pair['base']}/{pair['quote']}"


def _row(pair: Mapping[str, Any], instruments: list[Mapping[str, Any]]) -> Body:
    venues = [each["venue"] for each in instruments if _symbol(each) == _symbol(pair)]
    return body(
        (t.SYMBOL, _symbol(pair)),
        (t.CURRENCY, pair["base"]),
        (t.SECURITY_VENUES, told_text(" ".join(dict.fromkeys(venues)))),
    )


def _list(name: str, result: str, rows: tuple[Body, ...]) -> Message:
    content = body(
        (t.SECURITY_REQ_ID, name),
        (t.SECURITY_RESPONSE_ID, name),
        (t.SECURITY_REQUEST_RESULT, result),
        (t.NO_RELATED_SYM, rows or None),
    )
    return Message("y", content)
