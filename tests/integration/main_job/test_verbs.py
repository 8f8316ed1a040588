"""The verbs that nothing else drives: the demo's own guard, and an approval typed by a person."""

import fcntl
from pathlib import Path

import orjson
import pytest

from router.cli import approve, demo
from router.compose.sandbox import sandboxes
from router.domain.error import ConfigError, OrderError

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    directory = tmp_path_factory.mktemp("verbs")
    with sandboxes(directory / "sandboxes", seed=7, block_time_s=None) as running:
        config = directory / "headrace.toml"
        template = (REPOSITORY / "configs" / "demo.toml").read_text()
        config.write_text(template + running.tables())
        yield running, config


@pytest.fixture
def keys(floor, monkeypatch):
    running, _ = floor
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)


def test_two_demos_in_one_folder_do_not_delete_each_other(tmp_path):
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with pytest.raises(ConfigError, match="another demo runs there"):
            demo.run(tmp_path, quantity="1", seed=7, as_json=True)


@pytest.mark.usefixtures("keys")
def test_an_approval_is_exactly_what_was_typed(floor, capsys):
    running, config = floor
    wanted = approve.Wanted("local", "BTC", "0.12345678")

    approve.run(config, wanted, live=False, as_json=True)
    said = orjson.loads(capsys.readouterr().out)
    approve.run(config, wanted, live=False, as_json=True)
    again = orjson.loads(capsys.readouterr().out)

    assert said["atoms"] == "12345678"
    client = running.chain.client
    statuses = [
        client.rpc.request("eth_getTransactionReceipt", digest)["status"]
        for digest in said["transactions"]
    ]
    assert statuses
    assert set(statuses) == {"0x1"}
    assert again["transactions"] == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        (approve.Wanted("local", "DOGE", "1"), OrderError, "asset: 'DOGE' is not configured"),
        (approve.Wanted("local", "USDC", "-1"), OrderError, "must not be negative"),
        (approve.Wanted("local", "USDC", "NaN"), OrderError, "must be a plain decimal number"),
        (approve.Wanted("local", "USDC", "0.0000001"), OrderError, "at most 6 decimals"),
        (approve.Wanted("hyperliquid", "USDC", "1"), ConfigError, "is no chain"),
        (approve.Wanted("elsewhere", "USDC", "1"), ConfigError, "is no chain"),
    ],
    ids=["unknown asset", "negative", "no number", "too fine", "no chain", "unknown venue"],
)
def test_an_approval_that_cannot_be_names_the_field_and_sends_nothing(floor, wanted, error, words):
    running, config = floor
    trader = running.chain.manifest.account("trader").address
    before = running.chain.client.rpc.request("eth_getTransactionCount", trader, "latest")

    with pytest.raises(error, match=words):
        approve.run(config, wanted, live=False, as_json=True)

    assert running.chain.client.rpc.request("eth_getTransactionCount", trader, "latest") == before
