"""The feed: who is slow is told the latest of states, and every fill or that some are missing."""

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import OrderError
from router.domain.order import Fill
from router.domain.risk import Zone
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    ChildId,
    InstrumentId,
    ParentId,
    Side,
    TimestampNs,
    VenueId,
)
from router.gateway import feed as feeds
from router.gateway.feed import Feed
from router.gateway.risk_events import (
    FillTold,
    MarginTold,
    PlaceLost,
    Published,
    SwitchesTold,
    ZoneChanged,
    encode,
)

AT = TimestampNs(5)
DEADLINE_S = 10.0
STATES = (MarginTold(()), SwitchesTold(()))


def fill(number):
    return FillTold(
        ParentId("p"),
        VenueId("v"),
        AccountId("a"),
        Side.BUY,
        Fill(
            id=f"f{number}",
            child=ChildId("c"),
            instrument=InstrumentId("i"),
            quantity=Amount(AssetId("ETH"), 10**30),
            notional=Amount(AssetId("USDC"), 7),
            fee=Amount(AssetId("USDC"), -1),
            at_venue=AT,
        ),
    )


def run(coroutine):
    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await coroutine

    return asyncio.run(bounded())


async def taken(subscription, count):
    return [await subscription.next() for _ in range(count)]


def test_a_subscriber_begins_with_the_latest_of_each_state_and_is_told_what_follows():
    feed = Feed("one")
    for event in (*STATES, fill(1), STATES[0]):
        feed.publish(event, AT)

    async def told():
        subscription = feed.subscribe()
        feed.publish(fill(2), AT)
        return await taken(subscription, 3)

    assert [(t.sequence, t.event) for t in run(told())] == [
        (2, STATES[1]),
        (4, STATES[0]),
        (5, fill(2)),
    ]


def test_who_waits_is_woken_by_the_next_event():
    feed = Feed("one")

    async def told():
        subscription = feed.subscribe()
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0)
        feed.publish(fill(1), AT)
        return await waiting

    assert run(told()).event == fill(1)


def test_who_is_slow_is_told_a_state_once_and_each_fill():
    feed = Feed("one", pending_max=3)

    async def told():
        subscription = feed.subscribe()
        for number in range(3):
            feed.publish(fill(number), AT)
            for _ in range(100):
                feed.publish(STATES[0], AT)
        return await taken(subscription, 4)

    events = [each.event for each in run(told())]
    assert events == [fill(0), fill(1), fill(2), STATES[0]]


def test_who_cannot_take_its_fills_is_told_so_and_nothing_else_and_begins_again():
    feed = Feed("one", pending_max=3)

    async def told():
        subscription = feed.subscribe()
        feed.publish(STATES[0], AT)
        for number in range(4):
            feed.publish(fill(number), AT)
        lost, over = await taken(subscription, 2)
        again = await feed.subscribe().next()
        return lost, over, again

    lost, over, again = run(told())
    assert isinstance(lost, PlaceLost)
    assert (lost.feed, lost.sequence) == ("one", 5)
    assert "3 fills" in lost.reason
    assert over is None
    assert again.event == STATES[0]


def test_one_that_is_lost_does_not_hold_up_the_others():
    feed = Feed("one", pending_max=2)

    async def told():
        slow, quick = feed.subscribe(), feed.subscribe()
        got = []
        for number in range(5):
            feed.publish(fill(number), AT)
            got.append((await quick.next()).event)
        return got, await slow.next()

    got, lost = run(told())
    assert got == [fill(number) for number in range(5)]
    assert isinstance(lost, PlaceLost)


def test_who_comes_back_is_told_what_it_missed():
    feed = Feed("one")
    for event in (STATES[0], fill(1), STATES[1], fill(2), STATES[0]):
        feed.publish(event, AT)

    told = run(taken(feed.resume("one", after=2), 3))

    assert [(t.sequence, t.event) for t in told] == [(3, STATES[1]), (4, fill(2)), (5, STATES[0])]


@pytest.mark.parametrize(("name", "after"), [("another", 3), ("one", 1), ("one", 9)])
def test_who_comes_back_too_late_or_from_elsewhere_has_lost_its_place(name, after):
    feed = Feed("one", kept_max=2)
    for number in range(4):
        feed.publish(fill(number), AT)  # the first two can no longer be told again

    (lost,) = run(taken(feed.resume(name, after=after), 1))

    assert isinstance(lost, PlaceLost)
    assert run(taken(feed.resume("one", after=2), 1))[0].event == fill(2)


def test_who_has_closed_is_told_that_it_is_over():
    feed = Feed("one")

    async def told():
        subscription = feed.subscribe()
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0)
        subscription.close()
        feed.publish(fill(1), AT)
        return await waiting

    assert run(told()) is None


def test_there_are_only_so_many_subscribers_and_one_that_closes_makes_room():
    feed = Feed("one")
    held = [feed.subscribe() for _ in range(feeds.SUBSCRIBERS_MAX)]
    with pytest.raises(OrderError, match="close one"):
        feed.subscribe()

    held[0].close()

    feed.subscribe()


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(0, 10**6)),
        st.tuples(st.just("state"), st.sampled_from(STATES)),
        st.tuples(st.just("take"), st.none()),
        st.tuples(st.just("resume"), st.none()),
    ),
    max_size=60,
)


class Follower:
    """Reads at its own pace, goes away and comes back, and checks that no fill is left out."""

    def __init__(self):
        self.feed = Feed("one", kept_max=8, pending_max=4)
        self.subscription = self.feed.subscribe()
        self.fills = []
        self.place = 0  # the last that was told
        self.last = 0  # up to which fills are accounted for

    async def fill(self, number):
        self.fills.append(self.feed.publish(fill(number), AT).sequence)

    async def state(self, event):
        self.feed.publish(event, AT)

    async def resume(self, _):
        self.subscription.close()
        self.subscription = self.feed.resume("one", after=self.place)
        self.last = self.place

    async def take(self, _):
        newest = self.feed.publish(STATES[0], AT).sequence  # so that there is something to take
        told = await self.subscription.next()
        if isinstance(told, PlaceLost):
            self.subscription, self.place, self.last = self.feed.subscribe(), 0, newest
            return
        assert told.sequence > self.place
        self.place = told.sequence
        if isinstance(told.event, FillTold):
            assert told.sequence == next(each for each in self.fills if each > self.last)
            self.last = told.sequence
        else:
            assert not any(self.last < each < told.sequence for each in self.fills)


@given(happenings)
def test_whatever_the_pace_fills_come_once_and_in_order_or_the_place_is_lost(steps):
    async def followed():
        follower = Follower()
        for step, value in steps:
            await getattr(follower, step)(value)

    run(followed())


def test_an_event_is_one_line_of_json_with_whole_numbers():
    zone = ZoneChanged(AccountId("a"), Zone.SAFE, Zone.EARLY)

    line = encode(Published("one", 3, fill(1), AT))

    assert b"\n" not in line
    told = orjson.loads(line)["Published"]
    assert (told["feed"], told["sequence"], told["at"]) == ("one", 3, 5)
    assert told["event"]["FillTold"]["fill"]["notional"] == {"asset": "USDC", "atoms": 7}
    assert told["event"]["FillTold"]["fill"]["quantity"]["atoms"] == str(10**30)
    assert orjson.loads(encode(Published("one", 4, zone, AT)))["Published"]["event"] == {
        "ZoneChanged": {"account": "a", "before": "safe", "now": "early"}
    }
    assert orjson.loads(encode(PlaceLost("one", 3, "why")))["PlaceLost"]["reason"] == "why"
