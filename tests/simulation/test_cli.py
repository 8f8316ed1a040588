"""The verb `simulate`: figures, and an exit code that says whether all promises held."""

import orjson
import pytest
from typer.testing import CliRunner

from router.cli.main import app
from router.cli.simulate import EXIT_VIOLATED
from tests.simulation.mutations import keep_no_account_of_gas


def invoke(*words):
    return CliRunner().invoke(app, ["simulate", "--jobs", "1", *words])


def test_seeds_that_hold_are_counted_and_the_exit_code_is_zero():
    done = invoke("--seed", "3", "--runs", "5", "--json")

    figures = orjson.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert (figures["runs"], figures["violations"]) == (5, [])
    assert figures["events"] > figures["runs"]


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_seed_that_does_not_hold_is_named_and_the_exit_code_says_so(words, monkeypatch):
    keep_no_account_of_gas(monkeypatch)

    done = invoke("--seed", "0", "--runs", "2", *words)

    assert done.exit_code == EXIT_VIOLATED
    assert "conservation" in done.stdout
    assert "seed" in done.stdout
