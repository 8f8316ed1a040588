"""Oracle and mark prices against the venue's published rules, computed here a second time."""

import math
from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_floor import OPENED_MS, Floor
from venues.sandbox.hyperliquid.config import XYZ_DEX
from venues.sandbox.hyperliquid.market.reference import (
    BASIS_AVERAGE_MS,
    LOCAL_AVERAGE_MS,
    PERP_WEIGHTS,
    SPOT_WEIGHTS,
    Average,
    Reference,
    ReferencePrices,
    Touch,
    weighted_median,
)
from venues.sandbox.hyperliquid.order import MarketMoved

PUBLISHED_MS = 3_000


def forgetful_mean(samples, period_ms):
    """Average by the documented recursion: both sums decay, then take the new sample."""
    numerator = denominator = 0.0
    for sample, elapsed in samples:
        kept = math.exp(-elapsed / period_ms)
        numerator = numerator * kept + sample * elapsed
        denominator = denominator * kept + elapsed
    return numerator / denominator


def test_the_weights_are_the_documented_ones():
    assert SPOT_WEIGHTS == {
        "Binance": 3,
        "OKX": 2,
        "Bybit": 2,
        "Kraken": 1,
        "Kucoin": 1,
        "Gate": 1,
        "MEXC": 1,
        "Hyperliquid": 1,
    }
    assert PERP_WEIGHTS == {"Binance": 3, "OKX": 2, "Bybit": 2, "Gate": 1, "MEXC": 1}


@pytest.mark.parametrize(
    ("prices", "median"),
    [
        ({"Binance": 100, "OKX": 101, "Bybit": 102, "Gate": 90, "MEXC": 300}, 101),
        ({"Binance": 100, "OKX": 300, "Gate": 50}, 100),
        ({"OKX": 100, "Bybit": 200}, 150),
        ({"OKX": 100, "Bybit": 201}, 150),
        ({"OKX": 101, "Bybit": 202}, 152),
        ({"MEXC": 7}, 7),
        ({}, None),
    ],
)
def test_the_median_lies_in_the_middle_of_the_weight(prices, median):
    assert weighted_median(prices, PERP_WEIGHTS) == median


def test_one_venue_far_off_does_not_move_the_oracle():
    usual = dict.fromkeys(SPOT_WEIGHTS, 1_000)

    assert weighted_median({**usual, "Binance": 5_000}, SPOT_WEIGHTS) == 1_000


@pytest.mark.parametrize("period_ms", [BASIS_AVERAGE_MS, LOCAL_AVERAGE_MS])
def test_an_average_follows_the_documented_recursion_over_irregular_samples(period_ms):
    samples = [(1_000, 3_000), (2_500, 3_010), (-400, 2_990), (90_000, 60_000), (5, 1), (77, 9_000)]
    average = Average(period_ms)

    for sample, elapsed in samples:
        average.add(sample, elapsed)

    # Rounded to whole units at the end; the sums before that are exact to far less.
    assert abs(average.value() - forgetful_mean(samples, period_ms)) <= 0.5 + 1e-6


def test_averages_have_the_documented_periods():
    assert (BASIS_AVERAGE_MS, LOCAL_AVERAGE_MS) == (150_000, 30_000)


def test_a_sample_that_stood_for_one_period_weighs_as_much_as_everything_before():
    average = Average(1_000)
    for _ in range(200):
        average.add(0, 100)

    average.add(1_000_000, 1_000)

    # Everything before weighs 100 / (1 - e^-0.1) times e^-1 by then, the new sample 1,000.
    before = 100 / (1 - math.exp(-0.1)) * math.exp(-1)
    assert average.value() == pytest.approx(1_000_000 * 1_000 / (1_000 + before), abs=1)


def test_an_average_of_nothing_is_nothing():
    assert Average(1_000).value() is None


@pytest.mark.parametrize(
    ("touch", "doubled"),
    [
        (Touch(100, 102, 101), 202),
        (Touch(100, 102, 500), 204),
        (Touch(100, 102, 1), 200),
        (Touch(100, 103, None), 203),
        (Touch(None, 102, 100), 202),
        (Touch(None, None, 99), 198),
        (Touch(None, None, None), None),
    ],
)
def test_the_local_price_is_the_median_of_what_there_is(touch, doubled):
    assert touch.local_doubled() == doubled


def sampled(touch, *, oracle, for_ms):
    reference = Reference()
    reference.sample(touch, oracle=oracle, now_ms=0)
    reference.sample(touch, oracle=oracle, now_ms=for_ms)
    return reference


def test_the_mark_is_the_median_of_oracle_with_basis_local_and_perps_elsewhere():
    touch = Touch(1_008, 1_012, 1_010)
    reference = sampled(touch, oracle=1_000, for_ms=3_000)

    # The basis has been 10 all along. Then the oracle moves to 1,100: its component is 1,110.
    assert reference.mark(touch, oracle=1_100, perps=1_050) == 1_050
    assert reference.mark(touch, oracle=1_100, perps=1_500) == 1_110
    assert reference.mark(touch, oracle=1_100, perps=900) == 1_010


