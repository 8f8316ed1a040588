"""Each message goes to the conversation that speaks of it."""

import pytest

from router.domain.units import TimestampNs
from router.gateway.fix import inbound, order_lists, quoting, statuses
from router.gateway.fix.alter_order import alter_order as altering
from router.gateway.fix.market_data import market_data as books
from router.gateway.fix.mass_cancel import mass_cancel as canceling
from router.gateway.fix.message import Message, body
from router.gateway.fix.new_order import new_order as ordering
from router.gateway.fix.positions import positions as holdings
from router.gateway.fix.securities import securities as pairs
from tests.unit.gateway.fix_messages.told import PEER

SPEAKERS = {
    "D": ordering,
    "F": altering,
    "G": altering,
    "H": statuses.order_status,
    "AF": statuses.mass_status,
    "q": canceling,
    "E": order_lists.new_list,
    "K": order_lists.cancel_list,
    "R": quoting.quote_request,
    "V": books,
    "AN": holdings,
    "x": pairs,
}


@pytest.mark.parametrize("kind", sorted(SPEAKERS))
def test_a_message_goes_to_who_speaks_of_it(kind):
    begun = inbound.conversation(Message(kind, body()), PEER, TimestampNs(1))

    assert begun.gi_code is SPEAKERS[kind].__code__


@pytest.mark.parametrize("kind", sorted(SPEAKERS))
def test_a_message_that_says_nothing_is_answered_and_asks_for_nothing(kind):
    begun = inbound.conversation(Message(kind, body()), PEER, TimestampNs(1))

    with pytest.raises(StopIteration) as done:
        next(begun)

    assert done.value.value


def test_cancels_are_what_takes_risk_away():
    assert {"F", "q", "K"} == inbound.CANCELS
