"""What a person mistypes ends in one line that says so, and exit code 2."""

import subprocess
import sys

import pytest


def headrace(*words):
    command = [sys.executable, "-m", "router.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("quote",), "Missing argument 'config'"),
        (("quote", "desk.toml", "buy"), "Missing argument 'quantity'"),
        (("quote", "desk.toml", "buy", "1", "ETH", "--speling", "3"), "--speling"),
        (("order", "desk.toml", "sell", "1", "ETH", "more"), "unexpected extra argument"),
        (("sandbox", "chain", "--port", "many"), "Invalid value for '--port'"),
        (("nothing",), "No such command 'nothing'"),
    ],
)
def test_a_slip_on_the_command_line_is_one_line_and_code_2(words, said):
    result = headrace(*words)

    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert "--help" in line


@pytest.mark.parametrize("verb", ["quote", "order"])
def test_a_negative_quantity_is_a_word_and_not_an_option(verb, tmp_path):
    result = headrace(verb, str(tmp_path / "absent.toml"), "buy", "-1", "ETH")

    assert result.returncode == 2
    assert "absent.toml: cannot be read" in result.stderr


def test_a_key_typed_where_its_variable_is_named_is_not_repeated(desk):
    key = "0x" + "ab" * 32
    written = desk.config.read_text().replace("HEADRACE_SANDBOX_CHAIN_KEY", key)
    path = desk.config.with_name("leaky.toml")
    path.write_text(written)

    result = headrace("check-config", str(path), "--offline")

    assert result.returncode == 2
    assert "signing_key_env: must be the name of an environment variable" in result.stderr
    assert "abab" not in result.stderr
