"""Orders the venue works over time: pace, catching up, ends, refusals."""

from itertools import pairwise

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, STAMP, Pit
from venues.sandbox.hyperliquid.config import PURR_USDC, USDC_TOKEN
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, Twap, TwapChanged
from venues.sandbox.hyperliquid.state import credit_token

MAKER, TRADER = 0, 1
MINUTE_MS = 60_000
SLICE_MS = 30_000


def start(pit, size="1", *, minutes=5, is_buy=True, reduce_only=False, randomise=False, coin="ETH"):
    market = pit.state.market(coin)
    return pit.matching.twaps.start(
        pit.account(TRADER),
        market,
        is_buy=is_buy,
        size=round(float(size) * 10**market.spec.size_decimals),
        reduce_only=reduce_only,
        minutes=minutes,
        randomise=randomise,
        stamp=STAMP,
    )


def sizes(pit):
    return [fill.size for fill in pit.fills(TRADER)]


def run_to(pit, elapsed_ms, step_ms=SLICE_MS):
    for offset in range(step_ms, elapsed_ms + 1, step_ms):
        pit.matching.twaps.advance(OPENED_MS + offset)


def test_slices_go_out_every_half_minute_and_add_up():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)

    twap = start(pit)
    run_to(pit, 5 * MINUTE_MS)

    # Five minutes make ten slices of a tenth each, the first one at once.
    assert sizes(pit) == [1_000] * 10
    assert (twap.status, twap.executed_size) == ("finished", 10_000)
    assert twap.executed_notional == 10_000 * 300_000


def test_nothing_goes_out_before_its_time():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)
    start(pit)

    pit.matching.twaps.advance(OPENED_MS + SLICE_MS - 1)
    before = len(sizes(pit))
    pit.matching.twaps.advance(OPENED_MS + SLICE_MS)

    assert (before, len(sizes(pit))) == (1, 2)


def test_fills_name_the_twap_and_no_action():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)

    twap = start(pit)

    (fill,) = pit.fills(TRADER)
    assert (fill.twap_id, fill.action_hash) == (twap.twap_id, NO_ACTION_HASH)
    (maker_fill,) = pit.fills(MAKER)
    assert maker_fill.twap_id is None


def test_a_twap_survives_an_empty_book_and_catches_up_with_three_slices_at_most():
    pit = Pit()

    twap = start(pit)
    run_to(pit, 5 * SLICE_MS)
    pit.place(MAKER, "3000", "50", is_buy=False)
    run_to(pit, 10 * SLICE_MS)

    # Six slices found nobody; the seventh aims at seven tenths but may take three only.
    assert sizes(pit) == [3_000, 3_000, 3_000, 1_000]
    assert twap.status == "finished"


def test_what_could_not_be_caught_up_is_left_undone():
    pit = Pit()

    twap = start(pit)
    run_to(pit, 8 * SLICE_MS)
    pit.place(MAKER, "3000", "50", is_buy=False)
    run_to(pit, 20 * SLICE_MS)

    assert sizes(pit) == [3_000]
    assert (twap.status, twap.executed_size) == ("finished", 3_000)


def test_a_slice_pays_three_percent_over_the_mark_at_most():
    pit = Pit()
    pit.place(MAKER, "3090", "0.05", is_buy=False)
    pit.place(MAKER, "3091", "50", is_buy=False)

    start(pit)

    assert [(fill.price, fill.size) for fill in pit.fills(TRADER)] == [(309_000, 500)]


def test_randomised_slices_stay_within_a_fifth_and_add_up():
    pit = Pit(seed=11)
    pit.place(MAKER, "3000", "50", is_buy=False)

    twap = start(pit, "10", minutes=30, randomise=True)
    run_to(pit, 30 * MINUTE_MS)

    assert sum(sizes(pit)) == 100_000
    assert twap.status == "finished"
    assert len(set(sizes(pit))) > 10
    # A slice is moved by a fifth at most, and makes up for the one before: two fifths in all.
    ordinary = 100_000 / 60
    assert all(0.59 * ordinary < size < 1.41 * ordinary for size in sizes(pit))


def test_equal_seeds_randomise_equally_and_others_do_not():
    def played(seed):
        pit = Pit(seed=seed)
        pit.place(MAKER, "3000", "50", is_buy=False)
        start(pit, "10", minutes=30, randomise=True)
        run_to(pit, 30 * MINUTE_MS)
        return sizes(pit)

    assert played(1) == played(1) != played(2)


