"""What an account trades on the side ends no stream, and keeps no account from being read.

The fee of a spot buy is told in the token bought, to the last of its wei: 10 decimals for UBTC, 9
for UETH (`weiDecimals` of the venue's `spotMeta`).
"""

import pytest

from venues.hyperliquid import wire
from venues.hyperliquid.trading import news, reading

USER = "0x" + "ab" * 20


def spot_fill(token, fee):
    return {
        "coin": "@142",
        "px": "113397.0",
        "sz": "0.00017",
        "side": "B",
        "time": 1_754_450_974_231,
        "startPosition": "0.0",
        "dir": "Buy",
        "closedPnl": "0.0",
        "hash": "0x" + "ab" * 32,
        "oid": 90_542_681,
        "crossed": True,
        "fee": fee,
        "tid": 118_906_512_037_719,
        "feeToken": token,
    }


@pytest.mark.parametrize(("token", "fee"), [("UBTC", "0.0000001191"), ("UETH", "0.000000119")])
def test_a_fee_in_a_token_of_many_decimals_is_read(token, fee):
    pushed = {"user": USER, "isSnapshot": True, "fills": [spot_fill(token, fee)]}

    (told,) = news.read("userFills", pushed, address=USER)

    assert [fill.oid for fill in told.fills] == [90_542_681]


def test_such_a_fee_is_never_less_than_was_paid():
    (told,) = wire.read_executions([spot_fill("UBTC", "0.0000001191")])

    assert reading.fill_report(told).fee_e8 == 12
