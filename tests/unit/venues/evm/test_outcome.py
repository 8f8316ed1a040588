"""How children end by a transaction of their own."""

import pytest

from router.domain.error import MalformedDataError
from router.domain.order import OrderStatus
from venues.evm.transactions.lifecycle import State
from venues.evm.transactions.outcome import ended
from venues.evm.transactions.sighting import Mined
from venues.evm.words.node import Header, Receipt

RECEIPT = Receipt("0xfeed", True, 21_000, 7, 5, 9, "0x09", ())  # noqa: FBT003 (it succeeded)
MINED = Mined(RECEIPT, Header(9, "0x09", "0x08", 100, 7), "reverted: no")


def unreadable(_receipt, _at):
    raise MalformedDataError("0 swaps of ours")


def test_a_receipt_that_cannot_be_read_is_final_books_only_gas_and_names_the_transaction():
    resolution = ended(State.CONFIRMED, MINED, unreadable)

    assert (resolution.status, resolution.fills) == (OrderStatus.REJECTED, ())
    assert resolution.gas.atoms == 21_000 * 7 + 5
    assert resolution.reason == (
        "0xfeed was mined, but its logs do not say what was traded: 0 swaps of ours"
    )


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        (State.REVERTED, OrderStatus.REJECTED, "reverted: no"),
        (
            State.CANCELED,
            OrderStatus.CANCELED,
            "canceled: a transfer to ourselves used its nonce in block 9",
        ),
    ],
)
def test_what_had_no_effect_is_not_read(state, status, reason):
    resolution = ended(state, MINED, unreadable)

    assert (resolution.status, resolution.fills, resolution.reason) == (status, (), reason)


def test_what_was_traded_is_told_at_the_time_of_its_block():
    told = []

    resolution = ended(State.CONFIRMED, MINED, lambda *what: told.append(what) or ())

    assert resolution.status is OrderStatus.FILLED
    assert told == [(RECEIPT, 100 * 10**9)]
