"""An agent whose approval ends is warned of, and then signs no more."""

import pytest

from router.domain.error import NotSentError
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.account.agent_watch import AgentWatch

AGENT = "0x" + "cd" * 20
DAY = 86_400 * NS_PER_S
NOW = TimestampNs(1_000 * DAY)


def listed(days_left, *, address=AGENT):
    until = None if days_left is None else (NOW + days_left * DAY) // 1_000_000
    return wire.Agent("desk", address, until)


@pytest.fixture
def watch():
    return AgentWatch(AGENT)


def test_the_agents_are_asked_for_every_hour(watch):
    assert watch.is_due(NOW)

    watch.learn([], now=NOW)

    assert not watch.is_due(TimestampNs(NOW + 3_599 * NS_PER_S))
    assert watch.is_due(TimestampNs(NOW + 3_600 * NS_PER_S))


@pytest.mark.parametrize(
    "agents", [[], [listed(None)], [listed(8)], [listed(1, address="0xother")]]
)
def test_an_agent_that_has_time_is_not_warned_of(agents, watch):
    watch.learn(agents, now=NOW)

    watch.require_valid(NOW)
    assert watch.warning(NOW) is None


def test_an_agent_is_warned_of_a_week_ahead(watch):
    watch.learn([listed(7)], now=NOW)

    watch.require_valid(NOW)
    assert "ends in 168 h" in watch.warning(NOW)


def test_an_expired_agent_signs_no_more(watch):
    watch.learn([listed(0)], now=NOW)

    with pytest.raises(NotSentError, match="has expired: approve a new one"):
        watch.require_valid(NOW)


def test_an_agent_that_is_listed_no_longer_signs_no_more(watch):
    watch.learn([listed(30)], now=NOW)
    watch.learn([], now=NOW)

    assert "was deregistered" in watch.warning(NOW)
    with pytest.raises(NotSentError, match="was deregistered"):
        watch.require_valid(NOW)

    watch.learn([listed(30)], now=NOW)
    watch.require_valid(NOW)
