"""The sandbox as a command: what it refuses, and a scene at speed in a process of its own."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from router.compose.sandbox import serve_hyperliquid
from router.domain.error import ConfigError

REPOSITORY = Path(__file__).parents[3]
WAIT_S = 30.0


def command(state_dir, *options):
    return [
        sys.executable,
        "-m",
        "router.cli.main",
        *("sandbox", "hyperliquid", "--json", "--state-dir", str(state_dir)),
        *options,
    ]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"scene": "opera"}, "scene must be one of none, calm, rough, cascade"),
        ({"block_time_s": -0.1}, "block-time must be 0 to"),
        ({"block_time_s": 1.5}, "block-time must be 0 to"),
        ({"time_factor": -1}, "time-factor must be 0 to"),
    ],
)
def test_a_senseless_option_is_refused_before_anything_is_written(tmp_path, options, word):
    good = {"seed": 7, "port": 0, "block_time_s": 0.0, "time_factor": 1, "scene": "none"}
    where = tmp_path / "state"

    with pytest.raises(ConfigError, match=word):
        serve_hyperliquid(where, on_ready=print, **{**good, **options})

    assert not where.exists()


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(  # noqa: S603 - our own program
            command(tmp_path, "--port", port),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )

    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert f"port {port} cannot be served" in done.stderr


async def ask(url, kind):
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + "/info", json={"type": kind}) as response,
    ):
        return await response.json()


def until_later(url, than_ms):
    deadline = time.monotonic() + WAIT_S
    while (now_ms := asyncio.run(ask(url, "exchangeStatus"))["time"]) <= than_ms:
        assert time.monotonic() < deadline, "venue time does not run"
    return now_ms


def test_a_scene_at_speed_runs_ahead_of_the_clock_and_ends_when_told(tmp_path):
    began_ms = time.time_ns() // 1_000_000
    options = ("--scene", "rough", "--time-factor", "60", "--block-time", "0.5", "--seed", "3")
    with subprocess.Popen(  # noqa: S603 - our own program
        command(tmp_path, *options), cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as process:
        try:
            facts = orjson.loads(process.stdout.readline())
            mids = asyncio.run(ask(facts["url"], "allMids"))
            until_later(facts["url"], began_ms + 60_000)
            later = asyncio.run(ask(facts["url"], "allMids"))
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=WAIT_S)
        finally:
            process.kill()

    assert {"BTC", "ETH", "SOL", "HYPE"} <= mids.keys()
    assert any(mids[coin] != later[coin] for coin in ("BTC", "ETH", "SOL", "HYPE"))
    assert code == 0
    assert not Path(facts["manifest"]).exists()
