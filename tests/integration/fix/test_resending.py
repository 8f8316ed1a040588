"""What a peer asks to be sent again: all of it comes, and it holds nobody up meanwhile."""

import asyncio

import pytest

from tests.integration.fix.gateway import Gateway, connected, order, running, session

_REPORTS = 1_500
_TIMES = 40
_AT_ONCE_AND_MORE = 100
_PIECES_S = 0.1  # in which several would come


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    tables = [session(name) for name in ("GREEDY", "HONEST", "AHEAD", "LEAVING")]
    tables.append(session("ANEW", allow_reset="true"))
    with running(Gateway(tmp_path_factory.mktemp("fix"), "\n".join(tables))) as process:
        yield process


def test_who_asks_for_everything_again_and_again_is_sent_it_once(gateway):
    async def play():
        async with connected(gateway, target="GREEDY") as peer:
            reports = await _stored(peer)
            for _ in range(_TIMES):
                peer.send("2", "7=2|16=0|")
            peer.send("1", "112=next|")
            before = [said async for said in _until(peer, lambda said: said[112] == "next")]
            after = [said async for said in _until(peer, lambda said: said[34] == reports[-1])]

        # Each request has one message for an answer at once.
        assert len(before) < 10 * _TIMES
        assert [said[34] for said in after[-len(reports) + 1 :]] == reports[1:]

    asyncio.run(play())


def test_who_comes_back_is_sent_all_that_it_asks_for_in_order(gateway):
    async def play():
        async with connected(gateway, target="HONEST") as peer:
            reports = await _stored(peer)
            number = peer.next_out
        async with connected(gateway, target="HONEST") as peer:
            await peer.logged_on(number)
            peer.send("2", f"7=1|16={_REPORTS + 1}|")
            await peer.expect("4", f34="1", f36="2", f43="Y", f123="Y")
            again = [said async for said in _until(peer, lambda said: said[34] == reports[-1])]
            peer.send("1", "112=end|")
            await peer.expect("0", f112="end")

        assert [said[34] for said in again] == reports
        assert {said[43] for said in again} == {"Y"}

    asyncio.run(play())


def test_what_is_told_meanwhile_is_counted_in_for_who_asks_for_all(gateway):
    async def play():
        async with connected(gateway, target="LEAVING") as peer:
            reports = await _stored(peer)
            peer.send("2", "7=2|16=0|")
            peer.send("1", "112=meanwhile|")
            last = str(int(reports[-1]) + 1)
            took = [said async for said in _until(peer, lambda said: said[34] == last and said[43])]

        told, again = [
            [s for s in took if (s[43] == "Y") is is_again] for is_again in (False, True)
        ]
        assert [(said.kind, said[34]) for said in told] == [("0", last)]
        assert [said[34] for said in again] == [*reports, last]
        assert (again[-1].kind, again[-1][36]) == ("4", str(int(last) + 1))

    asyncio.run(play())


def test_who_asks_before_its_own_gap_is_filled_is_sent_all(gateway):
    async def play():
        async with connected(gateway, target="AHEAD") as peer:
            reports = await _stored(peer)
            expected, peer.next_out = peer.next_out, peer.next_out + 5
            peer.send("2", "7=2|16=0|")
            await _last(_until(peer, lambda said: said[34] == reports[-1] and said[43]))
            peer.next_out = expected
            peer.send("4", f"123=Y|36={expected + 6}|", more="43=Y|122=20200101-00:00:00|")
            peer.send("1", "112=end|", number=expected + 6)
            await _last(_until(peer, lambda said: said[112] == "end"))

    asyncio.run(play())


def test_what_was_asked_for_of_older_numbers_is_not_sent_of_newer_ones(gateway):
    async def play():
        async with connected(gateway, target="ANEW") as peer:
            await _stored(peer)
            said = []
            peer.raw = said.append
            peer.send("2", "7=2|16=0|")
            peer.next_out = 1
            peer.send("A", "98=0|108=30|141=Y|")
            for number in range(_AT_ONCE_AND_MORE):
                peer.send("1", f"112=t{number}|")
            del peer.raw
            peer.raw(b"".join(said))
            await _last(_until(peer, lambda said: said.kind == "A"))
            took = [s async for s in _until(peer, _answers(f"t{number}"))]
            loop = asyncio.get_running_loop()
            until, count = loop.time() + _PIECES_S, 0
            while loop.time() < until:
                count += 1
                peer.send("1", f"112=u{count}|")
                took += [s async for s in _until(peer, _answers(f"u{count}"))]

        assert {s.kind for s in took} == {"0"}
        assert {s[43] for s in took} == {None}

    asyncio.run(play())


# Orders that no desk is there for: each is refused, and the refusal stored.
async def _stored(peer):
    await peer.logged_on()
    for number in range(_REPORTS):
        peer.send("D", order(f"o{number}"))
    said = [await peer.expect("8", f150="8") for _ in range(_REPORTS)]
    return [each[34] for each in said]


async def _until(peer, test):
    while not test(said := await peer.receive()):
        assert said.fields, "hung up on"
        yield said
    yield said


def _answers(name):
    return lambda said: said[112] == name


async def _last(messages):
    async for _ in messages:
        pass
