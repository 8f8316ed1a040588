"""What the tests of the families share: which pools there are, and what a swap tells."""

from eth_utils import keccak

from venues.sandbox.chain.uniswap_v4 import NATIVE

FAMILIES = ("uniswap_v2", "uniswap_v3", "uniswap_v4", "pancakeswap_v3", "slipstream")
WITH_TICKS = FAMILIES[1:]
SWAP_TOPICS = {
    "uniswap_v2": "Swap(address,uint256,uint256,uint256,uint256,address)",
    "uniswap_v3": "Swap(address,address,int256,int256,uint160,uint128,int24)",
    "uniswap_v4": "Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)",
    "pancakeswap_v3": "Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)",
    "slipstream": "Swap(address,address,int256,int256,uint160,uint128,int24)",
}


def pools_of(chain, family):
    return [pool for pool in chain.manifest.extra_pools if pool.family == family]


def filled(chain, family):
    return [pool for pool in pools_of(chain, family) if pool.label != "v3_fee_token"]


def swap_log(receipt, pool):
    topic = "0x" + keccak(text=SWAP_TOPICS[pool.family]).hex()
    return next(log for log in receipt["logs"] if log["topics"][0] == topic)


def symbol_of(chain, address):
    if address == NATIVE:
        return "ETH"
    return next(each.symbol for each in chain.manifest.tokens if each.address == address)
