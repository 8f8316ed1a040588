"""The families' configuration for the prepared chain, and blocking reads of it."""

import eth_abi
from eth_utils import keccak

from router.domain.instrument import Asset
from router.domain.market import PoolSnapshot, QuotedSnapshot, ReservesSnapshot
from venues.evm.pools.family import ChainFacts, TokenContract
from venues.evm.words.multicall import decode_results, encode_calls
from venues.evm.words.node import parse_data, parse_header, parse_logs
from venues.pancakeswap_v3 import family as pancakeswap_v3
from venues.sandbox.chain.uniswap_v4 import key_of
from venues.slipstream import family as slipstream
from venues.uniswap_v2 import family as uniswap_v2
from venues.uniswap_v3 import family as uniswap_v3
from venues.uniswap_v4 import family as uniswap_v4

FAMILIES = {
    "pancakeswap_v3": pancakeswap_v3,
    "slipstream": slipstream,
    "uniswap_v2": uniswap_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v4": uniswap_v4,
}
NO_BODIES = False
ROUTER = "0x" + "11" * 20
ZERO = "0x" + "00" * 20


def facts(manifest):
    return ChainFacts(
        venue="local",
        account="evm:31337:trader",
        assets={token.symbol: Asset(token.symbol, token.decimals) for token in manifest.tokens},
        tokens={t.symbol: TokenContract(t.address.lower(), t.decimals) for t in manifest.tokens},
        routers=dict.fromkeys(("universal_router", "pancakeswap_v3", "slipstream"), ROUTER),
        native="WETH",
    )


def entries(manifest, family):
    return [each for each in (*manifest.pools, *manifest.extra_pools) if each.family == family]


def tables(manifest):
    """Return a configuration table for each family, with every pool of the manifest."""
    contracts = manifest.contracts
    own = {
        "pancakeswap_v3": {
            "factory": contracts["pancake_factory"],
            "pool_deployer": contracts["pancake_deployer"],
        },
        "slipstream": {"factory": contracts["slipstream_factory"]},
        "uniswap_v2": {"factory": contracts["v2_factory"]},
        "uniswap_v3": {"factory": contracts["v3_factory"]},
        "uniswap_v4": {
            "pool_manager": contracts["v4_pool_manager"],
            "state_view": contracts["v4_state_view"],
            "quoter": contracts["v4_quoter"],
            "hooks_allowed": [
                each.hooks
                for each in entries(manifest, "uniswap_v4")
                if each.label in {"v4_dynamic", "v4_dynamic_in_swap", "v4_taking"}
            ],
        },
    }
    return {
        name: table | {"pools": [pool_table(manifest, each) for each in entries(manifest, name)]}
        for name, table in own.items()
    }


def pool_table(manifest, entry):
    symbols = {token.address: token.symbol for token in manifest.tokens} | {ZERO: "WETH"}
    table = {"base": symbols[entry.token0], "quote": symbols[entry.token1]}
    if entry.family != "uniswap_v4":
        table["address"] = entry.address
        table |= (
            {"tick_spacing": entry.tick_spacing}
            if entry.family == "slipstream"
            else {"fee_pips": entry.fee_pips}
        )
        return table
    is_dynamic = entry.key_fee == 0x800000
    table |= {"dynamic_fee": True} if is_dynamic else {"fee_pips": entry.fee_pips}
    return table | {
        "tick_spacing": entry.tick_spacing,
        "hooks": entry.hooks,
        "native": entry.token0 == ZERO,
    }


def setups(manifest, name):
    """Return (the family's pool, the manifest's entry) for every pool of a family."""
    pools = FAMILIES[name].configured(tables(manifest)[name], facts(manifest))
    return list(zip(pools, entries(manifest, name), strict=True))


def read(chain, calls, *, block="latest"):
    """Make the calls in one multicall, as the venue does."""
    request = {
        "to": chain.manifest.contracts["multicall3"],
        "data": "0x" + encode_calls(calls).hex(),
    }
    answer = chain.client.rpc.request("eth_call", request, block)
    return decode_results(parse_data(answer), calls)


def head(chain, block="latest"):
    return parse_header(chain.client.rpc.request("eth_getBlockByNumber", block, NO_BODIES))


def snapshot(chain, family, pool):
    header = head(chain)
    block = {"blockHash": header.hash}
    calls = family.first_calls(pool)
    first = [
        answer
        for start in range(0, len(calls), 1000)
        for answer in read(chain, calls[start : start + 1000], block=block)
    ]
    calls = family.second_calls(pool, first)
    second = read(chain, calls, block=block) if calls else ()
    return family.snapshot(pool, first, second, block=header.ref, received_at=7)


def assert_is_the_contracts(chain, shown, entry):
    """Compare a snapshot with what the sandbox's own slow reader says of the contract."""
    if isinstance(shown, ReservesSnapshot):
        assert (shown.reserve0, shown.reserve1) == chain.client.reserves(entry)
        return
    if isinstance(shown, QuotedSnapshot):
        for zero_for_one, points in ((True, shown.zero_for_one), (False, shown.one_for_zero)):
            assert points
            for paid, received in points:
                assert received == quoted(chain, entry, paid, zero_for_one=zero_for_one)
        return
    assert isinstance(shown, PoolSnapshot)
    whole = chain.client.full_state(entry)
    at = whole.state
    assert (shown.sqrt_price_x96, shown.tick, shown.liquidity) == (
        at.sqrt_price_x96,
        at.tick,
        at.liquidity,
    )
    assert (shown.fee_pips, shown.protocol_fees_pips) == (whole.fee_pips, whole.protocol_fees_pips)
    assert [(t.index, t.liquidity_net, t.liquidity_gross) for t in shown.ticks] == [
        (t.index, t.liquidity_net, t.liquidity_gross) for t in whole.ticks
    ]


def quoted(chain, entry, paid, *, zero_for_one):
    """Return what the chain's quoter says that an input buys, asked through a general encoder."""
    types = ["((address,address,uint24,int24,address),bool,uint128,bytes)"]
    request = eth_abi.encode(types, [(key_of(entry).words(), zero_for_one, paid, b"")])
    selector = keccak(text=f"quoteExactInputSingle({types[0]})")[:4]
    return chain.client.call(chain.manifest.contracts["v4_quoter"], selector + request)[0]


def logs_of(chain, *, since, address=None):
    query = {"fromBlock": hex(since), "toBlock": "latest"}
    if address is not None:
        query["address"] = address
    return parse_logs(chain.client.rpc.request("eth_getLogs", query))
