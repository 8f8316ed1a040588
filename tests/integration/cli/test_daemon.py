import asyncio
import os
import select
import signal
import stat
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from router.gateway import local
from tests.integration.cli.test_order import check_moved
from tests.unit.shell.floor import run


def request(name):
    return {
        "client_order_id": name,
        "side": "buy",
        "quantity": "2",
        "base": "ETH",
        "quote": "USDC",
        "quantity_asset": "ETH",
    }


def ask(ready, name, tell=lambda _line: None):
    return local.ask(Path(ready["socket"]), request(name), tell)


async def send_raw(ready, data):
    """Write bytes as they are and return the first line of the answer."""
    reader, writer = await asyncio.open_unix_connection(ready["socket"])
    writer.write(data)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return orjson.loads(line)


def has_ended(pid):
    """Wait for a process that is not our child, and say whether it has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10.0)[0])
    finally:
        os.close(descriptor)


def children_of(process):
    """Return the processes that a daemon has started; whoever kills it ends them too."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def test_the_daemon_says_where_it_listens_and_lets_nobody_else_in(serving):
    desk, process, ready = serving

    mode = Path(ready["socket"]).stat().st_mode

    assert (ready["ready"], ready["pid"]) == (True, process.pid)
    assert Path(ready["socket"]) == local.socket_path(desk.journal)
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)


def test_orders_go_through_the_daemon_and_the_same_name_is_the_same_order(serving):
    desk, _, _ = serving
    before = desk.holdings()

    first = desk.headrace("order", "buy", "2", "ETH", "--id", "one", "--json")
    between = desk.holdings()
    again = desk.headrace("order", "buy", "2", "ETH", "--id", "one", "--json")
    other = desk.refused("order", "buy", "3", "ETH", "--id", "one", "--json")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert orjson.loads(first.stdout)["status"] == "filled"
    assert orjson.loads(again.stdout) == orjson.loads(first.stdout)
    check_moved(before, between, ethers=2)
    assert desk.holdings() == between
    assert "stands for another order already" in other


def test_a_client_that_hangs_up_disturbs_neither_the_daemon_nor_its_order(serving):
    desk, process, ready = serving
    before = desk.holdings()

    heard = run(send_raw(ready, orjson.dumps(request("left")) + b"\n"))
    report = orjson.loads(run(ask(ready, "left")))

    assert "line" in heard
    assert report["ParentReport"]["status"] == "filled"
    assert process.poll() is None
    check_moved(before, desk.holdings(), ethers=2)


def test_the_same_order_from_two_clients_at_once_is_one_order(serving):
    desk, _, ready = serving
    before = desk.holdings()

    async def both():
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(ready, "twice")) for _ in range(2)]
        return [orjson.loads(task.result()) for task in asked]

    first, second = run(both())

    assert first == second
    assert first["ParentReport"]["status"] == "filled"
    check_moved(before, desk.holdings(), ethers=2)


@pytest.mark.parametrize(
    "line",
    [b"not json\n", b'{"quantity": 2}\n', b"\n", b"x" * 70_000 + b"\n"],
    ids=["not json", "not a string", "empty", "too long"],
)
def test_nonsense_gets_an_error_and_the_daemon_goes_on(serving, line):
    desk, process, ready = serving

    answer = run(send_raw(ready, line))
    refusal = desk.refused("order", "buy", "0", "ETH")

    assert answer["error"].startswith("request: ")
    assert refusal.startswith("quantity: must be positive")
    assert process.poll() is None


def test_a_second_daemon_on_the_journal_is_refused_and_the_first_goes_on(serving):
    desk, process, ready = serving

    said = desk.refused("run")

    assert "open for writing in another process" in said
    assert str(desk.journal) in said
    assert process.poll() is None
    assert Path(ready["socket"]).exists()


def test_a_daemon_told_to_stop_ends_cleanly_and_leaves_a_whole_journal(desk):
    with desk.daemon() as (process, ready):
        started = children_of(process)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        told = process.stderr.read()

    assert (code, told) == (0, b"")
    assert not Path(ready["socket"]).exists()
    assert started
    assert all(has_ended(pid) for pid in started)
    assert orjson.loads(desk.on_file("replay", desk.journal, "--json").stdout)["intact"] is True


def test_an_order_whose_daemon_was_killed_is_followed_by_its_name(desk):
    before = desk.holdings()

    async def ask_and_kill(process, ready):
        def kill(_line):
            process.kill()

        with pytest.raises(ConnectionError):
            await ask(ready, "killed", kill)

    with desk.daemon() as (process, ready):
        started = children_of(process)
        run(ask_and_kill(process, ready))
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    ended = desk.headrace("order", "buy", "2", "ETH", "--id", "killed", "--json")

    assert process.returncode == -signal.SIGKILL
    assert ended.exit_code == 0
    assert orjson.loads(ended.stdout)["status"] == "filled"
    check_moved(before, desk.holdings(), ethers=2)
