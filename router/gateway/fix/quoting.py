"""QuoteRequest: the dry run. What an order would come to, told before it is sent."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Final

from router.domain.units import TimestampNs
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import UNDONE, business_reject, failed
from router.gateway.fix.business import Reason as BusinessReason
from router.gateway.fix.execution import plain_text, told_text
from router.gateway.fix.message import Body, Message, MessageError, Reason, body
from router.gateway.fix.order_fields import account_of, asker_of, terms_of
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import required, told_moment
from router.gateway.link import Code, LinkError

_INDICATIVE: Final = "0"
_TRADEABLE: Final = "1"
_UNKNOWN_SYMBOL: Final = "1"
_EXCEEDS_LIMIT: Final = "3"
_NOT_AUTHORISED: Final = "6"
_NO_MARKET: Final = "8"
_OTHER: Final = "99"
_TAGS: Final[Mapping[int, str]] = {t.SYMBOL: _UNKNOWN_SYMBOL, t.ACCOUNT: _NOT_AUTHORISED}
_FIELDS: Final[Mapping[str, str]] = {"base": _UNKNOWN_SYMBOL, "quote": _UNKNOWN_SYMBOL}
_CODES: Final[Mapping[str, str]] = {
    Code.NO_ROUTE: _NO_MARKET,
    Code.STALE: _NO_MARKET,
    Code.REFUSED: _EXCEEDS_LIMIT,
}
_TOO_MUCH: Final = frozenset({"limit_exceeded", "insufficient_balance", "insufficient_margin"})
_DIGITS: Final = Context(prec=78)
_PRICE: Final = Decimal("1e-8")


def quote_request(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Have an order planned as it would be, and tell what it would cost."""
    try:
        name, entry = required(asked.body, t.QUOTE_REQ_ID), _one(asked.body)
        order = _order(entry, peer)
        document = yield Ask("quote", {"order": order, "client": peer.client})
    except MessageError as error:
        reason = _TAGS.get(error.tag, _OTHER)
        return (_refused(asked, peer, reason=reason, text=str(error)),)
    except LinkError as error:
        if error.code in UNDONE:
            return (failed(asked, error),)
        reason = _CODES.get(error.code, _FIELDS.get(error.field or "", _OTHER))
        return (_refused(asked, peer, reason=reason, text=f"{error.code.upper()}: {error}"),)
    if not document["feasible"]:
        why = document["infeasible"]
        reason = _EXCEEDS_LIMIT if why["reason"] in _TOO_MUCH else _NO_MARKET
        return (_refused(asked, peer, reason=reason, text=f"{why['reason']}: {why['message']}"),)
    return (_quote(name, document, peer, now=now),)


def _one(content: Body) -> Body:
    entries = content.entries(t.NO_RELATED_SYM)
    if len(entries) != 1:
        fault = "146: must be 1; ask for one quote at a time"
        raise MessageError(fault, tag=t.NO_RELATED_SYM, reason=Reason.VALUE)
    return entries[0]


def _order(entry: Body, peer: Peer) -> dict[str, str]:
    items = entry.items
    if entry.get(t.ORD_TYPE) is None:
        kind = "1" if entry.get(t.PRICE) is None else "2"
        items = (*items, (t.ORD_TYPE, kind))
    return {
        **terms_of(Body(items)),
        "client": peer.client,
        "account": account_of(entry, peer),
        "by": asker_of(entry, peer),
    }


