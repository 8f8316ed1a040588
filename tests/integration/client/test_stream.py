import os
import signal
import socket
import sys
import threading
import time
from contextlib import aclosing

import pytest

from router.client import AsyncClient, Client
from router.client.blocking import Client as Same
from router.client.connection import Patience
from router.client.error import LostError, UnauthenticatedError, UnreachableError
from router.client.stream import Reports
from tests.integration.client.door import door, run, told
from tests.integration.client.test_requests import HASTY, opened_beside

LOOKS = 3
BEGUN = {"op": "subscribed", "channel": "reports", "place": [4, 0]}


def events(*numbers):
    return {"op": "events", "events": [told(number) for number in numbers]}


async def followed(*streams, count, after=None):
    """Follow until so many reports came; return them, and where each stream was to begin."""
    async with door() as opened, AsyncClient(opened.url, patience=HASTY) as client:
        opened.streams.extend(streams)
        reports = []
        async with aclosing(client.follow(after=after)) as stream:
            async for report in stream:
                reports.append(report)
                if len(reports) == count:
                    break
        return [r.place[0] for r in reports], [wanted.get("after") for *_, wanted in opened.asked]


def test_a_stream_that_breaks_goes_on_after_the_last_report_and_none_comes_twice():
    places, begun = run(
        followed(
            [BEGUN, events(5, 6), None],
            [BEGUN, events(6, 7), 1001],
            [BEGUN, events(8), 4008],
            [BEGUN, events(9)],
            count=5,
        )
    )

    assert places == [5, 6, 7, 8, 9]
    assert begun == [None, [6, 0], [7, 0], [8, 0]]


def test_a_stream_that_breaks_before_the_first_report_still_knows_where_it_began():
    places, begun = run(followed([BEGUN, None], [events(5)], count=1))

    assert (places, begun) == ([5], [None, [4, 0]])


def test_whoever_knows_a_place_begins_after_it():
    places, begun = run(followed([BEGUN, events(2, 3, 4)], count=2, after=(2, 0)))

    assert (places, begun) == ([3, 4], [[2, 0]])


@pytest.mark.parametrize(("code", "kind"), [(4010, LostError), (4001, UnauthenticatedError)])
def test_what_coming_back_cannot_mend_is_told(code, kind):
    with pytest.raises(kind):
        run(followed([BEGUN, code], count=1))


def test_a_refused_subscription_is_told():
    refused = {"op": "error", "problem": {"code": "unauthenticated", "status": 401}}

    with pytest.raises(UnauthenticatedError):
        run(followed([refused], count=1))


def test_patience_with_a_door_that_is_gone_ends():
    async def follow():
        async with AsyncClient("http://127.0.0.1:1", patience=Patience(within_s=0.05)) as client:
            stream = Reports(client._connection)  # noqa: SLF001 - the same as the client's own
            async with aclosing(stream.follow()) as reports:
                await anext(reports)

    with pytest.raises(UnreachableError):
        run(follow())


def test_patience_with_a_door_that_slams_ends():
    with pytest.raises(UnreachableError):
        run(followed(*[[1011]] * 200, count=1))


def test_the_blocking_client_follows_too():
    with opened_beside() as opened, Client(opened.url, patience=HASTY) as client:
        opened.streams.extend([[BEGUN, events(5), None], [events(6)]])
        stream = client.follow()

        assert [next(stream).place[0] for _ in range(2)] == [5, 6]
        stream.close()
    assert Same is Client


def test_whoever_leaves_in_the_middle_of_a_frame_comes_back_to_the_rest_of_it():
    async def follow():
        async with door() as opened, AsyncClient(opened.url, patience=HASTY) as client:
            opened.streams.extend([[BEGUN, events(5, 6, 7)], [BEGUN, events(5, 6, 7)]])
            stream = client.reports()
            async with aclosing(stream.follow()) as reports:
                first = await anext(reports)
            left_at = stream.place
            async with aclosing(client.follow(after=left_at)) as reports:
                return first.place, left_at, (await anext(reports)).place

    assert run(follow()) == ((5, 0), (5, 0), (6, 0))


def test_a_stream_says_of_which_journal_its_place_is():
    begun = {**BEGUN, "journal": "j-1"}

    async def follow():
        async with door() as opened, AsyncClient(opened.url, patience=HASTY) as client:
            opened.streams.extend([[begun, events(5), None], [begun, events(6)]])
            async with aclosing(client.follow(after=(4, 0), journal="j-0")) as reports:
                await anext(reports)
                await anext(reports)
            return [wanted["journal"] for *_, wanted in opened.asked]

    assert run(follow()) == ["j-0", "j-1"]


def test_a_desk_that_is_away_for_a_moment_is_asked_again():
    away = {"op": "error", "problem": {"code": "degraded", "status": 503, "detail": "away"}}

    assert run(followed([away], [BEGUN, events(5)], count=1))[0] == [5]


@pytest.fixture
def _interruptible():
    # A shell has what it starts in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_whoever_is_interrupted_while_waiting_for_a_report_may_close_and_go_on():
    def interrupt():
        _await_waiting(threading.main_thread().ident)
        os.kill(os.getpid(), signal.SIGINT)

    with opened_beside() as opened, Client(opened.url, patience=HASTY) as client:
        opened.streams.extend([[BEGUN, events(5)], [BEGUN, events(6)]])
        stream = client.follow()
        assert next(stream).place == (5, 0)
        thread = threading.Thread(target=interrupt)
        with pytest.raises(KeyboardInterrupt):
            _wait_for_more(stream, thread)
        thread.join()

        again = client.follow(after=(5, 0))
        assert next(again).place == (6, 0)
        again.close()


def _wait_for_more(stream, thread):
    thread.start()
    next(stream)


# A signal that comes while a thread is about to wait does not wake it: it has to wait for a while.
def _await_waiting(thread):
    looks, deadline = 0, time.monotonic() + 10
    while looks < LOOKS and time.monotonic() < deadline:
        frame = sys._current_frames()[thread]  # noqa: SLF001 - there is no other way to see it
        looks = looks + 1 if frame.f_code is threading.Condition.wait.__code__ else 0
        time.sleep(0.02)


@pytest.mark.parametrize("status", [502, 520])
def test_a_door_behind_which_nobody_is_for_a_moment_is_asked_again(status):
    async def follow():
        async with door() as opened, AsyncClient(opened.url, patience=HASTY) as client:
            opened.shut.append(status)
            opened.streams.append([BEGUN, events(5)])
            async with aclosing(client.follow()) as reports:
                return (await anext(reports)).place

    assert run(follow()) == (5, 0)


def test_a_door_that_takes_the_connection_and_says_nothing_is_not_waited_for():
    async def follow():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            patience = Patience(answer_s=0.02, within_s=0.05, again_s=0.01)
            async with (
                AsyncClient(url, patience=patience) as client,
                aclosing(client.follow()) as reports,
            ):
                await anext(reports)

    with pytest.raises(UnreachableError, match=r"no stream within 0\.02 s"):
        run(follow())