@pytest.mark.parametrize("minutes", [1, 4, 7 * 24 * 60 + 1])
def test_a_duration_out_of_range_is_refused(minutes):
    assert start(Pit(), minutes=minutes) == f"Invalid TWAP duration: {minutes} min(s)"


def test_less_than_a_hundred_dollars_is_refused():
    assert isinstance(start(Pit(), "0.0333"), str)
    assert isinstance(start(Pit(), "0.0334"), Twap)


def test_small_totals_go_out_in_fewer_slices():
    # 150 USD over an hour: fifteen slices of ten dollars, four minutes apart.
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)

    twap = start(pit, "0.05", minutes=60)
    run_to(pit, 60 * MINUTE_MS)

    assert len(sizes(pit)) == twap.slice_count == 15
    times = [fill.time_ms for fill in pit.fills(TRADER)]
    assert {later - earlier for earlier, later in pairwise(times)} == {4 * MINUTE_MS}
    assert sum(sizes(pit)) == 500


def test_a_cancelled_twap_sends_no_more():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)
    twap = start(pit)
    trader = pit.account(TRADER)

    first = pit.matching.twaps.cancel(trader, coin="ETH", twap_id=twap.twap_id, stamp=STAMP)
    second = pit.matching.twaps.cancel(trader, coin="ETH", twap_id=twap.twap_id, stamp=STAMP)
    run_to(pit, 5 * MINUTE_MS)

    assert (first, second) == (None, "TWAP was never placed, already canceled, or filled.")
    assert (twap.status, len(sizes(pit))) == ("terminated", 1)


def test_nobody_cancels_the_twap_of_another():
    pit = Pit()
    twap = start(pit)

    other = pit.matching.twaps.cancel(
        pit.account(MAKER), coin="ETH", twap_id=twap.twap_id, stamp=STAMP
    )

    assert other is not None
    assert twap.status == "activated"


def test_a_twap_without_margin_ends_in_an_error():
    pit = Pit(deposit=20 * 10**6)
    pit.place(MAKER, "3000", "0.001", is_buy=False)

    twap = start(pit, "10")

    assert (twap.status, twap.description) == ("error", "Insufficient margin to place order.")


def test_slices_wait_while_the_venue_takes_post_only_orders_only():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)
    pit.state.modes.post_only = True

    start(pit)
    pit.state.modes.post_only = False
    run_to(pit, SLICE_MS)

    assert sizes(pit) == [2_000]


def test_every_step_is_reported():
    pit = Pit()

    twap = start(pit)

    told = [event for event in pit.state.events if isinstance(event, TwapChanged)]
    assert told == [TwapChanged(twap.account, twap.twap_id)] * 2


def test_a_spot_pair_can_be_worked_too():
    pit = Pit()
    pair = pit.state.spot_markets["PURR/USDC"]
    for trader in (MAKER, TRADER):
        address = pit.account(trader).address
        credit_token(pit.state, address, token=PURR_USDC.base.index, atoms=10**12)
        credit_token(pit.state, address, token=USDC_TOKEN, atoms=10**12)
    pit.place(MAKER, "0.2", "5000", is_buy=False, asset=pair.asset)

    twap = start(pit, "1000", coin="PURR/USDC")
    run_to(pit, 5 * MINUTE_MS)

    assert (twap.status, twap.executed_size) == ("finished", 1_000)


def test_a_reduce_only_twap_needs_a_position_to_reduce():
    pit = Pit()
    pit.place(MAKER, "3000", "50", is_buy=False)
    refused = "Reduce-only TWAP order would increase position."
    assert start(pit, reduce_only=True) == refused
    pit.place(TRADER, "3000", "1", tif="Ioc")

    assert start(pit, reduce_only=True) == refused
    assert isinstance(start(pit, is_buy=False, reduce_only=True), Twap)


def test_a_slice_is_never_larger_than_a_market_order_may_be():
    # Ten minutes make twenty slices of fifteen million each; ETH takes thirty at once, and a slice
    # that catches up with three of them would be forty-five.
    pit = Pit(deposit=10**16)
    twap = start(pit, "100000", minutes=10)
    run_to(pit, 3 * SLICE_MS)
    pit.place(MAKER, "3000", "30000", is_buy=False)

    run_to(pit, 4 * SLICE_MS)

    (fill,) = pit.fills(TRADER)
    # Thirty million at three percent above the mark.
    assert fill.size == 30_000_000 * 10_000 // 3_090
    assert twap.status == "activated"
