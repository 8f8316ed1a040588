"""An order's fields of FIX to the flat request that every door makes of an order.

Says nothing of what the daemon can tell itself: whether the assets are configured, the quantity
allowed, the name free. What FIX can say and we cannot do is refused, not passed over.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from router.domain.units import NS_PER_S, TimestampNs
from router.gateway.algo_registry import algo_named
from router.gateway.chain import SESSION
from router.gateway.fix import tags as t
from router.gateway.fix.execution import OF_OURS
from router.gateway.fix.message import Body, MessageError, Reason, clean
from router.gateway.fix.parameters import algo_of, parameters_of
from router.gateway.fix.peer import DAY_S, Peer
from router.gateway.fix.values import (
    day_end,
    decimal,
    moment,
    next_day_end,
    pair_of,
    positive,
    required,
)
from router.gateway.quote_request import REPEATS

_SIDES: Final[Mapping[str, str]] = {"1": "buy", "2": "sell"}
_MARKET: Final = "1"
_LIMIT: Final = "2"
QUOTED: Final = "D"
_DAY: Final = "0"
_TILL_CANCEL: Final = "1"
_TILL_DATE: Final = "6"
AT_ONCE: Final[Mapping[str, str]] = {"3": "ioc", "4": "fok"}
_SMART: Final = "SOR"
_TRADERS: Final = ("36", "11", "12", "3", "24")  # PartyRole, the closest to the order first
_NS_PER_MS: Final = NS_PER_S // 1_000
_AHEAD: Final = NS_PER_S  # a sender's clock may be so far ahead of ours: that is now
_BY_MAX: Final = 64
UNSUPPORTED: Final[Mapping[int, str]] = {
    18: "ExecInst",
    99: "StopPx",
    110: "MinQty",
    111: "MaxFloor, use the algo iceberg",
    210: "MaxShow, use the algo iceberg",
    211: "PegOffsetValue",
    388: "DiscretionInst",
}


def order_fields(body: Body, peer: Peer, now: TimestampNs) -> dict[str, str]:
    """Return what a NewOrderSingle asks for, as `order_request.parse_order` takes it.

    Raises
    ------
    MessageError
        Naming the field and the remedy.
    """
    refuse_unsupported(body)
    kind = required(body, t.ORD_TYPE)
    asked = {
        "client_order_id": name_of(body),
        "client": peer.client,
        "account": account_of(body, peer),
        "by": asker_of(body, peer),
    }
    if kind == QUOTED:
        return {**asked, **_as_quoted(body)}
    terms = terms_of(body)
    return {**asked, **terms, **times_of(body, peer, terms=terms, now=now)}


def refuse_unsupported(body: Body) -> None:
    """Refuse a field that asks for what we cannot do.

    Raises
    ------
    MessageError
        Naming the field.
    """
    for tag, name in () if body.lacks(UNSUPPORTED) else UNSUPPORTED.items():
        if body.get(tag) is not None:
            raise _refused(tag, f"{name} is not supported; leave it out")


def name_of(body: Body) -> str:
    """Return the sender's name of what it asks.

    Raises
    ------
    MessageError
        If there is none, or it is one of those that the gateway gives itself.
    """
    name = required(body, t.CL_ORD_ID)
    if name.startswith(OF_OURS):
        raise _refused(t.CL_ORD_ID, f"names that begin with {OF_OURS} are ours; choose another")
    return name


def terms_of(body: Body) -> dict[str, str]:
    """Return pair, side, quantity, price, venues, algo and its parameters.

    Raises
    ------
    MessageError
        Naming the field and the remedy.
    """
    base, quote = pair_of(required(body, t.SYMBOL), t.SYMBOL)
    terms = {
        "base": base,
        "quote": quote,
        "side": side_of(body),
        **_quantity(body, base, quote),
        **_price(body),
        **parameters_of(body),
    }
    venues = venues_of(body)
    if venues:
        terms["venues"] = ",".join(venues)
    algo = algo_of(body)
    return terms if algo is None else {**terms, "algo": algo}


def venues_of(body: Body) -> list[str]:
    """Return the venues an order is for; none where it may go to all."""
    said = body.get(t.EX_DESTINATION)
    return [] if said is None or said == _SMART else said.replace(",", " ").split()


def account_of(body: Body, peer: Peer) -> str:
    """Return the account an order is for: it must be the session's.

    Raises
    ------
    MessageError
        If it is not, or nobody says which of several.
    """
    account = body.get(t.ACCOUNT)
    if account is None and len(peer.accounts) == 1:
        return peer.accounts[0]
    if account is None:
        raise MessageError("1: missing; name the account", tag=t.ACCOUNT, reason=Reason.MISSING)
    if account not in peer.accounts:
        raise _refused(t.ACCOUNT, f"{clean(account[:40])} is no account of this session")
    return account


def sender_of(body: Body, peer: Peer) -> str:
    """Return who sends it: the party closest to the order, else who stands for the session."""
    named = {
        entry.get(t.PARTY_ROLE): entry.get(t.PARTY_ID) for entry in body.entries(t.NO_PARTY_IDS)
    }
    people = (named.get(role) for role in _TRADERS)
    return next((name for name in people if name), peer.by)


def asker_of(body: Body, peer: Peer, *, by: str = SESSION) -> str:
    """Return who asks for something: the session first, by which its orders are known, a person."""
    sender = sender_of(body, peer)
    person = "" if sender == peer.by else f".{sender}"
    return f"{by}{peer.session}{person}"[:_BY_MAX]


def side_of(body: Body) -> str:
    """Return the side as requests name it.

    Raises
    ------
    MessageError
        If it is neither buy nor sell.
    """
    side = required(body, t.SIDE)
    if side not in _SIDES:
        raise _refused(t.SIDE, f"must be 1 (buy) or 2 (sell), was {clean(side[:20])}")
    return _SIDES[side]


def _quantity(body: Body, base: str, quote: str) -> dict[str, str]:
    count, cash = body.get(t.ORDER_QTY), body.get(t.CASH_ORDER_QTY)
    if (count is None) == (cash is None):
        fault = "38: give either OrderQty(38) or CashOrderQty(152)"
        raise MessageError(fault, tag=t.ORDER_QTY, reason=Reason.MISSING)
    if cash is not None:
        return {"quantity": positive(cash, t.CASH_ORDER_QTY), "quantity_asset": quote}
    assert count is not None, "one of the two was given"
    currency = body.get(t.CURRENCY) or base
    if currency not in {base, quote}:
        raise _refused(t.CURRENCY, f"must be {base} or {quote}, was {clean(currency[:20])}")
    return {"quantity": positive(count, t.ORDER_QTY), "quantity_asset": currency}


def _price(body: Body) -> dict[str, str]:
    kind, price = required(body, t.ORD_TYPE), body.get(t.PRICE)
    if kind == _LIMIT:
        return {"limit_price": positive(required(body, t.PRICE), t.PRICE)}
    if kind != _MARKET:
        known = "1 (market), 2 (limit) or D (previously quoted)"
        raise _refused(t.ORD_TYPE, f"must be {known}, was {clean(kind[:20])}")
    if price is not None:
        raise _refused(t.PRICE, "belongs to OrdType 2; leave it out, or send a limit order")
    return {}


# The quote says all else; what the order repeats of it has to be the same.
def _as_quoted(body: Body) -> dict[str, str]:
    base, quote = pair_of(required(body, t.SYMBOL), t.SYMBOL)
    repeats = {"base": base, "quote": quote, "side": side_of(body), **_quantity(body, base, quote)}
    asked = {"quote_id": required(body, t.QUOTE_ID), REPEATS: orjson.dumps(repeats).decode()}
    drift = body.get(t.DRIFT_MAX_BPS)
    if drift is not None:
        asked["drift_max_bps"] = decimal(drift, t.DRIFT_MAX_BPS)
    return asked


def times_of(
    body: Body, peer: Peer, *, terms: Mapping[str, str], now: TimestampNs
) -> dict[str, str]:
    """Return when an order begins and ends, and its algo where that follows from it.

    Raises
    ------
    MessageError
        If it says so in a way that cannot be.
    """
    persistence = body.get(t.TIME_IN_FORCE) or _DAY
    algo = terms.get("algo") or ("limit" if "limit_price" in terms else "sweep")
    spec = algo_named(algo)
    assert spec is not None, "an algo comes from the registry"
    names = {parameter.name for parameter in spec.parameters}
    start_at = _start(body, now, begins_later="start_in_s" in names)
    if persistence in AT_ONCE:
        return _at_once(persistence, terms)
    times = {} if algo == "sweep" and "algo" not in terms else {"algo": algo}
    if start_at > now and "start_in_s" in terms:
        raise _refused(t.EFFECTIVE_TIME, "is given twice; leave out StartInSec")
    if start_at > now:
        times["start_in_s"] = seconds(start_at - now)
    ends_at = ending(body, peer, now, persistence=persistence)
    is_dated = persistence == _TILL_DATE or body.get(t.EXPIRE_TIME) is not None
    if is_dated and ends_at <= start_at:
        raise _refused(t.EXPIRE_TIME, "must lie after EffectiveTime(168)")
    if is_dated and "duration_s" in names and "duration_s" not in terms:
        times["duration_s"] = seconds(ends_at - start_at)
    elif is_dated or not names & {"duration_s", "cross_after_s"}:
        times["deadline_s"] = seconds(ends_at - now)
    return times


def _at_once(persistence: str, terms: Mapping[str, str]) -> dict[str, str]:
    venues = [name for name in terms.get("venues", "").split(",") if name]
    if AT_ONCE[persistence] == "fok" and len(venues) != 1:
        raise _refused(
            t.TIME_IN_FORCE, "4 (fill or kill) needs one chain's venue in ExDestination(100)"
        )
    return {"time_in_force": AT_ONCE[persistence]}


def ending(body: Body, peer: Peer, now: TimestampNs, *, persistence: str) -> TimestampNs:
    """Return when an order ends: by its own word, or with the day; none lasts beyond a day.

    Raises
    ------
    MessageError
        If it says when in a way that cannot be, or that has passed.
    """
    longest = TimestampNs(now + DAY_S * NS_PER_S)
    time, date = body.get(t.EXPIRE_TIME), body.get(t.EXPIRE_DATE)
    if time is not None:
        return _ahead(moment(time, t.EXPIRE_TIME), t.EXPIRE_TIME, now)
    if date is not None:
        return _ahead(day_end(date, t.EXPIRE_DATE, day_ends_s=peer.day_ends_s), t.EXPIRE_DATE, now)
    if persistence == _TILL_DATE:
        fault = "126: missing; say until when, in ExpireTime(126) or ExpireDate(432)"
        raise MessageError(fault, tag=t.EXPIRE_TIME, reason=Reason.MISSING)
    if persistence == _DAY:
        return next_day_end(now, day_ends_s=peer.day_ends_s)
    if persistence == _TILL_CANCEL:
        return longest
    raise _refused(
        t.TIME_IN_FORCE, "must be 0 (day), 1 (till cancel), 3 (IOC), 4 (FOK) or 6 (till date)"
    )


def seconds(duration_ns: int) -> str:
    """Write a duration in seconds to the millisecond, at least one."""
    whole, rest = divmod(max(duration_ns // _NS_PER_MS, 1), 1_000)
    return f"{whole}.{rest:03d}"


def _ahead(at: TimestampNs, tag: int, now: TimestampNs) -> TimestampNs:
    if not now < at <= now + DAY_S * NS_PER_S:
        raise _refused(tag, "must lie ahead, and within a day from now")
    return at


def _start(body: Body, now: TimestampNs, *, begins_later: bool) -> TimestampNs:
    text = body.get(t.EFFECTIVE_TIME)
    at = now if text is None else max(now, moment(text, t.EFFECTIVE_TIME))
    if begins_later or at <= now:
        return at
    if at - now > _AHEAD:
        raise _refused(t.EFFECTIVE_TIME, "is for an algo that may begin later; leave it out")
    return now


def _refused(tag: int, why: str) -> MessageError:
    return MessageError(f"{tag}: {why}", tag=tag, reason=Reason.VALUE)
