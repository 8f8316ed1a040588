"""The scene: where prices go, what the makers show, and what a crowd of longs does in a fall."""

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from math import sqrt
from random import Random

import pytest

from venues.sandbox.hyperliquid.answers.book import levels
from venues.sandbox.hyperliquid.config import (
    BTC,
    ETH,
    HOUSE_ADDRESS,
    HYPE,
    HYPE_USDC,
    PURR_USDC,
    SOL,
    SandboxConfig,
    SceneConfig,
    Shock,
)
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, FillMade, Stamp, TradePrinted
from venues.sandbox.hyperliquid.scene.company import MAKERS, TAKERS, Company, address
from venues.sandbox.hyperliquid.scene.path import FairPath, World, normal
from venues.sandbox.hyperliquid.scene.presets import SCENES
from venues.sandbox.hyperliquid.scene.taker import take
from venues.sandbox.hyperliquid.venue import Venue

OPENED_MS = 1_700_000_000_000
STEP_MS = 500
QUIET = SceneConfig(noise_takers=0, jumps_per_day=0, volatility_percent_year=0)


def path(config=QUIET, *, opening=900_000, seed=7):
    return FairPath("BTC", opening, config=config, seed=seed, opened_ms=OPENED_MS)


class Stage:
    """A venue with a scene on a hand-wound clock."""

    def __init__(self, scene=QUIET, **changes):
        self.now_ms = OPENED_MS
        self.config = replace(
            SandboxConfig(coins=(BTC, ETH), builder_dexs=(), spot_pairs=(), scene=scene), **changes
        )
        self.venue = Venue(self.config, lambda: self.now_ms)
        self.company = Company(
            self.venue.matching,
            scene,
            seed=self.config.seed,
            opened_ms=OPENED_MS,
            deposit=self.venue.deposit,
        )

    def run(self, seconds):
        """Play block by block and return every event."""
        events = []
        for _ in range(seconds * 1_000 // STEP_MS):
            self.now_ms += STEP_MS
            self.company.act(self.now_ms)
            self.venue.block(self.now_ms, ())
            events += self.venue.drain()
        return events

    def depth(self, coin, bps):
        """Return USD within so many basis points of the mid, bids and asks."""
        market = self.venue.markets[coin]
        mid = market.mid()
        return [
            sum(
                price * size // MICRO
                for price, size, _ in levels(market, is_buy=is_buy)
                if abs(price - mid) * 10_000 <= bps * mid
            )
            for is_buy in (True, False)
        ]


# Paths.


def test_equal_seeds_mean_equal_paths_and_others_do_not():
    def prices(seed):
        walk = path(SceneConfig(), seed=seed)
        return [walk.price(OPENED_MS + STEP_MS * i) for i in range(2_000)]

    assert prices(7) == prices(7)
    assert prices(7) != prices(8)


def test_a_path_does_not_depend_on_how_often_it_is_looked_at():
    often, rarely = path(SceneConfig()), path(SceneConfig())
    for i in range(1_000):
        often.price(OPENED_MS + STEP_MS * i)

    end_ms = OPENED_MS + STEP_MS * 1_000
    assert often.price(end_ms) == rarely.price(end_ms)


def test_the_noise_has_the_volatility_that_was_asked_for():
    walk = path(SceneConfig(volatility_percent_year=60, jumps_per_day=0), opening=9_000_000)
    prices = [walk.price(OPENED_MS + STEP_MS * i) for i in range(20_000)]
    moves = [b / a - 1 for a, b in pairwise(prices)]

    deviation = sqrt(sum(move * move for move in moves) / len(moves))

    steps_a_year = 365 * 86_400_000 / STEP_MS
    assert deviation * sqrt(steps_a_year) == pytest.approx(0.60, rel=0.05)


def test_a_normal_draw_is_centred_and_has_a_deviation_of_one():
    random = Random(3)
    draws = [normal(random) / 65_536 for _ in range(20_000)]

    assert abs(sum(draws) / len(draws)) < 0.03
    assert sum(draw * draw for draw in draws) / len(draws) == pytest.approx(1, rel=0.05)


def test_a_shock_moves_the_price_by_its_size_evenly_and_then_rests():
    walk = path(replace(QUIET, shocks=(Shock(60_000, 300_000, -2_500),)))

    at = {s: walk.price(OPENED_MS + 1_000 * s) for s in (60, 210, 360, 600)}

    assert at[60] == 900_000
    assert at[210] == pytest.approx(900_000 * 0.875, abs=2)
    assert at[360] == pytest.approx(900_000 * 0.75, abs=2)
    assert at[600] == at[360]


def test_a_shock_of_one_coin_leaves_another_alone():
    shocked = replace(QUIET, shocks=(Shock(0, 1_000, -1_000, ("ETH",)),))

    assert path(shocked).price(OPENED_MS + 10_000) == 900_000


def test_other_venues_quote_near_the_fair_price_and_not_all_the_same():
    world = World("BTC", path(), seed=7)

    shown = world.prices(OPENED_MS)

    prices = [*shown.spot.values(), *shown.perps.values()]
    assert len(shown.spot) == 8
    assert len(shown.perps) == 5
    assert len(set(prices)) > 8
    assert all(abs(price - 900_000) < 900 for price in prices)


# Makers.


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_a_million_and_a_half_stands_within_ten_basis_points_a_side(coin):
    stage = Stage(SceneConfig())

    assert all(1_200_000 < side < 1_900_000 for side in stage.depth(coin, 10))
    stage.run(30)
    assert all(900_000 < side < 1_900_000 for side in stage.depth(coin, 10))


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_a_book_has_more_levels_than_a_client_is_shown(coin):
    stage = Stage(SceneConfig())
    stage.run(30)

    market = stage.venue.markets[coin]
    assert all(sum(1 for _ in levels(market, is_buy=side)) >= 20 for side in (True, False))


def test_a_smaller_coin_is_thinner():
    stage = Stage(SceneConfig(), coins=(BTC, SOL))

    assert sum(stage.depth("SOL", 10)) < sum(stage.depth("BTC", 10)) / 2


def test_the_house_makes_room_for_the_makers():
    stage = Stage()

    assert not stage.venue.state.account(HOUSE_ADDRESS).open_orders


def test_quotes_stay_around_the_fair_price_and_never_crossed():
    stage = Stage(SceneConfig(volatility_percent_year=150))
    for _ in range(60):
        stage.run(1)
        for coin, market in stage.venue.markets.items():
            bid, ask = market.touch()
            fair = stage.company.fair(coin)
            assert bid < ask
            assert abs(bid + ask - 2 * fair) < fair * 2 * 8 // 10_000


def test_calm_makers_do_not_touch_what_has_not_moved():
    stage = Stage()

    before = dict.fromkeys(stage.venue.state.orders)
    stage.run(10)

    assert dict.fromkeys(stage.venue.state.orders) == before


def swept(stage, coin, usd):
    """Let a rich stranger buy so much of a coin at once, one reach after another."""
    stranger = "0x" + "d" * 40
    stage.venue.deposit(stranger, 100_000_000 * MICRO)
    account, market = stage.venue.state.account(stranger), stage.venue.markets[coin]
    stamp = Stamp(stage.now_ms, NO_ACTION_HASH)
    take(stage.venue.matching, account, market, signed_notional=usd * MICRO, stamp=stamp)
    return account


def test_a_swept_side_is_thin_for_the_delay_and_whole_again_after_it():
    stage = Stage(replace(QUIET, replenish_ms=3_000))
    _, whole = stage.depth("ETH", 10)
    account = swept(stage, "ETH", 2_000_000)
    assert account.positions["ETH"].size > 0

    stage.run(2)
    _, during = stage.depth("ETH", 10)
    stage.run(6)
    _, after = stage.depth("ETH", 10)

    assert during < whole / 3
    assert after > whole * 0.8


def test_a_maker_that_sold_leans_upwards():
    calm, leaning = (Stage(replace(QUIET, maker_deposit_usd=1_000_000)) for _ in range(2))
    for _ in range(3):
        swept(leaning, "ETH", 2_000_000)
        leaning.run(10)
        calm.run(10)

    assert leaning.venue.markets["ETH"].mid() > calm.venue.markets["ETH"].mid()


def test_under_stress_quotes_are_wider_and_less_and_recover():
    stage = Stage()
    market = stage.venue.markets["ETH"]
    bid, ask = market.touch()
    calm_spread, calm_depth = ask - bid, sum(stage.depth("ETH", 50))
    stage.company.shock(Shock(0, 20_000, -500))

    stage.run(15)
    bid, ask = market.touch()
    stressed_spread, stressed_depth = ask - bid, sum(stage.depth("ETH", 50))
    stage.run(60)
    bid, ask = market.touch()

    assert stressed_spread >= 3 * calm_spread
    assert stressed_depth < calm_depth / 3
    assert ask - bid <= 2 * calm_spread
    assert sum(stage.depth("ETH", 50)) > calm_depth * 0.8


def test_thinning_takes_effect_at_once_and_can_be_taken_back():
    stage = Stage()
    whole = sum(stage.depth("ETH", 50))

    stage.company.thin("ETH", 10)
    thin = sum(stage.depth("ETH", 50))
    stage.company.thin("ETH", 0)
    assert stage.venue.markets["ETH"].touch() == (None, None)
    stage.company.thin("ETH", 100)

    assert 0.08 * whole < thin < 0.12 * whole
    assert sum(stage.depth("ETH", 50)) == pytest.approx(whole, rel=0.01)


# Spot.


def test_a_pair_is_quoted_and_follows_the_perpetual_of_its_token():
    stage = Stage(coins=(BTC, HYPE), spot_pairs=(PURR_USDC, HYPE_USDC))
    pair = stage.venue.state.spot_markets["@1"]
    assert abs(pair.mid() - pair.opening) * 10_000 < pair.opening * 2

    stage.company.shock(Shock(0, 10_000, -1_000, ("HYPE",)))
    stage.run(30)

    assert float(pair.mid()) == pytest.approx(pair.opening * 0.9, rel=0.001)
    purr = stage.venue.state.spot_markets["PURR/USDC"]
    assert abs(purr.mid() - purr.opening) * 10_000 < purr.opening * 2


# Everybody.


def test_noise_trades_at_the_pace_that_was_asked_for():
    stage = Stage(replace(QUIET, noise_takers=4, noise_per_minute=60))

    prints = [event.trade for event in stage.run(120) if isinstance(event, TradePrinted)]

    strangers = {address(TAKERS, index) for index in range(4)}
    hours = Counter((trade.coin, trade.time_ms) for trade in prints)
    assert all({trade.buyer, trade.seller} & strangers for trade in prints)
    assert 160 < len(hours) < 320


def test_equal_seeds_and_times_mean_equal_bytes():
    def told(seed):
        stage = Stage(SceneConfig(jumps_per_day=2_000), seed=seed)
        return sha256(repr(stage.run(60)).encode()).hexdigest()

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_the_oracle_follows_the_fair_price():
    stage = Stage(SceneConfig())
    stage.run(120)

    for coin, market in stage.venue.markets.items():
        assert abs(market.oracle - stage.company.fair(coin)) * 1_000 < market.oracle
        assert abs(market.mark() - stage.company.fair(coin)) * 1_000 < market.oracle


def test_every_maker_has_its_turn_when_only_every_other_step_is_made():
    stage = Stage(SceneConfig(makers=2, path_step_ms=STEP_MS // 2))
    makers = [stage.venue.state.account(address(MAKERS, index)) for index in range(2)]
    for maker in makers:
        stage.venue.matching.cancel_all(
            maker, status="canceled", stamp=Stamp(stage.now_ms, NO_ACTION_HASH)
        )

    stage.run(4)

    assert all(maker.open_orders for maker in makers)


def fall(crowd, seconds):
    """Play a quarter down in five minutes after one minute, and count what became of the crowd."""
    scene = replace(
        SCENES["cascade"], crowd=crowd, shocks=(Shock(60_000, 300_000, -2_500),), noise_takers=0
    )
    stage = Stage(scene, coins=(BTC, ETH, SOL, HYPE), liquidator_deposit_micro_usd=100_000 * MICRO)
    counts = Counter()
    for event in stage.run(seconds):
        if isinstance(event, FillMade) and event.fill.liquidation is not None:
            counts[event.fill.liquidation.method] += 1
            counts[event.fill.direction] += 1
    return counts


def test_a_fall_liquidates_the_crowd_through_book_backstop_and_deleveraging():
    counts = fall(crowd=100, seconds=210)

    assert counts["market"] > 50
    assert counts["backstop"] > 0
    assert counts["Auto-Deleveraging"] > 0


@pytest.mark.soak
def test_a_whole_cascade_ends_with_money_and_sizes_conserved():
    # Conservation is asserted by the venue at every block; to get to the end is the test.
    counts = fall(crowd=400, seconds=600)

    assert counts["market"] > 500
    assert counts["backstop"] > 50
    assert counts["Auto-Deleveraging"] > 20
