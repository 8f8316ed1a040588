"""How a market's price was seen to move, as one number a second."""

import math
import random

import pytest

from router.domain.units import NS_PER_S, PICO_PER_UNIT, DurationNs, Price, TimestampNs
from router.state.market import MarketView, Staleness
from router.state.twap import SPACING, Twap
from tests.unit.engine.scene import ETH, PERP, POOL, USDC
from tests.unit.shell.floor import BOOK, CONTEXT, HEAD, SNAPSHOT

WINDOW = DurationNs(300 * NS_PER_S)
SECONDS = SPACING // NS_PER_S


def seen(prices):
    twap = Twap(WINDOW)
    for place, price in enumerate(prices):
        at = TimestampNs(place * SPACING)
        twap.add(at, Price(ETH.id, USDC.id, round(price * 10**9), 10**9))
    return twap


def test_two_moves_are_their_mean_square_over_the_time_they_took():
    drift, moves, watched = seen([100.0, 101.0, 99.99]).drift()

    expected = math.sqrt((0.01**2 + 0.01**2) / (2 * SECONDS))
    assert drift == pytest.approx(expected * PICO_PER_UNIT, rel=1e-6)
    assert (moves, watched) == (2, 2 * SPACING)


def test_a_price_that_stands_still_has_no_drift():
    assert seen([100.0] * 5).drift() == (0, 4, 4 * SPACING)


@pytest.mark.parametrize("prices", [[], [100.0]])
def test_of_one_price_or_none_nothing_is_known(prices):
    assert seen(prices).drift() == (0, 0, 0)


def test_a_random_walk_is_measured_as_it_walks():
    chance, sigma, prices = random.Random(5), 2e-4, [3_000.0]
    for _ in range(150):
        prices.append(prices[-1] * math.exp(chance.gauss(0.0, sigma * math.sqrt(SECONDS))))

    drift, moves, _ = seen(prices).drift()

    # Four standard errors of an estimate from 150 moves.
    assert moves == 150
    assert abs(drift / PICO_PER_UNIT / sigma - 1.0) < 4 / math.sqrt(2 * 150)


def test_the_market_tells_it_of_each_that_moved_while_it_was_watched():
    view = MarketView((POOL, PERP), Staleness(WINDOW, WINDOW))
    view.fold(SNAPSHOT)
    view.fold(CONTEXT)
    for event in (HEAD, BOOK):
        view.fold(event)

    assert view.paces() == ()
