"""What a message of a peer comes to: a conversation with the daemon, by its type.

Refuses what a session of its kind may not send, and what its dialect does not have.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from router.domain.units import TimestampNs
from router.gateway.fix.alter_order import alter_order
from router.gateway.fix.asks import Conversation, Output
from router.gateway.fix.business import Reason, business_reject
from router.gateway.fix.market_data import market_data
from router.gateway.fix.mass_cancel import mass_cancel
from router.gateway.fix.message import Message
from router.gateway.fix.new_order import new_order
from router.gateway.fix.order_lists import cancel_list, new_list
from router.gateway.fix.peer import Peer
from router.gateway.fix.positions import positions
from router.gateway.fix.quoting import quote_request
from router.gateway.fix.securities import securities
from router.gateway.fix.statuses import mass_status, order_status

_Speaker: TypeAlias = Callable[[Message, Peer, TimestampNs], Conversation]

_READING: Final = frozenset({"H", "AF", "AN", "x"})
_QUOTING: Final = frozenset({"R", "V", "x"})
_TRADING: Final = frozenset({"D", "F", "G", "q", "E", "K", "R", "V"}) | _READING
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "order-entry": _TRADING,
    "drop-copy": _READING,
    "quotes": _QUOTING,
}
SINCE_44: Final = frozenset({"AF", "q", "AN", "x"})
CANCELS: Final = frozenset({"F", "q", "K"})  # what takes risk away, and has a throttle of its own


def conversation(asked: Message, peer: Peer, now: TimestampNs) -> Conversation:
    """Return the conversation that a message begins.

    Parameters
    ----------
    now : TimestampNs
        When it came; times to come are counted from it.
    """
    if asked.kind not in _TRADING or (asked.kind in SINCE_44 and not peer.dialect.has_parties):
        known = f"{asked.kind} is not supported in {peer.dialect.name}"
        return _told(business_reject(asked, Reason.UNSUPPORTED, known))
    if asked.kind not in ALLOWED[peer.kind]:
        text = f"a session for {peer.kind} does not take {asked.kind}"
        return _told(business_reject(asked, Reason.NOT_AUTHORISED, text))
    return _SPEAKERS[asked.kind](asked, peer, now)


def _told(*messages: Output) -> Conversation:
    yield from ()
    return messages


def _market_data(asked: Message, _peer: Peer, _now: TimestampNs) -> Conversation:
    return market_data(asked)


def _securities(asked: Message, _peer: Peer, _now: TimestampNs) -> Conversation:
    return securities(asked)


_SPEAKERS: Final[Mapping[str, _Speaker]] = {
    "D": new_order,
    "F": alter_order,
    "G": alter_order,
    "H": order_status,
    "AF": mass_status,
    "q": mass_cancel,
    "E": new_list,
    "K": cancel_list,
    "R": quote_request,
    "V": _market_data,
    "AN": positions,
    "x": _securities,
}
