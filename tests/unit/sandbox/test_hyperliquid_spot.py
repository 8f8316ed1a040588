"""Spot pairs: the same book, tokens instead of margin."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import STAMP, TRADERS, Pit
from venues.sandbox.hyperliquid.config import PURR_USDC, USDC_TOKEN, SpotPairConfig
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.matching.placement import BatchRefused, placement_status
from venues.sandbox.hyperliquid.state import credit_token

PURR = PURR_USDC.base.index
PURR_ASSET = 10_000
HYPE_ASSET = 10_001
USDC_ATOMS = 10**8
PURR_ATOMS = 10**5


def spot_pit(*, usdc=1_000, purr=5_000):
    pit = Pit()
    for address in TRADERS:
        credit_token(pit.state, address, token=USDC_TOKEN, atoms=usdc * USDC_ATOMS)
        credit_token(pit.state, address, token=PURR, atoms=purr * PURR_ATOMS)
    return pit


def balances(pit, trader):
    spot = pit.account(trader).spot
    return spot[USDC_TOKEN].total, spot[PURR].total


def test_a_trade_moves_both_tokens_and_takes_the_fee_from_what_is_received():
    pit = spot_pit()
    pit.place(0, "0.2", "1000", is_buy=False, asset=PURR_ASSET)

    placed = pit.place(1, "0.21", "1000", asset=PURR_ASSET, tif="Ioc")

    # 200 USDC change hands. Base tier: the buyer pays 0.07 % in PURR, the maker 0.04 % in USDC.
    assert placement_status(placed)["filled"]["avgPx"] == "0.2"
    assert balances(pit, 1) == (800 * USDC_ATOMS, 6_000 * PURR_ATOMS - 70_000)
    assert balances(pit, 0) == (1_200 * USDC_ATOMS - 8_000_000, 4_000 * PURR_ATOMS)
    taker, maker = pit.fills(1)[0], pit.fills(0)[0]
    assert (taker.fee_currency, taker.fee, taker.direction) == ("PURR", 70_000, "Buy")
    assert (maker.fee_currency, maker.fee, maker.direction) == ("USDC", 8_000_000, "Sell")
    conservation.check(pit.state)


def test_a_resting_buy_holds_its_limit_and_a_resting_sell_its_size():
    pit = spot_pit()

    pit.place(0, "0.1", "1000", asset=PURR_ASSET)
    pit.place(0, "0.3", "400", is_buy=False, asset=PURR_ASSET)

    spot = pit.account(0).spot
    assert spot[USDC_TOKEN].hold == 100 * USDC_ATOMS
    assert spot[PURR].hold == 400 * PURR_ATOMS


def test_what_is_held_is_released_when_the_order_ends():
    pit = spot_pit()
    cancelled = pit.place(0, "0.1", "1000", asset=PURR_ASSET).order
    partly = pit.place(0, "0.15", "1000", asset=PURR_ASSET).order
    pit.place(1, "0.15", "600", is_buy=False, asset=PURR_ASSET, tif="Ioc")

    pit.matching.cancel(cancelled, status="canceled", stamp=STAMP)
    left = pit.account(0).spot[USDC_TOKEN].hold
    pit.matching.cancel(partly, status="canceled", stamp=STAMP)

    assert left == 60 * USDC_ATOMS
    assert pit.account(0).spot[USDC_TOKEN].hold == 0


def test_held_tokens_cannot_be_spent_twice():
    pit = spot_pit(usdc=100)
    pit.place(0, "0.1", "900", asset=PURR_ASSET)

    over = pit.refusal(0, "0.11", "100", asset=PURR_ASSET)
    within = pit.place(0, "0.1", "100", asset=PURR_ASSET)

    assert over == (
        "insufficientSpotBalanceRejected",
        "Order has insufficient spot balance to trade",
    )
    assert within.refusal is None


def test_nobody_sells_what_it_does_not_have():
    assert spot_pit().refusal(0, "0.2", "5001", is_buy=False, asset=PURR_ASSET)[0] == (
        "insufficientSpotBalanceRejected"
    )


def test_the_minimum_is_ten_of_the_quote():
    pit = spot_pit()

    refused = pit.refusal(0, "0.2", "49", asset=PURR_ASSET)

    assert refused == ("minTradeNtlRejected", "Order must have minimum value of 10 USDC.")
    assert pit.place(0, "0.2", "50", asset=PURR_ASSET).refusal is None


@pytest.mark.parametrize(
    ("price", "size", "is_taken"),
    [
        ("0.19999", "1000", True),  # five figures
        ("0.199999", "1000", False),
        ("0.2", "1000.5", False),  # PURR has no decimals
    ],
)
def test_the_grids_of_a_pair_are_those_of_its_base(price, size, is_taken):
    pit = spot_pit()

    placed = pit.batch(0, pit.request(price, size, asset=PURR_ASSET))

    taken = not isinstance(placed, BatchRefused) and placed[0].refusal is None
    assert taken is is_taken


def test_a_pair_with_two_size_decimals_has_six_price_decimals():
    pit = spot_pit()
    credit_token(pit.state, TRADERS[0], token=150, atoms=10**10)

    on_grid = pit.place(0, "35.123", "1", asset=HYPE_ASSET)
    off_grid = pit.refusal(0, "35.1234", "1", asset=HYPE_ASSET)

    assert on_grid.order.coin == "@1"
    assert on_grid.refusal is None
    assert off_grid[0] == "tickRejected"


def test_triggers_and_reducing_are_not_for_spot():
    pit = spot_pit()

    trigger = pit.batch(
        0, pit.request("0.21", "100", trigger=("0.21", "sl", True), asset=PURR_ASSET)
    )
    reducing = pit.refusal(0, "0.2", "100", is_buy=False, reduce_only=True, asset=PURR_ASSET)

    assert isinstance(trigger, BatchRefused)
    assert reducing[0] == "reduceOnlyRejected"


def test_a_self_trade_on_spot_gives_the_tokens_back():
    pit = spot_pit()
    mine = pit.place(0, "0.2", "1000", is_buy=False, asset=PURR_ASSET).order

    pit.place(0, "0.2", "1000", asset=PURR_ASSET, tif="Ioc")

    assert mine.status == "selfTradeCanceled"
    assert pit.account(0).spot[PURR].hold == 0


def test_the_reference_price_of_a_pair_is_its_mid_then_its_last_then_its_opening():
    pit = spot_pit()
    market = pit.state.spot_markets["PURR/USDC"]
    opening = market.mark()
    pit.place(0, "0.25", "100", is_buy=False, asset=PURR_ASSET)
    pit.place(1, "0.25", "100", asset=PURR_ASSET)
    last = market.mark()
    pit.place(0, "0.24", "100", asset=PURR_ASSET)
    pit.place(1, "0.28", "100", is_buy=False, asset=PURR_ASSET)

    assert (opening, last, market.mark()) == (20_000_000, 25_000_000, 26_000_000)
    assert market.mid() == 26_000_000
    assert (market.volume_size, market.volume_quote) == (100, 25 * 10**8)


def test_an_opening_price_off_the_grid_is_refused():
    with pytest.raises(ValueError, match=r"price of PURR/USDC must be positive"):
        SpotMarket(
            SpotPairConfig(0, PURR_USDC.base, PURR_USDC.quote, "0", canonical_name="PURR/USDC")
        )


def test_a_priority_fee_on_spot_needs_a_balance_of_its_own():
    # Twenty dollars to spend and 8 basis points on top: 1.6 cents that are missing or just there.
    for atoms, status in ((20_01599999, "insufficientSpotBalanceRejected"), (20_01600000, "open")):
        pit = Pit(deposit=0, is_priority_funded=True)
        credit_token(pit.state, TRADERS[0], token=0, atoms=atoms)
        asked = pit.request("0.2", "100", asset=10_000, tif="Alo")
        (placed,) = pit.batch(0, asked, priority_fee=80_000)

        assert placed.order.status == status
        balance = pit.account(0).spot[0]
        assert balance.total >= balance.hold
