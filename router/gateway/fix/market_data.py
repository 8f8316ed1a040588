"""MarketDataRequest: what all markets of a pair can give together, once or again and again.

Snapshots only: each tells the whole book, so that a slow reader loses moments and nothing else.
"""

from collections.abc import Mapping
from typing import Any, Final

from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation, Follow, Output, Unfollow
from router.gateway.fix.business import UNDONE, failed
from router.gateway.fix.execution import told_text
from router.gateway.fix.message import Body, Message, MessageError, Reason, body
from router.gateway.fix.values import pair_of, required, whole
from router.gateway.link import Code, LinkError

_SNAPSHOT: Final = "0"
_SUBSCRIBE: Final = "1"
_UNSUBSCRIBE: Final = "2"
_SIDES: Final[Mapping[str, str]] = {"0": "bids", "1": "asks"}
_DEPTH_MAX: Final = 15
_SYMBOLS_MAX: Final = 16
_EVERY_MS: Final = 500

_UNKNOWN_SYMBOL: Final = "0"
_NO_BANDWIDTH: Final = "2"
_UNKNOWN_KIND: Final = "4"
_UNKNOWN_DEPTH: Final = "5"
_UNKNOWN_UPDATES: Final = "6"
_UNKNOWN_ENTRIES: Final = "8"
_TAGS: Final[Mapping[int, str]] = {
    t.SYMBOL: _UNKNOWN_SYMBOL,
    t.NO_RELATED_SYM: _UNKNOWN_SYMBOL,
    t.SUBSCRIPTION_REQUEST_TYPE: _UNKNOWN_KIND,
    t.MARKET_DEPTH: _UNKNOWN_DEPTH,
    t.MD_UPDATE_TYPE: _UNKNOWN_UPDATES,
    t.MD_ENTRY_TYPE: _UNKNOWN_ENTRIES,
}


def market_data(asked: Message) -> Conversation:
    """Tell a book once, begin to tell it, or end that."""
    try:
        name, kind, depth, pairs = _understood(asked.body)
    except MessageError as error:
        return (_refused(asked, _TAGS.get(error.tag, _UNKNOWN_KIND), str(error)),)
    if kind == _UNSUBSCRIBE:
        return tuple(Unfollow(_key(name, pair)) for pair in pairs)
    wanted = frozenset(
        entry.get(t.MD_ENTRY_TYPE) or "" for entry in asked.body.entries(t.NO_MD_ENTRY_TYPES)
    )
    told: list[Output] = []
    for pair in pairs:
        fields = {"base": pair[0], "quote": pair[1], "depth": depth}
        try:
            book = yield Ask("book", fields)
        except LinkError as error:
            return (_failed(asked, error),)
        if kind == _SNAPSHOT:
            told.append(_snapshot(name, book, wanted))
            continue
        told.append(
            Follow(
                _key(name, pair),
                "book",
                {**fields, "every_ms": _EVERY_MS},
                lambda event: (_snapshot(name, event, wanted),),
                lambda why: (_refused(asked, _NO_BANDWIDTH, why),),
            )
        )
    return tuple(told)


def _understood(content: Body) -> tuple[str, str, int, list[tuple[str, str]]]:
    name = required(content, t.MD_REQ_ID)
    kind = required(content, t.SUBSCRIPTION_REQUEST_TYPE)
    if kind not in {_SNAPSHOT, _SUBSCRIBE, _UNSUBSCRIBE}:
        raise _fault(t.SUBSCRIPTION_REQUEST_TYPE, "must be 0, 1 or 2")
    depth = whole(required(content, t.MARKET_DEPTH), t.MARKET_DEPTH)
    if content.get(t.MD_UPDATE_TYPE) not in {None, "0"}:
        raise _fault(t.MD_UPDATE_TYPE, "must be 0: whole books are told")
    for entry in content.entries(t.NO_MD_ENTRY_TYPES):
        if entry.get(t.MD_ENTRY_TYPE) not in _SIDES:
            raise _fault(t.MD_ENTRY_TYPE, "must be 0 (bid) or 1 (offer)")
    symbols = content.entries(t.NO_RELATED_SYM)
    if not 0 < len(symbols) <= _SYMBOLS_MAX:
        raise _fault(t.NO_RELATED_SYM, f"must be 1 to {_SYMBOLS_MAX} symbols")
    pairs = [pair_of(required(entry, t.SYMBOL), t.SYMBOL) for entry in symbols]
    return name, kind, min(depth or _DEPTH_MAX, _DEPTH_MAX), pairs


def _key(name: str, pair: tuple[str, str]) -> str:
    return f"{name} {pair[0]}/{pair[1]}"


def _snapshot(name: str, book: Mapping[str, Any], wanted: frozenset[str]) -> Message:
    entries = tuple(
        body(
            (t.MD_ENTRY_TYPE, kind),
            (t.MD_ENTRY_PX, level["price"]),
            (t.MD_ENTRY_SIZE, level["quantity"]),
            (t.MD_ENTRY_POSITION_NO, str(place)),
            (t.ENTRY_VENUE, told_text(" ".join(level["sources"]))),
        )
        for kind, side in _SIDES.items()
        if kind in wanted
        for place, level in enumerate(book[side], 1)
    )
    content = body(
        (t.MD_REQ_ID, name),
        (t.SYMBOL, f"{book['base']}/{book['quote']}"),
        (t.NO_MD_ENTRIES, entries),
    )
    return Message("W", content)


def _failed(asked: Message, error: LinkError) -> Message:
    if error.code in UNDONE:
        return failed(asked, error)
    is_unknown = error.code in {Code.INVALID, Code.UNKNOWN}
    reason = _UNKNOWN_SYMBOL if is_unknown else _NO_BANDWIDTH
    return _refused(asked, reason, f"{error.code.upper()}: {error}")


def _refused(asked: Message, reason: str, text: str) -> Message:
    content = body(
        (t.MD_REQ_ID, asked.body.get(t.MD_REQ_ID) or "NONE"),
        (t.MD_REJ_REASON, reason),
        (t.TEXT, told_text(text)),
    )
    return Message("Y", content)


def _fault(tag: int, why: str) -> MessageError:
    return MessageError(f"{tag}: {why}", tag=tag, reason=Reason.VALUE)
