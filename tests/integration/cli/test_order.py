import shutil

import orjson
import pytest

from router.shell import store


def test_an_order_is_filled_reconciled_and_the_same_name_is_the_same_order(desk):
    before = desk.holdings()

    first = desk.headrace("order", "buy", "2", "ETH", "--id", "one", "--json")
    between = desk.holdings()
    again = desk.headrace("order", "buy", "2", "ETH", "--id", "one", "--json")

    assert (first.exit_code, again.exit_code) == (0, 0)
    report = orjson.loads(first.stdout)
    assert (report["status"], report["differences"]) == ("filled", [])
    assert report["filled_quantity"]["atoms"] in {2 * 10**18, str(2 * 10**18)}
    assert orjson.loads(again.stdout) == report
    assert between != before
    assert desk.holdings() == between
    check_moved(before, between, ethers=2)
    assert "reconciled" in first.stderr


def check_moved(before, after, *, ethers):
    lots = {when: round(float(h["positions"] or 0) * 10_000) for when, h in both(before, after)}
    moved = after["weth"] - before["weth"] + (lots["after"] - lots["before"]) * 10**14
    assert moved == ethers * 10**18


def both(before, after):
    return (("before", before), ("after", after))


def test_the_same_name_for_another_order_is_refused_and_sends_nothing(desk):
    desk.headrace("order", "buy", "1", "ETH", "--id", "one", "--json")
    before = desk.holdings()

    said = desk.refused("order", "buy", "3", "ETH", "--id", "one", "--json")

    assert said == "client_order_id 'one' stands for another order already; choose a new one"
    assert desk.holdings() == before


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("buy", "300000", "ETH"), "rejected", "order_notional_max"),
        (("buy", "3", "ETH", "--limit", "100"), "rejected", "limit price"),
        (("buy", "3", "ETH", "--slippage-max", "101"), "rejected", "slippage_max"),
        (("buy", "3", "ETH", "--deadline", "0.001"), "expired", "deadline"),
        (("sell", "1", "BTC", "--venues", "hyperliquid"), "rejected", "no configured instrument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_order_that_cannot_be_ends_with_its_reason_and_sends_nothing(
    desk, words, status, reason
):
    before = desk.holdings()

    ended = desk.headrace("order", *words, "--id", "one", "--json")

    assert ended.exit_code == 1
    report = orjson.loads(ended.stdout)
    assert report["status"] == status
    assert reason in report["reason"]
    assert report["differences"] is None
    assert desk.holdings() == before


def test_a_request_that_cannot_be_is_refused_and_leaves_no_trace(desk):
    before = desk.holdings()

    assert desk.refused("order", "buy", "0", "ETH").startswith("quantity: must be positive")
    assert desk.refused("order", "buy", "1", "ETH", "--id", "a b").startswith("client_order_id")

    assert desk.holdings() == before
    replayed = desk.headrace("replay", "--json")
    assert replayed.exit_code == 2, "a configuration is no journal"


def test_the_journal_of_a_real_order_is_intact_and_a_flipped_byte_in_it_is_named(desk, tmp_path):
    assert desk.headrace("order", "sell", "1", "ETH", "--id", "one").exit_code == 0
    records = list(store.read(desk.journal))

    whole = replayed(desk, desk.journal)
    copy = tmp_path / "copy.journal"

    assert whole["intact"] is True
    assert whole["records"] == len(records)
    assert whole["parents"] == {"one": "filled"}
    for record in records[:: len(records) // 4]:
        shutil.copy(desk.journal, copy)
        content = bytearray(copy.read_bytes())
        content[content.index(record.hash) + 7] ^= 0x80
        copy.write_bytes(content)
        broken = replayed(desk, copy)
        assert broken["intact"] is False
        assert f"record {broken['records'] + 1}" in broken["fault"]
        assert broken["records"] in {record.sequence - 1, record.sequence}


def replayed(desk, path):
    ended = desk.on_file("replay", path, "--json")
    assert ended.exit_code in {0, 2}
    return orjson.loads(ended.stdout)
