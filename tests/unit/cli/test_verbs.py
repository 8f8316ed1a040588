"""The verbs as functions: what they raise is for the guard to say."""

import pytest

from router.cli import check_config, order, quote, replay, run
from router.domain.error import ConfigError, JournalError, OrderError
from tests.unit.compose.desk_file import DESK, ENVIRONMENT

REQUEST = {
    "client_order_id": "one",
    "side": "buy",
    "quantity": "1",
    "base": "ETH",
    "quote": "USDC",
}
VERBS = {
    "check-config": lambda path: check_config.run(path, offline=True, as_json=True),
    "quote": lambda path: quote.run(path, REQUEST, as_json=True),
    "order": lambda path: order.run(path, REQUEST, live=False, as_json=True),
    "run": lambda path: run.run(path, live=False, verbose=False, as_json=True),
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "desk.toml"
    path.write_text(DESK)
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_its_configuration_raises_what_names_it(verb, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        VERBS[verb](tmp_path / "nowhere.toml")


def test_a_replay_without_its_journal_raises_what_names_it(tmp_path):
    with pytest.raises(JournalError, match="nowhere"):
        replay.run(tmp_path / "nowhere.journal", as_json=True)


@pytest.mark.parametrize("verb", ["order", "run"])
def test_real_money_needs_permission(verb, config):
    config.write_text(DESK.replace("chain_id = 31337", "chain_id = 1"))

    with pytest.raises(ConfigError, match="pass --live"):
        VERBS[verb](config)


def test_a_quote_of_nonsense_connects_to_nothing(config):
    with pytest.raises(OrderError, match="quantity"):
        quote.run(config, {**REQUEST, "quantity": "some"}, as_json=True)


def test_a_configuration_is_listed_instrument_by_instrument(config, capsys):
    check_config.run(config, offline=True, as_json=False)

    told = capsys.readouterr().out
    assert "uniswap_v3:ETH/USDC:3000" in told
    assert "hyperliquid:ETH" in told
    assert "the file is well formed" in told
