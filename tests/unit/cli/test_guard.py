import subprocess
import sys
from pathlib import Path

import pytest
import typer

from router.cli.guard import EXIT_BAD_INPUT, guarded
from router.domain.error import ConfigError, NoRouteError, RouterError, VenueError
from router.domain.plan import NoRouteReason
from router.domain.units import VenueId

REPOSITORY = Path(__file__).parents[3]


def failing_with(error):
    @guarded
    def verb():
        raise error

    return verb


def said(verb, capsys):
    """Run a verb that must fail and return its one line."""
    with pytest.raises(typer.Exit) as ended:
        verb()
    out, err = capsys.readouterr()
    assert ended.value.exit_code == EXIT_BAD_INPUT == 2
    assert out == ""
    assert err.count("\n") == 1
    return err.removesuffix("\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigError("desk.toml: limits: missing"), "error: desk.toml: limits: missing"),
        (NoRouteError(NoRouteReason.LIMIT_PRICE, "too tight"), "error: too tight"),
        (VenueError(VenueId("here"), "no answer"), "error: here: no answer"),
        (RouterError("one\ntwo\n  three"), "error: one two three"),
        (ExceptionGroup("parts", [RouterError("first"), RouterError("second")]), "error: first"),
        (
            ExceptionGroup("parts", [ExceptionGroup("inner", [RouterError("deep")])]),
            "error: deep",
        ),
    ],
    ids=["config", "no route", "venue", "several lines", "group", "group in a group"],
)
def test_an_expected_error_is_one_line_and_exit_code_two(error, line, capsys):
    assert said(failing_with(error), capsys) == line


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("a bug"),
        ExceptionGroup("parts", [RouterError("expected"), ZeroDivisionError("a bug")]),
    ],
    ids=["alone", "beside an expected error"],
)
def test_a_bug_keeps_its_traceback(error):
    with pytest.raises((ZeroDivisionError, ExceptionGroup)) as raised:
        failing_with(error)()

    assert raised.value is error


def test_a_verb_that_does_well_is_left_alone():
    done = []

    guarded(done.append)("x")

    assert done == ["x"]


@pytest.mark.parametrize("verb", ["run", "--help"])
def test_without_asserts_nothing_runs(verb):
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-O", "-m", "router.cli.main", verb],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == ("error: headrace refuses to run under -O: its asserts guard money\n")
