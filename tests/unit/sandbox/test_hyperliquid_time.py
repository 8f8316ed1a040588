"""Venue time: factor, standing still, skipping, and steps that cross no due moment."""

import pytest

from venues.sandbox.hyperliquid.service.clock import VenueClock

OPENED_MS = 1_700_000_000_250


class Source:
    def __init__(self, now_ms=OPENED_MS):
        self.now_ms = now_ms

    def __call__(self):
        return self.now_ms


def stepped(clock):
    """Step until the target is reached and return every time on the way."""
    times = []
    while clock.step():
        times.append(clock())
    return times


def test_time_stays_until_it_is_stepped_and_then_is_the_source_s():
    source = Source()
    clock = VenueClock(source)
    source.now_ms += 40

    assert clock() == OPENED_MS
    assert stepped(clock) == [OPENED_MS + 40]
    assert clock() == source.now_ms


def test_a_step_never_crosses_a_whole_second():
    source = Source()
    clock = VenueClock(source)
    source.now_ms += 2_000

    assert stepped(clock) == [
        1_700_000_001_000,
        1_700_000_002_000,
        1_700_000_002_250,
    ]


def test_a_factor_multiplies_what_passes_and_not_what_has_passed():
    source = Source()
    clock = VenueClock(source)
    source.now_ms += 100
    stepped(clock)
    clock.set_factor(60)
    source.now_ms += 10

    stepped(clock)

    assert clock.factor == 60
    assert clock() == OPENED_MS + 100 + 600


def test_at_factor_zero_time_stands_still_but_can_be_skipped():
    source = Source()
    clock = VenueClock(source, factor=0)
    source.now_ms += 5_000
    assert stepped(clock) == []

    clock.leap(1_750)

    assert stepped(clock)[-1] == OPENED_MS + 1_750


def test_standing_still_drops_what_was_not_made_up_for():
    source = Source()
    clock = VenueClock(source, factor=3_600)
    source.now_ms += 60_000
    clock.step()
    reached_ms = clock()

    clock.set_factor(0)
    source.now_ms += 1_000

    assert not clock.step()
    assert clock() == reached_ms


def test_time_never_runs_back_when_the_source_does():
    source = Source()
    clock = VenueClock(source)
    source.now_ms -= 10_000

    assert not clock.step()
    assert clock() == OPENED_MS


def test_blockwise_time_rests_on_the_grid():
    source = Source()
    clock = VenueClock(source, grid_ms=500, is_blockwise=True)
    source.now_ms += 1_200

    assert stepped(clock) == [1_700_000_000_500, 1_700_000_001_000]


@pytest.mark.parametrize("grid_ms", [70, 500, 1_000])
@pytest.mark.parametrize("period_ms", [3_000, 5_000, 30_000, 3_600_000])
def test_a_long_skip_stops_in_every_period(grid_ms, period_ms):
    clock = VenueClock(Source(), grid_ms=grid_ms, is_blockwise=True)
    clock.leap(2 * 3_600_000)

    times = stepped(clock)

    periods = [moment // period_ms for moment in times]
    assert set(periods) == set(range(periods[0], periods[-1] + 1))
    assert times[-1] > OPENED_MS + 2 * 3_600_000 - grid_ms
    assert times == sorted(set(times))
