"""Pools that could be traded are found on the chain, and their tables are ready to be used."""

import re

import orjson
import pytest

FAMILIES = ("uniswap_v2", "uniswap_v3", "uniswap_v4")


def without_last_pool_of(desk, family):
    """Take a family's last pool out of the configuration and return what was said of it."""
    parts = desk.config.read_text().split("\n\n")
    own = [part for part in parts if part.startswith(f"[[chains.local.{family}.pools]]")]
    assert len(own) > 1, f"{family} keeps a pool"
    desk.config.write_text("\n\n".join(part for part in parts if part != own[-1]))
    return dict(re.findall(r'^(\w+) = "?([^"\n]*)"?$', own[-1], flags=re.MULTILINE))


def instruments(desk, *words):
    ended = desk.headrace("check-config", "--json", *words)
    assert ended.exit_code == 0, ended.stderr
    return orjson.loads(ended.stdout)["instruments"]


def pair_and_key(table):
    """Return what a pool is known by, whichever asset is called its base."""
    key = table.get("address", "").lower() or (str(table["fee_pips"]), str(table["tick_spacing"]))
    return {table["base"], table["quote"]}, key


def test_what_is_configured_is_not_found(desk):
    ended = desk.headrace("discover", "--from-block", "0")

    count = len([i for i in instruments(desk, "--offline") if i["kind"] == "spot_pool"])
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout == f"# 0 pools beside the {count} configured\n"


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_not_configured_is_found_as_it_would_be(desk, family):
    missing = without_last_pool_of(desk, family)

    ended = desk.headrace("discover", "--from-block", "0", "--json")

    assert ended.exit_code == 0, ended.stderr
    told = orjson.loads(ended.stdout)
    assert (told["chain"], told["unreadable_logs"]) == ("local", 0)
    (found,) = told["pools"]
    assert found["family"] == family
    assert pair_and_key(found) == pair_and_key(missing)


def test_printed_tables_belong_into_the_configuration(desk):
    count = len(instruments(desk))
    for family in FAMILIES:
        without_last_pool_of(desk, family)
    assert len(instruments(desk, "--offline")) == count - len(FAMILIES)

    printed = desk.headrace("discover", "--from-block", "0", "--venue", "local")
    desk.config.write_text(desk.config.read_text() + printed.stdout)

    assert len(instruments(desk)) == count
    assert desk.headrace("discover", "--from-block", "0").stdout.startswith("# 0 pools")


def test_pools_from_before_the_first_block_are_passed_over(desk):
    without_last_pool_of(desk, "uniswap_v3")
    first = desk.running.chain.manifest.deployment_block + 1

    ended = desk.headrace("discover", "--from-block", str(first))

    assert ended.stdout.startswith("# 0 pools")


def test_what_cannot_be_discovered_is_one_line(desk):
    assert desk.refused("discover", "--from-block", "-1") == (
        "from-block: must not be negative, was -1"
    )
    assert "nowhere" in desk.refused("discover", "--from-block", "0", "--venue", "nowhere")
    desk.with_text(r"^ws_urls = .*", 'ws_urls = ["ws://127.0.0.1:9"]')
    assert "127.0.0.1:9" in desk.refused("discover", "--from-block", "0")
