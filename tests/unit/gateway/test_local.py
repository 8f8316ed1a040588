import asyncio
import os
import socket
import stat
from contextlib import asynccontextmanager

import orjson
import pytest
import uvloop

from router.domain.error import OrderError
from router.gateway import local

DEADLINE_S = 10.0
ORDER = {"client_order_id": "one", "side": "buy", "quantity": "1"}


def run(coroutine, *, loop=asyncio.run):
    """Run to the end, or fail rather than hang."""

    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await coroutine

    return loop(bounded())


async def echo(request, tell):
    """Answer with what was asked, after two lines."""
    tell("first")
    tell("second")
    return orjson.dumps({"asked": request})


async def never_called(request, _tell):
    raise AssertionError(f"{request} should not have come this far")


async def send_raw(path, data):
    """Write bytes as they are and return the whole answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(data)
        return await reader.read()
    finally:
        writer.close()


def test_an_order_gets_its_story_and_then_its_report(tmp_path):
    path = tmp_path / "door.sock"
    told = []

    async def talk():
        async with local.listening(path, echo):
            return await local.ask(path, ORDER, told.append)

    report = run(talk())

    assert told == ["first", "second"]
    assert orjson.loads(report) == {"asked": ORDER}


def test_a_refusal_comes_back_as_the_error_it_is(tmp_path):
    path = tmp_path / "door.sock"

    async def refuse(_request, _tell):
        raise OrderError("side: must be buy or sell, was 'hold'")

    async def talk():
        async with local.listening(path, refuse):
            await local.ask(path, ORDER, lambda _line: None)

    with pytest.raises(OrderError, match="side: must be buy or sell, was 'hold'"):
        run(talk())


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b'{"side": "buy"\n',
        b"[1, 2]\n",
        b'"buy"\n',
        b'{"quantity": 5}\n',
        b'{"quantity": null}\n',
        b'{"quantity": {"atoms": "5"}}\n',
        b'{"quantity": NaN}\n',
        b'\xff\xfe{"side": "buy"}\n',
        b'{"side": "' + b"x" * 70_000 + b'"}\n',
    ],
    ids=lambda line: line[:16].decode("ascii", "replace"),
)
def test_a_line_that_is_no_request_gets_one_line_that_says_what_is(tmp_path, line):
    path = tmp_path / "door.sock"

    async def talk():
        async with local.listening(path, never_called):
            return await send_raw(path, line)

    answer = run(talk())

    assert answer.count(b"\n") == 1
    assert orjson.loads(answer) == {
        "error": "request: must be one JSON object of strings on one line of at most 65536 bytes"
    }


def test_a_request_too_large_is_refused_before_it_is_sent(tmp_path):
    with pytest.raises(OrderError, match="at most 65536 bytes"):
        run(local.ask(tmp_path / "nobody.sock", {"side": "x" * 70_000}, lambda _line: None))


def test_without_a_daemon_there_is_no_socket(tmp_path):
    with pytest.raises(FileNotFoundError):
        run(local.ask(tmp_path / "door.sock", ORDER, lambda _line: None))


def stale_socket(path):
    """Leave a socket file behind that nobody listens on, as a killed daemon does."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def test_a_socket_a_daemon_left_behind_refuses_the_connection(tmp_path):
    path = tmp_path / "door.sock"
    stale_socket(path)

    with pytest.raises(ConnectionRefusedError):
        run(local.ask(path, ORDER, lambda _line: None))


def test_a_socket_a_daemon_left_behind_is_replaced(tmp_path):
    path = tmp_path / "door.sock"
    stale_socket(path)

    async def talk():
        async with local.listening(path, echo):
            return await local.ask(path, ORDER, lambda _line: None)

    assert orjson.loads(run(talk())) == {"asked": ORDER}


