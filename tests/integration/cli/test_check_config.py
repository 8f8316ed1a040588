import orjson
import pytest

NOBODY = "0x" + "12" * 20


def test_what_the_file_says_and_the_venues_are_agree(desk):
    ended = desk.headrace("check-config", "--json")

    assert ended.exit_code == 0
    told = orjson.loads(ended.stdout)
    assert told["connected"] is True
    kinds = [i["kind"] for i in told["instruments"]]
    listed = desk.config.read_text().count(".pools]]")
    assert kinds.count("spot_pool") == listed > len(desk.running.chain.manifest.pools)
    assert kinds.count("perp_book") == 1


def test_the_same_for_eyes(desk):
    ended = desk.headrace("check-config")

    assert ended.exit_code == 0
    assert "ok: the file and the venues agree" in ended.stdout


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (r"^chain_id = \d+", "chain_id = 1337", ["chain_id", "31337", "1337"]),
        (r"^ws_urls = .*$", 'ws_urls = ["ws://127.0.0.1:9"]', ["ws_urls", "127.0.0.1:9"]),
        (r'^url = "http://.*"', 'url = "http://127.0.0.1:9"', ["url", "127.0.0.1:9"]),
        (r'^USDC = "0x.*"', f'USDC = "{NOBODY}"', ["tokens.USDC", "no contract", NOBODY]),
        (r'^ETH = "0x.*"', f'ETH = "{NOBODY}"', ["tokens.ETH", "no contract", NOBODY]),
        (r'^permit2 = ".*"', f'permit2 = "{NOBODY}"', ["permit2", NOBODY]),
        (r'universal_router = "[^"]*"', f'universal_router = "{NOBODY}"', ["universal_router"]),
        (r'^multicall = ".*"', f'multicall = "{NOBODY}"', ["multicall"]),
        (r'^address = ".*"', f'address = "{NOBODY}"', ["uniswap_v3:", NOBODY]),
        (r"^fee_pips = 100$", "fee_pips = 200", ["200", "100"]),
        (r'^coin = "ETH"', 'coin = "DOGE"', ["DOGE", "not traded"]),
        (r"^leverage = 10", "leverage = 50", ["leverage", "50"]),
        (r"^taker_fee_pips = 450", "taker_fee_pips = 100", ["fee_pips", "450"]),
        (r"^size_decimals = 4", "size_decimals = 3", ["decimals", "4"]),
    ],
    ids=lambda value: value.split(" = ")[0].strip("^") if isinstance(value, str) else "",
)
def test_a_venue_that_is_not_what_the_file_says_is_named_with_the_field(desk, old, new, words):
    desk.with_text(old, new)

    said = desk.refused("check-config")

    assert all(word in said for word in words), said


def test_what_is_signed_for_another_network_is_a_strangers_to_the_venue(desk):
    desk.with_text(r'^network = "testnet"', 'network = "mainnet"')
    desk.with_text(r"^leverage = 10", "leverage = 9")  # to be set with the first signature

    said = desk.refused("check-config")

    assert all(word in said for word in ("leverage", "does not exist")), said


def test_offline_nothing_is_connected_to(desk):
    desk.with_text(r"^ws_urls = .*$", 'ws_urls = ["ws://127.0.0.1:9"]')

    ended = desk.headrace("check-config", "--offline", "--json")

    assert ended.exit_code == 0
    assert orjson.loads(ended.stdout)["connected"] is False


def test_offline_the_file_is_still_read_to_the_last_key(desk):
    desk.with_text(r"^leverage = 10", "leverage = 10\nspeling = 1")

    assert desk.refused("check-config", "--offline").endswith(
        "venues.hyperliquid.markets.0.speling: unknown key; remove it or correct its spelling"
    )
