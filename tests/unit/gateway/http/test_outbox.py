import asyncio

import orjson
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.http.outbox import Outbox


def taken(outbox, frames):
    async def take():
        return [orjson.loads(await outbox.next()) for _ in range(frames)]

    return asyncio.run(take())


def put(outbox, *numbers, name="r"):
    for number in numbers:
        outbox.events(name, b"%d" % number, count=1, place=(number, 0))


def test_events_of_one_subscription_share_a_frame():
    outbox = Outbox()
    put(outbox, 1, 2, 3)

    assert taken(outbox, 1) == [{"op": "events", "id": "r", "events": [1, 2, 3]}]
    assert outbox.places == {"r": (3, 0)}


def test_replies_keep_their_place_between_events():
    outbox = Outbox()
    outbox.reply(b'{"op":"subscribed"}')
    put(outbox, 1)
    outbox.reply(b'{"op":"pong"}')
    put(outbox, 2)

    told = taken(outbox, 4)

    assert [each["op"] for each in told] == ["subscribed", "events", "pong", "events"]


def test_of_a_state_only_the_newest_is_told():
    outbox = Outbox()
    for version in range(5_000):
        outbox.state("b", "", b"%d" % version)

    assert taken(outbox, 1) == [{"op": "events", "id": "b", "events": [4999]}]


def test_one_subscription_does_not_overtake_another():
    outbox = Outbox()
    put(outbox, 1)
    outbox.state("b", "", b"7")
    put(outbox, 2)

    told = taken(outbox, 3)

    assert [each["id"] for each in told] == ["r", "b", "r"]


def test_a_client_that_takes_nothing_loses_its_place_and_nothing_is_left_out_before():
    outbox = Outbox(pending_max=10)
    put(outbox, 1, 2)
    taken(outbox, 1)
    put(outbox, *range(3, 14))

    assert outbox.overflowed.is_set()
    assert outbox.places == {"r": (2, 0)}


def test_states_never_cost_a_client_its_place():
    outbox = Outbox(pending_max=10)
    for version in range(1_000):
        outbox.state("b", str(version % 7), b"%d" % version)

    assert not outbox.overflowed.is_set()
    assert sum(len(each["events"]) for each in taken(outbox, 1)) == 7


def test_bytes_are_bounded_too():
    outbox = Outbox(bytes_max=100)
    outbox.events("r", b"x" * 101, count=1, place=(1, 0))

    assert outbox.overflowed.is_set()


def test_what_is_unsubscribed_is_told_no_more():
    outbox = Outbox()
    put(outbox, 1, name="a")
    put(outbox, 2, name="b")
    outbox.forget("a")

    assert taken(outbox, 1) == [{"op": "events", "id": "b", "events": [2]}]


def test_who_reads_the_journal_waits_for_room():
    async def story():
        outbox = Outbox(pending_max=4)
        put(outbox, 1, 2, 3)
        waiting = asyncio.create_task(outbox.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        await outbox.next()
        await waiting

    asyncio.run(story())


@given(st.lists(st.tuples(st.sampled_from("abs"), st.integers(0, 2)), max_size=60))
def test_every_happening_is_told_once_and_in_order_and_the_last_state_is_told(said):
    outbox = Outbox()
    events, states = {"a": [], "b": []}, {}
    for number, (name, key) in enumerate(said):
        if name == "s":
            outbox.state("s", str(key), b"[%d,%d]" % (key, number))
            states[key] = number
        else:
            outbox.events(name, b"%d" % number, count=1, place=(number, 0))
            events[name].append(number)

    told = {"a": [], "b": [], "s": []}
    while outbox.waiting:
        (frame,) = taken(outbox, 1)
        told[frame["id"]].extend(frame["events"])

    assert told["a"] == events["a"]
    assert told["b"] == events["b"]
    assert dict(told["s"]) == states
    assert len(told["s"]) == len(states)