def test_with_two_components_the_fast_average_of_the_local_price_is_the_third():
    calm = Touch(1_000, 1_000, 1_000)
    reference = sampled(calm, oracle=1_000, for_ms=3_000)
    spiked = Touch(1_190, 1_210, 1_200)

    assert reference.mark(spiked, oracle=1_100, perps=None) == 1_100
    assert reference.mark(spiked, oracle=900, perps=None) == 1_000


def test_without_a_book_the_mark_is_the_oracle_or_between_it_and_perps_elsewhere():
    empty = Touch(None, None, None)

    assert Reference().mark(empty, oracle=1_000, perps=None) == 1_000


def test_prices_are_published_every_three_seconds_and_not_in_between():
    floor = Floor(now_ms=OPENED_MS // 3_000 * 3_000)
    floor.follow("ETH")
    market = floor.market("ETH")
    floor.elsewhere["ETH"] = 310_000

    floor.advance(2_999)
    assert (market.oracle, market.mark()) == (300_000, 300_000)
    floor.advance(1)
    assert (market.oracle, market.mark()) == (310_000, 310_000)
    assert market.previous_mark == 300_000


def test_a_trade_alone_does_not_move_the_mark():
    floor = Floor()
    for name in ("anna", "bert"):
        floor.open(name, 1_000_000)

    floor.trade("anna", "bert", "ETH", size=1_000, price=320_000)

    assert floor.market("ETH").last == 320_000
    assert floor.market("ETH").mark() == 300_000


def test_a_frozen_oracle_publishes_nothing_until_it_thaws():
    floor = Floor()
    floor.follow("ETH")
    market = floor.market("ETH")
    market.reference.is_frozen = True

    floor.move("ETH", 250_000)
    assert (market.oracle, market.mark()) == (300_000, 300_000)
    market.reference.is_frozen = False
    floor.advance(3_000)
    assert (market.oracle, market.mark()) == (250_000, 250_000)


def test_a_silent_source_publishes_nothing():
    floor = Floor()
    market = floor.market("ETH")
    market.reference.oracle_source = lambda _: None

    floor.advance(60_000)

    assert (market.oracle, market.mark()) == (300_000, 300_000)


def test_the_director_sets_the_oracle_at_once():
    floor = Floor()
    market = floor.market("ETH")

    market.set_oracle(299_000, floor.now_ms)

    assert market.oracle == 299_000
    assert market.mark() == 299_000


def builder_floor():
    floor = Floor(builder_dexs=(XYZ_DEX,), now_ms=OPENED_MS // 3_000 * 3_000)
    return floor, floor.market("xyz:NVDA")


def test_a_builders_mark_moves_by_a_hundredth_at_a_time():
    floor, market = builder_floor()
    market.reference.oracle_source = lambda _: ReferencePrices(
        spot={"Binance": 200_000}, deployer_marks=(200_000, 200_000)
    )

    floor.advance(3_000)
    assert market.mark() == 181_800
    floor.advance(3_000)
    assert market.mark() == 181_800 + 1_818


def test_a_builders_mark_falls_back_on_its_own_book_after_ten_seconds_of_silence():
    floor, market = builder_floor()
    answers = [ReferencePrices(spot={"Binance": 180_000}, deployer_marks=(180_000,))]
    market.reference.oracle_source = lambda _: answers[0]
    floor.open("anna", 10_000, "xyz")
    floor.advance(3_000)
    answers[0] = None
    floor.order("anna", "xyz:NVDA", size=1_000, price=179_000)

    floor.advance(9_000)
    assert market.mark() == 180_000
    floor.advance(3_000)
    assert market.mark() == 179_000
    assert market.oracle == 180_000


def test_a_market_on_a_builders_dex_knows_its_dex():
    _, market = builder_floor()

    assert (market.dex, market.is_perp, market.is_isolated_only) == ("xyz", True, True)
    assert Floor().market("ETH").dex == ""


def test_an_opening_price_off_the_grid_is_refused_by_name():
    with pytest.raises(ValueError, match="oracle_price of xyz:NVDA must be positive"):
        Floor(
            builder_dexs=(replace(XYZ_DEX, coins=(replace(XYZ_DEX.coins[0], oracle_price="0"),)),)
        )


def test_the_previous_mark_is_the_one_of_the_publication_before():
    floor = Floor()
    floor.follow("ETH")
    market = floor.market("ETH")

    floor.move("ETH", 310_000)
    assert (market.previous_mark, market.mark()) == (300_000, 310_000)
    # Published again unchanged: whoever is closed now is closed at 3,100, not at a price of old.
    floor.advance(3_000)
    assert (market.previous_mark, market.mark()) == (310_000, 310_000)


def test_a_frozen_oracle_reports_nothing_until_it_publishes_again():
    floor = Floor()
    floor.market("ETH").reference.is_frozen = True

    floor.advance(3_000)
    floor.drain()
    for _ in range(5):
        floor.advance(100)
    assert floor.drain() == ()

    floor.market("ETH").reference.is_frozen = False
    floor.advance(100)
    assert floor.drain() == (MarketMoved("ETH"),)
