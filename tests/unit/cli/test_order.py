import socket
import threading
from contextlib import contextmanager

import orjson
import pytest
import structlog
from typer.testing import CliRunner

from router.cli.main import app
from router.gateway.local import socket_path
from tests.unit.compose.desk_file import DESK, ENVIRONMENT

PATIENCE_S = 20.0


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(DESK)
    yield path
    structlog.reset_defaults()  # the verb made it write to a stream that has ended


@contextmanager
def daemon_saying(config, *lines):
    """Stand where the daemon would, answer one request with these lines, and hang up."""
    heard = []

    def serve():
        connection, _ = door.accept()
        with connection, connection.makefile("rb") as stream:
            heard.append(orjson.loads(stream.readline()))
            connection.sendall(b"".join(lines))

    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(PATIENCE_S)
        door.bind(str(socket_path(config.with_name("desk.journal"))))
        door.listen()
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield heard
        finally:
            server.join(PATIENCE_S)
            assert not server.is_alive(), "nobody called"


def ordered(config, *words):
    return CliRunner().invoke(
        app, ["order", str(config), "buy", "1", "ETH", *words], env=ENVIRONMENT
    )


def test_an_order_is_sent_to_the_daemon_word_for_word(config):
    refusal = orjson.dumps({"error": "no"}) + b"\n"

    with daemon_saying(config, refusal) as heard:
        ordered(config, "--id", "one", "--limit", "3000.5", "--venues", "hyperliquid")

    assert heard == [
        {
            "client_order_id": "one",
            "side": "buy",
            "quantity": "1",
            "quantity_asset": "ETH",
            "base": "ETH",
            "quote": "USDC",
            "limit_price": "3000.5",
            "venues": "hyperliquid",
        }
    ]


def test_an_order_without_a_name_gets_one(config):
    with daemon_saying(config, b'{"error": "no"}\n') as heard:
        ordered(config)

    assert heard[0]["client_order_id"].startswith("cli-")


def test_a_refusal_of_the_daemon_is_the_one_line(config):
    with daemon_saying(config, b'{"error": "side: must be buy or sell"}\n'):
        ended = ordered(config, "--json")

    assert ended.exit_code == 2
    assert (ended.stdout, ended.stderr) == ("", "error: side: must be buy or sell\n")


@pytest.mark.parametrize("lines", [(), (b'{"line": "observed [the] market"}\n',)])
def test_a_daemon_that_goes_away_is_one_line_that_says_how_to_follow_the_order(config, lines):
    with daemon_saying(config, *lines):
        ended = ordered(config, "--json")

    assert ended.exit_code == 2
    assert ended.stdout == ""
    *story, last = ended.stderr.splitlines()
    assert story == ["· observed [the] market"] * len(lines)
    assert last.startswith("error: the daemon went away and the order may be at work")
    assert "--id cli-" in last


def test_real_money_is_not_traded_without_permission(config):
    config.write_text(DESK.replace('network = "testnet"', 'network = "mainnet"'))

    ended = ordered(config)

    assert ended.exit_code == 2
    assert ended.stderr == (
        f"error: {config}: hyperliquid trade real money; pass --live to allow it\n"
    )


def test_a_quote_without_another_name_is_sent_once_and_followed_when_it_is_sent_again(config):
    with daemon_saying(config, b'{"error": "no"}\n') as heard:
        CliRunner().invoke(
            app, ["order", str(config), "--quote", "q-0123456789abcdef"], env=ENVIRONMENT
        )

    assert heard[0]["client_order_id"] == heard[0]["quote_id"] == "q-0123456789abcdef"
