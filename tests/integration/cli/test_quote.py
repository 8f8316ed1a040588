import orjson
import pytest

WIDE = (r"^slippage_max_bps = \d+", "slippage_max_bps = 9000")
RICH = (r"^order_notional_max = .*", 'order_notional_max = { USDC = "9000000000", ETH = "700" }')
RICH_FIRM = (r"^\[controls\.firm\]\n" + RICH[0][1:], "[controls.firm]\n" + RICH[1])
RICH_DAY = (r"^daily_notional_max = .*", RICH[1].replace("order", "daily"))


@pytest.fixture
def untouched(desk):
    """Hold that nothing was sent, whatever the test asked for."""
    before = desk.holdings()
    yield desk
    assert desk.holdings() == before


def test_a_quote_covers_the_order_exactly_and_sends_nothing(untouched):
    ended = untouched.headrace("quote", "buy", "12.345678901234567891", "ETH", "--json")

    assert ended.exit_code == 0
    plan = orjson.loads(ended.stdout)["plan"]
    bought = sum(int(leg["amount_out_atoms"]) for leg in plan["legs"])
    assert bought + int(plan["unfilled_atoms"]) == 12_345_678_901_234_567_891
    assert plan["unfilled_atoms"] == "0"
    assert plan["certificate"]["gap_bps"] >= 0
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("buy", "0", "ETH"), "quantity: must be positive, was 0"),
        (("--", "buy", "-1", "ETH"), "quantity: must be positive, was -1"),
        (("buy", "NaN", "ETH"), "quantity: must be a plain decimal number"),
        (("buy", "inf", "ETH"), "quantity: must be a plain decimal number"),
        (("buy", "1e-400", "ETH"), "quantity: must be a plain decimal number"),
        (("buy", "1e9999999", "ETH"), "quantity: must be a plain decimal number"),
        (("buy", "0.0000000000000000001", "ETH"), "quantity: must have at most 18 decimals"),
        (("hold", "1", "ETH"), "side: must be buy or sell"),
        (("buy", "1", "DOGE"), "base: 'DOGE' is not configured; use one of"),
        (("buy", "1", "ETH", "--quote", "EUR"), "quote: 'EUR' is not configured"),
        (("buy", "1", "ETH", "--venues", "binance"), "venues: 'binance' is not configured"),
        (("buy", "1", "ETH", "--limit", "0"), "limit_price: must be positive"),
        (("buy", "1", "ETH", "--limit", "NaN"), "limit_price: must be a plain decimal number"),
        (("buy", "1", "ETH", "--holding-hours", "9000"), "holding_hours: must lie between"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_cannot_be_is_refused_before_anything_is_connected(desk, words, said):
    desk.with_text(r'^ws_url = ".*"', 'ws_url = "ws://127.0.0.1:9"')

    assert desk.refused("quote", *words).startswith(said)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("buy", "1000000", "ETH"), ["1000000 ETH", "nearest feasible quantity"]),
        (("buy", "0.00001", "ETH", "--venues", "hyperliquid"), ["lots of 0.0001", "10 USDC"]),
        (("buy", "0.0021", "ETH", "--venues", "hyperliquid"), ["at least 10 USDC"]),
        (("buy", "250", "ETH", "--venues", "hyperliquid"), ["margin", "nearest feasible"]),
        (("buy", "10", "ETH", "--limit", "1000"), ["limit price"]),
        (("sell", "10", "ETH", "--limit", "9000"), ["limit price"]),
        (("buy", "10", "ETH", "--slippage-max", "9001"), ["slippage_max", "9000 bps"]),
        (("buy", "1", "ETH", "--quote", "ETH"), ["no configured instrument trades"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_order_the_market_cannot_take_is_refused_with_what_would_do(untouched, words, told):
    untouched.with_text(*WIDE)
    untouched.with_text(*RICH)
    untouched.with_text(*RICH_FIRM)
    untouched.with_text(*RICH_DAY)

    said = untouched.refused("quote", *words)

    assert all(word in said for word in told), said


def test_a_scenario_may_be_called_anything_and_is_told_as_it_is_called(untouched):
    untouched.with_text(r'^name = "gap -30 %"', 'name = "[/down] [red]a third"')

    ended = untouched.headrace("quote", "buy", "250", "ETH")

    assert ended.exit_code == 0
    assert "binds in the scenario [/down] [red]a third" in " ".join(ended.stdout.split())
