"""The node as a process: it starts alone, stays alone, and is gone afterwards."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from router.domain.error import ConfigError
from venues.sandbox.chain import ChainError, ChainManifest, SwapPath, artifacts, start

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20.0
STATES_IN_MEMORY = 500  # of the node; older ones go to its disk
SWAP = SwapPath(("WETH", "USDC"), (500,))


def pool_states(chain):
    return [chain.client.pool_state(pool) for pool in chain.manifest.pools]


def wait_until_gone(pidfd):
    """Wait for the process behind a pidfd to end; the kernel tells, nothing is polled."""
    readable, _, _ = select.select([pidfd], [], [], DEADLINE_S)
    os.close(pidfd)
    return bool(readable)


def python(code):
    return subprocess.Popen(  # noqa: S603 (our own code)
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_the_node_is_gone_after_stop():
    chain = start()
    port = int(chain.manifest.http_url.rsplit(":", 1)[1])
    assert chain.alive

    chain.stop()

    assert not chain.alive
    with pytest.raises(ProcessLookupError):
        os.kill(chain.manifest.pid, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1.0)
    chain.stop()  # a second time does nothing


def test_the_node_leaves_nothing_behind(tmp_path, monkeypatch):
    # Its old states would fill the disk of whoever tests a lot.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    (tmp_path / f"temporary/headrace-anvil-{killed.pid}-a").mkdir()
    ours = tmp_path / f"temporary/headrace-anvil-{os.getpid()}-b"
    ours.mkdir()
    chain = start()
    chain.client.rpc.request("anvil_mine", hex(STATES_IN_MEMORY + 100))
    kept = [path for path in (tmp_path / "temporary").rglob("*") if path.is_file()]

    chain.stop()

    assert kept, "old states were to be written by now"
    assert not (tmp_path / ".foundry").exists()
    assert list((tmp_path / "temporary").iterdir()) == [ours]


def test_the_node_is_gone_when_its_parent_is_killed():
    code = """
import signal
from venues.sandbox.chain import start
chain = start()
print(chain.manifest.pid, flush=True)
signal.pause()
"""
    with python(code) as parent:
        pidfd = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()

    assert wait_until_gone(pidfd)


def test_serving_writes_the_manifest_and_ends_with_the_signal(tmp_path):
    code = f"""
from pathlib import Path
from venues.sandbox.chain import serve
serve(state_dir=Path({str(tmp_path)!r}), on_ready=lambda chain: print("ready", flush=True))
"""
    with python(code) as server:
        assert server.stdout.readline() == "ready\n"
        manifest = ChainManifest.read(tmp_path / "chain.json")
        pidfd = os.pidfd_open(manifest.pid)
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE_S) == 0

    assert wait_until_gone(pidfd)
    assert not (tmp_path / "chain.json").exists()


def test_serving_ends_with_an_error_when_the_node_dies(tmp_path):
    code = f"""
from pathlib import Path
from venues.sandbox.chain import ChainError, serve
try:
    serve(state_dir=Path({str(tmp_path)!r}), on_ready=lambda c: print(c.manifest.pid, flush=True))
except ChainError as error:
    print(error)
"""
    with python(code) as server:
        os.kill(int(server.stdout.readline()), signal.SIGKILL)
        message = server.stdout.read()
        assert server.wait(DEADLINE_S) == 0

    assert "ended by itself" in message


def test_equal_seeds_give_equal_chains_and_other_seeds_others():
    with start(seed=7, clock_fixed=True) as first, start(seed=7, clock_fixed=True) as second:
        for chain in (first, second):
            chain.client.swap_as_other(SWAP, amount_in_atoms=10**18)
        heads = [chain.client.header() for chain in (first, second)]
        states = [pool_states(chain) for chain in (first, second)]
    with start(seed=8, clock_fixed=True) as third:
        third.client.swap_as_other(SWAP, amount_in_atoms=10**18)
        other = pool_states(third)

    assert heads[0]["hash"] == heads[1]["hash"]
    assert states[0] == states[1] != other


def test_two_chains_at_once_do_not_touch_each_other(chain):
    before = pool_states(chain)
    with start() as neighbour:
        assert pool_states(neighbour) == before
        neighbour.client.swap_as_other(SWAP, amount_in_atoms=10**18)

        assert pool_states(neighbour) != before
        assert neighbour.manifest.pid != chain.manifest.pid
        assert neighbour.manifest.http_url != chain.manifest.http_url

    assert pool_states(chain) == before
    assert chain.alive


def test_with_a_block_time_empty_blocks_come_by_themselves(chain):
    with start(block_time_s=0.1) as ticking:
        assert pool_states(ticking) == pool_states(chain)
        height, deadline = ticking.client.block_number(), time.monotonic() + DEADLINE_S
        while ticking.client.block_number() < height + 3 and time.monotonic() < deadline:
            time.sleep(0.01)

        assert ticking.client.block_number() >= height + 3


def test_with_a_block_time_a_transaction_does_not_wait_for_it():
    with start(block_time_s=3_600.0) as slow:
        height = slow.client.block_number()

        receipt = slow.client.swap_as_other(SWAP, amount_in_atoms=10**18)

        assert int(receipt["blockNumber"], 16) == height + 1


def test_with_a_block_time_a_dead_node_is_noticed_and_stopping_is_quiet():
    ticking = start(block_time_s=0.01)
    pidfd = os.pidfd_open(ticking.manifest.pid)

    os.kill(ticking.manifest.pid, signal.SIGKILL)

    assert wait_until_gone(pidfd)
    assert not ticking.alive
    ticking.stop()
    ticking.stop()


def test_with_a_block_time_a_transaction_can_be_made_to_wait():
    with start(block_time_s=3_600.0) as slow:
        slow.client.set_automine(on=False)
        height = slow.client.block_number()

        waiting = slow.client.submit_swap_as_other(SWAP, amount_in_atoms=10**18)

        assert slow.client.block_number() == height
        slow.client.mine()
        receipt = slow.client.rpc.request("eth_getTransactionReceipt", waiting)
        assert int(receipt["blockNumber"], 16) == height + 1


def test_blocks_carry_the_time_of_day_also_after_going_back():
    with start() as running:
        running.client.rpc.request("anvil_rollback", 1)  # to a block of the deployment, long past
        assert int(running.client.header()["timestamp"], 16) < time.time() - 3_600
        running.revert(running.snapshot())

        running.client.mine()

        now_s = int(running.client.header()["timestamp"], 16)
    assert abs(now_s - time.time()) < DEADLINE_S


def test_preparing_takes_less_than_five_seconds(chain):
    assert 0 < chain.prepared_ms < 5_000


def test_a_taken_port_is_an_error_and_not_somebody_elses_chain(chain):
    port = int(chain.manifest.http_url.rsplit(":", 1)[1])

    with pytest.raises(ChainError, match="ended while starting"):
        start(port=port)


def test_missing_node_modules_say_what_to_run():
    with pytest.raises(ConfigError, match="npm ci"):
        artifacts.creation_code("absent/Absent.json")


def test_no_transaction_may_take_more_gas_than_on_a_public_chain(chain):
    transaction = {
        "from": chain.manifest.account("other").address,
        "to": chain.manifest.account("other").address,
        "gas": hex((1 << 24) + 1),
    }

    with pytest.raises(ChainError, match="gas"):
        chain.client.rpc.request("eth_sendTransaction", transaction)
