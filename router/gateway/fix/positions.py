"""RequestForPositions: what the client's accounts have traded, net, pair by pair."""

from collections.abc import Mapping
from typing import Any, Final

from router.domain.units import TimestampNs
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask, Conversation
from router.gateway.fix.business import Reason, business_reject, failed, unread
from router.gateway.fix.message import Body, Message, MessageError, body
from router.gateway.fix.order_fields import account_of
from router.gateway.fix.peer import Peer
from router.gateway.fix.values import required, told_day
from router.gateway.link import LinkError

_OF_POSITIONS: Final = "0"
_VALID: Final = "0"
_NONE_FOUND: Final = "2"
_COMPLETED: Final = "0"
_CUSTOMER: Final = "1"  # AccountType: carried on the customer's side
_THEORETICAL: Final = "2"  # SettlPriceType
_TOTAL: Final = "TQ"
_CASH: Final = "CASH"
_CUSTOMER_ACCOUNT: Final = "24"  # PartyRole


def positions(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Tell the positions of one account, or of all of the session's."""
    if asked.body.get(t.POS_REQ_TYPE) != _OF_POSITIONS:
        return (business_reject(asked, Reason.UNSUPPORTED, "724: must be 0 (positions)"),)
    try:
        name = required(asked.body, t.POS_REQ_ID)
        wanted = dict(peer.scope)
        if asked.body.get(t.ACCOUNT) is not None:
            wanted["accounts"] = [account_of(asked.body, peer)]
        rows = (yield Ask("positions", wanted))["positions"]
    except MessageError as error:
        return (unread(asked, error),)
    except LinkError as error:
        return (failed(asked, error),)
    account = asked.body.get(t.ACCOUNT) or peer.accounts[0]
    acknowledged = body(
        (t.POS_MAINT_RPT_ID, name),
        (t.POS_REQ_ID, name),
        (t.TOTAL_NUM_POS_REPORTS, str(len(rows))),
        (t.POS_REQ_RESULT, _VALID if rows else _NONE_FOUND),
        (t.POS_REQ_STATUS, _COMPLETED),
        (t.NO_PARTY_IDS, (_party(peer.client),)),
        (t.ACCOUNT, account),
        (t.ACCOUNT_TYPE, _CUSTOMER),
    )
    reports = (
        Message("AP", _report(row, name, place, count=len(rows), now=now))
        for place, row in enumerate(rows, 1)
    )
    return (Message("AO", acknowledged), *reports)


def _report(row: Mapping[str, Any], name: str, place: int, *, count: int, now: TimestampNs) -> Body:
    net = row["net"]
    is_short = net.startswith("-")
    total = body(
        (t.POS_TYPE, _TOTAL),
        (t.LONG_QTY, None if is_short else net),
        (t.SHORT_QTY, net.removeprefix("-") if is_short else None),
    )
    average = (row["average_sold"] if is_short else row["average_bought"]) or "0"
    return body(
        (t.POS_MAINT_RPT_ID, f"{name}.{place}"),
        (t.POS_REQ_ID, name),
        (t.POS_REQ_TYPE, _OF_POSITIONS),
        (t.TOTAL_NUM_POS_REPORTS, str(count)),
        (t.POS_REQ_RESULT, _VALID),
        (t.CLEARING_BUSINESS_DATE, told_day(now)),
        (t.NO_PARTY_IDS, (_party(row["client"]),)),
        (t.ACCOUNT, row["account"] or "NONE"),
        (t.ACCOUNT_TYPE, _CUSTOMER),
        (t.SYMBOL, f"{row['base']}/{row['quote']}"),
        (t.SETTL_PRICE, average),
        (t.SETTL_PRICE_TYPE, _THEORETICAL),
        (t.PRIOR_SETTL_PRICE, average),
        (t.NO_POSITIONS, (total,)),
        (t.NO_POS_AMT, (body((t.POS_AMT_TYPE, _CASH), (t.POS_AMT, row["net_cash"])),)),
        (t.POSITION_ASSET, row["base"]),
    )


def _party(client: str) -> Body:
    return body(
        (t.PARTY_ID, client or "NONE"), (t.PARTY_ID_SOURCE, "D"), (t.PARTY_ROLE, _CUSTOMER_ACCOUNT)
    )
