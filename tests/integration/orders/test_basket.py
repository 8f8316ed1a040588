"""Several orders planned together by the real solver, executed on both counterparties."""

import orjson
import pytest

BTC_MARKET = """
[[venues.hyperliquid.markets]]
coin = "BTC"
base = "BTC"
quote = "USDC"
size_decimals = 5
taker_fee_pips = 450
leverage = 10
"""


@pytest.fixture
def two(desk):
    """Give a desk with two pairs on the chain and at the venue."""
    desk.config.write_text(desk.config.read_text() + BTC_MARKET)
    return desk


def traded(desk, *words):
    ended = desk.headrace("basket", *words, "--json")
    assert ended.exit_code in {0, 1}, ended.output
    return orjson.loads(ended.stdout), ended


def test_two_pairs_are_planned_together_and_filled_to_the_atom(two):
    report, ended = traded(two, "buy:20:ETH", "sell:0.5:BTC", "--exposure-max", "20000")

    eth, btc = report["orders"]
    assert ended.exit_code == 0, (eth["reason"], btc["reason"])
    assert (eth["status"], btc["status"]) == ("filled", "filled")
    assert int(eth["filled_quantity"]["atoms"]) == 20 * 10**18
    assert int(btc["filled_quantity"]["atoms"]) == 5 * 10**7
    assert (eth["differences"], btc["differences"]) == ([], [])
    # One proof for both: the first plans of the two carry the same certificate.
    assert eth["plans"][0]["certificate"] == btc["plans"][0]["certificate"]
    assert not report["unwound"]
    assert "is planned" in ended.stderr
    verified = two.on_file("verify", two.journal)
    assert verified.exit_code == 0, verified.output
    assert "one side of the basket is ahead" in " ".join(ended.stderr.split())


def test_one_order_that_cannot_be_keeps_the_whole_basket_from_being_taken(two):
    before = two.holdings()

    report, ended = traded(two, "buy:1:ETH", "sell:300:BTC")

    assert ended.exit_code == 1
    assert {order["status"] for order in report["orders"]} == {"rejected"}
    assert "all or none" in report["orders"][0]["reason"]
    assert two.holdings() == before


def test_two_orders_of_one_pair_are_refused_with_the_remedy(two):
    said = two.refused("basket", "buy:2:ETH", "sell:1:ETH")

    assert said == "orders: two trade ETH/USDC; send their net as one order"


def test_a_basket_may_come_from_a_file(two, tmp_path):
    path = tmp_path / "basket.toml"
    path.write_text(
        'exposure_max = "50000"\nvenues = "hyperliquid"\n'
        '[[order]]\nside = "buy"\nquantity = "1"\nbase = "ETH"\n'
        '[[order]]\nside = "sell"\nquantity = "0.05"\nbase = "BTC"\n'
    )

    report, ended = traded(two, str(path))

    assert ended.exit_code == 0, [order["reason"] for order in report["orders"]]
    legs = [leg["venue"] for order in report["orders"] for leg in order["legs"]]
    assert set(legs) == {"hyperliquid"}
