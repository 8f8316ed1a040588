"""The verbs of the command line that look at gateways: audit, and check-config."""

import orjson
import pytest
from typer.testing import CliRunner

from router.cli import audit
from router.cli.main import app
from router.compose.doors.check import check_gateways
from router.domain.error import ConfigError
from router.gateway.audit import Head, chained
from router.shell.config import Config

PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.fixture
def record(tmp_path):
    """Write a record of three lines; return its path and its last hash."""
    head, path = Head(), tmp_path / "desk.journal-audit-http"
    with path.open("wb") as file:
        for number in range(3):
            line, head = chained({"action": f"a{number}"}, head)
            file.write(line)
    return path, head.digest.hex()


def said(*words):
    ended = CliRunner().invoke(app, ["audit", *map(str, words)])
    return ended.exit_code, ended.stdout


def test_a_record_that_holds_is_said_to(record):
    path, last = record

    assert said(path) == (0, f"3 lines hold; the last hash is {last}\n")


def test_as_data_it_says_the_same(record):
    path, last = record

    code, out = said(path, "--json")

    assert code == 0
    assert orjson.loads(out) == {
        "path": str(path),
        "holds": True,
        "count": 3,
        "hash": last,
        "fault": None,
        "has_expected": True,
        "torn_bytes": 0,
    }


def test_a_changed_record_fails(record):
    path, _ = record
    path.write_bytes(path.read_bytes().replace(b"a1", b"b1"))

    code, out = said(path)

    assert code == 2
    assert "1 lines hold" in out
    assert "FAILS: line 2 is not what its hash was made of" in out


def test_a_record_whose_end_was_cut_off_fails_against_a_hash_that_was_kept(record):
    path, last = record
    assert said(path, "--expect", last.upper())[0] == 0
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    code, out = said(path, "--expect", last)

    assert code == 2
    assert "lines are missing at its end" in out


def test_a_torn_line_is_told_and_is_no_failure(record):
    path, _ = record
    path.write_bytes(path.read_bytes() + b'{"act')

    code, out = said(path)

    assert code == 0
    assert "5 bytes of a last line were not written to its end" in out


def test_no_record_is_one_line_and_exit_code_two(tmp_path):
    with pytest.raises(Exception, match="cannot be read"):
        audit.run(tmp_path / "none", expected=None, as_json=False)
    assert said(tmp_path / "none")[0] == 2


def config_of(tmp_path, table):
    path = tmp_path / "desk.toml"
    parts = dict.fromkeys(("solve_deadline", "limits", "staleness", "assets", "venues", "chains"))
    return Config(path=path, journal=tmp_path / "j", gateway=table, **parts)


def test_a_configuration_without_gateways_has_nothing_to_check(tmp_path):
    assert check_gateways(config_of(tmp_path, {}), {}).http is None


@pytest.mark.parametrize(
    ("key", "http", "said"),
    [
        ({"ed25519": PUBLIC}, {"host": "192.0.2.1"}, r"gateway\.http\.tls: missing"),
        ({"hmac_env": "DESK_SECRET"}, {}, "DESK_SECRET is not set"),
        (
            {"ed25519": PUBLIC},
            {"tls": {"certificate": "c.pem", "key": "k.pem"}},
            r"gateway\.http\.tls\.certificate: c\.pem is no file",
        ),
    ],
)
def test_a_configuration_is_checked_as_its_gateways_will(tmp_path, key, http, said):
    client = {"accounts": ["a"], "keys": [{"id": "k", "roles": ["trader"], **key}]}
    table = {"clients": {"alpha": client}, "http": http}

    with pytest.raises(ConfigError, match=rf"desk\.toml: .*{said}"):
        check_gateways(config_of(tmp_path, table), {})
