"""The trader's account, and every pool of the chain that the Universal Router trades in.

Made by the families from the tables that a configuration would hold.
"""

from dataclasses import replace

from router.domain.instrument import Asset
from venues.evm.pools.family import ChainFacts, TokenContract
from venues.evm.spec import ChainConfig, DataFee, RouterVersion
from venues.uniswap_v2 import family as uniswap_v2
from venues.uniswap_v3 import family as uniswap_v3
from venues.uniswap_v4 import family as uniswap_v4

S = 10**9
VENUE, ACCOUNT = "local", "evm:local:trader"
FAMILIES = {"uniswap_v2": uniswap_v2, "uniswap_v3": uniswap_v3, "uniswap_v4": uniswap_v4}
SYMBOLS = {"ETH": "WETH", "BTC": "WBTC", "USDC": "USDC", "USDT": "USDT"}
ASSETS = {
    name: Asset(name, decimals)
    for name, decimals in (("ETH", 18), ("BTC", 8), ("USDC", 6), ("USDT", 6))
}
BASE_FIRST = ("BTC", "ETH", "USDT", "USDC")  # the earlier one is the base
COIN = "0x" + "00" * 20


def config(manifest, **changes):
    trader = manifest.account("trader")
    routers = {"universal_router": manifest.contracts["universal_router"].lower()}
    tokens = {
        name: TokenContract(manifest.token(symbol).address.lower(), ASSETS[name].decimals)
        for name, symbol in SYMBOLS.items()
    }
    facts = ChainFacts(
        venue=VENUE,
        account=ACCOUNT,
        assets=ASSETS,
        tokens=tokens,
        routers=routers,
        native="ETH",
    )
    whole = ChainConfig(
        venue=VENUE,
        chain_id=manifest.chain_id,
        ws_urls=(manifest.ws_url,),
        relay_urls=(),
        account=ACCOUNT,
        address=trader.address.lower(),
        signing_key=trader.private_key,
        routers=routers,
        router_version=RouterVersion.V2_0,
        permit2=manifest.contracts["permit2"].lower(),
        multicall=manifest.contracts["multicall3"].lower(),
        tokens=tokens,
        native="ETH",
        pools=_pools(manifest, facts),
        fee_cap_wei=500 * S,
        confirmations=1,
        replace_after_blocks=3,
        replacements_max=3,
        in_flight_max=16,
        data_fee=DataFee.NONE,
        request_timeout=5 * S,
        receipt_timeout=5 * S,
        silence_max=20 * S,
        head_lag_max=2,
    )
    return replace(whole, **changes)


def entries(manifest):
    """Return the manifest's pools by instrument id."""
    return {
        setup.instrument.id: entry
        for family in FAMILIES
        for setup, entry in zip(
            configured_pools(manifest, family, facts_of(manifest), _entries(manifest, family)),
            _entries(manifest, family),
            strict=True,
        )
    }


def facts_of(manifest):
    account = config(manifest)
    return ChainFacts(
        venue=VENUE,
        account=ACCOUNT,
        assets=ASSETS,
        tokens=account.tokens,
        routers=account.routers,
        native="ETH",
    )


def _pools(manifest, facts):
    return tuple(
        setup
        for family in FAMILIES
        for setup in configured_pools(manifest, family, facts, _entries(manifest, family))
    )


def configured_pools(manifest, family, facts, found):
    contracts = manifest.contracts
    tables = {
        "uniswap_v3": {"factory": contracts["v3_factory"]},
        "uniswap_v2": {"factory": contracts["v2_factory"]},
        "uniswap_v4": {
            "pool_manager": contracts["v4_pool_manager"],
            "state_view": contracts["v4_state_view"],
            "quoter": contracts["v4_quoter"],
            "hooks_allowed": [
                entry.hooks for entry in _entries(manifest, "uniswap_v4") if entry.hooks
            ],
        },
    }
    rows = [_row(entry, manifest) for entry in found]
    return FAMILIES[family].configured(tables[family] | {"pools": rows}, facts)


def _entries(manifest, family):
    known = {manifest.token(symbol).address for symbol in SYMBOLS.values()} | {COIN}
    return [
        entry
        for entry in (*manifest.pools, *manifest.extra_pools)
        if entry.family == family and {entry.token0, entry.token1} <= known
    ]


def _row(entry, manifest):
    names = {manifest.token(symbol).address: name for name, symbol in SYMBOLS.items()}
    names[COIN] = "ETH"
    base, quote = sorted((names[entry.token0], names[entry.token1]), key=BASE_FIRST.index)
    row = {"base": base, "quote": quote}
    if entry.family != "uniswap_v4":
        return row | {"address": entry.address, "fee_pips": entry.fee_pips}
    row |= {"tick_spacing": entry.tick_spacing, "native": entry.token0 == COIN}
    row |= {"hooks": entry.hooks} if int(entry.hooks, 16) else {}
    is_dynamic = entry.key_fee == 1 << 23
    return row | ({"dynamic_fee": True} if is_dynamic else {"fee_pips": entry.key_fee})
