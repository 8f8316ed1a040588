import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from router.cli.main import app
from router.cli.request import request

REPOSITORY = Path(__file__).parents[3]
VERBS = ["check-config", "quote", "order", "run", "approve", "replay", "demo", "sandbox"]
HEAVY = ["cvxpy", "web3", "aiohttp", "numpy", "pydantic", "coincurve", "uvloop", "rich"]
SHOW_HELP = f"""
import sys
from router.cli.main import main
sys.argv = ["headrace", *sys.argv[1:]]
try:
    main()
finally:
    loaded = [name for name in {HEAVY} if name in sys.modules]
    print("loaded:", *loaded, file=sys.stderr)
"""


def helped(*words):
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", SHOW_HELP, *words, "--help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_verb_and_imports_nothing_heavy():
    ended = helped()

    assert ended.returncode == 0
    assert all(verb in ended.stdout for verb in VERBS)
    assert ended.stderr == "loaded:\n"


@pytest.mark.parametrize("verb", [*VERBS, "sandbox chain", "sandbox hyperliquid"])
def test_every_verb_explains_itself(verb):
    ended = CliRunner().invoke(app, [*verb.split(), "--help"])

    assert ended.exit_code == 0
    assert ended.stdout.strip()


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["quote"],
        ["quote", "desk.toml", "buy", "1"],
        ["order", "desk.toml", "buy", "1", "ETH", "--sped", "5"],
        ["replay"],
        ["demo", "--seed", "seven"],
    ],
    ids=" ".join,
)
def test_words_that_are_no_command_are_refused_with_two(words):
    ended = CliRunner().invoke(app, words)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr


def test_a_request_holds_what_was_given_and_nothing_else():
    made = request(cash=False, base="ETH", quote="USDC", side="buy", quantity="1", venues=None)

    assert made == {
        "side": "buy",
        "quantity": "1",
        "base": "ETH",
        "quote": "USDC",
        "quantity_asset": "ETH",
    }


def test_cash_is_counted_in_the_quote():
    made = request(cash=True, base="ETH", quote="USDC", side="buy", quantity="1")

    assert made["quantity_asset"] == "USDC"


@pytest.mark.parametrize(
    "words",
    [
        ["check-config", "nowhere.toml"],
        ["check-config", "nowhere.toml", "--offline"],
        ["quote", "nowhere.toml", "buy", "1", "ETH"],
        ["order", "nowhere.toml", "buy", "1", "ETH"],
        ["run", "nowhere.toml"],
    ],
    ids=" ".join,
)
def test_a_configuration_that_is_not_there_is_named(words):
    ended = CliRunner().invoke(app, words)

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        "error: nowhere.toml: cannot be read (No such file or directory); check the path\n"
    )
