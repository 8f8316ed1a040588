"""What the verb refuses, and how it writes a table; the chain is asked in integration tests."""

import tomllib
from pathlib import Path

import pytest

from router.cli import discover
from router.domain.error import ConfigError
from router.port import Discovered, Discovery


def test_a_block_before_the_first_is_refused_before_the_file_is_read():
    with pytest.raises(ConfigError, match="from-block: must not be negative, was -1"):
        discover.run(Path("nowhere.toml"), venue=None, first_block=-1, as_json=False)


def test_a_table_is_written_as_it_would_be_read():
    table = {"address": "0x" + "12" * 20, "base": "ETH", "fee_pips": 500, "native": True}
    other = {"base": "ETH", "fee_pips": 0, "native": False}

    lines = [line for each in (table, other) for line in discover._lines("a.b.pools", each)]  # noqa: SLF001 - the command needs a chain

    assert tomllib.loads("\n".join(lines)) == {"a": {"b": {"pools": [table, other]}}}


@pytest.mark.parametrize(
    ("unreadable_count", "more"),
    [(0, []), (1, ["# 1 log could not be read"]), (2, ["# 2 logs could not be read"])],
)
def test_what_could_not_be_read_is_counted_in_the_last_line_which_is_a_comment(
    unreadable_count, more
):
    found = Discovery((Discovered("uniswap_v3", {}),), unreadable_count)

    lines = list(discover._summary(found, configured_count=7))  # noqa: SLF001 - the command needs a chain

    assert lines == ["# 1 pools beside the 7 configured", *more]
