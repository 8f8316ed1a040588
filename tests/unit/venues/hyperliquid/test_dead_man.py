"""When the dead man's switch is moved on, and when somebody is told that it cannot be."""

import pytest

from router.domain.error import ConfigError
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid.account.dead_man import DeadMansSwitch, SwitchState

TOO_LITTLE = (
    "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $12."
)


def at(seconds):
    return TimestampNs(int(seconds * NS_PER_S))


def test_a_switch_of_no_seconds_is_off():
    switch = DeadMansSwitch(0)

    assert (switch.due(at(1)), switch.state, switch.must_disarm()) == (None, SwitchState.OFF, False)


@pytest.mark.parametrize("span", [1, 9, -1])
def test_a_span_too_short_to_renew_is_refused(span):
    with pytest.raises(ConfigError, match="dead_mans_switch_s must be 0"):
        DeadMansSwitch(span)


def test_it_is_armed_at_once_and_moved_on_at_half_its_span():
    switch = DeadMansSwitch(20)

    assert switch.due(at(100)) == 120_000
    switch.armed(120_000)

    assert switch.due(at(109)) is None
    assert switch.due(at(110)) == 130_000


def test_an_attempt_that_came_to_nothing_is_repeated_soon_but_not_at_once():
    switch = DeadMansSwitch(16)
    switch.due(at(100))

    assert switch.due(at(101)) is None
    assert switch.due(at(102)) == 118_000


def test_too_little_volume_is_said_once_and_not_tried_again():
    switch = DeadMansSwitch(16)
    switch.due(at(100))

    assert "Traded: $12" in switch.refused(TOO_LITTLE)

    assert switch.state is SwitchState.UNAVAILABLE
    assert switch.due(at(1_000)) is None
    assert not switch.must_disarm()


def test_another_refusal_of_an_armed_switch_is_said_once_and_tried_again():
    switch = DeadMansSwitch(16)
    switch.due(at(100))
    switch.armed(116_000)
    switch.due(at(108))

    assert "was refused: no" in switch.refused("no")
    assert switch.refused("no") is None

    assert switch.due(at(110)) == 126_000


def test_a_switch_that_may_be_armed_is_disarmed_at_the_end():
    switch = DeadMansSwitch(16)
    assert not switch.must_disarm()

    switch.due(at(100))  # sent; nobody knows yet
    assert switch.must_disarm()
    switch.armed(116_000)
    assert switch.must_disarm()

    switch.disarmed()
    assert not switch.must_disarm()
