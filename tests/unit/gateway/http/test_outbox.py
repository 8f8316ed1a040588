import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from router.gateway.http.frames import Events
from router.gateway.http.outbox import Outbox
from tests.unit.gateway.http.hub_scene import Pipe, said


def taken(outbox, frames):
    return [said(outbox.take()) for _ in range(frames)]


def put(outbox, *numbers, name="r"):
    for number in numbers:
        outbox.events(Events(name, b"%d" % number, count=1, place=(number, 0)))


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
        outbox.state("", Events("b", b"%d" % version))

    assert taken(outbox, 1) == [{"op": "events", "id": "b", "events": [4999]}]


def test_one_subscription_does_not_overtake_another():
    outbox = Outbox()
    put(outbox, 1)
    outbox.state("", Events("b", b"7"))
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
        outbox.state(str(version % 7), Events("b", b"%d" % version))

    assert not outbox.overflowed.is_set()
    assert sum(len(each["events"]) for each in taken(outbox, 1)) == 7


def test_bytes_are_bounded_too():
    outbox = Outbox(bytes_max=100)
    outbox.events(Events("r", b"x" * 101, count=1, place=(1, 0)))

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
        outbox.take()
        await waiting

    asyncio.run(story())


def test_what_is_unsubscribed_makes_room_for_who_waits_for_it():
    async def story():
        outbox = Outbox(pending_max=4)
        put(outbox, 1, 2, 3, name="a")
        waiting = asyncio.create_task(outbox.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        outbox.forget("a")
        await waiting

    asyncio.run(story())


@given(st.lists(st.tuples(st.sampled_from("abs"), st.integers(0, 2)), max_size=60))
def test_every_happening_is_told_once_and_in_order_and_the_last_state_is_told(story):
    outbox = Outbox()
    events, states = {"a": [], "b": []}, {}
    for number, (name, key) in enumerate(story):
        if name == "s":
            outbox.state(str(key), Events("s", b"[%d,%d]" % (key, number)))
            states[key] = number
        else:
            put(outbox, number, name=name)
            events[name].append(number)

    told = {"a": [], "b": [], "s": []}
    while outbox.waiting:
        (frame,) = taken(outbox, 1)
        told[frame["id"]].extend(frame["events"])

    assert told["a"] == events["a"]
    assert told["b"] == events["b"]
    assert dict(told["s"]) == states
    assert len(told["s"]) == len(states)


def test_while_the_socket_takes_it_nothing_waits():
    outbox, pipe = Outbox(pending_max=2), Pipe()
    outbox.through(pipe)
    outbox.reply(b'{"op":"pong"}')
    put(outbox, *range(1, 100))
    outbox.state("", Events("b", b"7"))

    assert [said(frame).get("events") for frame in pipe.frames] == [
        None,
        *([number] for number in range(1, 100)),
        [7],
    ]
    assert (outbox.waiting, outbox.places) == (0, {"r": (99, 0)})
    assert not outbox.overflowed.is_set()


@given(st.lists(st.sampled_from(["event", "state", "slow", "free", "drain"]), max_size=80))
@example(["slow", "event", "state", "free", "event", "state", "drain", "event"])
def test_however_the_socket_stalls_all_is_told_once_and_in_order_and_no_state_goes_back(story):
    outbox, pipe = Outbox(), Pipe()
    outbox.through(pipe)
    happened, newest = [], None
    for number, what in enumerate(story):
        match what:
            case "event":
                put(outbox, number)
                happened.append(number)
            case "state":
                outbox.state("", Events("s", b"%d" % number))
                newest = number
            case "drain":
                drain(outbox, pipe)
            case _:
                pipe.is_free = what == "free"
    drain(outbox, pipe)

    told = [said(frame) for frame in pipe.frames]
    states = [value for each in told if each["id"] == "s" for value in each["events"]]
    assert [value for each in told if each["id"] == "r" for value in each["events"]] == happened
    assert states == sorted(set(states))
    assert states[-1:] == ([] if newest is None else [newest])
    assert outbox.places == ({"r": (happened[-1], 0)} if happened else {})


def drain(outbox, pipe):
    while (frame := outbox.take()) is not None:
        pipe.write(frame)


def test_whoever_writes_what_waits_is_woken_by_it():
    async def story():
        outbox, pipe = Outbox(), Pipe()
        outbox.through(pipe)
        waiting = asyncio.create_task(outbox.filled())
        put(outbox, 1)
        await asyncio.sleep(0)
        assert not waiting.done()  # it went out at once
        pipe.is_free = False
        put(outbox, 2)
        await waiting

    asyncio.run(story())
