"""Logs and answers of pool contracts, written by a general encoder, and what they refer to."""

import eth_abi
from eth_utils import keccak
from hypothesis import strategies

from router.domain.instrument import Asset
from router.domain.market import BlockRef
from venues.evm.pools.family import ChainFacts, TokenContract
from venues.evm.words.node import Log

USDC, WETH, DAI = "0x" + "1a" * 20, "0x" + "2b" * 20, "0x" + "3c" * 20
POOL, FACTORY, SENDER = "0x" + "4d" * 20, "0x" + "5e" * 20, "0x" + "6f" * 20
ZERO = "0x" + "00" * 20
BLOCK = BlockRef(number=9, hash="0x" + "b0" * 32, parent_hash="0x" + "a0" * 32, at_venue=1)
PRICE = 1 << 96

int128 = strategies.integers(-(1 << 127) + 1, (1 << 127) - 1)
uint128 = strategies.integers(0, (1 << 128) - 1)
int256 = strategies.integers(-(1 << 255), (1 << 255) - 1)
uint160 = strategies.integers(0, (1 << 160) - 1)
tick = strategies.integers(-887_272, 887_272)


def facts(**changes):
    tokens = {"ETH": (WETH, 18), "USDC": (USDC, 6), "DAI": (DAI, 18)}
    fields = {
        "venue": "local",
        "account": "evm:1:me",
        "assets": {name: Asset(name, decimals) for name, (_, decimals) in tokens.items()},
        "tokens": {name: TokenContract(*token) for name, token in tokens.items()},
        "routers": dict.fromkeys(("universal_router", "pancakeswap_v3", "slipstream"), SENDER),
        "native": "ETH",
    }
    return ChainFacts(**(fields | changes))


def topic_of(signature):
    return "0x" + keccak(text=signature).hex()


def selector_of(signature):
    return keccak(text=signature)[:4]


def words(types, *values):
    return eth_abi.encode(types, values)


def log(signature, indexed=(), data=(), *, address=POOL):
    """Return a log; `indexed` and `data` are pairs of type and value."""
    topics = [topic_of(signature)]
    topics += ["0x" + eth_abi.encode([kind], [value]).hex() for kind, value in indexed]
    return Log(
        address=address,
        topics=tuple(topics),
        data=eth_abi.encode([kind for kind, _ in data], [value for _, value in data]),
        block_number=BLOCK.number,
        block_hash=BLOCK.hash,
        index=3,
        removed=False,
    )


def cut_forms(whole):
    """Yield the log with a topic or a word too many or too few."""
    fields = {name: getattr(whole, name) for name in Log.__slots__}
    for topics, data in (
        (whole.topics[:-1], whole.data),
        ((*whole.topics, whole.topics[-1]), whole.data),
        (whole.topics, whole.data[:-1]),
        (whole.topics, whole.data + bytes(32)),
    ):
        if len(topics) >= 1:
            yield Log(**(fields | {"topics": topics, "data": data}))
