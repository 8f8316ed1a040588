"""The tables that the demo writes, from a manifest that nobody serves."""

import tomllib

from router.compose.sandbox_tables import chain_table, venue_table
from venues.registry import FAMILIES, chain_tables
from venues.sandbox.chain import ChainManifest, PoolEntry
from venues.sandbox.chain.manifest import AccountEntry, TokenEntry

WETH, USDC, USDT, STRANGE = (f"0x{n:040x}" for n in (1, 2, 3, 4))
COIN = "0x" + "00" * 20
CONTRACTS = {
    name: f"0x{n:040x}"
    for n, name in enumerate(
        (
            "universal_router",
            "permit2",
            "multicall3",
            "v3_factory",
            "v2_factory",
            "v4_pool_manager",
            "v4_state_view",
            "v4_quoter",
        ),
        start=100,
    )
}


def pool(family, token0, token1, **changes):
    return PoolEntry("0x" + "aa" * 20, token0, token1, 500, 10, family=family, **changes)


def manifest(*extra):
    return ChainManifest(
        chain_id=31337,
        http_url="http://127.0.0.1:1",
        ws_url="ws://127.0.0.1:1",
        pid=1,
        seed=7,
        deployment_block=1,
        tokens=(
            TokenEntry("WETH", WETH, 18),
            TokenEntry("USDC", USDC, 6),
            TokenEntry("USDT", USDT, 6),
            TokenEntry("DTT", STRANGE, 18),
        ),
        contracts=CONTRACTS,
        pools=(pool("uniswap_v3", WETH, USDC),),
        accounts=(AccountEntry("trader", "0x" + "bb" * 20, "0x" + "11" * 32),),
        extra_pools=extra,
    )


def read(*extra):
    return chain_tables(tomllib.loads(chain_table(manifest(*extra)))["chains"]["local"])


def test_each_family_that_is_there_has_a_table_with_its_contracts():
    v4 = pool("uniswap_v4", COIN, USDC, pool_id="0x" + "cc" * 32, key_fee=500, hooks=COIN)

    tables = read(pool("uniswap_v2", WETH, USDT), v4)

    assert set(tables.families) == {"uniswap_v2", "uniswap_v3", "uniswap_v4"} <= set(FAMILIES)
    assert tables.families["uniswap_v2"]["factory"] == CONTRACTS["v2_factory"]
    assert tables.families["uniswap_v4"]["pool_manager"] == CONTRACTS["v4_pool_manager"]
    assert tables.own["tokens"] == {"ETH": WETH, "USDC": USDC, "USDT": USDT}


def test_a_pool_is_seen_from_the_asset_that_is_traded():
    tables = read(pool("uniswap_v3", USDC, USDT))

    pairs = [(p["base"], p["quote"]) for p in tables.families["uniswap_v3"]["pools"]]
    assert pairs == [("ETH", "USDC"), ("USDT", "USDC")]


def test_a_pool_of_the_coin_says_so_and_has_a_key_for_an_address():
    v4 = pool("uniswap_v4", COIN, USDC, pool_id="0x" + "cc" * 32, key_fee=500, hooks=COIN)

    (table,) = read(v4).families["uniswap_v4"]["pools"]

    assert table == {
        "base": "ETH",
        "quote": "USDC",
        "fee_pips": 500,
        "tick_spacing": 10,
        "native": True,
    }


def test_pools_with_hooks_or_strange_tokens_are_left_to_other_rehearsals():
    hooked = pool("uniswap_v4", WETH, USDC, pool_id="0x01", key_fee=500, hooks="0x" + "0c" * 20)

    tables = read(hooked, pool("uniswap_v2", WETH, STRANGE), pool("pancakeswap_v3", WETH, USDC))

    assert set(tables.families) == {"uniswap_v3"}


def test_the_perp_venues_table_names_the_variable_of_its_key_and_not_the_key():
    facts = {"url": "http://u", "ws_url": "ws://u", "master_address": "0xm", "agent_key": "0xkey"}

    text = venue_table(facts)

    assert "0xkey" not in text
    assert tomllib.loads(text)["venues"]["hyperliquid"]["account"] == "0xm"
