"""Leverage and isolated margin as requests; the arithmetic behind them has tests of its own."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import ETH_ASSET
from tests.unit.sandbox.hyperliquid_office import DONE, MICRO, office, refusal, with_position


def test_isolated_margin_is_topped_up_to_a_leverage_rounded_against_the_account():
    venue = office()
    isolate = {"type": "updateLeverage", "asset": ETH_ASSET, "isCross": False, "leverage": 20}
    assert venue.send(isolate) == DONE
    with_position(venue, size="1")
    top_up = {"type": "topUpIsolatedOnlyMargin", "asset": ETH_ASSET, "leverage": "7"}

    assert venue.send(top_up) == DONE

    position = venue.account().positions["ETH"]
    # 3000 / 7 = 428.571428..., and the mark is where the trade was.
    assert position.isolated_usd + 3_000 * MICRO == 428_571_429
    assert "at or below" in refusal(venue.send(top_up))


def test_isolated_margin_is_added_and_taken_out():
    venue = office()
    venue.send({"type": "updateLeverage", "asset": ETH_ASSET, "isCross": False, "leverage": 5})
    with_position(venue, size="1")
    before = venue.cash()
    move = {"type": "updateIsolatedMargin", "asset": ETH_ASSET, "isBuy": True, "ntli": 7_000_000}

    assert venue.send(move) == DONE
    assert venue.cash() == before - 7_000_000
    # The taker fee came out of the 600 of margin that 5x needs, so it has to stay inside.
    fee = 1_350_000
    assert venue.send({**move, "ntli": -7_000_000})["status"] == "err"
    assert venue.send({**move, "ntli": -7_000_000 + fee}) == DONE
    assert venue.cash() == before - fee
    assert venue.send({**move, "ntli": -1})["status"] == "err"
    assert "must not be zero" in refusal(venue.send({**move, "ntli": 0}))


@pytest.mark.parametrize(
    "action",
    [
        {"type": "updateIsolatedMargin", "asset": 9_999, "isBuy": True, "ntli": 1},
        {"type": "updateIsolatedMargin", "asset": 10_000, "isBuy": True, "ntli": 1},
        {"type": "topUpIsolatedOnlyMargin", "asset": 9_999, "leverage": "2"},
        {"type": "updateLeverage", "asset": 9_999, "isCross": True, "leverage": 2},
    ],
)
def test_margin_belongs_to_perpetuals_that_exist(action):
    assert refusal(office().send(action)) == "Order has invalid asset."


def test_a_cross_position_has_no_margin_of_its_own():
    venue = with_position(office())
    move = {"type": "updateIsolatedMargin", "asset": ETH_ASSET, "isBuy": True, "ntli": 1}
    top_up = {"type": "topUpIsolatedOnlyMargin", "asset": ETH_ASSET, "leverage": "2"}

    refused = [refusal(venue.send(action)) for action in (move, top_up)]
    assert refused == ["Position does not use isolated margin."] * 2
