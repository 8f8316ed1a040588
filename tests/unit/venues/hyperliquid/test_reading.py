"""From the wire to facts, exactly."""

import pytest

from router.domain.error import MalformedDataError
from venues.hyperliquid import wire
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import Placed, Refused


def opened(**changes):
    fields = {
        "coin": "ETH",
        "is_buy": True,
        "limit_price": "3000.0",
        "size_left": "0.4",
        "oid": 7,
        "placed_ms": 1,
        "size": "1.0",
        "cloid": "0xc",
        **changes,
    }
    return wire.OpenOrder(**fields)


def test_an_order_is_read_in_units_of_1e_8():
    told = reading.order_report(wire.OrderUpdate(opened(), "canceled", 2))

    assert (told.size_e8, told.left_e8, told.traded_e8) == (10**8, 4 * 10**7, 6 * 10**7)
    assert told.has_ended


def test_an_open_order_without_its_first_size_is_told_by_what_is_left():
    told = reading.open_order_report(opened(size=None))

    assert (told.size_e8, told.traded_e8, told.has_ended) == (4 * 10**7, 0, False)


@pytest.mark.parametrize(("left", "traded"), [("0.0", 10**8), ("1.0", 10**8)])
def test_a_filled_order_has_traded_all_whatever_is_said_to_be_left(left, traded):
    told = reading.order_report(wire.OrderUpdate(opened(size_left=left), "filled", 2))

    assert told.traded_e8 == traded


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        (wire.Accepted(7, None), Placed(7)),
        (wire.Accepted(7, "0.5"), Placed(7, 5 * 10**7)),
        (wire.Waiting(for_trigger=True), Placed(None)),
        (wire.OrderError("no"), Refused("no")),
        (wire.RequestError("no"), Refused("no")),
    ],
)
def test_an_answer_says_whether_the_order_was_taken(told, answer):
    assert reading.answer(told) == answer


def test_what_is_finer_than_1e_8_is_malformed():
    with pytest.raises(MalformedDataError, match="at most 8 decimals"):
        reading.funding_report(wire.Funding(1, "ETH", "0.000000001"))