def test_a_daemon_that_goes_away_before_the_report_is_a_connection_error(tmp_path):
    path = tmp_path / "door.sock"

    async def vanish():
        # A server that hangs up in the middle of the story.
        async def hang_up(reader, writer):
            await reader.readline()
            writer.write(b'{"line": "accepted"}\n')
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(hang_up, path)
        async with server:
            await local.ask(path, ORDER, lambda _line: None)

    with pytest.raises(ConnectionError, match="went away"):
        run(vanish())


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_client_that_leaves_does_not_disturb_the_work(tmp_path, loop):
    path = tmp_path / "door.sock"
    result = {}

    async def talk():
        left, finished = asyncio.Event(), asyncio.Event()

        async def work(_request, tell):
            tell("accepted")
            await left.wait()
            try:
                for number in range(100):
                    tell(f"line {number}")
                    await asyncio.sleep(0)
                result["lines"] = number + 1
            finally:
                finished.set()
            return b"{}"

        async with local.listening(path, work):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(orjson.dumps(ORDER) + b"\n")
            await reader.readline()
            writer.close()
            await writer.wait_closed()
            left.set()
            await finished.wait()
            return await local.ask(path, ORDER, lambda _line: None)

    answer = run(talk(), loop=loop)

    assert result["lines"] == 100
    assert answer == b"{}"


def test_requests_are_answered_side_by_side(tmp_path):
    path = tmp_path / "door.sock"

    async def talk():
        both = asyncio.Barrier(2)

        async def work(request, _tell):
            await both.wait()
            return orjson.dumps(request)

        async with local.listening(path, work), asyncio.TaskGroup() as group:
            asked = [
                group.create_task(local.ask(path, {"id": name}, lambda _line: None))
                for name in ("a", "b")
            ]
        return [orjson.loads(task.result()) for task in asked]

    assert run(talk()) == [{"id": "a"}, {"id": "b"}]


@asynccontextmanager
async def loose_mask():
    """Let everybody into new files, as a careless shell does."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def test_the_socket_is_for_its_owner_only_and_other_files_keep_their_mask(tmp_path):
    path = tmp_path / "door.sock"

    async def look():
        async with loose_mask(), local.listening(path, echo):
            beside = tmp_path / "other"
            beside.touch()
            return path.stat().st_mode, beside.stat().st_mode

    door, beside = run(look())

    assert stat.S_ISSOCK(door)
    assert stat.S_IMODE(door) == 0o600
    assert stat.S_IMODE(beside) == 0o666


def test_the_socket_is_gone_when_the_daemon_is(tmp_path):
    path = tmp_path / "door.sock"

    async def open_and_close():
        async with local.listening(path, echo):
            return path.exists()

    assert run(open_and_close())
    assert not path.exists()


def test_the_socket_is_beside_the_journal(tmp_path):
    journal = tmp_path / "desk.journal"

    assert local.socket_path(journal) == tmp_path.resolve() / "desk.journal.sock"


def test_a_path_too_long_for_the_kernel_falls_back_to_a_short_one_of_its_own(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    first, second = deep / "a.journal", deep / "b.journal"

    paths = {local.socket_path(j) for j in (first, second)}

    assert len(paths) == 2
    assert all(len(os.fsencode(path)) <= 107 for path in paths)
    assert local.socket_path(first) == local.socket_path(first)


def test_a_long_path_really_can_be_listened_on(tmp_path):
    path = local.socket_path(tmp_path / ("d" * 120) / "a.journal")

    async def talk():
        async with local.listening(path, echo):
            return await local.ask(path, ORDER, lambda _line: None)

    assert orjson.loads(run(talk())) == {"asked": ORDER}
    assert not path.exists()


def test_daemon_and_client_meet_however_each_writes_the_path(tmp_path, monkeypatch):
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    monkeypatch.chdir(folder)
    absolute = folder / "desk.journal"
    relative = absolute.relative_to(folder)

    assert local.socket_path(relative) == local.socket_path(absolute)
