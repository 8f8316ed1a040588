"""What can be known of a stream that has no connection."""

import asyncio

import pytest

from router.domain.market import StreamLost
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid.feed.stream import Stream
from venues.transport.error import NotDeliveredError


class StoppingClock:
    """Ends the test at the second wait."""

    def __init__(self):
        self.waits = []

    def now(self):
        return TimestampNs(NS_PER_S)

    async def sleep(self, duration):
        self.waits.append(duration)
        if len(self.waits) == 2:
            raise asyncio.CancelledError


def test_without_a_connection_nothing_is_posted(config):
    stream = Stream(config, StoppingClock(), tell=lambda _: None)

    assert not stream.is_live
    with pytest.raises(NotDeliveredError, match="cannot take another action"):
        asyncio.run(stream.post({}))


def test_every_failure_to_connect_is_a_loss_and_the_next_attempt_waits_longer(config):
    told, clock = [], StoppingClock()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Stream(config, clock, tell=told.append).run())

    assert [type(event) for event in told] == [StreamLost, StreamLost]
    assert clock.waits[1] == 2 * clock.waits[0]
