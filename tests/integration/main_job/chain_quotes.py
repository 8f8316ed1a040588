"""What the chain's own quoters say a single pool would do, whatever its family."""

from venues.sandbox.chain import abi

KEY = "(address,address,uint24,int24,address)"
V2_IN, V2_OUT = "getAmountOut(uint256,uint256,uint256)", "getAmountIn(uint256,uint256,uint256)"
V3_IN = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
V3_OUT = "quoteExactOutputSingle((address,address,uint256,uint24,uint160))"
V4_IN = f"quoteExactInputSingle(({KEY},bool,uint128,bytes))"
V4_OUT = f"quoteExactOutputSingle(({KEY},bool,uint128,bytes))"


def counterpart(chain, hop, *, exact_input, block):
    """Return the atoms of the side of a hop that is not fixed, as the contracts compute them."""
    manifest = chain.manifest
    pool = next(
        p
        for p in (*manifest.pools, *manifest.extra_pools)
        if (p.pool_id or p.address).lower() == hop["symbol"]
    )
    fixed = int(hop["amount_in_atoms"] if exact_input else hop["amount_out_atoms"])
    zero_for_one = is_token0(manifest, pool, hop["asset_in"])
    ask = {"uniswap_v2": _v2, "uniswap_v3": _v3, "uniswap_v4": _v4}[pool.family]
    return ask(chain, pool, fixed, zero_for_one=zero_for_one, exact_input=exact_input, block=block)


def is_token0(manifest, pool, asset):
    """Tell whether an asset's token, or the coin it wraps, is the first of a pool."""
    symbol = {"ETH": "WETH", "BTC": "WBTC"}.get(asset, asset)
    own = {manifest.token(symbol).address} | ({"0x" + "00" * 20} if asset == "ETH" else set())
    return pool.token0 in own


def _v2(chain, pool, fixed, *, zero_for_one, exact_input, block):
    reserves = chain.client.reserves(pool, block=block)
    known, other = reserves if zero_for_one else reserves[::-1]
    router = chain.manifest.contracts["v2_router"]
    signature = V2_IN if exact_input else V2_OUT
    return chain.client.call(router, abi.call(signature, fixed, known, other), block=block)[0]


def _v3(chain, pool, fixed, *, zero_for_one, exact_input, block):
    tokens = (pool.token0, pool.token1) if zero_for_one else (pool.token1, pool.token0)
    signature = V3_IN if exact_input else V3_OUT
    data = abi.call(signature, *tokens, fixed, pool.fee_pips, 0)
    return chain.client.call(chain.manifest.contracts["quoter_v2"], data, block=block)[0]


def _v4(chain, pool, fixed, *, zero_for_one, exact_input, block):
    key = (pool.token0, pool.token1, pool.key_fee, pool.tick_spacing, pool.hooks)
    words = (*key, int(zero_for_one), fixed)
    # One tuple with dynamic bytes: its place, then its words, the place of the bytes, and none.
    head = abi.encode(32, *words, 32 * (len(words) + 1), 0)
    data = abi.keccak((V4_IN if exact_input else V4_OUT).encode())[:4] + head
    return chain.client.call(chain.manifest.contracts["v4_quoter"], data, block=block)[0]