def _quote(name: str, document: Mapping[str, Any], peer: Peer, *, now: TimestampNs) -> Message:
    order, slippage = document["order"], document["slippage"]
    base, cash = _sums(slippage["legs"])
    is_buy = order["side"] == "buy"
    price = _price(cash, base, is_buy=is_buy)
    expires = document["expires_at"]
    binding = document["binding"]
    content = body(
        (t.QUOTE_REQ_ID, name),
        (t.QUOTE_ID, document["quote_id"] or name),
        (t.QUOTE_TYPE, None if not peer.dialect.has_parties else _kind(document)),
        (t.SYMBOL, f"{order['base']}/{order['quote']}"),
        (t.SIDE, "1" if is_buy else "2"),
        (t.OFFER_PX if is_buy else t.BID_PX, price),
        (t.OFFER_SIZE if is_buy else t.BID_SIZE, _plain(base)),
        (t.VALID_UNTIL, None if expires is None else told_moment(TimestampNs(int(expires)))),
        (t.TRANSACT_TIME, told_moment(now)),
        *_costs(slippage),
        (t.EXPECTED_CASH, _plain(cash)),
        (t.EXPECTED_BASE, _plain(base)),
        (t.BINDING, plain_text(", ".join(_binding(each) for each in binding))),
        (t.NO_LEGS, tuple(_leg(leg) for leg in slippage["legs"])),
        (t.TEXT, plain_text("; ".join(document["explanation"]))),
    )
    return Message("S", content)


def _kind(document: Mapping[str, Any]) -> str:
    return _INDICATIVE if document["quote_id"] is None else _TRADEABLE


def _costs(slippage: Mapping[str, Any]) -> tuple[tuple[int, str | None], ...]:
    causes, band = slippage["causes"], slippage["band"]
    return (
        (t.SLIPPAGE_BPS, _bps(slippage["total_bps"])),
        (t.ARRIVAL_MID, slippage["arrival_mid"]),
        (t.IMPACT_BPS, _bps(causes["impact_bps"])),
        (t.FEES_BPS, _bps(causes["fees_bps"])),
        (t.GAS_BPS, _bps(causes["gas_bps"])),
        (t.FUNDING_BPS, _bps(causes["funding_bps"])),
        (t.BASIS_BPS, _bps(causes["of_which_basis_bps"])),
        (t.BAND_LOW_BPS, _bps(band["low_bps"])),
        (t.BAND_HIGH_BPS, _bps(band["high_bps"])),
    )


def _leg(leg: Mapping[str, Any]) -> Body:
    return body(
        (t.LEG_INSTRUMENT, leg["instrument"]),
        (t.LEG_QTY, leg["quantity"]),
        (t.LEG_CASH, leg["notional"]),
        (t.LEG_SLIPPAGE_BPS, _bps(leg["slippage_bps"])),
    )


def _binding(each: Mapping[str, Any]) -> str:
    return f"{each['constraint']}: {each['step']} {each['asset']} saves {each['saves_bps']:.2f} bps"


def _sums(legs: list[Mapping[str, Any]]) -> tuple[Decimal, Decimal]:
    base = sum((Decimal(leg["quantity"]) for leg in legs), Decimal(0))
    return base, sum((Decimal(leg["notional"]) for leg in legs), Decimal(0))


def _price(cash: Decimal, base: Decimal, *, is_buy: bool) -> str | None:
    if not base:
        return None
    rounding = ROUND_CEILING if is_buy else ROUND_FLOOR
    return _plain(_DIGITS.divide(cash, base).quantize(_PRICE, rounding=rounding, context=_DIGITS))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bps(value: float) -> str:
    return f"{value:.4f}"


def _refused(asked: Message, peer: Peer, *, reason: str, text: str) -> Message:
    if not peer.dialect.has_parties:
        return business_reject(asked, BusinessReason.OTHER, text)
    symbols = tuple(
        body((t.SYMBOL, entry.get(t.SYMBOL) or "NONE"))
        for entry in asked.body.entries(t.NO_RELATED_SYM)
    )
    content = body(
        (t.QUOTE_REQ_ID, asked.body.get(t.QUOTE_REQ_ID) or "NONE"),
        (t.QUOTE_REQUEST_REJECT_REASON, reason),
        (t.NO_RELATED_SYM, symbols or (body((t.SYMBOL, "NONE")),)),
        (t.TEXT, told_text(text)),
    )
    return Message("AG", content)
