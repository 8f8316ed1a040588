"""The configuration tables of the local counterparties, as TOML."""

from collections.abc import Iterator, Mapping
from typing import Final

from venues.sandbox.chain import ChainManifest, PoolEntry

CHAIN: Final = "local"
CHAIN_KEY_ENV: Final = "HEADRACE_SANDBOX_CHAIN_KEY"
AGENT_KEY_ENV: Final = "HEADRACE_SANDBOX_AGENT_KEY"
LEVERAGE: Final = 10

# The chain's token symbols and the assets they carry.
_ASSETS: Final = {"WETH": "ETH", "WBTC": "BTC", "USDC": "USDC", "USDT": "USDT"}
# Seen from the pair that is traded: dollars are the quote, and bitcoin is quoted in ether.
_RANK: Final = {"BTC": 0, "ETH": 1, "USDT": 2, "USDC": 3}
_COIN: Final = "0x" + "00" * 20
# Each family's keys beside its pools, and the names of the contracts they are about.
_CONTRACTS: Final[Mapping[str, Mapping[str, str]]] = {
    "uniswap_v3": {"factory": "v3_factory"},
    "uniswap_v2": {"factory": "v2_factory"},
    "uniswap_v4": {
        "pool_manager": "v4_pool_manager",
        "state_view": "v4_state_view",
        "quoter": "v4_quoter",
    },
}


def chain_table(manifest: ChainManifest) -> str:
    """Return the chain's table, with those of the families it has and the router can trade."""
    contracts = manifest.contracts
    lines = [
        "",
        f"[chains.{CHAIN}]",
        f"chain_id = {manifest.chain_id}",
        f'ws_urls = ["{manifest.ws_url}"]',
        f'account = "{manifest.account("trader").address}"',
        f'signing_key_env = "{CHAIN_KEY_ENV}"',
        f'routers = {{ universal_router = "{contracts["universal_router"]}" }}',
        'router_version = "2.0"',
        f'permit2 = "{contracts["permit2"]}"',
        f'multicall = "{contracts["multicall3"]}"',
        'native_asset = "ETH"',
        "fee_cap_gwei = 200",
        "confirmations = 1",
        "replace_after_blocks = 3",
        "replacements_max = 3",
        "in_flight_max = 16",
        'data_fee = "none"',
        "request_timeout_ms = 5000",
        "receipt_timeout_ms = 10000",
        "silence_max_ms = 10000",
        "head_lag_max = 2",
        "",
        f"[chains.{CHAIN}.tokens]",
        *(f'{_ASSETS[t.symbol]} = "{t.address}"' for t in manifest.tokens if t.symbol in _ASSETS),
    ]
    pools = [pool for pool in (*manifest.pools, *manifest.extra_pools) if _is_plain(pool, manifest)]
    for family, keys in _CONTRACTS.items():
        own = [pool for pool in pools if pool.family == family]
        if own:
            lines += ["", f"[chains.{CHAIN}.{family}]"]
            lines += [f'{key} = "{contracts[name]}"' for key, name in keys.items()]
            for pool in own:
                lines += _pool_lines(pool, manifest)
    return "\n".join(lines) + "\n"


def venue_table(facts: Mapping[str, str]) -> str:
    """Return the perp venue's table."""
    return "\n".join(
        [
            "",
            "[venues.hyperliquid]",
            f'url = "{facts["url"]}"',
            f'ws_url = "{facts["ws_url"]}"',
            'network = "testnet"',
            f'account = "{facts["master_address"]}"',
            f'agent_key_env = "{AGENT_KEY_ENV}"',
            "set_leverage = true",
            "",
            "[[venues.hyperliquid.markets]]",
            'coin = "ETH"',
            'base = "ETH"',
            'quote = "USDC"',
            "size_decimals = 4",
            "taker_fee_pips = 450",
            f"leverage = {LEVERAGE}",
            "",
        ]
    )


# Pools with hooks are for other rehearsals, and so are those of tokens that keep a part.
def _is_plain(pool: PoolEntry, manifest: ChainManifest) -> bool:
    known = {t.address for t in manifest.tokens if t.symbol in _ASSETS} | {_COIN}
    return {pool.token0, pool.token1} <= known and (pool.hooks is None or int(pool.hooks, 16) == 0)


def _pool_lines(pool: PoolEntry, manifest: ChainManifest) -> Iterator[str]:
    names = {t.address: _ASSETS[t.symbol] for t in manifest.tokens if t.symbol in _ASSETS}
    names[_COIN] = "ETH"
    pair = sorted((names[pool.token0], names[pool.token1]), key=_RANK.__getitem__)
    yield from ("", f"[[chains.{CHAIN}.{pool.family}.pools]]")
    if pool.pool_id is None:
        yield f'address = "{pool.address}"'
    yield from (f'base = "{pair[0]}"', f'quote = "{pair[1]}"', f"fee_pips = {pool.fee_pips}")
    if pool.pool_id is not None:
        yield f"tick_spacing = {pool.tick_spacing}"
        if pool.token0 == _COIN:
            yield "native = true"
